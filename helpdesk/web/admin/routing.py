"""Routing: what the tickets of each inbox ask for, and when a waiting one wakes somebody."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.domain import agents, inboxes
from helpdesk.domain.tickets.alerting import BREACH_AHEAD, UNTAKEN_CHAT
from helpdesk.domain.tickets.queue.capacity import LANGUAGE, UNITS
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id, parse_number
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell
from helpdesk.web.admin.staff import words

PATH = "/admin/routing"
_DAY = 24 * 60
_OWN = ("units", "skills", "by_language", UNTAKEN_CHAT, BREACH_AHEAD)


async def show_routing(request: Request) -> Response:
    """GET /admin/routing"""
    actor = await shell.require(request, "routing")
    async with request.app.state.database.transaction(actor) as tx:
        return await _page(request, actor, tx, {}, None)


async def submit_routing(request: Request) -> Response:
    """POST /admin/routing: one inbox; first who could take what it would ask for, then saving."""
    actor = await shell.require(request, "routing")
    given = {name: str(value) for name, value in (await request.form()).items()}
    async with request.app.state.database.transaction(actor) as tx:
        inbox = await inboxes.get(tx, parse_id(given.get("id"), "inbox"))
        try:
            asked = _settings(given)
        except Invalid as failure:
            wrong = {failure.field or "": failure.code}
            return await _page(request, actor, tx, wrong, {"id": inbox.id, "given": _Given(given)}, 422)
        team_id = parse_id(given["team_id"], "team") if given.get("team_id") else None
        if given.get("save") != "yes":
            able = await _able(tx, team_id, asked["skills"])
            return await _page(request, actor, tx, {}, {"id": inbox.id, "given": _Given(given), "able": able})
        await agents.require_open_team(tx, team_id, inbox.team_id)
        kept = {name: value for name, value in inbox.settings.items() if name not in _OWN}
        inbox.settings, inbox.team_id = kept | asked, team_id
        tx.enqueue("distribute")
    return shell.saved(PATH)


class _Given(dict[str, str]):
    """What was typed; a field that was left out is empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _settings(given: dict[str, str]) -> dict[str, Any]:
    """The inbox's settings that are changed here. Errors: Invalid with the field."""
    asked: dict[str, Any] = {
        "skills": words(given.get("skills", "")),
        "by_language": given.get("by_language") == "yes",
    }
    for name, most in (("units", 100), (UNTAKEN_CHAT, _DAY), (BREACH_AHEAD, _DAY)):
        if text := given.get(name, "").strip():
            asked[name] = parse_number(text, name, most)
    return asked


async def _able(tx: Transaction, team_id: Any, skills: list[str]) -> list[str]:
    staff = await agents.members_of(tx, team_id) if team_id else await agents.active(tx)
    needed = {skill for skill in skills if not skill.startswith(LANGUAGE)}
    return [one.name for one in staff if needed <= set(one.skills)]


async def _page(
    request: Request, actor: Actor, tx: Transaction, errors: dict[str, str], preview: Any, status: int = 200
) -> Response:
    return shell.render(
        request, "routing", "admin/routing.html", actor, status, errors=errors, preview=preview,
        teams=await agents.teams(tx), inboxes=await inboxes.all_of(tx), usual=UNITS,
    )  # fmt: skip
