"""What can be said on a ticket. Each verb locks it, changes it, records what happened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from helpdesk.actors import ActorKind
from helpdesk.domain import contacts, inboxes, oncall, permissions, sla
from helpdesk.domain.events import (
    CallLogged,
    MessageForwarded,
    MessageReceived,
    NoteAdded,
    ReplySent,
    TicketOpened,
    TicketOpenedAgain,
    TicketPending,
    TicketReopened,
    TicketWoken,
    UnverifiedMessageReceived,
)
from helpdesk.domain.tickets import attachments, callbacks, promises, queue
from helpdesk.domain.tickets.chatting import unread
from helpdesk.domain.tickets.envelopes import AS_USUAL, ByMail, InboundMessage, LoggedCall, Said
from helpdesk.domain.tickets.locking import followed, lock
from helpdesk.domain.tickets.mail import following, mailing, recipients
from helpdesk.domain.tickets.model import Message, MessageKind, Status, Ticket
from helpdesk.domain.tickets.queue import assigning
from helpdesk.domain.tickets.queue.placing import place, pool_id, skills_asked
from helpdesk.domain.tickets.repeats import said_before, source_seen
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

BODY_LIMIT = 20_000
"""Characters of a message somebody types; mail may be longer."""

PREVIEW_LENGTH = 140
MET_BY_ANSWER = (
    sla.Metric.FIRST_RESPONSE,
    sla.Metric.NEXT_RESPONSE,
    sla.Metric.UPDATE,
    sla.Metric.CALLBACK,
)
_GREETING_LENGTH = 12
_MARKS = re.compile(r"!\[[^\]\n]*\]\([^)\s]*\)|\*\*|~~|^#{1,6} |^> |(?<=\])\([^)\s]*\)", re.MULTILINE)
"""What of Markdown says nothing in a line of preview."""


@dataclass(frozen=True)
class _Opening:
    """What a new ticket starts with."""

    inbox: inboxes.Inbox
    contact: contacts.Contact
    channel: inboxes.Channel
    subject: str
    impact: int = 2
    urgency: int = 2


async def receive_message(tx: Transaction, inbound: InboundMessage) -> Said:
    """The contact wrote: on a known thread, or as a new ticket. Safe to call twice with the same
    `source_id` or `client_id`.

    Errors: NotFound (inbox, or a ticket that is not the sender's), Invalid (empty or too long),
    Conflict client_id_reused.
    """
    if (said := await said_before(tx, inbound.client_id, inbound.body)) is not None:
        return said
    if (said := await source_seen(tx, inbound.inbox_id, inbound.source_id)) is not None:
        return said
    is_typed = inbound.channel is not inboxes.Channel.EMAIL  # an empty mail is still a mail
    if is_typed and not inbound.body.strip() and not inbound.attachment_ids:
        raise Invalid("empty", "There is nothing in this message.", field="body")
    if inbound.ticket_id is None:
        contact = await _who(tx, inbound)
        author = contact.id, contact.name
        inbox = await inboxes.get(tx, inbound.inbox_id)
        subject = inbound.subject.strip() or _first_line(inbound.body)
        ticket = await _open(tx, _Opening(inbox, contact, inbound.channel, subject))
    else:
        author = await _author(tx, inbound)
        ticket = await followed(tx, await lock(tx, inbound.ticket_id))
    message = await _add_inbound(tx, ticket, inbound, author)
    if inbound.unverified is not None:
        row = await tx.record(ticket, UnverifiedMessageReceived(message.id, inbound.unverified))
        if not inbound.automatic:
            await somebody_waits(tx, ticket, message)
        return _said(ticket, message, row.version)
    row = await tx.record(ticket, MessageReceived(message.id), inbound.client_id)
    if not inbound.automatic or inbound.ticket_id is None:
        await contact_waits(tx, ticket, message)
    return _said(ticket, message, row.public_version if tx.actor.kind is ActorKind.CONTACT else row.version)


async def reply(
    tx: Transaction,
    ticket_id: UUID,
    body: str,
    *,
    client_id: UUID | None = None,
    uploads: Sequence[UUID] = (),
    by_mail: ByMail = AS_USUAL,
) -> Said:
    """Answer the contact. The first agent to reply becomes the assignee; the ticket waits for the
    contact. By mail where the contact is reached by mail, queued in this transaction."""
    permissions.require_replier(tx.actor)
    if (said := await said_before(tx, client_id, body)) is not None:
        return said
    require_text(body, uploads)
    ticket = await lock(tx, ticket_id)
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another; answer there.")
    people = await _addressed(tx, ticket, by_mail)
    mail = people.data() | {"format": "markdown" if by_mail.is_markdown else "text"} if people else None
    message = await _add_own(tx, ticket, MessageKind.MESSAGE, body, uploads, mail)
    row = await tx.record(ticket, ReplySent(message.id), client_id)
    if ticket.assignee_id is None and tx.actor.agent_id is not None:
        await assigning.assign(tx, ticket, tx.actor.agent_id, reason="reply")
    await contact_is_answered(tx, ticket)
    if people is not None:
        await mailing.queue_reply(tx, ticket, message, people)
    if ticket.channel == inboxes.Channel.CHAT:
        await unread.later(tx, ticket.id, ticket.inbox_id)
    return _said(ticket, message, row.version)


async def add_note(
    tx: Transaction,
    ticket_id: UUID,
    body: str,
    *,
    client_id: UUID | None = None,
    uploads: Sequence[UUID] = (),
) -> Said:
    """Something only agents see. It meets no target."""
    permissions.require_writer(tx.actor)
    if (said := await said_before(tx, client_id, body)) is not None:
        return said
    require_text(body, uploads)
    ticket = await lock(tx, ticket_id)
    message = await _add_own(tx, ticket, MessageKind.NOTE, body, uploads)
    row = await tx.record(ticket, NoteAdded(message.id), client_id)
    return _said(ticket, message, row.version)


async def add_forward(
    tx: Transaction, ticket: Ticket, body: str, mail: Json, *, client_id: UUID | None, uploads: Sequence[UUID]
) -> tuple[Message, Said]:
    """A mail about this ticket to somebody else, written down where only agents see it."""
    message = await _add_own(tx, ticket, MessageKind.NOTE, body, uploads, mail)
    row = await tx.record(ticket, MessageForwarded(message.id), client_id)
    return message, _said(ticket, message, row.version)


async def open_ticket(
    tx: Transaction,
    *,
    inbox: inboxes.Inbox,
    contact: contacts.Contact,
    subject: str,
    impact: int = 2,
    urgency: int = 2,
) -> Ticket:
    """A new, still empty ticket of a contact; the caller adds what was said in the same transaction."""
    opening = _Opening(inbox, contact, inboxes.Channel(inbox.channel), subject, impact, urgency)
    return await _open(tx, opening)


async def log_call(tx: Transaction, call: LoggedCall) -> Ticket:
    """A phone call becomes a ticket. One that was answered had its first response by the call itself."""
    permissions.require_replier(tx.actor)
    inbox = await inboxes.first_of(tx, inboxes.Channel.PHONE)
    contact = await _caller(tx, call)
    subject = call.subject.strip() or _first_line(call.notes) or f"Call from {contact.name or call.caller}"
    ticket = await _open(
        tx, _Opening(inbox, contact, inboxes.Channel.PHONE, subject, call.impact, call.urgency)
    )
    message = await _add_own(tx, ticket, MessageKind.CALL, call.notes, ())
    await tx.record(
        ticket,
        CallLogged(message.id, call.direction, call.answered, call.duration, call.caller, call.callback_at),
    )
    ticket.waiting_since = tx.now
    if call.answered:
        await sla.meet(tx, ticket, [sla.Metric.FIRST_RESPONSE])
    if call.callback_at is not None or (call.direction == "inbound" and not call.answered):
        await callbacks.owe(tx, ticket, call.callback_at)
    elif call.direction == "outbound" and call.answered:
        await callbacks.pay(tx, contact.id, except_for=ticket.id)
    await place(tx, ticket)
    return ticket


async def _open(tx: Transaction, opening: _Opening) -> Ticket:
    """A ticket, its clocks started and its place in the queue found."""
    inbox, contact = opening.inbox, opening.contact
    plan_id = await contacts.plan_of(tx, contact.company_id, inbox.plan_id)
    priority = queue.priority_of(opening.impact, opening.urgency)
    skills = skills_asked(inbox, contact)
    ticket = Ticket(
        id=tx.new_id(),
        inbox_id=inbox.id,
        channel=opening.channel.value,
        contact_id=contact.id,
        company_id=contact.company_id,
        plan_id=plan_id,
        team_id=inbox.team_id,
        pool_id=await pool_id(tx, inbox.id, inbox.team_id, skills),
        skills=skills,
        subject=_clean_subject(opening.subject),
        preview="",
        status=Status.OPEN.value,
        impact=opening.impact,
        urgency=opening.urgency,
        priority=priority,
        tags=[],
        waiting=False,  # until it is placed
        unread=True,
        waiting_since=tx.now,
        start_by=tx.now,
        rank_at=tx.now,
        place={},
        created_at=tx.now,
        last_message_at=tx.now,
        version=0,
        public_version=0,
    )
    await tx.insert(ticket)
    tx.held[ticket.id] = []  # no clocks yet
    await tx.record(
        ticket, TicketOpened(ticket.subject, ticket.channel, ticket.inbox_id, ticket.contact_id, priority)
    )
    terms = await promises.agree(tx, ticket)
    if terms is not None:
        promised = [sla.Metric.FIRST_RESPONSE, sla.Metric.RESOLUTION]
        await sla.start(tx, ticket, terms, ticket.channel, priority, promised)
    await place(tx, ticket)
    return ticket


async def contact_is_answered(tx: Transaction, ticket: Ticket) -> None:
    """The ball is with the contact: what an answer meets is met, clocks that wait for them stand still."""
    await sla.meet(tx, ticket, MET_BY_ANSWER)
    terms = await promises.terms_of(tx, ticket)
    if terms is not None:
        await sla.start(tx, ticket, terms, ticket.channel, ticket.priority, [sla.Metric.UPDATE])
    ticket.waiting_since, ticket.unread = None, False
    if ticket.status in (Status.OPEN, Status.SNOOZED):
        ticket.status, ticket.snoozed_until = Status.PENDING, None
        await tx.record(ticket, TicketPending())
        await promises.keep_time(tx, ticket)
    await oncall.answered_by_reply(tx, ticket)
    await place(tx, ticket)


async def contact_waits(tx: Transaction, ticket: Ticket, message: Message) -> None:
    """The contact's message is unanswered: reopen or wake the ticket, run its clocks."""
    await _wait_for_us(tx, ticket, message.created_at, "contact_wrote")


async def somebody_waits(tx: Transaction, ticket: Ticket, message: Message) -> None:
    """Who wrote is not on the ticket, or not proven: an agent has to decide, and nobody looks at what is put
    away. It may well be the contact from another address."""
    await _wait_for_us(tx, ticket, message.created_at, "unverified_sender")


async def contact_still_waits(tx: Transaction, ticket: Ticket, since: datetime) -> None:
    """The answer did not arrive: the ticket is ours again, in its place in the queue or with its agent. What
    was promised counts from now, because nobody could know before; what was met or missed stays so."""
    await _wait_for_us(tx, ticket, since, "answer_failed")


async def _wait_for_us(tx: Transaction, ticket: Ticket, since: datetime, reason: str) -> None:
    before = ticket.version
    ticket.unread = True
    ticket.waiting_since = ticket.waiting_since or since
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        ticket.resolved_at = None
        ticket.status = Status.OPEN
        await tx.record(ticket, TicketReopened(reason))
        await sla.resume(tx, ticket, reopened=True)
    elif ticket.status in (Status.PENDING, Status.SNOOZED):
        was_snoozed = ticket.status == Status.SNOOZED
        ticket.status, ticket.snoozed_until = Status.OPEN, None
        await tx.record(ticket, TicketWoken(reason) if was_snoozed else TicketOpenedAgain(reason))
        await sla.resume(tx, ticket)
    terms = await promises.terms_of(tx, ticket) if await sla.awaits_answer(tx, ticket.id) else None
    if terms is not None:
        await sla.start(tx, ticket, terms, ticket.channel, ticket.priority, [sla.Metric.NEXT_RESPONSE])
    if ticket.version != before:
        await place(tx, ticket)


async def _addressed(tx: Transaction, ticket: Ticket, by_mail: ByMail) -> recipients.People | None:
    """Whom the answer goes to by mail; who gets it may answer it. None where the contact is answered in the
    chat or has no address."""
    if ticket.channel == inboxes.Channel.CHAT:
        return None
    if not by_mail.to:
        return await recipients.usual(tx, ticket)
    people = await recipients.chosen(tx, by_mail.to, by_mail.cc, by_mail.bcc)
    await following.add(tx, ticket, [(one, "") for one in (*people.to, *people.cc)], "agent")
    return people


async def _author(tx: Transaction, inbound: InboundMessage) -> tuple[UUID, str]:
    """Id and name of who wrote on a ticket that is already there."""
    if inbound.contact_id is not None:
        return inbound.contact_id, await contacts.name_of(tx, inbound.contact_id)
    contact = await _who(tx, inbound)
    return contact.id, contact.name


async def _who(tx: Transaction, inbound: InboundMessage) -> contacts.Contact:
    if inbound.contact_id is not None:
        return await contacts.get_visible(tx, inbound.contact_id)
    if inbound.sender is None:
        return await contacts.create(tx, name="Unknown sender")
    sender = inbound.sender
    if not sender.proven:
        stranger = await contacts.create(tx, name=sender.name, locale=sender.locale)
        await contacts.add_identity(tx, stranger, sender.kind, sender.value, verified=False)
        return stranger
    return await contacts.find_or_create(
        tx, sender.kind, sender.value, name=sender.name, locale=sender.locale
    )


async def _caller(tx: Transaction, call: LoggedCall) -> contacts.Contact:
    if call.contact_id is not None:
        return await contacts.get_visible(tx, call.contact_id)
    return await contacts.find_or_create(tx, contacts.IdentityKind.PHONE, call.caller, name=call.name)


async def _add_inbound(
    tx: Transaction, ticket: Ticket, inbound: InboundMessage, author: tuple[UUID, str]
) -> Message:
    message = _message(tx, ticket, MessageKind.MESSAGE, inbound.body, inbound.channel.value)
    message.author_kind = ActorKind.CONTACT.value
    message.author_id, message.author_name = author
    message.html, message.new_html = inbound.html, inbound.new_html
    message.quoted, message.mail = inbound.quoted, inbound.mail
    message.source_id, message.hidden = inbound.source_id, inbound.unverified is not None
    await _write(tx, message, inbound.attachment_ids)
    if not message.hidden:
        show_latest(tx, ticket, message)
    return message


async def _add_own(
    tx: Transaction,
    ticket: Ticket,
    kind: MessageKind,
    body: str,
    uploads: Sequence[UUID],
    mail: Json | None = None,
) -> Message:
    message = _message(tx, ticket, kind, body, ticket.channel)
    message.mail = mail
    await _write(tx, message, uploads)
    if kind is not MessageKind.NOTE:
        show_latest(tx, ticket, message)
    return message


async def _write(tx: Transaction, message: Message, uploads: Sequence[UUID]) -> None:
    """The message first, then its files, which refer to it."""
    files = await attachments.take(tx, message, uploads)
    await tx.insert(message)
    for file in files:
        file.message_id = message.id


def _message(tx: Transaction, ticket: Ticket, kind: MessageKind, body: str, channel: str) -> Message:
    return Message(
        id=tx.new_id(),
        ticket_id=ticket.id,
        inbox_id=ticket.inbox_id,
        kind=kind.value,
        channel=channel,
        author_kind=tx.actor.kind.value,
        author_id=tx.actor.agent_id or tx.actor.id,
        author_name=tx.actor.name,
        body=body.replace("\x00", ""),
        attachments=[],
        hidden=False,
        created_at=tx.now,
    )


def show_latest(tx: Transaction, ticket: Ticket, message: Message) -> None:
    files = ", ".join(a["name"] for a in message.attachments)
    body = _MARKS.sub("", message.body) if (message.mail or {}).get("format") == "markdown" else message.body
    ticket.preview = preview_of(body) or files[:PREVIEW_LENGTH]
    ticket.last_message_at = tx.now


def preview_of(body: str) -> str:
    return _shortened(body, PREVIEW_LENGTH)


def _said(ticket: Ticket, message: Message, version: Any) -> Said:
    return Said(ticket.id, ticket.number, message.id, int(version), message.created_at)


def require_text(body: str, uploads: Sequence[UUID]) -> None:
    if not body.strip() and not uploads:
        raise Invalid("empty", "There is nothing in this message.", field="body")
    if len(body) > BODY_LIMIT:
        raise Invalid("too_large", f"At most {BODY_LIMIT:,} characters.", field="body")


def _first_line(body: str, length: int = 80) -> str:
    """The first line that says something: a greeting alone makes no subject."""
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    telling = next((line for line in lines if len(line) > _GREETING_LENGTH), lines[0] if lines else "")
    return _shortened(telling, length)


def _shortened(body: str, length: int) -> str:
    text = " ".join(body[: length * 4].split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _clean_subject(subject: str) -> str:
    return " ".join(subject.replace("\x00", "").split())[:250]
