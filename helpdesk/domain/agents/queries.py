"""Who works here, in which teams, and what they may see."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select

from helpdesk.actors import Actor, ActorKind, Role
from helpdesk.domain import permissions
from helpdesk.domain.agents.model import Agent, AgentInbox, Team, TeamMember
from helpdesk.errors import Forbidden, Invalid, NotFound
from helpdesk.storage.transaction import Transaction

_FACTS = ("id", "name", "role", "all_inboxes", "locale", "time_zone")

_ACTORS = """
    SELECT a.id, a.name, a.role, a.all_inboxes, a.locale, a.time_zone,
      ARRAY(SELECT g.inbox_id FROM agent_inboxes g WHERE g.agent_id = a.id) AS granted
    FROM agents a WHERE a.id = ANY($1) AND a.disabled_at IS NULL
"""


async def get(tx: Transaction, agent_id: UUID) -> Agent:
    agent = await tx.find(Agent, agent_id)
    if agent is None:
        raise NotFound("agent_not_found")
    return agent


async def get_lower(tx: Transaction, agent_id: UUID) -> Agent:
    """Somebody whom the acting administrator may change. Errors: NotFound, Forbidden role_above_own."""
    permissions.require_role(tx.actor, Role.ADMIN)
    agent = await get(tx, agent_id)
    if not permissions.may_grant(tx.actor, Role(agent.role)):
        raise Forbidden("role_above_own")
    return agent


async def by_email(tx: Transaction, email: str) -> Agent | None:
    found: Agent | None = await tx.session.scalar(
        select(Agent).where(func.lower(Agent.email) == email.strip().lower())
    )
    return found


async def first_owner(tx: Transaction) -> Agent | None:
    found: Agent | None = await tx.session.scalar(
        select(Agent)
        .where(Agent.role == Role.OWNER.value, Agent.disabled_at.is_(None))
        .order_by(Agent.created_at, Agent.id)
        .limit(1)
    )
    return found


async def active(tx: Transaction) -> list[Agent]:
    return list(
        await tx.session.scalars(select(Agent).where(Agent.disabled_at.is_(None)).order_by(Agent.name))
    )


async def exist(tx: Transaction) -> bool:
    """Whether anybody can sign in at all."""
    return bool(await tx.session.scalar(select(exists().where(Agent.disabled_at.is_(None)))))


async def everybody(tx: Transaction) -> list[Agent]:
    """Also who may not sign in any more, those last."""
    return list(await tx.session.scalars(select(Agent).order_by(Agent.disabled_at.is_not(None), Agent.name)))


async def members_of(tx: Transaction, team_id: UUID) -> list[Agent]:
    query = select(Agent).join(TeamMember, TeamMember.agent_id == Agent.id)
    return list(
        await tx.session.scalars(
            query.where(TeamMember.team_id == team_id, Agent.disabled_at.is_(None)).order_by(Agent.name)
        )
    )


async def teams(tx: Transaction) -> list[Team]:
    """Those that work can be given to."""
    return list(await tx.session.scalars(select(Team).where(Team.archived_at.is_(None)).order_by(Team.name)))


async def team(tx: Transaction, team_id: UUID) -> Team:
    found = await tx.find(Team, team_id)
    if found is None:
        raise NotFound("team_not_found")
    return found


async def require_open_team(tx: Transaction, team_id: UUID | None, standing: UUID | None = None) -> None:
    """Where something may be given to; what `standing` says already may stay. Errors: NotFound,
    Invalid team_archived."""
    if team_id is None or team_id == standing:
        return
    if (await team(tx, team_id)).archived_at is not None:
        raise Invalid("team_archived", "This team is archived: nothing more comes to it.", field="team_id")


async def memberships(tx: Transaction) -> list[tuple[UUID, UUID]]:
    """(team, agent), of all of them."""
    query = select(TeamMember.team_id, TeamMember.agent_id)
    return [(row.team_id, row.agent_id) for row in await tx.session.execute(query)]


async def inbox_ids_of(tx: Transaction, agent_id: UUID) -> list[UUID]:
    """Those granted one by one."""
    return list(await tx.session.scalars(_granted(agent_id)))


async def team_ids_of(tx: Transaction, agent_id: UUID) -> list[UUID]:
    return list(await tx.session.scalars(select(TeamMember.team_id).where(TeamMember.agent_id == agent_id)))


async def calendars_of(tx: Transaction, agent_id: UUID) -> list[UUID]:
    """The hours of an agent's teams, where they have any."""
    query = select(Team.calendar_id).join(TeamMember, TeamMember.team_id == Team.id)
    found = await tx.session.scalars(
        query.where(TeamMember.agent_id == agent_id, Team.calendar_id.is_not(None)).distinct()
    )
    return [calendar_id for calendar_id in found if calendar_id is not None]


async def actor_of(tx: Transaction, agent: Agent) -> Actor:
    """The agent as an actor, with the inboxes granted right now."""
    facts = {name: getattr(agent, name) for name in _FACTS}
    return _actor(facts, await inbox_ids_of(tx, agent.id) if _is_limited(facts) else ())


async def actors_of(tx: Transaction, agent_ids: Collection[UUID]) -> dict[UUID, Actor]:
    """The same for many at once, by one plain statement: commands that write ask for it each time. Whoever
    is disabled is not among them."""
    found = await (await tx.driver()).fetch(_ACTORS, list(agent_ids))
    return {record["id"]: _actor(record, record["granted"]) for record in found}


def _is_limited(agent: Mapping[str, Any]) -> bool:
    """To the inboxes that are granted one by one."""
    return not agent["all_inboxes"] and agent["role"] not in (Role.ADMIN, Role.OWNER)


def _actor(agent: Mapping[str, Any], granted: Iterable[UUID]) -> Actor:
    return Actor(
        kind=ActorKind.AGENT,
        id=agent["id"],
        name=agent["name"],
        role=Role(agent["role"]),
        agent_id=agent["id"],
        inbox_ids=frozenset(granted) if _is_limited(agent) else None,
        locale=agent["locale"],
        time_zone=agent["time_zone"],
    )


def _granted(agent_id: UUID) -> Select[UUID]:
    return select(AgentInbox.inbox_id).where(AgentInbox.agent_id == agent_id)
