"""One writer at a time per ticket, so its events have one order."""

from dataclasses import replace
from uuid import UUID

from helpdesk.actors import SYSTEM, ActorKind
from helpdesk.domain import permissions
from helpdesk.domain.tickets.model import Ticket
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction


async def lock(tx: Transaction, ticket_id: UUID) -> Ticket:
    """The ticket under its row lock, as it is now, if this actor may see it. Errors: NotFound."""
    ticket = await tx.session.get(Ticket, ticket_id, with_for_update=True, populate_existing=True)
    tx.held.pop(ticket_id, None)
    return _allowed(tx, ticket)


async def followed(tx: Transaction, ticket: Ticket) -> Ticket:
    """The locked ticket in which a merged one goes on; the ticket itself when it was not merged."""
    for _ in range(20):
        if ticket.merged_into is None:
            break
        # Its contact may write there through the merged one, without being able to read it.
        ticket = await lock(replace(tx, actor=SYSTEM), ticket.merged_into)
    return ticket


async def get(tx: Transaction, ticket_id: UUID) -> Ticket:
    """The ticket to read, if this actor may see it. Errors: NotFound."""
    return _allowed(tx, await tx.session.get(Ticket, ticket_id))


def _allowed(tx: Transaction, ticket: Ticket | None) -> Ticket:
    if ticket is None:
        raise NotFound("ticket_not_found")
    if tx.actor.kind is ActorKind.CONTACT:
        permissions.require_own_ticket(tx.actor, ticket.contact_id, ticket.inbox_id)
    else:
        permissions.require_reader(tx.actor)
        permissions.require_inbox(tx.actor, ticket.inbox_id)
    return ticket
