"""Whose turn it is on a ticket: the contact waits for us, or we for the contact."""

from datetime import datetime

from helpdesk.domain import oncall, sla
from helpdesk.domain.events import TicketOpenedAgain, TicketPending, TicketReopened, TicketWoken
from helpdesk.domain.tickets import promises
from helpdesk.domain.tickets.model import Message, Status, Ticket
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.storage.transaction import Transaction

MET_BY_ANSWER = (
    sla.Metric.FIRST_RESPONSE,
    sla.Metric.NEXT_RESPONSE,
    sla.Metric.UPDATE,
    sla.Metric.CALLBACK,
)


async def contact_is_answered(tx: Transaction, ticket: Ticket) -> None:
    """The ball is with the contact: what an answer meets is met, clocks that wait for them stand still."""
    await _keep_promises(tx, ticket)
    ticket.waiting_since, ticket.unread = None, False
    if ticket.status in (Status.OPEN, Status.SNOOZED):
        ticket.status, ticket.snoozed_until = Status.PENDING, None
        await tx.record(ticket, TicketPending())
        await promises.keep_time(tx, ticket)
    await oncall.answered_by_reply(tx, ticket)
    await place(tx, ticket)


async def contact_is_heard(tx: Transaction, ticket: Ticket) -> None:
    """They were answered and are told more later: what an answer meets is met, and the ball stays ours."""
    await _keep_promises(tx, ticket)
    await oncall.answered_by_reply(tx, ticket)
    ticket.unread = False


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


async def contact_called(tx: Transaction, ticket: Ticket, call: Message) -> None:
    """The contact rang and reached nobody, which asks for an answer as writing does."""
    await _wait_for_us(tx, ticket, call.created_at, "contact_called")


async def is_ours(tx: Transaction, ticket: Ticket, reason: str) -> None:
    """Something is to be done on it, without anybody waiting for a written answer."""
    await _take_back(tx, ticket, tx.now, reason)


async def _wait_for_us(tx: Transaction, ticket: Ticket, since: datetime, reason: str) -> None:
    before = ticket.version
    ticket.unread = True
    await _take_back(tx, ticket, since, reason)
    terms = await promises.terms_of(tx, ticket) if await sla.awaits_answer(tx, ticket.id) else None
    if terms is not None:
        await sla.start(tx, ticket, terms, ticket.channel, ticket.priority, [sla.Metric.NEXT_RESPONSE])
    if ticket.version != before:
        await place(tx, ticket)


async def _keep_promises(tx: Transaction, ticket: Ticket) -> None:
    await sla.meet(tx, ticket, MET_BY_ANSWER)
    terms = await promises.terms_of(tx, ticket)
    if terms is not None:
        await sla.start(tx, ticket, terms, ticket.channel, ticket.priority, [sla.Metric.UPDATE])


async def _take_back(tx: Transaction, ticket: Ticket, since: datetime, reason: str) -> None:
    """Open, wherever it was put away, and its clocks run."""
    ticket.waiting_since = ticket.waiting_since or since
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        ticket.resolved_at = None
        ticket.status = Status.OPEN
        await tx.record(ticket, TicketReopened(reason))
        await sla.resume(tx, ticket, reopened=True)
        await promises.renew(tx, ticket, "reopened")
    elif ticket.status in (Status.PENDING, Status.SNOOZED):
        was_snoozed = ticket.status == Status.SNOOZED
        ticket.status, ticket.snoozed_until = Status.OPEN, None
        await tx.record(ticket, TicketWoken(reason) if was_snoozed else TicketOpenedAgain(reason))
        await sla.resume(tx, ticket)
