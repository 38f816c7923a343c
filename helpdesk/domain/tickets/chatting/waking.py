"""Production is down and nobody is there: a contact whose plan allows it has somebody woken."""

from uuid import UUID

from helpdesk.domain import contacts, inboxes, limits, permissions, plans
from helpdesk.domain.events import PriorityChanged, WakeRequested
from helpdesk.domain.tickets import alerting, promises, queue
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.transaction import Transaction

_HIGHEST = (1, 1)


async def may_wake(tx: Transaction, contact_id: UUID, inbox: inboxes.Inbox) -> bool:
    """A known contact of a company whose plan may page, while nobody is at work."""
    contact = await contacts.get(tx, contact_id)
    if contact.company_id is None or not await contacts.is_known(tx, contact_id):
        return False
    served = await contacts.plan_of(tx, contact.company_id, otherwise=None, channel=inbox.channel)
    if served.plan_id is None or not (await plans.get(tx, served.plan_id)).may_page:
        return False
    return not await alerting.is_staffed(tx, inbox.team_id)


async def wake_somebody(tx: Transaction, ticket_id: UUID, reason: str) -> Ticket:
    """The ticket becomes most urgent, and the alert follows by the rules of on-call. Idempotent.

    Errors: Forbidden where plan, hours or proof of identity do not allow it, Invalid without a reason.
    """
    said = " ".join(reason.split())[:300]
    if not said:
        raise Invalid("reason_missing", "Say in a sentence what is down.", field="reason")
    ticket = await lock(tx, ticket_id)
    permissions.require_own_ticket(tx.actor, ticket.contact_id, ticket.inbox_id)
    if not await may_wake(tx, ticket.contact_id, await inboxes.get(tx, ticket.inbox_id)):
        raise Forbidden("may_not_wake")
    if ticket.status != Status.OPEN:
        raise Conflict("closed", "Write what is wrong first.")
    if (ticket.impact, ticket.urgency) == _HIGHEST:
        return ticket
    await limits.spend(tx, limits.WAKES, ticket.contact_id)
    previous = ticket.priority
    ticket.impact, ticket.urgency = _HIGHEST
    ticket.priority = queue.priority_of(*_HIGHEST)
    await tx.record(ticket, WakeRequested(said))
    await tx.record(ticket, PriorityChanged(*_HIGHEST, ticket.priority, previous))
    await promises.agree_again(tx, ticket, "priority")
    await place(tx, ticket)
    await alerting.raise_if_urgent(tx, ticket.id)
    return ticket
