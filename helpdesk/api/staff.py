"""Teams and agents: who works here, what they may do, what they can and how much they take."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Role
from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import agents, inboxes, permissions, pictures
from helpdesk.errors import Conflict
from helpdesk.parsing import parse_id, parse_json
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

Skill = Annotated[str, Field(min_length=1, max_length=40)]
Units = Annotated[int, Field(ge=0, le=100)]


class NewTeam(BaseModel):
    """`push`: its work is assigned to whoever is online and least loaded."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    calendar_id: UUID | None = None
    push: bool = False
    member_ids: list[UUID] = []


class AgentPatch(BaseModel):
    """What somebody may do, can and takes. `inbox_ids` null: every inbox."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role = Role.AGENT
    capacity: Units = 6
    max_chats: Units = 4
    skills: Annotated[list[Skill], Field(max_length=20)] = []
    team_ids: list[UUID] = []
    inbox_ids: list[UUID] | None = None


class NewAgent(AgentPatch):
    email: Annotated[str, Field(min_length=3, max_length=254)]


async def list_agents(request: Request) -> Response:
    """Everybody a ticket can be assigned to."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        within: dict[UUID, list[UUID]] = {}
        for team_id, agent_id in await agents.memberships(tx):
            within.setdefault(agent_id, []).append(team_id)
        everybody = await agents.active(tx)
        shown = await pictures.addresses(tx, [one.id for one in everybody])
        items = [_agent(one, within.get(one.id, []), shown) for one in everybody]
    return answer({"items": items, "next": None})


async def create_agent(tx: Transaction, request: Request, wanted: NewAgent) -> Any:
    """A further agent, who has no password yet: they sign in by an invitation sent from administration."""
    agent = await agents.add(tx, email=wanted.email, name=wanted.name, role=wanted.role, password_hash=None)
    await agents.change(tx, agent.id, _values(wanted), wanted.team_ids, wanted.inbox_ids)
    return _agent(agent, wanted.team_ids, {})


async def change_agent(request: Request) -> Response:
    """Replace what an agent may do, can and takes; nobody grants or touches a role above their own."""
    wanted = parse_json(await request.body(), AgentPatch)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        agent_id = parse_id(request.path_params["id"], "agent")
        agent = await agents.change(tx, agent_id, _values(wanted), wanted.team_ids, wanted.inbox_ids)
        return answer(_agent(agent, wanted.team_ids, await pictures.addresses(tx, [agent.id])))


async def disable_agent(request: Request) -> Response:
    """No more signing in; what they did stays."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await agents.disable(tx, parse_id(request.path_params["id"], "agent"))
    return answer(None)


async def list_teams(request: Request) -> Response:
    """The teams a ticket can be given to."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        members: dict[UUID, list[UUID]] = {}
        for team_id, agent_id in await agents.memberships(tx):
            members.setdefault(team_id, []).append(agent_id)
        items = [_team(one, members.get(one.id, [])) for one in await agents.teams(tx)]
    return answer({"items": items, "next": None})


async def create_team(tx: Transaction, request: Request, wanted: NewTeam) -> Any:
    """A further team."""
    team = await agents.save_team(tx, None, _team_values(wanted), wanted.member_ids)
    return _team(team, wanted.member_ids)


async def change_team(request: Request) -> Response:
    """Replace a team and who is in it."""
    wanted = parse_json(await request.body(), NewTeam)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        team_id = parse_id(request.path_params["id"], "team")
        team = await agents.save_team(tx, team_id, _team_values(wanted), wanted.member_ids)
        return answer(_team(team, wanted.member_ids))


async def archive_team(request: Request) -> Response:
    """No more work for a team; 409 while an inbox gives it any."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        team_id = parse_id(request.path_params["id"], "team")
        if any(one.team_id == team_id for one in await inboxes.all_of(tx)):
            raise Conflict("team_in_use", "An inbox still gives it work.")
        await agents.archive_team(tx, team_id)
    return answer(None)


def _values(wanted: AgentPatch) -> Json:
    return wanted.model_dump(include={"name", "capacity", "max_chats"}) | {
        "role": wanted.role.value,
        "skills": sorted(set(wanted.skills)),
    }


def _team_values(wanted: NewTeam) -> Json:
    return wanted.model_dump(include={"name", "calendar_id", "push"})


def _agent(agent: agents.Agent, team_ids: list[UUID], shown: dict[UUID, str]) -> Json:
    names = ("id", "name", "email", "role", "capacity", "max_chats", "skills", "all_inboxes")
    return {name: getattr(agent, name) for name in names} | {
        "picture": shown.get(agent.id),
        "team_ids": team_ids,
    }


def _team(team: agents.Team, member_ids: list[UUID]) -> Json:
    names = ("id", "name", "calendar_id", "push")
    return {name: getattr(team, name) for name in names} | {"member_ids": member_ids}
