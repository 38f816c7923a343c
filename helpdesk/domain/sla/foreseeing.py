"""Why a deadline is what it is, and what other terms would make of it.

Nothing is written.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from helpdesk.domain.sla import clocks
from helpdesk.domain.sla.business_time import Calendar, Counted, SkippedHoliday
from helpdesk.domain.sla.clocks import Clock
from helpdesk.domain.sla.model import Metric, SlaClock
from helpdesk.domain.sla.queries import open_calendar, target_for
from helpdesk.domain.sla.rows import fact_of, is_under_way, value_of
from helpdesk.domain.sla.terms import Terms
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


class Measured(Protocol):
    """What decides how much time a ticket has."""

    @property
    def channel(self) -> str: ...
    @property
    def priority(self) -> int: ...


async def foresee(
    tx: Transaction,
    rows: Iterable[SlaClock],
    terms: Terms,
    channel: str,
    priority: int,
    hours: Calendar | None = None,
) -> list[tuple[SlaClock, Clock]]:
    """The clocks that other terms would change, each with what it would be. `hours` are those the terms'
    calendar is about to get, where it is to be changed; nothing is written."""
    calendar = hours or await open_calendar(tx, terms.calendar_id)
    changed = []
    for row in rows:
        seconds = target_for(terms, channel, Metric(row.metric), priority)
        if not is_under_way(row) or seconds is None:
            continue
        facts = [await fact_of(tx, told) for told in row.facts]
        agreed = next(fact for fact in reversed(facts) if fact.target is not None)
        if (agreed.target, agreed.calendar) != (seconds, calendar):
            changed.append((row, clocks.change(facts, seconds, calendar, tx.now)))
    return changed


async def would_be(
    tx: Transaction,
    rows: Iterable[SlaClock],
    terms: Terms,
    ticket: Measured,
    hours: Calendar | None = None,
    *,
    anew: Sequence[Metric] = (),
    runs: bool = True,
) -> list[Clock]:
    """All that would be under way. `anew` are metrics promised for the first time, from now on; `runs` is
    whether clocks would run in the ticket's status."""
    kept = [row for row in rows if is_under_way(row)]
    changed = {
        row.id: clock for row, clock in await foresee(tx, kept, terms, ticket.channel, ticket.priority, hours)
    }
    found = []
    for row in kept:
        clock = changed.get(row.id) or await value_of(tx, row)
        is_still = not runs and row.metric != Metric.UPDATE
        found.append(clocks.pause(clock, tx.now) if is_still else clocks.resume(clock, tx.now))
    calendar = hours or await open_calendar(tx, terms.calendar_id)
    for metric in anew if runs else ():
        seconds = target_for(terms, ticket.channel, metric, ticket.priority)
        if seconds is not None:
            found.append(clocks.start(seconds, calendar, tx.now))
    return found


async def explained(tx: Transaction, row: SlaClock) -> list[Json]:
    """Why this deadline: each stretch that counted, each skipped holiday, each pause, in order of time."""
    facts = [await fact_of(tx, told) for told in row.facts]
    if facts and facts[0].calendar is None:
        return []
    return [_line(line) for line in clocks.explain(facts, tx.now)]


def _line(line: Counted | SkippedHoliday | clocks.Paused) -> Json:
    if isinstance(line, SkippedHoliday):
        return {"kind": "holiday", "on": line.on.isoformat(), "name": line.name}
    kind = "counted" if isinstance(line, Counted) else "paused"
    seconds = round((line.end - line.start).total_seconds()) if line.end else None
    return {"kind": kind, "from": line.start, "to": line.end, "seconds": seconds}
