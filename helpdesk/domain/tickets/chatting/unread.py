"""Answers of a chat that nobody has seen go out by mail: one mail for several, and none twice."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.actors import ActorKind
from helpdesk.domain import contacts, inboxes, widgets
from helpdesk.domain.tickets.chatting.model import MailedUpTo
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail import mailing
from helpdesk.domain.tickets.model import Message, MessageKind, OutgoingMail, ReadMark, Ticket
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction

JOB = "mail_unread_answers"


async def later(tx: Transaction, ticket_id: UUID, inbox_id: UUID) -> None:
    """An answer was given in the chat: look after a while whether it was seen."""
    minutes = widgets.setup_of(await inboxes.get(tx, inbox_id)).unread_mail_minutes
    if minutes:
        at_once = await _wrote_by_mail(tx, ticket_id)
        tx.enqueue(JOB, after=None if at_once else timedelta(minutes=minutes), ticket_id=str(ticket_id))


async def mail_answers(tx: Transaction, ticket_id: UUID) -> OutgoingMail | None:
    """None while they may still be seen, were seen or mailed, or there is nowhere to write."""
    ticket = await lock(tx, ticket_id)
    if ticket.channel != inboxes.Channel.CHAT or not await inboxes.has_mail(tx):
        return None
    minutes = widgets.setup_of(await inboxes.get(tx, ticket.inbox_id)).unread_mail_minutes
    address = await contacts.address_of(tx, ticket.contact_id)
    if address is None or not minutes:
        return None
    unseen = await _unseen(tx, ticket)
    if not unseen or not _is_time(tx.now, minutes, unseen, await _wrote_by_mail(tx, ticket.id)):
        return None
    await _mark(tx, ticket.id, max(version for version, _ in unseen))
    answers = [message for _, message in unseen]
    return await mailing.queue_answers(tx, ticket, address, answers)


def _is_time(now: datetime, minutes: int, unseen: list[tuple[int, Message]], by_mail: bool) -> bool:
    """The oldest has waited long enough; who writes to us by mail is answered by mail at once."""
    return by_mail or unseen[0][1].created_at <= now - timedelta(minutes=minutes)


async def _unseen(tx: Transaction, ticket: Ticket) -> list[tuple[int, Message]]:
    """Answers after what the contact has read and after what was mailed, oldest first."""
    read = await tx.session.scalar(
        select(ReadMark.upto).where(ReadMark.ticket_id == ticket.id, ReadMark.reader_id == ticket.contact_id)
    )
    mailed = await tx.session.get(MailedUpTo, ticket.id, populate_existing=True)
    after = max(read or 0, mailed.public_version if mailed else 0)
    rows = await tx.session.execute(
        select(EventRow.public_version, Message)
        .join(Message, Message.id == EventRow.message_id)
        .where(EventRow.ticket_id == ticket.id, EventRow.name == "ReplySent", EventRow.public_version > after)
        .order_by(EventRow.public_version)
        .limit(50)
    )
    return [(version, message) for version, message in rows if version is not None]


async def _wrote_by_mail(tx: Transaction, ticket_id: UUID) -> bool:
    """Whether the contact's last word came by mail: then they are not in front of the chat."""
    channel = await tx.session.scalar(
        select(Message.channel)
        .where(
            Message.ticket_id == ticket_id,
            Message.kind == MessageKind.MESSAGE.value,
            Message.author_kind == ActorKind.CONTACT.value,
            Message.hidden.is_(False),
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )
    return channel == inboxes.Channel.EMAIL.value


async def _mark(tx: Transaction, ticket_id: UUID, version: int) -> None:
    row = insert(MailedUpTo).values(ticket_id=ticket_id, public_version=version, at=tx.now)
    await tx.session.execute(
        row.on_conflict_do_update(
            index_elements=["ticket_id"], set_={"public_version": version, "at": tx.now}
        )
    )
