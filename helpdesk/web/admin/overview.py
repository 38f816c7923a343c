"""The first page of administration: what there is, and what needs attention now."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import agents, first_steps, sla, tickets
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.settings import Settings
from helpdesk.storage import job_queue
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import inboxes, shell


@dataclass(frozen=True)
class Step:
    """What a new installation still lacks; `setting` is one that only its operator can change. Name and hint
    are English message ids."""

    done: bool
    name: str
    hint: str
    path: str = ""
    setting: str = ""


_COUNTED = 10_000
"""Messages that are not found yet; beyond that it is told as many."""

_LATER = (
    ("mail", "Let mail in", "Fetched from a mailbox, or posted here; its address: Inboxes.", "/admin/mail"),
    ("chat", "Put the chat on your website", "One line to copy; look and greeting too.", "/admin/widget"),
    ("colleagues", "Invite your colleagues", "They choose their own password.", "/admin/agents/new"),
    ("hours", "Say when you are there", "Opening hours and holidays stop the clocks.", "/admin/calendars"),
    ("plans", "Say what you promise", "Answer times by plan, channel and priority.", "/admin/plans"),
    ("rota", "Say whom to wake at night", "A rota, for customers with cover around the clock.", "/oncall"),
)


async def show_overview(request: Request) -> Response:
    """GET /admin"""
    actor = await shell.require(request, "overview")
    async with request.app.state.database.transaction(actor) as tx:
        shown: dict[str, Any] = {
            "people": await agents.active(tx),
            **await inboxes.listed(tx),
            "policies": await sla.policies(tx),
            "calendars": await sla.calendars.all_of(tx),
            "held": await job_queue.held(await tx.driver()),
            "broken": await inlets.broken(tx),
            "unindexed": await tickets.search.unindexed(tx, _COUNTED),
            "quarantined": (await intake.states(tx)).get("quarantined", 0),
            "steps": await _steps(tx, request.app.state.settings),
        }
    return shell.render(request, "overview", "admin/overview.html", actor, **shown)


async def _steps(tx: Transaction, settings: Settings) -> list[Step]:
    """From an empty installation to one that works, in the order that saves going back; none in the demo."""
    if settings.demo:
        return []
    taken = await first_steps.taken(tx, settings.address)
    return [
        Step(
            settings.public_url is not None,
            "Be reachable",
            "The address browsers and mails lead to, in the environment or helpdesk.toml:",
            setting="HELPDESK_PUBLIC_URL",
        ),
        Step(
            settings.company_name != Settings.model_fields["company_name"].default,
            "Say who you are",
            "Your company's name, on your pages and in the chat:",
            setting="HELPDESK_COMPANY_NAME",
        ),
        Step(
            settings.smtp_out_url is not None,
            "Let mail leave",
            "Your mail server, so that answers, invitations and rings get out:",
            setting="HELPDESK_SMTP_OUT_URL",
        ),
        *(Step(getattr(taken, key), *words) for key, *words in _LATER),
    ]
