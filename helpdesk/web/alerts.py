"""The alert as somebody sees it who was just woken: what, who, since when, and one big button."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk import translation
from helpdesk.actors import SYSTEM, Actor
from helpdesk.auth import links
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.events import MessageReceived
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import Translator
from helpdesk.web.templating import Pages

_LOOK_BACK = 50
"""Events among which the contact's last words are looked for."""


@dataclass(frozen=True)
class AlertView:
    state: str
    reason: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_by_you: bool
    last_words: str
    last_words_at: datetime | None
    ticket: dict[str, Any]


async def show_alert(request: Request) -> Response:
    """GET /alert/{token}"""
    alert_id, actor = await _reader(request)
    t = translation.translator(actor.locale)
    async with request.app.state.database.transaction(actor) as tx:
        alert = await oncall.get_alert(tx, alert_id)
        view = await _view(tx, alert, t)
        now = tx.now
    pages: Pages = request.app.state.pages
    return pages.render(request, "alert.html", locale=actor.locale, zone=actor.time_zone, alert=view, now=now)


async def acknowledge_alert(request: Request) -> Response:
    """POST /alert/{token}: one tap, no sign-in. A second tap, or a second person's, changes nothing."""
    alert_id, actor = await _reader(request)
    async with request.app.state.database.transaction(actor) as tx:
        alert = await oncall.get_alert(tx, alert_id)
        ticket = await tickets.lock(tx, alert.ticket_id)
        await oncall.acknowledge(tx, ticket, alert.id, _own_id(actor))
    return RedirectResponse(request.url.path, 303)


async def _reader(request: Request) -> tuple[UUID, Actor]:
    """The alert, and the agent this link was sent to with the rights of today. Errors: NotFound."""
    key = request.app.state.settings.key
    alert_id, agent_id = links.read(key, links.LinkKind.ALERT, request.path_params["token"])
    async with request.app.state.database.transaction(SYSTEM) as tx:
        agent = await agents.get(tx, agent_id)
        if agent.disabled_at is not None:
            raise NotFound("link_invalid", "This link is not valid.")
        return alert_id, await agents.actor_of(tx, agent)


async def _view(tx: Transaction, alert: oncall.Alert, t: Translator) -> AlertView:
    ticket = await tickets.queries.ticket(tx, alert.ticket_id)
    events, _ = await tickets.queries.latest_events(tx, alert.ticket_id, None, _LOOK_BACK)
    said = [
        event for event in events if event["name"] == MessageReceived.__name__ and event["data"].get("body")
    ]
    by = await agents.get(tx, alert.acknowledged_by) if alert.acknowledged_by else None
    return AlertView(
        state=alert.status,
        reason=_reason(alert.reason, t),
        raised_at=alert.raised_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=by.name if by else "",
        acknowledged_by_you=by is not None and by.id == tx.actor.agent_id,
        last_words=said[-1]["data"]["body"] if said else ticket["preview"],
        last_words_at=said[-1]["at"] if said else ticket["last_message_at"],
        ticket=ticket,
    )


def _reason(reason: str, t: Translator) -> str:
    """The usual one in the reader's language; any other as it was recorded."""
    return t("Urgent, and nobody is at work") if reason.startswith("P1 outside staffed hours") else reason


def _own_id(actor: Actor) -> UUID:
    if actor.agent_id is None:
        raise NotFound("link_invalid", "This link is not valid.")
    return actor.agent_id
