"""Inboxes: where customers reach us, who answers there, and what is promised to whoever has no plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.domain import agents, inbox_setup, inboxes, plans
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets.replanning import Foreseen, Proposal, Scope, would_move
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/inboxes"
NEW = "new"


@dataclass(frozen=True)
class Preview:
    """The inbox as it would be; `shown` is the name that mails bear. `foreseen` only with another plan."""

    name: str
    shown: str
    address: str | None
    has_other_team: bool
    foreseen: Foreseen | None


async def show_inboxes(request: Request) -> Response:
    """GET /admin/inboxes"""
    actor = await shell.require(request, "inboxes")
    async with request.app.state.database.transaction(actor) as tx:
        shown = await listed(tx)
    return shell.render(request, "inboxes", "admin/inboxes.html", actor, **shown)


async def listed(tx: Transaction) -> dict[str, Any]:
    """What the table of inboxes needs."""
    return {
        "inboxes": await inboxes.all_of(tx),
        "teams": {team.id: team.name for team in await agents.teams(tx)},
        "plans": {plan.id: plan.name for plan in await plans.all_of(tx)},
    }


async def show_inbox(request: Request) -> Response:
    """GET /admin/inboxes/{id}, `new` for another one"""
    actor = await shell.require(request, "inboxes")
    async with request.app.state.database.transaction(actor) as tx:
        inbox = await _inbox(request, tx)
        if inbox is not None:
            given = _fields(inbox, "name", "channel", "address", "team_id", "plan_id")
        else:  # like the first one, so that what comes there is somebody's and promised an answer
            alike = [_fields(one, "team_id", "plan_id") for one in (await inboxes.all_of(tx))[:1]]
            given = {"channel": Channel.EMAIL.value} | (alike[0] if alike else {})
        return await _page(request, actor, tx, inbox, given, {})


async def submit_inbox(request: Request) -> Response:
    """POST /admin/inboxes/{id}: of one that is there first what would change, then saving."""
    actor = await shell.require(request, "inboxes")
    given = {name: str(value) for name, value in (await request.form()).items()}
    async with request.app.state.database.transaction(actor) as tx:
        inbox = await _inbox(request, tx)
        try:
            draft = _draft(given, inbox)
            if inbox is not None and given.get("save") != "yes":
                preview = await _preview(tx, inbox, draft)
                return await _page(request, actor, tx, inbox, given, {}, preview=preview)
            saved = await inbox_setup.save(tx, inbox.id if inbox else None, draft)
        except (Invalid, Conflict) as failure:
            field = "address" if failure.field in ("email", "caller") else failure.field or "name"
            return await _page(request, actor, tx, inbox, given, {field: failure.code}, 422)
    return shell.saved(f"{PATH}/{saved.id}" if inbox is None else PATH)


def _fields(inbox: inboxes.Inbox, *names: str) -> dict[str, str]:
    return {name: str(getattr(inbox, name) or "") for name in names}


def _draft(given: dict[str, str], inbox: inboxes.Inbox | None) -> inbox_setup.InboxDraft:
    channel = inbox.channel if inbox else given.get("channel", "")
    if channel not in list(Channel):
        raise Invalid("channel_unknown", field="channel")
    team, plan = given.get("team_id"), given.get("plan_id")
    return inbox_setup.InboxDraft(
        name=given.get("name", ""),
        channel=Channel(channel),
        address=given.get("address", ""),
        team_id=parse_id(team, "team") if team else None,
        plan_id=parse_id(plan, "plan") if plan else None,
    )


async def _inbox(request: Request, tx: Transaction) -> inboxes.Inbox | None:
    wanted = request.path_params["id"]
    return None if wanted == NEW else await inboxes.get(tx, parse_id(wanted, "inbox"))


async def _page(
    request: Request, actor: Actor, tx: Transaction, inbox: inboxes.Inbox | None, given: dict[str, str],
    errors: dict[str, str], status: int = 200, preview: Preview | None = None,
) -> Response:  # fmt: skip
    team = await agents.team(tx, inbox.team_id) if inbox and inbox.team_id else None
    plan = await plans.get(tx, inbox.plan_id) if inbox and inbox.plan_id else None
    return shell.render(
        request, "inboxes", "admin/inbox.html", actor, status, inbox=inbox, given=given, errors=errors,
        preview=preview,
        site=request.app.state.settings.address,
        teams=_choices(await agents.teams(tx), team), plans=_choices(await plans.all_of(tx), plan),
    )  # fmt: skip


async def _preview(tx: Transaction, inbox: inboxes.Inbox, draft: inbox_setup.InboxDraft) -> Preview:
    """Errors: as for saving it."""
    name, address = await inbox_setup.check(tx, inbox, draft)
    foreseen = None
    if draft.plan_id != inbox.plan_id:
        foreseen = await would_move(
            tx, Scope(inbox_id=inbox.id), Proposal(inbox_plans={inbox.id: draft.plan_id})
        )
    shown = str(inbox.settings.get("shown_name") or name)
    has_other_team = draft.team_id != inbox.team_id
    return Preview(name, shown, address, has_other_team, foreseen)


def _choices(
    rows: Iterable[agents.Team | plans.Plan], standing: agents.Team | plans.Plan | None
) -> list[tuple[str, str]]:
    """For a select: what can be chosen, and what stands even if it has been archived since."""
    found = {str(one.id): one.name for one in rows}
    if standing is not None:
        found.setdefault(str(standing.id), standing.name)
    return list(found.items())
