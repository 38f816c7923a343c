"""Agents, their teams, and the inboxes they are granted."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ForeignKey, Index, Select, delete, exists, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk import translation
from helpdesk.actors import Actor, ActorKind, Role
from helpdesk.domain import inboxes, permissions, plans
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.parsing import parse_email
from helpdesk.storage.tables import Base, Id, Json
from helpdesk.storage.transaction import Transaction

INVITED_FOR = timedelta(days=14)
"""How long a link to choose a password holds."""


RENEWED_WITHIN = timedelta(days=1)
"""How long a link to choose another password holds."""


class Agent(Base):
    """`capacity` is in units of work (domain/tickets/capacity.py); of chats, `max_chats` at once at most.

    `skills` are free words; a language somebody answers in is the skill `language:sv`.
    """

    __tablename__ = "agents"

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    all_inboxes: Mapped[bool] = mapped_column(server_default="true")
    capacity: Mapped[int] = mapped_column(server_default="6")
    max_chats: Mapped[int] = mapped_column(server_default="4")
    skills: Mapped[list[str]] = mapped_column(server_default="{}")
    signature: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime | None]
    """When they were last sent a link to choose a password with; it holds for a while, a further one only as
    long as it is the newest."""
    disabled_at: Mapped[datetime | None]

    __table_args__ = (Index("uq_agents_email", text("lower(email)"), unique=True),)


class Team(Base):
    """`calendar_id` says when the team is staffed; outside of it the rota may be woken.

    `push`: its work is assigned to whoever is free; otherwise its agents ask for the next ticket.
    """

    __tablename__ = "teams"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("calendars.id"))
    push: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class TeamMember(Base):
    __tablename__ = "team_members"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class AgentInbox(Base):
    """An inbox granted to an agent who does not have all of them."""

    __tablename__ = "agent_inboxes"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"), primary_key=True)


async def add(
    tx: Transaction,
    *,
    email: str,
    name: str,
    role: Role,
    password_hash: str | None,
    locale: str = "en",
    time_zone: str = "UTC",
) -> Agent:
    """A new agent. Errors: Invalid email_invalid, Conflict email_taken, address_of_inbox, Forbidden for a
    role above the actor's own."""
    permissions.require_role(tx.actor, Role.ADMIN)
    if not permissions.may_grant(tx.actor, role):
        raise Forbidden("role_above_own")
    email = email.strip()
    parse_email(email)
    if await by_email(tx, email) is not None:
        raise Conflict("email_taken", f"{email} belongs to an agent already.")
    if await inboxes.by_address(tx, email) is not None:
        raise Conflict("address_of_inbox", f"{email} is the address of an inbox.", field="email")
    agent = Agent(
        id=tx.new_id(),
        email=email,
        name=name.strip() or email,
        role=role.value,
        password_hash=password_hash,
        locale=locale,
        time_zone=time_zone,
        all_inboxes=True,
        capacity=6,
        max_chats=4,
        skills=[],
        signature="",
        created_at=tx.now,
    )
    tx.session.add(agent)
    await tx.session.flush()
    return agent


async def disable(tx: Transaction, agent_id: UUID) -> Agent:
    """No more signing in; every door is checked against this. The last owner stays."""
    permissions.require_role(tx.actor, Role.ADMIN)
    agent = await get(tx, agent_id)
    if not permissions.may_grant(tx.actor, Role(agent.role)):
        raise Forbidden("role_above_own")
    if agent.role == Role.OWNER.value:
        await _require_another_owner(tx)
    agent.disabled_at = agent.disabled_at or tx.now
    return agent


async def change(
    tx: Transaction,
    agent_id: UUID,
    values: Json,
    team_ids: Collection[UUID],
    inbox_ids: Collection[UUID] | None = None,
) -> Agent:
    """Name, role, capacity, max_chats, skills, the teams somebody is in, and the inboxes they see (None is
    all). Errors: NotFound, Forbidden role_above_own, Conflict last_owner."""
    permissions.require_role(tx.actor, Role.ADMIN)
    agent = await get(tx, agent_id)
    wanted = Role(values.get("role", agent.role))
    if not (permissions.may_grant(tx.actor, wanted) and permissions.may_grant(tx.actor, Role(agent.role))):
        raise Forbidden("role_above_own")
    if agent.role == Role.OWNER.value and wanted is not Role.OWNER:
        await _require_another_owner(tx)
    own = await team_ids_of(tx, agent_id)
    for team_id in team_ids:
        await require_open_team(tx, team_id, team_id if team_id in own else None)
    for inbox_id in inbox_ids or ():
        await inboxes.get(tx, inbox_id)
    for name, value in (values | {"all_inboxes": inbox_ids is None}).items():
        setattr(agent, name, value)
    await tx.flush()
    await _teams_change(tx, [agent_id])
    await tx.session.execute(delete(TeamMember).where(TeamMember.agent_id == agent_id))
    await tx.session.execute(delete(AgentInbox).where(AgentInbox.agent_id == agent_id))
    tx.session.add_all([TeamMember(team_id=team_id, agent_id=agent_id) for team_id in sorted(set(team_ids))])
    tx.session.add_all([AgentInbox(agent_id=agent_id, inbox_id=one) for one in sorted(set(inbox_ids or ()))])
    await tx.flush()
    tx.enqueue("distribute")
    return agent


async def invite(tx: Transaction, agent_id: UUID) -> Agent:
    """They are about to be sent a link. Errors: NotFound, Forbidden, Conflict invitation_taken."""
    permissions.require_role(tx.actor, Role.ADMIN)
    agent = await get(tx, agent_id)
    if not permissions.may_grant(tx.actor, Role(agent.role)):
        raise Forbidden("role_above_own")
    if agent.password_hash is not None:
        raise Conflict("invitation_taken", "They have a password already.")
    agent.invited_at = tx.now
    await tx.flush()
    return agent


async def welcome(tx: Transaction, agent_id: UUID, password_hash: str | None = None) -> Agent:
    """Whoever was invited a short while ago and has no password, and gets one here. Errors: NotFound."""
    agent = await tx.session.get(Agent, agent_id, with_for_update=True, populate_existing=True)
    if agent is None or agent.disabled_at is not None or agent.password_hash is not None:
        raise NotFound("invitation_over")
    if agent.invited_at is None or agent.invited_at < tx.now - INVITED_FOR:
        raise NotFound("invitation_over")
    if password_hash is not None:
        agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def set_password(tx: Transaction, agent_id: UUID, password_hash: str) -> Agent:
    """In the place of one that is lost; links that were sent hold no more. The sessions are the caller's to
    end. Errors: NotFound, Forbidden, Conflict agent_disabled."""
    agent = await _renewable(tx, agent_id)
    agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def offer_renewal(tx: Transaction, agent_id: UUID) -> Agent:
    """They are about to be sent a link to choose another password with; earlier links hold no more. Errors:
    NotFound, Forbidden, Conflict agent_disabled, not_signed_in_yet."""
    agent = await _renewable(tx, agent_id)
    if agent.password_hash is None:
        raise Conflict("not_signed_in_yet", "They have no password yet: invite them.")
    agent.invited_at = tx.now
    await tx.flush()
    return agent


def renewal_of(agent: Agent) -> UUID:
    """Names the newest link that was sent to them."""
    return uuid5(agent.id, agent.invited_at.isoformat() if agent.invited_at else "")


async def renew(tx: Transaction, agent_id: UUID, renewal: UUID, password_hash: str | None = None) -> Agent:
    """Whoever was sent this link within a day and has not used it, and gets another password here; the
    sessions are the caller's to end. Errors: NotFound."""
    agent = await tx.session.get(Agent, agent_id, with_for_update=True, populate_existing=True)
    if agent is None or agent.disabled_at is not None or agent.password_hash is None:
        raise NotFound("invitation_over")
    if agent.invited_at is None or agent.invited_at < tx.now - RENEWED_WITHIN:
        raise NotFound("invitation_over")
    if renewal != renewal_of(agent):
        raise NotFound("invitation_over")
    if password_hash is not None:
        agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def _renewable(tx: Transaction, agent_id: UUID) -> Agent:
    permissions.require_role(tx.actor, Role.ADMIN)
    agent = await get(tx, agent_id)
    if not permissions.may_grant(tx.actor, Role(agent.role)):
        raise Forbidden("role_above_own")
    if agent.disabled_at is not None:
        raise Conflict("agent_disabled", f"{agent.email} may not sign in any more; let them in again first.")
    return agent


async def enable(tx: Transaction, agent_id: UUID) -> Agent:
    """May sign in again. Errors: NotFound, Forbidden role_above_own."""
    permissions.require_role(tx.actor, Role.ADMIN)
    agent = await get(tx, agent_id)
    if not permissions.may_grant(tx.actor, Role(agent.role)):
        raise Forbidden("role_above_own")
    agent.disabled_at = None
    return agent


async def save_team(
    tx: Transaction, team_id: UUID | None, values: Json, member_ids: Collection[UUID]
) -> Team:
    """A new team, or another one in the place of an old: name, calendar_id, push, and who is in it. Errors:
    NotFound, Invalid name_missing, Conflict team_name_taken."""
    permissions.require_role(tx.actor, Role.ADMIN)
    name = values["name"].strip()[:100]
    if not name:
        raise Invalid("name_missing", field="name")
    taken = await tx.session.scalar(select(Team.id).where(func.lower(Team.name) == name.lower()))
    if taken not in (None, team_id):
        raise Conflict("team_name_taken", "Another team has this name.")
    if values.get("calendar_id") is not None:
        await plans.calendar(tx, values["calendar_id"])
    for agent_id in member_ids:
        await get(tx, agent_id)
    found = await team(tx, team_id) if team_id else Team(id=tx.new_id(), created_at=tx.now)
    for key, value in (values | {"name": name}).items():
        setattr(found, key, value)
    tx.session.add(found)
    await tx.flush()
    before = await tx.session.scalars(select(TeamMember.agent_id).where(TeamMember.team_id == found.id))
    await _teams_change(tx, {*before, *member_ids})
    await tx.session.execute(delete(TeamMember).where(TeamMember.team_id == found.id))
    tx.session.add_all([TeamMember(team_id=found.id, agent_id=one) for one in sorted(set(member_ids))])
    await tx.flush()
    tx.enqueue("distribute")
    return found


async def _teams_change(tx: Transaction, agent_ids: Collection[UUID]) -> None:
    """Writes the agents' rows too: who remembers what an agent may take sees by them that it is no longer
    so (tickets/queue/known_claimers.py)."""
    await tx.connection.execute("UPDATE agents SET name = name WHERE id = ANY($1)", sorted(agent_ids))


async def archive_team(tx: Transaction, team_id: UUID) -> Team:
    """No more work comes to it; what it has stays. Errors: NotFound. Whoever calls has made sure that no
    inbox gives it any."""
    permissions.require_role(tx.actor, Role.ADMIN)
    found = await team(tx, team_id)
    found.archived_at = found.archived_at or tx.now
    await tx.flush()
    return found


async def get(tx: Transaction, agent_id: UUID) -> Agent:
    agent = await tx.find(Agent, agent_id)
    if agent is None:
        raise NotFound("agent_not_found")
    return agent


async def set_signature(tx: Transaction, signature: str) -> None:
    """The acting agent's own lines below their mails. Errors: Forbidden for whoever is no agent."""
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    (await get(tx, tx.actor.agent_id)).signature = signature.replace("\r\n", "\n").strip()


async def set_time_zone(tx: Transaction, time_zone: str) -> None:
    """By whose clock the acting agent is told the time. Errors: Forbidden for whoever is no agent."""
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    (await get(tx, tx.actor.agent_id)).time_zone = time_zone


async def set_locale(tx: Transaction, locale: str) -> None:
    """The language the acting agent reads. Errors: Forbidden for whoever is no agent, Invalid."""
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    if locale not in translation.languages():
        raise Invalid("language_unknown", field="locale")
    (await get(tx, tx.actor.agent_id)).locale = locale


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


async def everybody(tx: Transaction) -> list[Agent]:
    """Also who may not sign in any more, those last."""
    return list(await tx.session.scalars(select(Agent).order_by(Agent.disabled_at.is_not(None), Agent.name)))


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


_FACTS = ("id", "name", "role", "all_inboxes", "locale", "time_zone")
_ACTORS = """
    SELECT a.id, a.name, a.role, a.all_inboxes, a.locale, a.time_zone,
      ARRAY(SELECT g.inbox_id FROM agent_inboxes g WHERE g.agent_id = a.id) AS granted
    FROM agents a WHERE a.id = ANY($1) AND a.disabled_at IS NULL
"""


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


async def _require_another_owner(tx: Transaction) -> None:
    owners = await tx.session.scalar(
        select(func.count()).where(Agent.role == Role.OWNER.value, Agent.disabled_at.is_(None))
    )
    if owners == 1:
        raise Conflict("last_owner", "There must be an owner.")
