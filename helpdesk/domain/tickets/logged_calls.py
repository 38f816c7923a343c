"""Calls as an agent tells of them: as a ticket of their own, or onto the one they were about."""

from datetime import timedelta
from uuid import UUID

from helpdesk.domain import contacts, inboxes, permissions, sla
from helpdesk.domain.events import CallLogged
from helpdesk.domain.tickets import callbacks, waiting
from helpdesk.domain.tickets.envelopes import LoggedCall
from helpdesk.domain.tickets.locking import get, lock
from helpdesk.domain.tickets.messages import add_own, first_line
from helpdesk.domain.tickets.model import Message, MessageKind, Status, Ticket
from helpdesk.domain.tickets.opening import open_ticket
from helpdesk.domain.tickets.queue import assigning
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.domain.tickets.repeats import said_before
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction

CLOCKS_DIFFER_BY = timedelta(minutes=2)


async def log_call(tx: Transaction, call: LoggedCall) -> Ticket:
    """A phone call becomes a ticket, or stands on the one it was about. Safe to call twice with the same
    `client_id`.

    Errors: NotFound, Conflict merged or client_id_reused, Invalid where it lies in the future.
    """
    permissions.require_replier(tx.actor)
    if (said := await said_before(tx, call.client_id, call.notes)) is not None:
        if call.ticket_id not in (None, said.ticket_id):
            raise Conflict("client_id_reused")
        return await get(tx, said.ticket_id)
    if call.began_at is not None and call.began_at > tx.now + CLOCKS_DIFFER_BY:
        raise Invalid("call_in_future", "A call is logged once it has begun.", field="began_at")
    if call.ticket_id is None:
        return await _as_ticket(tx, call)
    return await _onto(tx, call.ticket_id, call)


async def _as_ticket(tx: Transaction, call: LoggedCall) -> Ticket:
    """One that was answered had its first response by the call itself."""
    inbox = await inboxes.first_of(tx, inboxes.Channel.PHONE)
    contact = await _caller(tx, call)
    subject = call.subject.strip() or first_line(call.notes) or f"Call from {contact.name or call.caller}"
    ticket = await open_ticket(
        tx,
        inbox=inbox,
        contact=contact,
        subject=subject,
        channel=inboxes.Channel.PHONE,
        impact=call.impact,
        urgency=call.urgency,
    )
    await _write(tx, ticket, call)
    ticket.waiting_since = tx.now
    if call.answered:
        await sla.meet(tx, ticket, [sla.Metric.FIRST_RESPONSE])
    if call.callback_at is not None or call.is_missed:
        await callbacks.owe(tx, ticket, call.callback_at)
    elif call.direction == "outbound" and call.answered:
        await callbacks.pay(tx, contact.id, except_for=ticket.id)
    await place(tx, ticket)
    return ticket


async def _onto(tx: Transaction, ticket_id: UUID, call: LoggedCall) -> Ticket:
    """Having spoken with the contact is an answer as a written one is; having missed them, a question."""
    pays = call.direction == "outbound" and call.answered
    if pays:
        await callbacks.lock_with_owed(tx, await get(tx, ticket_id))
    ticket = await lock(tx, ticket_id)
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another; log the call there.")
    message = await _write(tx, ticket, call)
    if call.answered and ticket.assignee_id is None and tx.actor.agent_id is not None:
        await assigning.assign(tx, ticket, tx.actor.agent_id, reason="reply")
    if call.is_missed:
        await waiting.contact_called(tx, ticket, message)
    elif call.direction == "inbound" and ticket.status in (Status.RESOLVED, Status.CLOSED):
        await waiting.is_ours(tx, ticket, "contact_called")
    is_owed = call.callback_at is not None or call.is_missed
    if call.answered:
        await (waiting.contact_is_heard if is_owed else waiting.contact_is_answered)(tx, ticket)
    if is_owed:
        await waiting.is_ours(tx, ticket, "call_owed")
        await callbacks.owe(tx, ticket, call.callback_at)
    if pays:
        await callbacks.pay(tx, ticket.contact_id, except_for=ticket.id)
    await place(tx, ticket)
    return ticket


async def _write(tx: Transaction, ticket: Ticket, call: LoggedCall) -> Message:
    message = await add_own(tx, ticket, MessageKind.CALL, call.notes, ())
    told = CallLogged(
        message.id, call.direction, call.answered, call.duration, call.caller, call.callback_at, call.began_at
    )
    await tx.record(ticket, told, call.client_id)
    return message


async def _caller(tx: Transaction, call: LoggedCall) -> contacts.Contact:
    if call.contact_id is not None:
        return await contacts.get_visible(tx, (await contacts.kept(tx, call.contact_id)).id)
    return await contacts.find_or_create(tx, contacts.IdentityKind.PHONE, call.caller, name=call.name)
