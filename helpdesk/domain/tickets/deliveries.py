"""What becomes of a ticket when its answer leaves, arrives nowhere, or is sent once more."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from helpdesk.domain.tickets import waiting
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail import after_leaving, mailing
from helpdesk.domain.tickets.model import Message, MessageKind, OutgoingMail, Status, Ticket
from helpdesk.storage.transaction import Transaction


async def handed_over(
    tx: Transaction, mail_id: UUID, server_id: str, refused: Mapping[str, str] | None = None
) -> None:
    """The next server took it, for all but the `refused` (address → why)."""
    await mailing.handed_over(tx, mail_id, server_id, refused)
    if refused:
        await _come_back(tx, mail_id)


async def failed(tx: Transaction, mail_id: UUID, reason: str) -> None:
    """The next server refused it for good."""
    await mailing.failed(tx, mail_id, reason)
    await _come_back(tx, mail_id)


async def bounced(tx: Transaction, mail_id: UUID, reason: str, by: Collection[str] = ()) -> list[str]:
    """It was taken and came back. Answers with whom it had been sent to."""
    sent_to = await after_leaving.bounced(tx, mail_id, reason, by)
    await _come_back(tx, mail_id)
    return sent_to


async def retry(tx: Transaction, ticket_id: UUID, message_id: UUID) -> OutgoingMail:
    """Sends it once more to those it did not reach; the ticket waits for the contact again.

    Errors: NotFound, Conflict `not_failed` while it is under way or has arrived.
    """
    mail = await after_leaving.retry(tx, ticket_id, message_id)
    ticket = await lock(tx, ticket_id)
    if mail.kind == "reply" and ticket.status == Status.OPEN and await _is_last_word(tx, ticket, message_id):
        await waiting.contact_is_answered(tx, ticket)
    return mail


async def _come_back(tx: Transaction, mail_id: UUID) -> None:
    """An answer that reached nobody it was written to is none: unless something was said after it, the
    contact still waits for one."""
    mail = await tx.session.get(OutgoingMail, mail_id)
    if mail is None or mail.kind != "reply" or mail.ticket_id is None or mail.message_id is None:
        return
    written_to = (mail.people or {}).get("to") or mail.recipients
    if not set(written_to) <= set(mail.undelivered):
        return
    ticket = await lock(tx, mail.ticket_id)
    if ticket.status == Status.MERGED or not await _is_last_word(tx, ticket, mail.message_id):
        return
    waiting_since = ticket.waiting_since or await _unanswered_since(tx, ticket, mail.message_id)
    await waiting.contact_still_waits(tx, ticket, waiting_since)


async def _is_last_word(tx: Transaction, ticket: Ticket, message_id: UUID) -> bool:
    """Nobody wrote after it what the other side can read: the contact, or an agent whose mail got there."""
    query = (
        select(Message.id)
        .outerjoin(OutgoingMail, OutgoingMail.message_id == Message.id)
        .where(
            Message.ticket_id == ticket.id,
            Message.kind == MessageKind.MESSAGE.value,
            Message.hidden.is_(False),
            Message.id > message_id,
            func.coalesce(OutgoingMail.state, "") != "failed",
        )
    )
    return await tx.session.scalar(query.limit(1)) is None


async def _unanswered_since(tx: Transaction, ticket: Ticket, message_id: UUID) -> datetime:
    """The moment of the contact's last message before the answer that did not arrive."""
    query = select(func.max(Message.created_at)).where(
        Message.ticket_id == ticket.id,
        Message.author_kind == "contact",
        Message.hidden.is_(False),
        Message.id < message_id,
    )
    found: datetime | None = await tx.session.scalar(query)
    return found or ticket.created_at
