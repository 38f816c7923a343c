"""A promised ticket, what agents change on it, and what its timeline says of it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from helpdesk.domain import sla, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.sla import Metric
from helpdesk.domain.tickets import Ticket, TicketChange
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import (
    a_contact,
    a_plan,
    a_ticket,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TARGETS = {"email": {"first_response": 4 * 3600, "next_response": 2 * 3600, "resolution": 24 * 3600}}


async def promised(tx: Transaction, **plan: Any) -> Ticket:
    """A mail ticket of a contact whose plan promises a first answer within four hours."""
    plan.setdefault("targets", TARGETS)
    return await a_ticket(tx, contact=await a_contact(tx, plan=await a_plan(tx, **plan)))


async def change(tx: Transaction, ticket: Ticket, **what: Any) -> Ticket:
    return await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset(what), **what))


async def events_of(tx: Transaction, ticket: Ticket, after: int = 0) -> list[EventRow]:
    await tx.session.flush()
    query = select(EventRow).where(EventRow.ticket_id == ticket.id, EventRow.version > after)
    return list(await tx.session.scalars(query.order_by(EventRow.version)))


async def names_of(tx: Transaction, ticket: Ticket, after: int = 0) -> list[str]:
    return [event.name for event in await events_of(tx, ticket, after)]


async def clock_of(tx: Transaction, ticket: Ticket, metric: Metric) -> sla.SlaClock:
    return [clock for clock in await sla.clocks_of(tx, ticket.id) if clock.metric == metric][-1]


async def write_again(tx: Transaction, ticket: Ticket, body: str = "And another thing.") -> None:
    await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=ticket.inbox_id,
            channel=Channel(ticket.channel),
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            body=body,
        ),
    )
