"""Pure: rest. Who would be on call more nights running than the schedule allows, and in which nights."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota.restrictions import Span as Stretch
from helpdesk.domain.oncall.rota.restrictions import cut
from helpdesk.domain.oncall.rota.shifts import Schedule, Span, final

LOOK_BACK = timedelta(days=31)
"""Nights before now count as well: how far back the schedule is wanted with its record."""

NIGHT_STARTS, NIGHT_ENDS = time(22), time(7)
_DAY = timedelta(days=1)


def without_rest(schedule: Schedule, start: datetime, end: datetime) -> list[tuple[str, Stretch]]:
    """(person, from the first night too many to the end of the last), of what ends after start and begins
    before end. Nothing where the schedule has no such rule."""
    return [
        (person, (_night(nights[0], schedule.zone)[0], _night(nights[-1], schedule.zone)[1]))
        for person, nights in _runs_too_long(schedule, start, end)
    ]


def nights_too_many(schedule: Schedule, person: str, start: datetime, end: datetime) -> set[date]:
    """The local dates on which such nights of this person begin."""
    runs = _runs_too_long(schedule, start, end)
    return {night for who, nights in runs if who == person for night in nights}


def _runs_too_long(
    schedule: Schedule, start: datetime, end: datetime
) -> Iterator[tuple[str, Sequence[date]]]:
    if not schedule.most_nights:
        return
    asked = (start - LOOK_BACK, end + _DAY)
    for person, nights in sorted(_nights(final(schedule, *asked), schedule.zone, *asked).items()):
        for run in _running(nights):
            excess = [one for one in run[schedule.most_nights :] if _touches(one, schedule.zone, start, end)]
            if excess:
                yield person, run[schedule.most_nights :]


def _nights(spans: Sequence[Span], zone: ZoneInfo, start: datetime, end: datetime) -> dict[str, list[date]]:
    """The nights of each person: a night is theirs who has at least half of it."""
    found: dict[str, list[date]] = defaultdict(list)
    day, last = wall_clock.reading(start, zone).date(), wall_clock.reading(end, zone).date()
    first = 0
    while day <= last:
        opens, closes = _night(day, zone)
        while first < len(spans) and spans[first].end <= opens:
            first += 1
        carried: dict[str, timedelta] = defaultdict(timedelta)
        for span in spans[first:]:
            if span.start >= closes:
                break
            for begun, ended in cut([(span.start, span.end)], opens, closes):
                for person in span.people:
                    carried[person] += ended - begun
        for person, length in carried.items():
            if 2 * length >= closes - opens:
                found[person].append(day)
        day += _DAY
    return found


def _running(nights: Sequence[date]) -> Iterator[list[date]]:
    run: list[date] = []
    for night in nights:
        if run and night - run[-1] != _DAY:
            yield run
            run = []
        run.append(night)
    if run:
        yield run


def _touches(night: date, zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    opens, closes = _night(night, zone)
    return opens < end and closes > start


def _night(day: date, zone: ZoneInfo) -> Stretch:
    """The night that begins on that day."""
    return (
        wall_clock.first_instant(datetime.combine(day, NIGHT_STARTS), zone),
        wall_clock.first_instant(datetime.combine(day + _DAY, NIGHT_ENDS), zone),
    )
