"""The conversation by mail: to the contact's own address only, and never as a way to mail strangers."""

from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import ActorKind
from helpdesk.domain import contacts, limits, permissions
from helpdesk.domain.events import TranscriptSent
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail import mailing
from helpdesk.domain.tickets.model import Message, MessageKind, Ticket
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator

_MOST = 500


async def send_transcript(tx: Transaction, ticket_id: UUID) -> str:
    """Answers with the address it goes to.

    An address that was only typed gets it once an agent has answered: before that, anybody could have us
    send words of theirs to anybody. Errors: Invalid `address_missing`, Conflict `not_answered`, LimitReached.
    """
    ticket = await lock(tx, ticket_id)
    permissions.require_own_ticket(tx.actor, ticket.contact_id, ticket.inbox_id)
    address = await contacts.address_of(tx, ticket.contact_id)
    if address is None:
        raise Invalid("address_missing", "Say first where to write.", field="email")
    said = await _said(tx, ticket)
    is_answered = any(one.author_kind != ActorKind.CONTACT.value for one in said)
    if not is_answered and not await contacts.is_known(tx, ticket.contact_id):
        raise Conflict("not_answered", "It can be sent once somebody has answered.")
    await limits.spend(tx, limits.TRANSCRIPTS, ticket.contact_id)
    await limits.spend(tx, limits.TRANSCRIPTS_OF_ADDRESS, address)
    contact = await contacts.get(tx, ticket.contact_id)
    t = translator(contact.locale, "workspace")
    subject = t("Your conversation #{number}", number=ticket.number)
    body = _text(ticket, said, contact.locale)
    await mailing.queue_letter(tx, ticket, "transcript", address, subject, body)
    await tx.record(ticket, TranscriptSent(address))
    return address


async def _said(tx: Transaction, ticket: Ticket) -> list[Message]:
    query = select(Message).where(
        Message.ticket_id == ticket.id, Message.kind == MessageKind.MESSAGE.value, Message.hidden.is_(False)
    )
    return list(await tx.session.scalars(query.order_by(Message.created_at, Message.id).limit(_MOST)))


def _text(ticket: Ticket, said: list[Message], locale: str) -> str:
    t = translator(locale, "workspace")
    lines = [ticket.subject, ""]
    for one in said:
        who = t("You") if one.author_kind == ActorKind.CONTACT.value else one.author_name
        lines += [f"{who}, {one.created_at:%Y-%m-%d %H:%M} UTC", one.body]
        lines += [f"[{file['name']}]" for file in one.attachments] + [""]
    return "\n".join(lines)
