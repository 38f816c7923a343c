"""Who answers: assigning, releasing, and moving to another team."""

from uuid import UUID

from helpdesk.domain import agents, permissions
from helpdesk.domain.events import SkillsChanged, TeamChanged, TicketAssigned
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue.placing import pool_id, stands
from helpdesk.errors import Conflict
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


async def assign(
    tx: Transaction,
    ticket: Ticket,
    agent_id: UUID | None,
    *,
    reason: str,
    client_id: UUID | None = None,
    decision: Json | None = None,
) -> None:
    """Make an agent responsible for a locked ticket, or nobody: then it waits again at its old place.

    Errors: Conflict agent_disabled, Conflict inbox_not_granted when the agent could not see it.
    """
    if ticket.assignee_id == agent_id:
        return
    agent = await agents.get(tx, agent_id) if agent_id else None
    if agent is not None:
        await _require_able(tx, agent, ticket)
    previous, ticket.assignee_id = ticket.assignee_id, agent_id
    ticket.waiting = ticket.status == Status.OPEN and agent_id is None
    if ticket.waiting:
        await stands(tx, ticket)
    name = agent.name if agent else None
    await tx.record(ticket, TicketAssigned(agent_id, name, previous, reason, decision), client_id)


async def move_to_team(tx: Transaction, ticket: Ticket, team_id: UUID | None) -> None:
    """Another team's queue; the ticket keeps its age and place in the order."""
    if ticket.team_id == team_id:
        return
    team = await agents.team(tx, team_id) if team_id else None
    ticket.team_id = team_id
    ticket.pool_id = await pool_id(tx, ticket.inbox_id, team_id, ticket.skills)
    if ticket.waiting:
        await stands(tx, ticket)
    await tx.record(ticket, TeamChanged(team_id, team.name if team else None))


async def ask_for(tx: Transaction, ticket: Ticket, skills: tuple[str, ...]) -> None:
    """Other skills than before are needed; the ticket keeps its age and place in the order."""
    wanted = sorted({skill.strip().lower()[:40] for skill in skills if skill.strip()})[:10]
    if wanted == ticket.skills:
        return
    previous, ticket.skills = ticket.skills, wanted
    ticket.pool_id = await pool_id(tx, ticket.inbox_id, ticket.team_id, wanted)
    if ticket.waiting:
        await stands(tx, ticket)
    await tx.record(ticket, SkillsChanged(wanted, previous))


async def _require_able(tx: Transaction, agent: agents.Agent, ticket: Ticket) -> None:
    """Nobody is made responsible for what they cannot open."""
    if agent.disabled_at is not None:
        raise Conflict("agent_disabled", f"{agent.name} is no longer an agent.", field="assignee_id")
    is_self = tx.actor.agent_id == agent.id
    actor = tx.actor if is_self else await agents.actor_of(tx, agent)
    if not permissions.may_see_inbox(actor, ticket.inbox_id):
        raise Conflict("inbox_not_granted", f"{agent.name} may not see this inbox.", field="assignee_id")
