"""Teams: who is in them, when they are staffed, whether work is asked for or assigned."""

from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.domain import agents, inboxes, oncall, sla, tickets
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/teams"
NEW = "new"


async def show_teams(request: Request) -> Response:
    """GET /admin/teams"""
    actor = await shell.require(request, "teams")
    async with request.app.state.database.transaction(actor) as tx:
        names = {agent.id: agent.name for agent in await agents.active(tx)}
        on_call = await oncall.on_call_by_team(tx)
        pairs = await agents.memberships(tx)
        found = [
            {
                "team": team,
                "members": sorted(names[one] for where, one in pairs if where == team.id and one in names),
                "waiting": (await tickets.waiting_for_team(tx, team.id))[0],
                "on_call": on_call.get(team.id, []),
                "inboxes": [one.name for one in await inboxes.all_of(tx) if one.team_id == team.id],
            }
            for team in await agents.teams(tx)
        ]
        calendars = {row.id: row.name for row, _ in await sla.calendars.all_of(tx)}
    return shell.render(request, "teams", "admin/teams.html", actor, found=found, calendars=calendars)


async def show_team(request: Request) -> Response:
    """GET /admin/teams/{id}, `new` for another one"""
    actor = await shell.require(request, "teams")
    async with request.app.state.database.transaction(actor) as tx:
        team = await _team(request, tx)
        given: dict[str, Any] = {"members": []}
        if team is not None:
            members = [str(one.id) for one in await agents.members_of(tx, team.id)]
            given = {"name": team.name, "calendar_id": str(team.calendar_id or ""), "members": members}
            given["push"] = "yes" if team.push else ""
        return await _page(request, actor, tx, team, given, {}, None)


async def submit_team(request: Request) -> Response:
    """POST /admin/teams/{id}: first what it means for the work that waits, then saving; or archiving."""
    actor = await shell.require(request, "teams")
    form = await request.form()
    given: dict[str, Any] = {name: str(value) for name, value in form.items()}
    given["members"] = [str(one) for one in form.getlist("members")]
    async with request.app.state.database.transaction(actor) as tx:
        team = await _team(request, tx)
        try:
            if given.get("archive") and team is not None:
                await _archive(tx, team)
                return shell.saved(PATH)
            values, members = _values(given), _members(form)
            if given.get("save") == "yes":
                await agents.save_team(tx, team.id if team else None, values, members)
                return shell.saved(PATH)
            if not values["name"]:
                raise Invalid("name_missing", field="name")
        except (Invalid, Conflict) as failure:
            field = failure.field or ("all" if failure.code == "team_in_use" else "name")
            return await _page(request, actor, tx, team, given, {field: failure.detail or ""}, None, 422)
        waiting, free = await tickets.waiting_for_team(tx, team.id) if team else (0, 0)
        preview = {"waiting": waiting, "free": free, "push": values["push"], "members": len(members)}
        return await _page(request, actor, tx, team, given, {}, preview)


async def _archive(tx: Transaction, team: agents.Team) -> None:
    using = [one.name for one in await inboxes.all_of(tx) if one.team_id == team.id]
    if using:
        raise Conflict("team_in_use", ", ".join(using))
    await agents.archive_team(tx, team.id)


async def _team(request: Request, tx: Transaction) -> agents.Team | None:
    wanted = request.path_params["id"]
    return None if wanted == NEW else await agents.team(tx, parse_id(wanted, "team"))


async def _page(
    request: Request, actor: Actor, tx: Transaction, team: agents.Team | None, given: dict[str, Any],
    errors: dict[str, str], preview: dict[str, Any] | None, status: int = 200,
) -> Response:  # fmt: skip
    return shell.render(
        request, "teams", "admin/team.html", actor, status, team=team, given=given, errors=errors,
        preview=preview, staff=await agents.active(tx),
        on_call=(await oncall.on_call_by_team(tx)).get(team.id, []) if team else [],
        calendars=[(str(row.id), row.name) for row, _ in await sla.calendars.all_of(tx)],
    )  # fmt: skip


def _values(given: dict[str, Any]) -> dict[str, Any]:
    calendar = given.get("calendar_id", "")
    return {
        "name": given.get("name", "").strip(),
        "calendar_id": parse_id(calendar, "calendar") if calendar else None,
        "push": given.get("push") == "yes",
    }


def _members(form: FormData) -> list[UUID]:
    return [parse_id(one, "agent") for one in form.getlist("members")]
