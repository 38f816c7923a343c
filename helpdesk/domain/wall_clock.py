"""Pure: instants and what a clock on the wall of a time zone reads, exact on the days it is changed."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from helpdesk.errors import Invalid

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; Invalid("time_zone_unknown") for anything else."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as unknown:
        raise Invalid("time_zone_unknown", field="time_zone") from unknown


def reading(at: datetime, tz: ZoneInfo) -> datetime:
    """What the clock on the wall shows at that instant, without a zone."""
    return at.astimezone(tz).replace(tzinfo=None, fold=0)


def first_instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """The first instant (UTC) whose local clock reads at least `wall`: 02:30 in a skipped hour is its end."""
    early, late = _passes(wall, tz)
    return early if early <= late else _end_of_skip(wall, late, early, tz)


def last_instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """As `first_instant`, but the second pass of a repeated hour."""
    early, late = _passes(wall, tz)
    return late if early <= late else _end_of_skip(wall, late, early, tz)


def add_wall(at: datetime, span: timedelta, tz: ZoneInfo) -> datetime:
    """Move the hands of the clock by `span`; the first instant that reads so."""
    return first_instant(reading(at, tz) + span, tz)


def wall_between(start: datetime, end: datetime, tz: ZoneInfo) -> timedelta:
    """How far the hands have moved, which is not the time elapsed when the clock was changed."""
    return reading(end, tz) - reading(start, tz)


def _passes(wall: datetime, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """The reading taken with the offset before and after a change; crossed in a skipped hour."""
    return (
        wall.replace(tzinfo=tz, fold=0).astimezone(UTC),
        wall.replace(tzinfo=tz, fold=1).astimezone(UTC),
    )


def _end_of_skip(wall: datetime, before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """The instant between the two at which the clock jumps over `wall`; changes fall on whole seconds."""
    low, high = 0, int((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if reading(before + middle * _SECOND, tz) >= wall:
            high = middle
        else:
            low = middle + 1
    return before.replace(microsecond=0) + low * _SECOND
