"""Keeps a ticket's place in the queue in step with its clocks; called at SLA events only."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import contacts, inboxes, plans, sla
from helpdesk.domain.tickets import low_water, queue
from helpdesk.domain.tickets.capacity import LANGUAGE
from helpdesk.domain.tickets.model import Pool, Status, Ticket
from helpdesk.storage.ids import new_id
from helpdesk.storage.transaction import Transaction


async def place(tx: Transaction, ticket: Ticket) -> None:
    """Write due_at, start_by, rank_at and their parts from the earliest open target, plan and priority."""
    due = await sla.earliest_due(tx, ticket.id)
    plan = await plans.get(tx, ticket.plan_id) if ticket.plan_id else None
    placed = queue.place(
        channel=ticket.channel,
        created_at=ticket.created_at,
        due_at=due[1] if due else None,
        metric=due[0].value if due else None,
        plan=queue.PlanStanding(plan.key, plan.name, plan.head_start_minutes) if plan else None,
        priority=ticket.priority,
    )
    ticket.due_at = due[1] if due else None
    ticket.start_by, ticket.rank_at = placed.start_by, placed.rank_at
    ticket.place = placed.to_dict()
    ticket.waiting = ticket.status == Status.OPEN and ticket.assignee_id is None
    if ticket.waiting:
        low_water.lower(ticket.pool_id, ticket.rank_at)
    tx.touched[ticket.id] = ticket.version


def skills_asked(inbox: inboxes.Inbox, contact: contacts.Contact) -> list[str]:
    """What an inbox asks of whoever answers its tickets: skills of its own, and the contact's language
    where it is routed by language."""
    language = [f"{LANGUAGE}{contact.locale}"] if inbox.settings.get("by_language") else []
    return sorted({*inbox.settings.get("skills", ()), *language})


async def pool_id(tx: Transaction, inbox_id: UUID, team_id: UUID | None, skills: Sequence[str] = ()) -> UUID:
    """The pool of an inbox, team and set of skills, made on first use."""
    asked = sorted(skills)
    wanted = select(Pool.id).where(
        Pool.inbox_id == inbox_id, Pool.team_id.is_not_distinct_from(team_id), Pool.skills == asked
    )
    found = await tx.session.scalar(wanted)
    if found is None:
        await tx.session.execute(
            insert(Pool)
            .values(id=new_id(tx.now), inbox_id=inbox_id, team_id=team_id, skills=asked)
            .on_conflict_do_nothing()
        )
        found = (await tx.session.execute(wanted)).scalar_one()
    return found
