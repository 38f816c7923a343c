"""Pure: one running measure of one promise; all of it follows from the facts of its ticket."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from helpdesk.domain.sla.business_time import Calendar, Counted, SkippedHoliday
from helpdesk.errors import Invalid

PRIORITY_FACTORS = {1: 0.25, 2: 0.5, 3: 1.0, 4: 1.0, 5: 2.0}
_SHORT = 0.2


class Cause(StrEnum):
    """Why a target was missed. A missed one after a change of the terms is left out of the figures."""

    TIME = "time"
    POLICY_CHANGE = "policy_change"


@dataclass(frozen=True, slots=True)
class Clock:
    """`consumed` seconds were used before `running_since`; a paused clock has neither that nor a `due_at`."""

    target: float  # seconds of service
    calendar: Calendar
    started_at: datetime
    consumed: float = 0.0
    running_since: datetime | None = None
    due_at: datetime | None = None
    met_at: datetime | None = None
    breached_at: datetime | None = None
    cause: Cause | None = None

    @property
    def running(self) -> bool:
        return self.running_since is not None

    @property
    def counts(self) -> bool:
        """Whether it belongs into the figures of kept and broken promises."""
        return self.cause is not Cause.POLICY_CHANGE


class Kind(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    MET = "met"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to a clock. Started and changed ones carry the terms from then on."""

    kind: Kind
    at: datetime
    target: float | None = None
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """A stretch in which the clock stood still; no end while it still does."""

    start: datetime
    end: datetime | None


def priority_factor(priority: int) -> float:
    """What a target written for P3 is multiplied by."""
    if priority not in PRIORITY_FACTORS:
        raise Invalid("priority_invalid", field="priority")
    return PRIORITY_FACTORS[priority]


def start(target: float, calendar: Calendar, at: datetime) -> Clock:
    if target < 0:
        raise Invalid("target_invalid", field="target")
    at = at.astimezone(UTC)
    return Clock(target, calendar, at, running_since=at, due_at=calendar.add(at, target))


def pause(clock: Clock, at: datetime) -> Clock:
    """Adds up what was used. Pausing a clock that stands still changes nothing."""
    since = clock.running_since
    if since is None:
        return clock
    used = clock.consumed + clock.calendar.elapsed(since, at)
    return replace(_miss(clock, at), consumed=used, running_since=None, due_at=None)


def resume(clock: Clock, at: datetime) -> Clock:
    """Goes on after a pause, or after it was met (a reopened ticket). A missed one keeps its due time."""
    if clock.running_since is not None:
        return clock
    at = at.astimezone(UTC)
    left = max(clock.target - clock.consumed, 0.0)
    due_at = clock.breached_at or clock.calendar.add(at, left)
    return replace(clock, running_since=at, due_at=due_at, met_at=None)


def meet(clock: Clock, at: datetime) -> Clock:
    """Kept when not later than the due time; kept too when the clock stood still."""
    if clock.met_at is not None:
        return clock
    return replace(pause(clock, at), met_at=at.astimezone(UTC))


def breach(clock: Clock, now: datetime) -> Clock:
    """What a timer finds at `now`: the due time has come and nothing met it. Once missed, always missed."""
    if clock.due_at is None or now < clock.due_at:
        return clock
    return _missed(clock)


def seconds_left(clock: Clock, now: datetime) -> float:
    """Service seconds until the due time; negative once they are used up."""
    used = clock.consumed
    if clock.running_since is not None:
        used += clock.calendar.elapsed(clock.running_since, now)
    return clock.target - used


def runs_short(clock: Clock, now: datetime) -> bool:
    """Less than a fifth of the budget is left, in service time."""
    if clock.due_at is None or clock.breached_at is not None:
        return False
    return seconds_left(clock, now) < _SHORT * clock.target


def change(facts: Sequence[Fact], target: float, calendar: Calendar, at: datetime) -> Clock:
    """The clock under new terms from the moment `at`: its whole history measured by them."""
    return replay([*facts, Fact(Kind.CHANGED, at, target, calendar)])


def replay(facts: Iterable[Fact]) -> Clock:
    """The clock that these facts, in order of time, lead to: the same as applying them one by one."""
    clock: Clock | None = None
    told: list[Fact] = []
    for fact in facts:
        if clock is None:
            clock = _opened(fact)
        elif fact.kind is Kind.CHANGED:
            clock = _under(told, clock, fact)
        else:
            clock = apply(clock, fact)
        told.append(fact)
    if clock is None:
        raise Invalid("clock_without_start")
    return clock


def apply(clock: Clock, fact: Fact) -> Clock:
    """One more fact. A change of terms needs the history: `change`."""
    match fact.kind:
        case Kind.PAUSED:
            return pause(clock, fact.at)
        case Kind.RESUMED:
            return resume(clock, fact.at)
        case Kind.MET:
            return meet(clock, fact.at)
        case _:
            raise Invalid("clock_fact_unexpected")


def explain(facts: Sequence[Fact], now: datetime) -> list[Counted | SkippedHoliday | Paused]:
    """Why this deadline: what counted, which holidays did not, and the pauses, up to the due time."""
    clock = replay(facts)
    until = clock.breached_at or clock.due_at or clock.met_at or now
    lines: list[Counted | SkippedHoliday | Paused] = []
    for since, to, running in _stretches(facts, until):
        if not running:
            still = to == until and not clock.running and clock.met_at is None
            lines.append(Paused(since, None if still else to))
            continue
        lines += clock.calendar.explain(since, to)
    return lines


def _opened(fact: Fact) -> Clock:
    if fact.kind is not Kind.STARTED or fact.target is None or fact.calendar is None:
        raise Invalid("clock_without_start")
    return start(fact.target, fact.calendar, fact.at)


def _under(told: Sequence[Fact], before: Clock, changed: Fact) -> Clock:
    """The history up to a change of terms, measured by the new ones; what was missed or met stays so."""
    before = breach(before, changed.at)
    target = before.target if changed.target is None else changed.target
    calendar = before.calendar if changed.calendar is None else changed.calendar
    clock = start(target, calendar, before.started_at)
    for fact in told[1:]:
        if fact.kind is not Kind.CHANGED:
            clock = apply(clock, fact)
    if before.breached_at is not None:
        due_at = None if clock.due_at is None else before.breached_at
        return replace(clock, due_at=due_at, breached_at=before.breached_at, cause=before.cause)
    if before.met_at is not None:
        return replace(clock, breached_at=None, cause=None)
    clock = breach(clock, changed.at)
    return clock if clock.breached_at is None else replace(clock, cause=Cause.POLICY_CHANGE)


def _miss(clock: Clock, at: datetime) -> Clock:
    """A fact at `at` passed the due time on its way; one exactly at it did not."""
    return _missed(clock) if clock.due_at is not None and at > clock.due_at else clock


def _missed(clock: Clock) -> Clock:
    if clock.breached_at is not None:
        return clock
    return replace(clock, breached_at=clock.due_at, cause=Cause.TIME)


def _stretches(facts: Sequence[Fact], until: datetime) -> list[tuple[datetime, datetime, bool]]:
    """(from, to, running) from the start on, cut at `until`."""
    stretches: list[tuple[datetime, datetime, bool]] = []
    since, running = facts[0].at, True
    for fact in facts[1:]:
        runs = running if fact.kind is Kind.CHANGED else fact.kind is Kind.RESUMED
        if runs != running:
            stretches.append((since, fact.at, running))
            since, running = fact.at, runs
    stretches.append((since, until, running))
    return [(a, min(b, until), on) for a, b, on in stretches if a < until and a < b]
