"""What can be done to a ticket's clocks. The caller holds the ticket's row lock.

The arithmetic is clocks.py's; here its facts are stored, and what follows from them is recorded. A hit or
a miss is decided in the transaction of the event that meets or passes the target.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain.events import TargetBreached, TargetMet, TargetPaused, TargetResumed, TargetStarted
from helpdesk.domain.sla import clocks, steps
from helpdesk.domain.sla.clocks import Cause, Clock, Fact, Kind
from helpdesk.domain.sla.foreseeing import foresee
from helpdesk.domain.sla.model import Metric, SlaClock
from helpdesk.domain.sla.queries import clocks_of, held_clocks, open_calendar, target_for
from helpdesk.domain.sla.rows import is_under_way, store, value_of
from helpdesk.domain.sla.terms import Terms
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction, Versioned


async def start(
    tx: Transaction,
    ticket: Versioned,
    terms: Terms,
    channel: str,
    priority: int,
    metrics: Sequence[Metric],
    until: datetime | None = None,
) -> None:
    """Start clocks now, where the terms promise anything and none of the metric is under way. `until` is a
    moment that was promised itself, in the place of the terms' own span."""
    under_way = {row.metric for row in await held_clocks(tx, ticket.id) if is_under_way(row)}
    for metric in metrics:
        seconds, calendar = (
            target_for(terms, channel, metric, priority),
            await open_calendar(tx, terms.calendar_id),
        )
        if until is not None:
            seconds = max(1, round(calendar.elapsed(tx.now, until)))
            if calendar.is_open(until) and calendar.add(tx.now, seconds) < until:
                seconds += 1  # an opening: not the closing before it, though no service lies between
        if seconds is None or metric in under_way:
            continue
        clock = clocks.start(seconds, calendar, tx.now)
        row = SlaClock(id=tx.new_id(), ticket_id=ticket.id, metric=metric.value, facts=[], steps_taken=0)
        row.steps = [dict(step) for step in steps.for_metric(terms.steps, metric.value, clock)]
        row.calendar_id = terms.calendar_id
        store(row, clock, Fact(Kind.STARTED, tx.now, seconds), terms.calendar_id)
        await tx.insert(row)
        (await held_clocks(tx, ticket.id)).append(row)
        await tx.record(ticket, TargetStarted(metric.value, seconds, clock.due_at))


async def drop(tx: Transaction, ticket: Versioned, metric: Metric) -> None:
    """Nobody needs it any more: another promise has taken its place."""
    for row in await held_clocks(tx, ticket.id):
        if row.metric == metric and is_under_way(row):
            await _apply(tx, ticket, row, Kind.PAUSED)
            row.stopped_at = tx.now


async def meet(tx: Transaction, ticket: Versioned, metrics: Iterable[Metric]) -> None:
    """What was promised has happened, in time or late."""
    wanted = set(metrics)
    for row in await held_clocks(tx, ticket.id):
        if row.metric in wanted and is_under_way(row):
            due_at = row.due_at
            await _apply(tx, ticket, row, Kind.MET)
            await tx.record(ticket, TargetMet(row.metric, due_at, row.breached_at is not None))


async def pause(tx: Transaction, ticket: Versioned) -> None:
    """The ball is with the contact: what runs adds up what it consumed, and waits. Only how often the
    contact hears of it goes on."""
    for row in await held_clocks(tx, ticket.id):
        if row.running_since is not None and row.metric != Metric.UPDATE:
            await _apply(tx, ticket, row, Kind.PAUSED)
            await tx.record(ticket, TargetPaused(row.metric, round(row.consumed_seconds)))


async def resume(tx: Transaction, ticket: Versioned, *, reopened: bool = False) -> None:
    """The ball is ours again. A reopened ticket's resolution clock goes on from where it stood."""
    for row in await held_clocks(tx, ticket.id):
        is_reopened = reopened and row.metric == Metric.RESOLUTION and row.stopped_at is None
        if (is_under_way(row) or is_reopened) and row.running_since is None:
            await _apply(tx, ticket, row, Kind.RESUMED)
            if row.due_at is not None:
                await tx.record(ticket, TargetResumed(row.metric, row.due_at))


async def take_up(tx: Transaction, ticket: Versioned, unanswered_since: datetime | None) -> None:
    """An agent reopened it: what was resolved too soon goes on from where it stood, also the answer that was
    owed to a message of then."""
    for row in await clocks_of(tx, ticket.id):
        is_owed = row.metric == Metric.NEXT_RESPONSE and (
            unanswered_since is not None and row.started_at >= unanswered_since
        )
        if row.met_at is None and (row.metric == Metric.FIRST_RESPONSE or is_owed):
            row.stopped_at = None
    await _forget(tx, ticket)
    await resume(tx, ticket, reopened=True)


async def settle(tx: Transaction, ticket: Versioned) -> None:
    """Resolved: the resolution target is met; response targets nobody needs any more are stopped."""
    await meet(tx, ticket, [Metric.RESOLUTION])
    for row in await held_clocks(tx, ticket.id):
        if is_under_way(row):
            await _apply(tx, ticket, row, Kind.PAUSED)
            row.stopped_at = tx.now


async def replan(tx: Transaction, ticket: Versioned, terms: Terms, channel: str, priority: int) -> None:
    """Another plan, priority or calendar: the whole history is measured by the new terms at once. Safe twice.

    A due time that is past by the change alone is a breach with cause `policy_change`, left out of the
    figures. What the new terms say nothing about keeps the old ones.
    """
    rows = await held_clocks(tx, ticket.id)
    for row, clock in await foresee(tx, rows, terms, channel, priority):
        was_breached = row.breached_at is not None
        row.calendar_id = terms.calendar_id
        store(row, clock, Fact(Kind.CHANGED, tx.now, clock.target), terms.calendar_id)
        if clock.breached_at is not None and not was_breached:
            await tx.record(ticket, TargetBreached(row.metric, clock.breached_at, _cause(clock)))
    for row in filter(is_under_way, rows):
        await _restep(tx, row, terms)


async def hand_over(tx: Transaction, merged: Versioned, into: Versioned) -> None:
    """What a merged ticket still owes is owed by the other one from now on, by the same due times."""
    for row in await held_clocks(tx, merged.id):
        if is_under_way(row):
            row.ticket_id, row.origin_id = into.id, row.origin_id or merged.id
    await _forget(tx, merged, into)


async def take_back(tx: Transaction, merged: Versioned, into: Versioned) -> None:
    """The merge was undone: its promises are its own again, also those that were kept meanwhile."""
    for row in await held_clocks(tx, into.id):
        if row.origin_id == merged.id:
            row.ticket_id, row.origin_id = merged.id, None
    await _forget(tx, merged, into)


async def earliest_due(tx: Transaction, ticket_id: UUID) -> tuple[Metric, datetime] | None:
    """The earliest open target, None where no clock runs."""
    running = [(row.due_at, row.metric) for row in await held_clocks(tx, ticket_id) if row.due_at is not None]
    if not running:
        return None
    due_at, metric = min(running)
    return Metric(metric), due_at


async def breach_due(tx: Transaction, ticket: Versioned) -> None:
    """Time passed: record what is overdue by now. The timer only tells people; the fact is the due time."""
    for row in await held_clocks(tx, ticket.id):
        if row.due_at is not None and row.breached_at is None and row.due_at <= tx.now:
            clock = clocks.breach(await value_of(tx, row), tx.now)
            row.breached_at, row.cause = clock.breached_at, _cause(clock)
            await tx.record(ticket, TargetBreached(row.metric, row.due_at, _cause(clock)))


async def steps_due(tx: Transaction, ticket: Versioned) -> list[tuple[SlaClock, Json]]:
    """The steps whose moment has come, marked as taken, each with its clock."""
    taken: list[tuple[SlaClock, Json]] = []
    for row in await held_clocks(tx, ticket.id):
        while row.next_step_at is not None and row.next_step_at <= tx.now:
            taken.append((row, row.steps[row.steps_taken]))
            row.steps_taken += 1
            row.next_step_at = steps.next_at(row.steps, row.steps_taken, await value_of(tx, row))
    return taken


async def tickets_with_steps_due(tx: Transaction, limit: int = 200) -> list[UUID]:
    due = select(SlaClock.ticket_id).where(SlaClock.next_step_at <= tx.now)
    return list(dict.fromkeys(await tx.session.scalars(due.order_by(SlaClock.next_step_at).limit(limit))))


async def tickets_overdue(tx: Transaction, limit: int = 500) -> list[UUID]:
    """Tickets with a target that is past and not yet recorded as a breach, longest overdue first."""
    overdue = select(SlaClock.ticket_id).where(
        SlaClock.due_at <= tx.now, SlaClock.due_at.is_not(None), SlaClock.breached_at.is_(None)
    )
    return list(dict.fromkeys(await tx.session.scalars(overdue.order_by(SlaClock.due_at).limit(limit))))


async def _forget(tx: Transaction, *tickets: Versioned) -> None:
    """Clocks changed hands, so what was held of these tickets is read again."""
    await tx.flush()
    for ticket in tickets:
        tx.held.pop(ticket.id, None)


async def _apply(tx: Transaction, ticket: Versioned, row: SlaClock, kind: Kind) -> None:
    """One more fact, and the breach it may have come too late to prevent."""
    was_breached, fact = row.breached_at is not None, Fact(kind, tx.now)
    clock = clocks.apply(await value_of(tx, row), fact)
    store(row, clock, fact, None)
    if clock.breached_at is not None and not was_breached:
        await tx.record(ticket, TargetBreached(row.metric, clock.breached_at, _cause(clock)))


async def _restep(tx: Transaction, row: SlaClock, terms: Terms) -> None:
    """Steps that were taken stay so; of the further ones those of the terms, less new ones already past."""
    clock, taken = await value_of(tx, row), list(row.steps[: row.steps_taken])
    wanted = [dict(step) for step in steps.for_metric(terms.steps, row.metric, clock) if step not in taken]
    ahead = [one for one in wanted if one in row.steps or (steps.moment(one, clock) or tx.now) >= tx.now]
    if [*taken, *ahead] != row.steps:
        row.steps = [*taken, *ahead]
        row.next_step_at = steps.next_at(row.steps, row.steps_taken, clock)


def _cause(clock: Clock) -> str:
    return clock.cause.value if clock.cause else Cause.TIME.value
