"""Teams, skills and capacity: who takes what, and whether work is asked for or assigned."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import agents, inboxes, tickets
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/routing"


async def show_routing(request: Request) -> Response:
    """GET /admin/routing"""
    actor = await shell.require(request, "routing")
    async with request.app.state.database.transaction(actor) as tx:
        return await _page(request, actor, tx, {}, None)


async def submit_routing(request: Request) -> Response:
    """POST /admin/routing: one team, agent or inbox; a team's way of working is previewed first."""
    actor = await shell.require(request, "routing")
    given = {name: str(value) for name, value in (await request.form()).items()}
    async with request.app.state.database.transaction(actor) as tx:
        try:
            preview = await _apply(tx, given)
        except Invalid as failure:
            return await _page(request, actor, tx, {failure.field or "": given.get("id", "")}, None, 422)
        if preview is not None:
            return await _page(request, actor, tx, {}, preview)
        tx.enqueue("distribute")
    return shell.saved(PATH)


async def _apply(tx: Transaction, given: dict[str, str]) -> dict[str, Any] | None:
    """What a preview shows, or None once it is done. Errors: Invalid, NotFound."""
    what, found = given.get("what"), parse_id(given.get("id"), "id")
    if what == "team":
        team = await agents.team(tx, found)
        push = given.get("push") == "yes"
        if given.get("save") != "yes":
            waiting, free = await tickets.waiting_for_team(tx, team.id)
            return {"team": team, "push": push, "waiting": waiting, "free": free}
        team.push = push
    elif what == "agent":
        agent = await agents.get(tx, found)
        agent.capacity = _number(given, "capacity", 100)
        agent.max_chats = _number(given, "max_chats", 100)
        agent.skills = _words(given.get("skills", ""))
    elif what == "inbox":
        inbox = await inboxes.get(tx, found)
        settings = {name: value for name, value in inbox.settings.items() if name not in ("units", "skills")}
        settings["skills"] = _words(given.get("skills", ""))
        settings["by_language"] = given.get("by_language") == "yes"
        if given.get("units", "").strip():
            settings["units"] = _number(given, "units", 100)
        inbox.settings = settings
    return None


async def _page(
    request: Request, actor: Any, tx: Transaction, errors: dict[str, str], preview: Any, status: int = 200
) -> Response:
    return shell.render(
        request, "routing", "admin/routing.html", actor, status, errors=errors, preview=preview,
        teams=await agents.teams(tx), staff=await agents.active(tx), inboxes=await inboxes.all_of(tx),
    )  # fmt: skip


def _number(given: dict[str, str], name: str, most: int) -> int:
    value = given.get(name, "").strip()
    if not (value.isascii() and value.isdigit() and len(value) < 4 and int(value) <= most):
        raise Invalid("number_invalid", field=name)
    return int(value)


def _words(text: str) -> list[str]:
    return sorted({word.strip().lower()[:40] for word in text.split(",") if word.strip()})[:20]
