"""Messages of senders who are not on the ticket: kept apart until an agent decides about them."""

from uuid import UUID

from helpdesk.domain import agents, contacts, inboxes, permissions
from helpdesk.domain.events import MessageReceived, MessageSplitOff, SenderAccepted, SenderBlocked
from helpdesk.domain.tickets import messages, opening, waiting
from helpdesk.domain.tickets.envelopes import Said
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail import following, senders
from helpdesk.domain.tickets.mail.threading import UNVERIFIED_STAFF
from helpdesk.domain.tickets.model import Message, Ticket
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.storage.transaction import Transaction


async def accept(tx: Transaction, ticket_id: UUID, message_id: UUID) -> Said:
    """It becomes a message like any other, and its sender follows the ticket from now on.

    Errors: NotFound, Conflict `not_unverified` when somebody decided already, `staff_mail` for what bears an
    agent's address: it may repeat what agents are told, and would be shown as said by a contact.
    """
    ticket, message = await _held(tx, ticket_id, message_id)
    if UNVERIFIED_STAFF in (message.mail or {}).get("flags", []):
        raise Conflict("staff_mail", "It bears an agent's address. Put what may leave into an answer.")
    message.hidden = False
    await tx.record(ticket, SenderAccepted(message.id, _address(message), message.author_name))
    await following.add(tx, ticket, [(_address(message), message.author_name)], "accepted")
    row = await tx.record(ticket, MessageReceived(message.id))
    messages.show_latest(tx, ticket, message)
    await waiting.contact_waits(tx, ticket, message)
    return Said(ticket.id, ticket.number, message.id, int(row.version), message.created_at)


async def split_off(tx: Transaction, ticket_id: UUID, message_id: UUID) -> Said:
    """It goes on as a ticket of its sender; nothing of the old ticket is seen there.

    Errors: as `accept`.
    """
    ticket, message = await _held(tx, ticket_id, message_id)
    inbox = await inboxes.get(tx, ticket.inbox_id)
    contact = await contacts.kept(tx, message.author_id) if message.author_id else None
    if contact is None:
        raise Conflict("sender_unknown")
    subject = str((message.mail or {}).get("subject") or ticket.subject)
    other = await opening.open_ticket(tx, inbox=inbox, contact=contact, subject=subject)
    message.ticket_id, message.hidden = other.id, False
    row = await tx.record(other, MessageReceived(message.id))
    messages.show_latest(tx, other, message)
    await waiting.contact_waits(tx, other, message)
    await tx.record(ticket, MessageSplitOff(message.id, other.id, other.number))
    tx.enqueue("index_again", ticket_id=str(other.id))
    return Said(other.id, other.number, message.id, int(row.version), message.created_at)


async def block(tx: Transaction, ticket_id: UUID, message_id: UUID) -> Said:
    """Further mail from that address is kept but read by nobody; this message stays hidden.

    Errors: as `accept`, Invalid for an address of staff.
    """
    ticket, message = await _held(tx, ticket_id, message_id)
    address = _address(message)
    if await agents.by_email(tx, address) is not None:
        raise Invalid("staff_address", "That address belongs to an agent.", field="address")
    await senders.block(tx, address, f"ticket #{ticket.number}")
    row = await tx.record(ticket, SenderBlocked(message.id, address))
    return Said(ticket.id, ticket.number, message.id, int(row.version), message.created_at)


async def _held(tx: Transaction, ticket_id: UUID, message_id: UUID) -> tuple[Ticket, Message]:
    permissions.require_replier(tx.actor)
    ticket = await lock(tx, ticket_id)
    message = await tx.session.get(Message, message_id, populate_existing=True)
    if message is None or message.ticket_id != ticket.id:
        raise NotFound("message_not_found")
    if not message.hidden:
        raise Conflict("not_unverified", "Somebody has decided about this message already.")
    return ticket, message


def _address(message: Message) -> str:
    address = str((message.mail or {}).get("sender") or "")
    if not address:
        raise Conflict("sender_unknown", "This message names no sender.")
    return address
