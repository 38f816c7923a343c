"""Pure: what people want to know of a schedule: shifts, handoffs, now and next, holes, warnings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota import rest
from helpdesk.domain.oncall.rota.overrides import Change, Override, Source
from helpdesk.domain.oncall.rota.restrictions import cut, united
from helpdesk.domain.oncall.rota.shifts import Schedule, Span, final, on_call_at

_LOOK_AHEAD = (timedelta(days=1), timedelta(days=8), timedelta(days=62), timedelta(days=400))


@dataclass(frozen=True, slots=True)
class Shift:
    """One span of one person, whatever put them there; `truncated` when it goes on after the asked end."""

    person: str
    start: datetime
    end: datetime
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Handoff:
    """A moment at which somebody comes or goes."""

    at: datetime
    leaving: tuple[str, ...]
    arriving: tuple[str, ...]


class Problem(StrEnum):
    """Nobody is scheduled · a layer is active but has nobody · fewer than the schedule wants · somebody has
    more nights running than it allows · an exception puts somebody on call who is away then."""

    GAP = "gap"
    EMPTY = "empty"
    SHORT = "short"
    REST = "rest"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be shown loudly before it happens; `people` are on call all the same."""

    problem: Problem
    start: datetime
    end: datetime
    layers: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    def days(self, zone: ZoneInfo) -> list[date]:
        """The local days it falls on."""
        first = wall_clock.reading(self.start, zone).date()
        last = wall_clock.reading(self.end - timedelta(microseconds=1), zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class NowAndNext:
    """`until` and the next people are nothing when no change is foreseen within a year."""

    people: tuple[str, ...]
    until: datetime | None
    next_people: tuple[str, ...] | None
    next_at: datetime | None


class Doubt(StrEnum):
    TARGET_NOT_ON_CALL = "target_not_on_call"
    PERSON_OFF = "person_off"
    PERSON_LEFT = "person_left"
    WITHOUT_REST = "without_rest"


def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[Shift]:
    """Each person's stretches that overlap [start, end), adjacent ones as one, in order of time.

    They are cut at `end`; at `start` too, except where the record knows since when somebody is on call.
    """
    known_from = start
    if schedule.record is not None:
        begun = (duty.start for duty in schedule.record.duties)
        known_from = min([start, schedule.record.until, *begun])
    found = shifts_of(final(schedule, known_from, end))
    after = on_call_at(schedule, end).people
    return [
        replace(shift, truncated=shift.end == end and shift.person in after)
        for shift in found
        if shift.end > start
    ]


def shifts_of(spans: Sequence[Span]) -> list[Shift]:
    """The spans of `final` seen per person."""
    open_since: dict[str, datetime] = {}
    found: list[Shift] = []
    for span in spans:
        ended = [person for person in open_since if person not in span.people]
        found += [Shift(person, open_since.pop(person), span.start) for person in ended]
        for person in span.people:
            open_since.setdefault(person, span.start)
    if spans:
        found += [Shift(person, since, spans[-1].end) for person, since in open_since.items()]
    return sorted(found, key=lambda shift: (shift.start, shift.person))


def handoffs(spans: Sequence[Span]) -> list[Handoff]:
    """When people come or go; somebody who simply goes on is not told so."""
    found = []
    for before, after in pairwise(spans):
        handoff = change(before.people, after.people, after.start)
        if handoff is not None:
            found.append(handoff)
    return found


def change(before: Sequence[str], after: Sequence[str], at: datetime) -> Handoff | None:
    """What is announced when the people on call change, also to nobody; nothing when they are the same."""
    leaving = tuple(person for person in before if person not in after)
    arriving = tuple(person for person in after if person not in before)
    return Handoff(at, leaving, arriving) if leaving or arriving else None


def now_and_next(schedule: Schedule, at: datetime) -> NowAndNext:
    """Who is on call, until when, and who then."""
    people = on_call_at(schedule, at).people
    for ahead in _LOOK_AHEAD:
        for span in final(schedule, at, at + ahead):
            if set(span.people) != set(people):
                return NowAndNext(people, span.start, span.people, span.start)
    return NowAndNext(people, None, None, None)


def findings(schedule: Schedule, start: datetime, end: datetime) -> list[Finding]:
    """What is to be mended before it happens; touching findings that say the same are one."""
    found: list[Finding] = []
    spans = final(schedule, start, end)
    for finding in (_finding(span, schedule.minimum) for span in spans):
        if finding is None:
            continue
        if found and found[-1].end == finding.start and _same(found[-1], finding):
            found[-1] = replace(found[-1], end=finding.end)
        else:
            found.append(finding)
    tired = rest.without_rest(schedule, start, end)
    found += [one for span in spans for one in _away(schedule, span)]
    found += [Finding(Problem.REST, opens, closes, people=(one,)) for one, (opens, closes) in tired]
    return sorted(found, key=lambda one: one.start)


def doubts(schedule: Schedule, override: Override) -> list[Doubt]:
    """What to tell somebody who is about to make this override; it is allowed all the same."""
    found: list[Doubt] = []
    if override.target is not None:
        spans = final(schedule, override.start, override.end)
        if not all(override.target in span.people for span in spans):
            found.append(Doubt.TARGET_NOT_ON_CALL)
    if override.change is not Change.REMOVE and override.person is not None:
        off = [(o.start, o.end or override.end) for o in schedule.time_off if o.person == override.person]
        if cut(off, override.start, override.end):
            found.append(Doubt.PERSON_OFF)
        if schedule.left.get(override.person, override.end) < override.end:
            found.append(Doubt.PERSON_LEFT)
        if _tires(schedule, override):
            found.append(Doubt.WITHOUT_REST)
    return found


def real_hours(day: date, zone: ZoneInfo) -> float:
    """How long a local day is: 23 or 25 on the days the clock is changed."""
    midnight = datetime.combine(day, time())
    start = wall_clock.first_instant(midnight, zone)
    return (wall_clock.first_instant(midnight + timedelta(days=1), zone) - start).total_seconds() / 3600


def _tires(schedule: Schedule, override: Override) -> bool:
    """Whether who stands in would have more nights running than without it."""
    after = replace(schedule, overrides=(*schedule.overrides, override))
    around = timedelta(days=schedule.most_nights + 1)
    asked = (override.person or "", override.start - around, override.end + around)
    return bool(rest.nights_too_many(after, *asked) - rest.nights_too_many(schedule, *asked))


def _same(one: Finding, other: Finding) -> bool:
    return replace(one, start=other.start, end=other.end) == other


def _away(schedule: Schedule, span: Span) -> Iterator[Finding]:
    """A turn falls to the next person; somebody an exception names stays on call also when they are away."""
    named = [one.person for one in span.seats if one.source in (Source.OVERRIDE, Source.TEMPORARY)]
    for person in named:
        spans = [(off.start, off.end or span.end) for off in schedule.time_off if off.person == person]
        for start, end in united(cut(spans, span.start, span.end)):
            yield Finding(Problem.AWAY, start, end, people=(person,))


def _finding(span: Span, minimum: int) -> Finding | None:
    start, end = span.start.astimezone(UTC), span.end.astimezone(UTC)
    if span.empty:
        return Finding(Problem.EMPTY, start, end, span.empty, span.people)
    if not span.people:
        return Finding(Problem.GAP, start, end)
    if len(span.people) < minimum:
        return Finding(Problem.SHORT, start, end, people=span.people)
    return None
