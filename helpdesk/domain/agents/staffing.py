"""Agents come, change and leave; teams are made of them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, func, select

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions, plans
from helpdesk.domain.agents.model import Agent, AgentInbox, Team, TeamMember
from helpdesk.domain.agents.queries import by_email, get, get_lower, require_open_team, team, team_ids_of
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.parsing import parse_email
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


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


async def disable(tx: Transaction, agent_id: UUID) -> Agent:
    """No more signing in; every door is checked against this. The last owner stays."""
    agent = await get_lower(tx, agent_id)
    if agent.role == Role.OWNER.value:
        await _require_another_owner(tx)
    agent.disabled_at = agent.disabled_at or tx.now
    return agent


async def enable(tx: Transaction, agent_id: UUID) -> Agent:
    """May sign in again. Errors: NotFound, Forbidden role_above_own."""
    agent = await get_lower(tx, agent_id)
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


async def archive_team(tx: Transaction, team_id: UUID) -> Team:
    """No more work comes to it; what it has stays. Errors: NotFound. Whoever calls has made sure that no
    inbox gives it any."""
    permissions.require_role(tx.actor, Role.ADMIN)
    found = await team(tx, team_id)
    found.archived_at = found.archived_at or tx.now
    await tx.flush()
    return found


async def _teams_change(tx: Transaction, agent_ids: Collection[UUID]) -> None:
    """Writes the agents' rows too: who remembers what an agent may take sees by them that it is no longer
    so (tickets/queue/known_claimers.py)."""
    await tx.connection.execute("UPDATE agents SET name = name WHERE id = ANY($1)", sorted(agent_ids))


async def _require_another_owner(tx: Transaction) -> None:
    owners = await tx.session.scalar(
        select(func.count()).where(Agent.role == Role.OWNER.value, Agent.disabled_at.is_(None))
    )
    if owners == 1:
        raise Conflict("last_owner", "There must be an owner.")
