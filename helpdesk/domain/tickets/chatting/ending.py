"""The visitor ends the chat: it is solved as far as they are concerned; writing again opens it again."""

from uuid import UUID

from helpdesk.domain import permissions
from helpdesk.domain.tickets import changes
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.storage.transaction import Transaction

_UNDER_WAY = (Status.OPEN, Status.PENDING, Status.SNOOZED)


async def end(tx: Transaction, ticket_id: UUID) -> Ticket:
    """Idempotent; by the ticket's contact only."""
    ticket = await lock(tx, ticket_id)
    permissions.require_own_ticket(tx.actor, ticket.contact_id, ticket.inbox_id)
    if ticket.status in _UNDER_WAY:
        await changes.resolve(tx, ticket)
        await place(tx, ticket)
    return ticket
