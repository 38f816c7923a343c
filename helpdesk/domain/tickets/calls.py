"""Calls as a telephone system tells of them: it rings, somebody answers, it ends. One call, one ticket."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import ActorKind
from helpdesk.domain import agents, contacts, inboxes, permissions, sla
from helpdesk.domain.events import CallLogged
from helpdesk.domain.tickets import callbacks
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Message, MessageKind, Status, Ticket
from helpdesk.domain.tickets.opening import open_ticket
from helpdesk.domain.tickets.queue import assigning
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.domain.tickets.repeats import call_of, is_told
from helpdesk.storage.transaction import Transaction

REDIAL_WITHIN = timedelta(minutes=30)
"""Who rings again this soon after a missed call joins its ticket."""


class CallStep(StrEnum):
    NEW_CALL = "new_call"
    ANSWER = "answer"
    HANGUP = "hangup"


@dataclass(frozen=True)
class CallNews:
    """One step of a call. `caller` is in E.164, None where the number is withheld; `duration` in seconds."""

    step: CallStep
    call_id: str
    caller: str | None = None
    name: str = ""
    inbox_id: UUID | None = None
    answered_by: UUID | None = None
    answered: bool = False
    duration: int = 0


async def hear_of_call(tx: Transaction, news: CallNews) -> Ticket:
    """Take a step of a call, in whatever order and however often it is told."""
    permissions.require_replier(tx.actor)
    inbox = await _line(tx, news)
    permissions.require_inbox(tx.actor, inbox.id)
    call = await call_of(tx, inbox.id, news.call_id)
    if call is None:
        call = await _ring(tx, inbox, news)
    ticket = await lock(tx, call.ticket_id)
    if news.step is CallStep.ANSWER or news.answered:
        await _answer(tx, ticket, call, news)
    if news.step is CallStep.HANGUP and not await is_told(tx, call):
        answered = call.author_kind != ActorKind.CONTACT
        await tx.record(
            ticket, CallLogged(call.id, "inbound", answered, news.duration, news.caller or "", None)
        )
        if not answered:
            await callbacks.owe(tx, ticket)
    await place(tx, ticket)
    return ticket


async def _ring(tx: Transaction, inbox: inboxes.Inbox, news: CallNews) -> Message:
    """The call is its caller's until somebody answers."""
    contact = await _who(tx, news)
    ticket = await _missed_just_now(tx, inbox, contact)
    if ticket is None:
        subject = f"Call from {contact.name or news.caller}"
        ticket = await open_ticket(tx, inbox=inbox, contact=contact, subject=subject)
    ticket.unread, ticket.last_message_at = True, tx.now
    call = Message(
        id=tx.new_id(),
        ticket_id=ticket.id,
        inbox_id=inbox.id,
        kind=MessageKind.CALL.value,
        channel=inboxes.Channel.PHONE.value,
        author_kind=ActorKind.CONTACT.value,
        author_id=contact.id,
        author_name=contact.name or news.caller or "",
        body="",
        attachments=[],
        source_id=news.call_id,
        hidden=False,
        created_at=tx.now,
    )
    tx.session.add(call)
    await tx.session.flush()
    return call


async def _answer(tx: Transaction, ticket: Ticket, call: Message, news: CallNews) -> None:
    """Whoever answers a call becomes its author and, where nobody is, the assignee."""
    if call.author_kind != ActorKind.CONTACT:
        return
    agent = await agents.get(tx, news.answered_by) if news.answered_by else None
    call.author_kind = ActorKind.AGENT.value if agent else tx.actor.kind.value
    call.author_id = agent.id if agent else tx.actor.id
    call.author_name = agent.name if agent else tx.actor.name
    ticket.unread = False
    if agent is not None and ticket.assignee_id is None:
        await assigning.assign(tx, ticket, agent.id, reason="reply")
    await sla.meet(tx, ticket, [sla.Metric.FIRST_RESPONSE, sla.Metric.CALLBACK])


async def _missed_just_now(tx: Transaction, inbox: inboxes.Inbox, contact: contacts.Contact) -> Ticket | None:
    """The open ticket of this caller's last call, if that was missed a short while ago."""
    query = (
        select(Message)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(
            Ticket.contact_id == contact.id,
            Ticket.inbox_id == inbox.id,
            Ticket.status == Status.OPEN.value,
            Message.kind == MessageKind.CALL.value,
            Message.created_at > tx.now - REDIAL_WITHIN,
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )
    last: Message | None = await tx.session.scalar(query)
    if last is None or last.author_kind != ActorKind.CONTACT:
        return None
    return await lock(tx, last.ticket_id)


async def _who(tx: Transaction, news: CallNews) -> contacts.Contact:
    if news.caller is None:
        return await contacts.create(tx, name=news.name or "Unknown caller")
    return await contacts.find_or_create(tx, contacts.IdentityKind.PHONE, news.caller, name=news.name)


async def _line(tx: Transaction, news: CallNews) -> inboxes.Inbox:
    if news.inbox_id is not None:
        return await inboxes.get(tx, news.inbox_id)
    return await inboxes.first_of(tx, inboxes.Channel.PHONE)
