"""The automatic answer to a first mail: to people only, counted per address, without a word of theirs."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from helpdesk.domain import contacts, inboxes, limits
from helpdesk.domain.tickets import expectations
from helpdesk.domain.tickets.mail import mailing
from helpdesk.domain.tickets.mail.model import Acknowledgement
from helpdesk.domain.tickets.mail.threading import MESSAGES_PER_TEN_MINUTES, may_still_acknowledge
from helpdesk.domain.tickets.model import Message, OutgoingMail, Ticket
from helpdesk.errors import LimitReached
from helpdesk.storage.transaction import Transaction

_SENT = """
    SELECT count(*) AS day, count(*) FILTER (WHERE at > $3) AS hour
    FROM acknowledgements WHERE address = $1 AND at > $2
"""
_HOUR, _DAY, _TEN_MINUTES = timedelta(hours=1), timedelta(days=1), timedelta(minutes=10)


Words = Callable[[str, int, str], tuple[str, str]]
"""(locale, ticket number, what to expect) → (subject, body): nothing of what the sender wrote."""


async def acknowledge(
    tx: Transaction, ticket: Ticket, address: str, words: Words, *, is_proven: bool
) -> OutgoingMail | None:
    """None where the inbox does without, or this address or the inbox has had enough of them. `is_proven`:
    the mail really is from there."""
    inbox = await inboxes.get(tx, ticket.inbox_id)
    if not inbox.settings.get("acknowledge", True):
        return None
    last_hour, last_day = await _sent(tx, address)
    if not may_still_acknowledge(last_hour=last_hour, last_day=last_day, is_proven=is_proven):
        return None
    try:
        await limits.spend(tx, limits.ACKNOWLEDGEMENTS, ticket.inbox_id)
    except LimitReached:
        return None
    sent = Acknowledgement(id=tx.new_id(), address=address.lower(), ticket_id=ticket.id, at=tx.now)
    await tx.insert(sent)
    contact = await contacts.get(tx, ticket.contact_id)
    expected = await expectations.told(tx, ticket, inbox, contact.locale, contact.time_zone)
    subject, body = words(contact.locale, ticket.number, expected)
    return await mailing.queue_letter(tx, ticket, "acknowledgement", address, subject, body)


async def is_flooding(tx: Transaction, ticket_id: UUID, contact_id: UUID) -> bool:
    """The breaker that needs no header: this many messages in ten minutes are no person's."""
    return await messages_lately(tx, ticket_id, contact_id) >= MESSAGES_PER_TEN_MINUTES


async def messages_lately(tx: Transaction, ticket_id: UUID, contact_id: UUID) -> int:
    query = select(func.count()).where(
        Message.ticket_id == ticket_id,
        Message.author_id == contact_id,
        Message.created_at > tx.now - _TEN_MINUTES,
    )
    return int(await tx.session.scalar(query) or 0)


async def _sent(tx: Transaction, address: str) -> tuple[int, int]:
    """(in the last hour, in the last day)"""
    found = await (await tx.driver()).fetchrow(_SENT, address.lower(), tx.now - _DAY, tx.now - _HOUR)
    return int(found["hour"]), int(found["day"])
