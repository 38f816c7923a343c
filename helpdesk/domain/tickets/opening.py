"""A new ticket: what it starts with, its clocks and its place in the queue."""

from helpdesk.domain import contacts, inboxes, sla
from helpdesk.domain.events import TicketOpened
from helpdesk.domain.tickets import promises, queue
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue.placing import place, pool_id, skills_asked
from helpdesk.storage.transaction import Transaction

SUBJECT_LENGTH = 250


async def open_ticket(
    tx: Transaction,
    *,
    inbox: inboxes.Inbox,
    contact: contacts.Contact,
    subject: str,
    channel: inboxes.Channel | None = None,
    impact: int = 2,
    urgency: int = 2,
) -> Ticket:
    """A new, still empty ticket of a contact; the caller adds what was said in the same transaction. Its
    channel is the inbox's, unless it came another way."""
    came_by = channel.value if channel else inbox.channel
    served = await contacts.plan_of(tx, contact.company_id, inbox.plan_id, came_by)
    priority = queue.priority_of(impact, urgency)
    skills = skills_asked(inbox, contact)
    ticket = Ticket(
        id=tx.new_id(),
        inbox_id=inbox.id,
        channel=came_by,
        contact_id=contact.id,
        company_id=contact.company_id,
        plan_id=served.plan_id,
        left_out_plan_id=None,  # until the timeline has its beginning
        team_id=inbox.team_id,
        pool_id=await pool_id(tx, inbox.id, inbox.team_id, skills),
        skills=skills,
        subject=_clean(subject),
        preview="",
        status=Status.OPEN.value,
        impact=impact,
        urgency=urgency,
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
    came_as = tx.actor.came_as or contact.id  # tells whose it is again should a merge be undone
    await tx.record(ticket, TicketOpened(ticket.subject, ticket.channel, ticket.inbox_id, came_as, priority))
    await promises.serve(tx, ticket, served)
    terms = await promises.agree(tx, ticket)
    if terms is not None:
        promised = [sla.Metric.FIRST_RESPONSE, sla.Metric.RESOLUTION]
        await sla.start(tx, ticket, terms, ticket.channel, priority, promised)
    await place(tx, ticket)
    return ticket


def _clean(subject: str) -> str:
    return " ".join(subject.replace("\x00", "").split())[:SUBJECT_LENGTH]
