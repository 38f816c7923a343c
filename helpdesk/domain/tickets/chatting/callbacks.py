"""A call instead of a chat: offered when somebody is there to make it, owed like every other promise."""

from datetime import datetime, timedelta
from uuid import UUID

from helpdesk.domain import contacts, inboxes, limits, permissions, plans, sla
from helpdesk.domain.events import CallbackRequested
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.tickets import callbacks
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction

STEP = timedelta(minutes=30)
SOONEST = timedelta(minutes=15)
_OFFERED = 12
_AHEAD = timedelta(days=7)


async def slots(tx: Transaction, inbox: inboxes.Inbox) -> list[datetime]:
    """The next times at which somebody of the inbox is at work; none without a calendar that says so."""
    if inbox.plan_id is None:
        return []
    plan = await plans.get(tx, inbox.plan_id)
    return offered(await sla.open_calendar(tx, plan.calendar_id), tx.now)


def offered(calendar: Calendar, now: datetime) -> list[datetime]:
    """Full and half hours inside opening hours, not sooner than a quarter of an hour from now; a call that
    begins at closing time is not offered."""
    found: list[datetime] = []
    at = _next_step(now + SOONEST)
    while len(found) < _OFFERED and at < now + _AHEAD:
        if calendar.is_open(at) and calendar.is_open(at + STEP - timedelta(minutes=1)):
            found.append(at)
            at += STEP
        elif calendar.is_open(at):
            at += STEP
        else:
            at = max(at + STEP, _next_step(calendar.next_opening(at)))
    return found


async def ask_for_call(tx: Transaction, ticket_id: UUID, number: str, at: datetime) -> Ticket:
    """The visitor wants to be called at one of the offered times. A later wish replaces the earlier.

    Errors: Invalid (number, or a time that is not offered), Conflict when the ticket is over.
    """
    contact_id = tx.actor.contact_id
    called = contacts.normalise(contacts.IdentityKind.PHONE, number)
    ticket = await lock(tx, ticket_id)
    permissions.require_own_ticket(tx.actor, ticket.contact_id, ticket.inbox_id)
    if ticket.status in (Status.CLOSED, Status.MERGED):
        raise Conflict("closed", "This conversation is over.")
    inbox = await inboxes.get(tx, ticket.inbox_id)
    if at not in await slots(tx, inbox):
        raise Invalid("slot_not_offered", "Nobody can call at that time. Choose another.", field="at")
    await limits.spend(tx, limits.CALLBACKS, contact_id)
    contact = await contacts.get(tx, ticket.contact_id)
    await contacts.add_identity(tx, contact, contacts.IdentityKind.PHONE, called, verified=False)
    await tx.record(ticket, CallbackRequested(called, at))
    await sla.drop(tx, ticket, sla.Metric.CALLBACK)
    await callbacks.owe(tx, ticket, at)
    await place(tx, ticket)
    return ticket


def _next_step(at: datetime) -> datetime:
    """The next full or half hour, `at` itself when it is one."""
    seconds = STEP.total_seconds()
    rest = at.timestamp() % seconds
    return at if rest == 0 else at + timedelta(seconds=seconds - rest)
