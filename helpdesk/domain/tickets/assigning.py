"""Who answers: assigning, releasing, and claiming the next ticket of the queue."""

from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions
from helpdesk.domain.events import TeamChanged, TicketAssigned
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Pool, Status, Ticket
from helpdesk.domain.tickets.placing import place, pool_id
from helpdesk.domain.tickets.repeats import event_of
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction

_FIRST_LOOK = 8
"""Heads looked at per pool; more only when all of them are being claimed by others right now."""

_CLAIM = text(
    """
    WITH heads AS (
      SELECT head.id FROM unnest(:pools) AS pool(id)
      CROSS JOIN LATERAL (
        SELECT id FROM tickets WHERE waiting AND pool_id = pool.id ORDER BY rank_at, id LIMIT :look
      ) AS head
    ), locked AS (
      SELECT t.id FROM tickets t WHERE t.id IN (SELECT id FROM heads) AND t.waiting
      ORDER BY t.rank_at, t.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    SELECT (SELECT id FROM locked) AS id, (SELECT count(*) FROM heads) AS looked_at
    """
).bindparams(bindparam("pools", type_=ARRAY(PG_UUID(as_uuid=True))))


async def claim_next(tx: Transaction, client_id: UUID | None = None) -> Ticket | None:
    """The first waiting ticket this agent may take, now theirs; None when nothing waits.

    O(log n): heads per pool, first without locks, then the best one that nobody else is taking. Two
    agents at once get two different tickets, always.
    """
    permissions.require_replier(tx.actor)
    if tx.actor.agent_id is None:
        raise Invalid("no_agent", "This API token acts for no agent, so it cannot claim.")
    if (again := await _claimed_before(tx, client_id)) is not None:
        return again
    pools, look = await _pools_of(tx), _FIRST_LOOK
    while pools:
        found = (await tx.session.execute(_CLAIM, {"pools": pools, "look": look})).one()
        if found.id is not None:
            ticket = await lock(tx, found.id)
            await assign(tx, ticket, tx.actor.agent_id, reason="claim", client_id=client_id)
            await place(tx, ticket)
            return ticket
        if found.looked_at < look:
            break
        look *= 8
    return None


async def assign(
    tx: Transaction,
    ticket: Ticket,
    agent_id: UUID | None,
    *,
    reason: str,
    client_id: UUID | None = None,
) -> None:
    """Make an agent responsible for a locked ticket, or nobody. The caller places it afterwards."""
    if ticket.assignee_id == agent_id:
        return
    agent = await agents.get(tx, agent_id) if agent_id else None
    if agent is not None and agent.disabled_at is not None:
        raise Conflict("agent_disabled", f"{agent.name} is no longer an agent.", field="assignee_id")
    previous, ticket.assignee_id = ticket.assignee_id, agent_id
    ticket.waiting = ticket.status == Status.OPEN and agent_id is None
    await tx.record(
        ticket, TicketAssigned(agent_id, agent.name if agent else None, previous, reason), client_id
    )


async def move_to_team(tx: Transaction, ticket: Ticket, team_id: UUID | None) -> None:
    """Another team's queue; the ticket keeps its age and place in the order."""
    if ticket.team_id == team_id:
        return
    team = await agents.team(tx, team_id) if team_id else None
    ticket.team_id = team_id
    ticket.pool_id = await pool_id(tx, ticket.inbox_id, team_id)
    await tx.record(ticket, TeamChanged(team_id, team.name if team else None))


async def _pools_of(tx: Transaction) -> list[UUID]:
    """The pools whose tickets this actor may take: own teams' and nobody's; leads' without a team: all."""
    query = select(Pool.id)
    if tx.actor.inbox_ids is not None:
        query = query.where(Pool.inbox_id.in_(tx.actor.inbox_ids))
    teams = await agents.team_ids_of(tx, tx.actor.agent_id) if tx.actor.agent_id else []
    if teams or tx.actor.role not in (Role.LEAD, Role.ADMIN, Role.OWNER):
        query = query.where(Pool.team_id.in_(teams) | Pool.team_id.is_(None))
    return list(await tx.session.scalars(query))


async def _claimed_before(tx: Transaction, client_id: UUID | None) -> Ticket | None:
    if client_id is None:
        return None
    event = await event_of(tx, client_id)
    if event is None:
        return None
    if event.name != "TicketAssigned":
        raise Conflict("client_id_reused")
    return await lock(tx, event.ticket_id)
