"""What a ticket is told of its visitor: how they introduced themselves, and that they are blocked."""

from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import contacts, inboxes, widgets
from helpdesk.domain.events import Event, VisitorBlocked, VisitorIntroduced, VisitorUnblocked
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.storage.transaction import Transaction


async def introduced(tx: Transaction, ticket_id: UUID, visit: widgets.Visit | None) -> None:
    """On the timeline of a new ticket: the page it was written from, and what was filled in before."""
    if visit is None or not (visit.page or visit.answers or visit.consented_at):
        return
    ticket = await lock(tx, ticket_id)
    consent = visit.consent if visit.consented_at else ""
    await tx.record(ticket, VisitorIntroduced(dict(visit.answers), visit.page, consent))


async def blocked(tx: Transaction, contact_id: UUID, reason: str, *, with_network: bool) -> widgets.Block:
    """An agent blocked a visitor: noted on every ticket of theirs that is under way in the chat."""
    block = await widgets.blocking.block(tx, contact_id, reason, with_network=with_network)
    await _note(tx, block.contact_id, VisitorBlocked(block.reason, block.network is not None))
    return block


async def unblocked(tx: Transaction, contact_id: UUID) -> None:
    contact_id = (await contacts.get(tx, contact_id)).id
    await widgets.blocking.unblock(tx, contact_id)
    await _note(tx, contact_id, VisitorUnblocked())


async def _note(tx: Transaction, contact_id: UUID, event: Event) -> None:
    query = select(Ticket.id).where(
        Ticket.contact_id == contact_id,
        Ticket.channel == inboxes.Channel.CHAT.value,
        Ticket.status.not_in([Status.CLOSED.value, Status.MERGED.value]),
    )
    if tx.actor.inbox_ids is not None:
        query = query.where(Ticket.inbox_id.in_(tx.actor.inbox_ids))
    for ticket_id in list(await tx.session.scalars(query.order_by(Ticket.id))):
        await tx.record(await lock(tx, ticket_id), event)
