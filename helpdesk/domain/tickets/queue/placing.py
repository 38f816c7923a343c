"""Keeps a ticket's place in the queue in step with its clocks; called at SLA events only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from helpdesk.domain import contacts, inboxes, plans, sla
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue import low_water, ranking
from helpdesk.domain.tickets.queue.capacity import LANGUAGE
from helpdesk.storage.ids import new_id
from helpdesk.storage.transaction import Transaction

_POOL = "SELECT id FROM pools WHERE inbox_id = $1 AND team_id IS NOT DISTINCT FROM $2 AND skills = $3"
_NEW_POOL = "INSERT INTO pools (id, inbox_id, team_id, skills) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"


async def place(tx: Transaction, ticket: Ticket) -> None:
    """Write due_at, start_by, rank_at and their parts from the earliest open target, plan and priority."""
    due = await sla.earliest_due(tx, ticket.id)
    plan = await plans.get(tx, ticket.plan_id) if ticket.plan_id else None
    placed = place_of(ticket, due, plan)
    before = ticket.rank_at if ticket.waiting else None
    ticket.due_at = due[1] if due else None
    ticket.start_by, ticket.rank_at = placed.start_by, placed.rank_at
    ticket.place = placed.to_dict()
    ticket.waiting = ticket.status == Status.OPEN and ticket.assignee_id is None
    if ticket.waiting and ticket.rank_at != before:
        await stands(tx, ticket)
    tx.touched[ticket.id] = ticket.version


def place_of(
    ticket: Ticket, due: tuple[sla.Metric, datetime] | None, plan: plans.Plan | None
) -> ranking.Place:
    """Where it stands by its earliest target and its plan."""
    own = None
    if plan is not None:
        own = ranking.PlanStanding(plan.key, plan.name, plan.head_start_minutes, plan.handling or {})
    return ranking.place(
        channel=ticket.channel,
        created_at=ticket.created_at,
        due_at=due[1] if due else None,
        metric=due[0].value if due else None,
        plan=own,
        priority=ticket.priority,
    )


async def stands(tx: Transaction, ticket: Ticket) -> None:
    """It begins to wait in its pool, at its rank: no claim may begin behind it."""
    await low_water.keep(tx, ticket.pool_id, ticket.rank_at)


def skills_asked(inbox: inboxes.Inbox, contact: contacts.Contact) -> list[str]:
    """What an inbox asks of whoever answers its tickets: skills of its own, and the contact's language
    where it is routed by language."""
    language = [f"{LANGUAGE}{contact.locale}"] if inbox.settings.get("by_language") else []
    return sorted({*inbox.settings.get("skills", ()), *language})


async def pool_id(tx: Transaction, inbox_id: UUID, team_id: UUID | None, skills: Sequence[str] = ()) -> UUID:
    """The pool of an inbox, team and set of skills, made on first use."""
    asked = sorted(skills)
    return await tx.once(("pool", inbox_id, team_id, *asked), lambda: _pool_id(tx, inbox_id, team_id, asked))


async def _pool_id(tx: Transaction, inbox_id: UUID, team_id: UUID | None, asked: list[str]) -> UUID:
    connection = await tx.driver()
    found: UUID | None = await connection.fetchval(_POOL, inbox_id, team_id, asked)
    if found is None:
        await connection.execute(_NEW_POOL, new_id(tx.now), inbox_id, team_id, asked)
        found = await connection.fetchval(_POOL, inbox_id, team_id, asked)
    assert found is not None  # there before, or ours
    return found
