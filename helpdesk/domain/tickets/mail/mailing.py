"""Which answers leave by mail: written to the outbox in the transaction of what they say."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from helpdesk.domain import contacts, inboxes, oncall
from helpdesk.domain.events import DeliveryFailed, DeliveryHandedOver
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail import following
from helpdesk.domain.tickets.model import Message, OutgoingMail, Ticket
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction


async def queue_reply(tx: Transaction, ticket: Ticket, message: Message) -> OutgoingMail | None:
    """The mail of an agent's answer; None where the contact is answered in the chat or has no address."""
    if ticket.channel == inboxes.Channel.CHAT:
        return None
    address = await contacts.address_of(tx, ticket.contact_id)
    if address is None:
        return None
    inbox = await _from_inbox(tx, ticket)
    copies = [one for one in await following.addresses_of(tx, ticket.id) if one != address]
    return await _queue(
        tx,
        inbox_id=inbox.id,
        ticket_id=ticket.id,
        message_id=message.id,
        kind="reply",
        recipients=[address, *copies],
        subject=_reply_subject(ticket.subject),
        body=message.body,
    )


async def queue_acknowledgement(
    tx: Transaction, ticket: Ticket, address: str, subject: str, body: str
) -> OutgoingMail:
    """An automatic answer to whoever opened a ticket by mail."""
    return await _queue(
        tx,
        inbox_id=ticket.inbox_id,
        ticket_id=ticket.id,
        kind="acknowledgement",
        recipients=[address],
        subject=subject,
        body=body,
    )


async def queue_notice(
    tx: Transaction, *, recipients: list[str], subject: str, body: str, ticket_id: UUID | None = None
) -> OutgoingMail:
    """A mail to an agent (an alert, an invitation): from the first mail inbox, threaded nowhere."""
    inbox = await inboxes.first_of(tx, inboxes.Channel.EMAIL)
    return await _queue(
        tx,
        inbox_id=inbox.id,
        ticket_id=ticket_id,
        kind="notice",
        recipients=recipients,
        subject=subject,
        body=body,
    )


async def lease(tx: Transaction, mail_id: UUID) -> OutgoingMail | None:
    """The mail to send now, locked; None when it has been sent or given up already."""
    mail = await tx.session.get(OutgoingMail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None:
        raise NotFound("mail_not_found")
    if mail.state in ("sent", "failed"):
        return None
    if mail.kind == "notice" and not await oncall.ringing.is_wanted(tx, mail_id):
        mail.state, mail.error = "failed", "answered before it left"
        return None
    mail.state, mail.attempts = "leased", mail.attempts + 1
    return mail


async def freeze(tx: Transaction, mail_id: UUID, rfc_message_id: str, raw: bytes) -> None:
    """The bytes and the Message-ID that every further try will use again."""
    await tx.session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id == mail_id, OutgoingMail.raw.is_(None))
        .values(raw=raw, rfc_message_id=rfc_message_id)
    )


async def handed_over(tx: Transaction, mail_id: UUID, server_id: str) -> None:
    """The next server took it."""
    mail = await _locked(tx, mail_id)
    if mail.state == "sent":
        return
    mail.state, mail.server_id, mail.sent_at, mail.error = "sent", server_id, tx.now, None
    if mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryHandedOver(mail.message_id, list(mail.recipients), server_id))


async def put_off(tx: Transaction, mail_id: UUID, error: str) -> None:
    """The next server is away or said later; the job tries again."""
    mail = await _locked(tx, mail_id)
    if mail.state != "sent":
        mail.state, mail.error = "deferred", error[:500]


async def failed(tx: Transaction, mail_id: UUID, reason: str) -> None:
    """The next server refused it for good; the agent sees it on the message."""
    mail = await _locked(tx, mail_id)
    if mail.state in ("sent", "failed"):
        return
    mail.state, mail.error = "failed", reason[:500]
    if mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryFailed(mail.message_id, list(mail.recipients), reason[:500], True))


async def bounced(tx: Transaction, mail_id: UUID, reason: str) -> list[str]:
    """It was taken and came back: the agent sees that on the message it belongs to. Answers with whom it
    had been sent to."""
    mail = await tx.session.get(OutgoingMail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None:
        return []
    if mail.state == "failed":
        return list(mail.recipients)
    mail.state, mail.error = "failed", reason[:500]
    if mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryFailed(mail.message_id, list(mail.recipients), reason[:500], True))
    return list(mail.recipients)


async def kept(tx: Transaction, limit: int = 200) -> list[OutgoingMail]:
    """What left (or, in the demo, was kept), newest first."""
    query = select(OutgoingMail).order_by(OutgoingMail.created_at.desc(), OutgoingMail.id.desc())
    return list(await tx.session.scalars(query.limit(limit)))


async def kept_mail(tx: Transaction, mail_id: UUID) -> OutgoingMail:
    mail = await tx.session.get(OutgoingMail, mail_id)
    if mail is None:
        raise NotFound("mail_not_found")
    return mail


async def _queue(tx: Transaction, **said: Any) -> OutgoingMail:
    """The mail and the job that sends it, in this transaction."""
    mail = OutgoingMail(id=tx.new_id(), state="queued", attempts=0, created_at=tx.now, **said)
    await tx.insert(mail)
    tx.enqueue("send_mail", mail_id=str(mail.id))
    return mail


async def _locked(tx: Transaction, mail_id: UUID) -> OutgoingMail:
    return await tx.session.get_one(OutgoingMail, mail_id, with_for_update=True, populate_existing=True)


async def _from_inbox(tx: Transaction, ticket: Ticket) -> inboxes.Inbox:
    """Mail leaves from the ticket's own address; other channels use the first mail inbox."""
    if ticket.channel == inboxes.Channel.EMAIL:
        return await inboxes.get(tx, ticket.inbox_id)
    return await inboxes.first_of(tx, inboxes.Channel.EMAIL)


def _reply_subject(subject: str) -> str:
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}"
