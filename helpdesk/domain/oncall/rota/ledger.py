"""Pure: how much duty each person really carried, and who should carry the next."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota import rest
from helpdesk.domain.oncall.rota.coverage import Shift

_NIGHT_ENDS, _NIGHT_STARTS = rest.NIGHT_ENDS.hour, rest.NIGHT_STARTS.hour
_SATURDAY = 5


class Share(StrEnum):
    """A holiday counts as such, then a weekend, then the night of a working day."""

    DAY = "day"
    NIGHT = "night"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Entry:
    """Real seconds, so the night the clock is put back is an hour longer."""

    person: str
    seconds: Mapping[Share, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def entries(
    shifts: Iterable[Shift], zone: ZoneInfo, holidays: Collection[date] = frozenset()
) -> dict[str, Entry]:
    """What each person carried, by the kind of time in this zone."""
    seconds: dict[str, dict[Share, float]] = defaultdict(lambda: dict.fromkeys(Share, 0.0))
    for shift in shifts:
        at = shift.start
        while at < shift.end:
            until = min(_next_edge(at, zone), shift.end)
            seconds[shift.person][_share(at, zone, holidays)] += (until - at).total_seconds()
            at = until
    return {person: Entry(person, shares) for person, shares in seconds.items()}


def pick_next(roster: Sequence[str], busy: Collection[str], carried: Mapping[str, float]) -> str | None:
    """Who has carried least among those free, the first of the roster on a tie; nobody is booked twice."""
    free = [person for person in roster if person not in busy]
    return min(free, key=lambda person: carried.get(person, 0.0), default=None)


def is_night(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock on the wall says that people sleep."""
    return not _NIGHT_ENDS <= wall_clock.reading(at, zone).hour < _NIGHT_STARTS


def _share(at: datetime, zone: ZoneInfo, holidays: Collection[date]) -> Share:
    wall = wall_clock.reading(at, zone)
    if wall.date() in holidays:
        return Share.HOLIDAY
    if wall.weekday() >= _SATURDAY:
        return Share.WEEKEND
    return Share.DAY if _NIGHT_ENDS <= wall.hour < _NIGHT_STARTS else Share.NIGHT


def _next_edge(at: datetime, zone: ZoneInfo) -> datetime:
    """The next instant at which the kind of time may change."""
    midnight = datetime.combine(wall_clock.reading(at, zone).date(), time())
    edges = (
        wall_clock.first_instant(midnight + timedelta(hours=hours), zone)
        for hours in (_NIGHT_ENDS, _NIGHT_STARTS, 24, 48)
    )
    return next(edge for edge in edges if edge > at)
