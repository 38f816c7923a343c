"""What can be changed on a ticket: status, assignee, team, priority, tags, subject."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import agents, oncall, permissions, sla
from helpdesk.domain.events import (
    PriorityChanged,
    SubjectChanged,
    TagsChanged,
    TicketClosed,
    TicketOpenedAgain,
    TicketPending,
    TicketReopened,
    TicketResolved,
    TicketSnoozed,
    TicketWoken,
)
from helpdesk.domain.tickets import promises, queue
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.domain.tickets.queue import assigning
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.domain.tickets.repeats import event_of
from helpdesk.domain.tickets.unanswered import unanswered_since
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction

_FOR_PRIORITY = {1: (1, 1), 2: (1, 2), 3: (2, 2), 4: (2, 3), 5: (3, 3)}
"""Impact and urgency chosen where somebody names a priority only."""


@dataclass(frozen=True)
class TicketChange:
    """What to set; a field that is not in `fields` stays as it is."""

    fields: frozenset[str]
    status: str | None = None
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    priority: int | None = None
    impact: int | None = None
    urgency: int | None = None
    tags: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    subject: str | None = None
    snooze_until: datetime | None = None


async def change_ticket(
    tx: Transaction,
    ticket_id: UUID,
    change: TicketChange,
    *,
    if_version: int | None = None,
    client_id: UUID | None = None,
) -> Ticket:
    """Apply a change. Errors: Conflict `version` when the ticket is no longer at `if_version`,
    Conflict client_id_reused when the id was used for something else."""
    permissions.require_replier(tx.actor)
    done = await event_of(tx, client_id) if client_id is not None else None
    ticket = await lock(tx, ticket_id)
    if done is not None:
        if done.ticket_id != ticket.id or done.message_id is not None:
            raise Conflict("client_id_reused")
        return ticket
    if if_version is not None and ticket.version != if_version:
        raise Conflict("version", f"The ticket is at version {ticket.version}.")
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another.")
    before = ticket.version
    if "assignee_id" in change.fields:
        reason = "manual" if change.assignee_id is not None else "released"
        await assigning.assign(tx, ticket, change.assignee_id, reason=reason)
    if "team_id" in change.fields:
        await agents.require_open_team(tx, change.team_id, ticket.team_id)
        await assigning.move_to_team(tx, ticket, change.team_id)
    if change.fields & {"priority", "impact", "urgency"}:
        await _prioritise(tx, ticket, change)
    if "skills" in change.fields:
        await assigning.ask_for(tx, ticket, change.skills)
    if "tags" in change.fields:
        await _retag(tx, ticket, change.tags)
    if "subject" in change.fields and change.subject:
        await _rename(tx, ticket, change.subject)
    await _change_status(tx, ticket, change)
    if ticket.version != before:
        await place(tx, ticket)
        await _mark_client_id(tx, ticket, before + 1, client_id)
    return ticket


def for_priority(priority: int) -> tuple[int, int]:
    """Impact and urgency for somebody who names a priority only. Errors: Invalid."""
    if priority not in _FOR_PRIORITY:
        raise Invalid("priority_invalid", "Priorities are 1 to 5.", field="priority")
    return _FOR_PRIORITY[priority]


async def wake(tx: Transaction, ticket_id: UUID, reason: str) -> None:
    """A snoozed ticket's time has come: it returns to its place in the order."""
    ticket = await lock(tx, ticket_id)
    is_time = ticket.snoozed_until is not None and ticket.snoozed_until <= tx.now
    if ticket.status == Status.SNOOZED and is_time:  # it may have been snoozed anew meanwhile
        ticket.status, ticket.snoozed_until = Status.OPEN, None
        await tx.record(ticket, TicketWoken(reason))
        await sla.resume(tx, ticket)
        await place(tx, ticket)


async def due_to_wake(tx: Transaction, limit: int = 500) -> list[UUID]:
    return list(
        await tx.session.scalars(
            select(Ticket.id)
            .where(Ticket.status == Status.SNOOZED.value, Ticket.snoozed_until <= tx.now)
            .limit(limit)
        )
    )


async def breach(tx: Transaction, ticket_id: UUID) -> None:
    """Time passed: record the targets that are past due."""
    ticket = await lock(tx, ticket_id)
    await sla.breach_due(tx, ticket)


async def _change_status(tx: Transaction, ticket: Ticket, change: TicketChange) -> None:
    wanted = change.status
    if wanted is None and "snooze_until" in change.fields and change.snooze_until is not None:
        wanted = Status.SNOOZED.value
    if wanted is None or (wanted == ticket.status and wanted != Status.SNOOZED):
        return
    if wanted in (Status.PENDING, Status.SNOOZED) and ticket.status in (Status.RESOLVED, Status.CLOSED):
        await _open_again(tx, ticket)  # what is done waits for nothing before it is taken up again
    if wanted == Status.RESOLVED:
        await resolve(tx, ticket)
    elif wanted == Status.CLOSED:
        if ticket.status != Status.RESOLVED:
            await resolve(tx, ticket)
        ticket.status = Status.CLOSED
        await tx.record(ticket, TicketClosed())
    elif wanted == Status.SNOOZED:
        await _snooze(tx, ticket, change.snooze_until)
    elif wanted == Status.PENDING:
        ticket.status, ticket.snoozed_until = Status.PENDING, None
        await tx.record(ticket, TicketPending())
        await promises.keep_time(tx, ticket)
    elif wanted == Status.OPEN:
        await _open_again(tx, ticket)
    else:
        raise Invalid("status_invalid", f"There is no status {wanted}.", field="status")


async def resolve(tx: Transaction, ticket: Ticket) -> None:
    """The caller holds the lock and finds its place anew."""
    await sla.settle(tx, ticket)
    await oncall.close(tx, ticket)
    ticket.status, ticket.snoozed_until, ticket.resolved_at = Status.RESOLVED, None, tx.now
    ticket.waiting_since, ticket.unread = None, False
    await tx.record(ticket, TicketResolved())


async def _snooze(tx: Transaction, ticket: Ticket, until: datetime | None) -> None:
    if until is None or until <= tx.now:
        raise Invalid("snooze_in_past", "Snooze until a moment that is still to come.", field="snooze_until")
    ticket.status, ticket.snoozed_until = Status.SNOOZED, until
    await tx.record(ticket, TicketSnoozed(until))
    await promises.keep_time(tx, ticket)


async def _open_again(tx: Transaction, ticket: Ticket) -> None:
    was_done = ticket.status in (Status.RESOLVED, Status.CLOSED)
    was_pending = ticket.status == Status.PENDING
    ticket.status, ticket.snoozed_until, ticket.resolved_at = Status.OPEN, None, None
    if was_done:
        ticket.waiting_since = await unanswered_since(tx, ticket)
        await tx.record(ticket, TicketReopened("agent"))
        await sla.take_up(tx, ticket, ticket.waiting_since)
        await promises.renew(tx, ticket, "reopened")
    else:
        await tx.record(ticket, TicketOpenedAgain("agent") if was_pending else TicketWoken("agent"))
        await sla.resume(tx, ticket)


async def _prioritise(tx: Transaction, ticket: Ticket, change: TicketChange) -> None:
    impact, urgency = change.impact or ticket.impact, change.urgency or ticket.urgency
    if change.priority is not None:
        impact, urgency = for_priority(change.priority)
    previous, priority = ticket.priority, queue.priority_of(impact, urgency)
    if (impact, urgency) == (ticket.impact, ticket.urgency):
        return
    ticket.impact, ticket.urgency, ticket.priority = impact, urgency, priority
    await tx.record(ticket, PriorityChanged(impact, urgency, priority, previous))
    await promises.agree_again(tx, ticket, "priority")


async def _retag(tx: Transaction, ticket: Ticket, tags: tuple[str, ...]) -> None:
    wanted = list(dict.fromkeys(tag.strip().lower()[:40] for tag in tags if tag.strip()))[:20]
    added = [tag for tag in wanted if tag not in ticket.tags]
    removed = [tag for tag in ticket.tags if tag not in wanted]
    if added or removed:
        ticket.tags = wanted
        await tx.record(ticket, TagsChanged(added, removed))
        if await promises.falls_elsewhere(tx, ticket):
            await promises.agree_again(tx, ticket, "tags")


async def _rename(tx: Transaction, ticket: Ticket, subject: str) -> None:
    cleaned = " ".join(subject.replace("\x00", "").split())[:250]
    if cleaned and cleaned != ticket.subject:
        previous, ticket.subject = ticket.subject, cleaned
        await tx.record(ticket, SubjectChanged(cleaned, previous))


async def _mark_client_id(tx: Transaction, ticket: Ticket, version: int, client_id: UUID | None) -> None:
    """The first event of the change carries the client's id, so that a repeat is recognised."""
    if client_id is not None:
        await tx.session.flush()
        row = await tx.session.get_one(EventRow, (ticket.id, version))
        row.client_id = client_id
