"""Which answers leave by mail: written to the outbox in the transaction of what they say."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from helpdesk.domain import agents, inboxes, oncall
from helpdesk.domain.events import DeliveryFailed, DeliveryHandedOver, DeliveryWaiting
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail.recipients import People
from helpdesk.domain.tickets.model import Message, OutgoingMail, Ticket
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction

ANSWERED = "answered before it left"
"""Why a mail that rings was not sent."""

DISABLED = "its agent was disabled before it left"
"""Why a mail to an agent was not sent."""

TO_AGENTS = ("notice", "alert")
"""Kinds of mail that are for agents; an alert wakes somebody."""

NO_SERVER = "smtp_out_missing"
"""Begins the error of what waits because no mail server is set."""

_REPLY = re.compile(r"\s*(?:re|sv|aw)\s?(?:\[\d{1,3}\])?\s?:\s*", re.IGNORECASE)
"""What mail programs put before the subject of an answer, also Swedish and German ones."""


async def queue_reply(tx: Transaction, ticket: Ticket, message: Message, people: People) -> OutgoingMail:
    """The mail of an agent's answer."""
    return await _queue_message(tx, ticket, message, people, "reply", reply_subject(ticket.subject))


async def queue_forward(
    tx: Transaction, ticket: Ticket, message: Message, people: People, subject: str
) -> OutgoingMail:
    """A mail about the ticket to somebody else."""
    return await _queue_message(tx, ticket, message, people, "forward", subject)


async def _queue_message(
    tx: Transaction, ticket: Ticket, message: Message, people: People, kind: str, subject: str
) -> OutgoingMail:
    inbox = await from_inbox(tx, ticket)
    return await _queue(
        tx,
        inbox_id=inbox.id,
        ticket_id=ticket.id,
        message_id=message.id,
        kind=kind,
        recipients=people.everybody,
        people=people.data(),
        subject=subject,
        body=message.body,
    )


async def queue_letter(
    tx: Transaction, ticket: Ticket, kind: str, address: str, subject: str, body: str
) -> OutgoingMail:
    """Ours rather than an agent's: the first automatic answer ("acknowledgement"), a copy of the conversation
    ("transcript").
    """
    inbox = await from_inbox(tx, ticket)
    return await _queue(
        tx,
        inbox_id=inbox.id,
        ticket_id=ticket.id,
        kind=kind,
        recipients=[address],
        subject=subject,
        body=body,
    )


async def queue_answers(
    tx: Transaction, ticket: Ticket, address: str, answers: Sequence[Message]
) -> OutgoingMail:
    """Answers given in the chat, in one mail; an answer to it comes back into the chat."""
    inbox = await from_inbox(tx, ticket)
    several = [f"{one.author_name}, {one.created_at:%H:%M} UTC:\n{one.body}" for one in answers]
    return await _queue(
        tx,
        inbox_id=inbox.id,
        ticket_id=ticket.id,
        message_id=answers[-1].id,
        kind="reply",
        recipients=[address],
        subject=reply_subject(ticket.subject),
        body=answers[0].body if len(answers) == 1 else "\n\n".join(several),
    )


async def queue_notice(
    tx: Transaction,
    *,
    recipients: list[str],
    subject: str,
    body: str,
    ticket_id: UUID | None = None,
    is_urgent: bool = False,
) -> OutgoingMail:
    """A mail to an agent (an alert, an invitation): from the first mail inbox, threaded nowhere. One that is
    urgent waits behind no other mail."""
    inbox = await inboxes.first_of(tx, inboxes.Channel.EMAIL)
    return await _queue(
        tx,
        inbox_id=inbox.id,
        ticket_id=ticket_id,
        kind="alert" if is_urgent else "notice",
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
    if why := await unwanted(tx, mail):
        mail.state, mail.error = "failed", why
        return None
    mail.state, mail.attempts = "leased", mail.attempts + 1
    return mail


async def unwanted(tx: Transaction, mail: OutgoingMail) -> str | None:
    """Why a mail to an agent is for nobody any more: its alert is answered, or they are no agent now."""
    if mail.kind not in TO_AGENTS:
        return None
    if not await oncall.ringing.is_wanted(tx, mail.id):
        return ANSWERED
    people = [await agents.by_email(tx, address) for address in mail.recipients]
    is_for_nobody = all(one is not None and one.disabled_at is not None for one in people)
    return DISABLED if is_for_nobody else None


async def freeze(tx: Transaction, mail_id: UUID, rfc_message_id: str, raw: bytes) -> None:
    """The bytes and the Message-ID that every further try will use again."""
    await tx.session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id == mail_id, OutgoingMail.raw.is_(None))
        .values(raw=raw, rfc_message_id=rfc_message_id)
    )


async def handed_over(
    tx: Transaction, mail_id: UUID, server_id: str, refused: Mapping[str, str] | None = None
) -> None:
    """The next server took it, for all but the `refused` (address → why), who are told as not reached."""
    mail = await locked(tx, mail_id)
    if mail.state == "sent":
        return
    refused = refused or {}
    reached = [one for one in addressed(mail) if one not in refused]
    mail.state, mail.server_id, mail.sent_at = "sent", server_id, tx.now
    mail.undelivered, mail.error = list(refused), "; ".join(refused.values())[:500] or None
    if mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryHandedOver(mail.message_id, reached, server_id))
        if refused:
            await tx.record(ticket, DeliveryFailed(mail.message_id, list(refused), str(mail.error), True))


async def handed_over_in_part(
    tx: Transaction, mail_id: UUID, server_id: str, left: Mapping[str, str]
) -> None:
    """The next server took it for all but those `left` (address → why): the job tries them again."""
    mail = await locked(tx, mail_id)
    reached = [one for one in addressed(mail) if one not in left]
    mail.state, mail.server_id, mail.undelivered = "deferred", server_id, list(left)
    mail.error = "; ".join(left.values())[:500]
    if reached and mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryHandedOver(mail.message_id, reached, server_id))


async def put_off(tx: Transaction, mail_id: UUID, error: str) -> None:
    """The next server is away or said later; the job tries again."""
    mail = await locked(tx, mail_id)
    if mail.state != "sent":
        mail.state, mail.error = "deferred", error[:500]


async def put_off_unset(tx: Transaction, mail_id: UUID, error: str) -> None:
    """No mail server is set: the mail waits for one, and the agent sees that on the message."""
    mail = await locked(tx, mail_id)
    is_told = mail.state == "sent" or _waits_for_server(mail)
    await put_off(tx, mail_id, f"{NO_SERVER}: {error}")
    if not is_told and mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryWaiting(mail.message_id, addressed(mail), error))


async def unsent(tx: Transaction) -> int:
    """How many wait because no mail server is set."""
    query = select(func.count()).where(OutgoingMail.state.in_(UNDER_WAY), OutgoingMail.error.like(_WAITS))
    return int(await tx.session.scalar(query) or 0)


async def release(tx: Transaction) -> None:
    """A mail server is set now: those that waited for one go, with all their tries."""
    query = update(OutgoingMail).where(OutgoingMail.state.in_(UNDER_WAY), OutgoingMail.error.like(_WAITS))
    freed = query.values(state="queued", error=None, attempts=0).returning(OutgoingMail.id, OutgoingMail.kind)
    for mail_id, kind in await tx.session.execute(freed):
        tx.enqueue(job_of(kind), mail_id=str(mail_id))


async def failed(tx: Transaction, mail_id: UUID, reason: str) -> None:
    """The next server refused it for good; the agent sees it on the message."""
    mail = await locked(tx, mail_id)
    if mail.state in ("sent", "failed"):
        return
    to = addressed(mail)
    mail.state, mail.error, mail.undelivered = "failed", reason[:500], to
    if mail.ticket_id is not None and mail.message_id is not None:
        ticket = await lock(tx, mail.ticket_id)
        await tx.record(ticket, DeliveryFailed(mail.message_id, to, reason[:500], True))


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
    tx.enqueue(job_of(mail.kind), mail_id=str(mail.id))
    return mail


def job_of(kind: str) -> str:
    """What sends it, at the first try and at every further one: an alert waits behind no other mail."""
    return "send_urgent_mail" if kind == "alert" else "send_mail"


UNDER_WAY = ("queued", "leased", "deferred")
_WAITS = f"{NO_SERVER}%"


def _waits_for_server(mail: OutgoingMail) -> bool:
    return mail.error is not None and mail.error.startswith(NO_SERVER)


async def locked(tx: Transaction, mail_id: UUID) -> OutgoingMail:
    return await tx.session.get_one(OutgoingMail, mail_id, with_for_update=True, populate_existing=True)


async def from_inbox(tx: Transaction, ticket: Ticket) -> inboxes.Inbox:
    """Mail leaves from the ticket's own address; other channels use the first mail inbox."""
    if ticket.channel == inboxes.Channel.EMAIL:
        return await inboxes.get(tx, ticket.inbox_id)
    return await inboxes.first_of(tx, inboxes.Channel.EMAIL)


def addressed(mail: OutgoingMail) -> list[str]:
    """Whom this try is for: everybody, or on a retry those it did not reach."""
    return list(mail.undelivered or mail.recipients)


def reply_subject(subject: str) -> str:
    """The same subject with one `Re: `, so that mail programs keep the thread together."""
    while (prefix := _REPLY.match(subject)) is not None:
        subject = subject[prefix.end() :]
    return f"Re: {subject}".strip()
