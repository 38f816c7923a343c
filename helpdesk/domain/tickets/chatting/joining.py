"""A nameless visitor turns out to be a known contact: all they wrote is that contact's now."""

from uuid import UUID

from sqlalchemy import select, update

from helpdesk.actors import ActorKind
from helpdesk.domain import contacts, widgets
from helpdesk.domain.events import ContactIdentified
from helpdesk.domain.tickets import promises
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Attachment, Message, ReadMark, Ticket
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.storage.transaction import Transaction


async def join(tx: Transaction, visitor_id: UUID, contact: contacts.Contact) -> None:
    """Tickets, messages, files, marks and what was typed go over; the plan of the contact's company counts.

    Only for a visitor of whom nothing is proven: the caller has made sure. With `visitor_id` the contact
    itself, its tickets are only told who wrote them.
    """
    found = await tx.session.scalars(
        select(Ticket.id).where(Ticket.contact_id == visitor_id).order_by(Ticket.id)
    )
    for ticket_id in list(found):
        ticket = await lock(tx, ticket_id)
        ticket.contact_id, ticket.company_id = contact.id, contact.company_id
        if visitor_id != contact.id:
            await _move_messages(tx, ticket.id, visitor_id, contact)
        await promises.renew(tx, ticket, "contact")  # the plan of their company
        await tx.record(ticket, ContactIdentified(contact.id, visitor_id, contact.name))
        await place(tx, ticket)
    if visitor_id == contact.id:
        return
    await tx.session.execute(
        update(Attachment).where(Attachment.owner_id == visitor_id).values(owner_id=contact.id)
    )
    await widgets.visits.move(tx, visitor_id, contact.id)
    await contacts.absorb(tx, visitor_id, contact)


async def _move_messages(
    tx: Transaction, ticket_id: UUID, visitor_id: UUID, contact: contacts.Contact
) -> None:
    await tx.session.execute(
        update(Message)
        .where(Message.ticket_id == ticket_id, Message.author_id == visitor_id)
        .where(Message.author_kind == ActorKind.CONTACT.value)
        .values(author_id=contact.id, author_name=contact.name)
    )
    await tx.session.execute(
        update(ReadMark)
        .where(ReadMark.ticket_id == ticket_id, ReadMark.reader_id == visitor_id)
        .values(reader_id=contact.id)
    )
