"""Pure: the hours of the week that a layer of a schedule covers."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
_DAY = timedelta(days=1)
_WEEKS_AHEAD = 9  # a window that is skipped by a change of the clock is there again a week later

Span = tuple[datetime, datetime]


class Holidays(StrEnum):
    ANY = "any"
    ONLY = "only"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Window:
    """Days (Monday is 0), start and end in minutes after midnight; an end not after the start is tomorrow's.

    Starts at the first and ends at the last instant that reads its times, so touching windows leave no gap.
    """

    days: frozenset[int]
    start: int
    end: int

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """`{"days": ["mon", …], "start": "20:00", "end": "08:00"}`; without days it is every day."""
        start, end = minutes(data["start"]), minutes(data["end"])
        if start == 24 * 60:
            raise Invalid("window_invalid", field="start")
        return cls(days(data.get("days")), start, end)

    def on(self, day: date, zone: ZoneInfo) -> Span:
        """The instants of the window that starts on that day; empty where the hour is skipped."""
        midnight = datetime.combine(day, time())
        last = midnight if self.end > self.start else midnight + _DAY
        return (
            wall_clock.first_instant(midnight + timedelta(minutes=self.start), zone),
            wall_clock.last_instant(last + timedelta(minutes=self.end), zone),
        )

    def touching(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Span]:
        """Its uncut, non-empty instances that overlap [start, end)."""
        day = wall_clock.reading(start, zone).date() - 2 * _DAY
        last = wall_clock.reading(end, zone).date() + _DAY
        while day <= last:
            if day.weekday() in self.days:
                opens, closes = self.on(day, zone)
                if opens < closes and opens < end and closes > start:
                    yield opens, closes
            day += _DAY


def covered(windows: Sequence[Window], zone: ZoneInfo, start: datetime, end: datetime) -> list[Span]:
    """When at least one window is open, as separate spans cut at start and end. No window means always."""
    if not windows:
        return [(start, end)]
    return cut(united(span for window in windows for span in window.touching(start, end, zone)), start, end)


def is_active(windows: Sequence[Window], zone: ZoneInfo, at: datetime) -> bool:
    return bool(covered(windows, zone, at, at + timedelta(microseconds=1)))


def current_or_next(windows: Sequence[Window], zone: ZoneInfo, at: datetime) -> Span | None:
    """The uncut span in force at that instant, or the next one; nothing where there is none or no end."""
    reach = timedelta(weeks=_WEEKS_AHEAD)
    spans = united(span for window in windows for span in window.touching(at - reach, at + reach, zone))
    for opens, closes in spans:
        if closes > at:
            return (opens, closes) if closes < at + reach else None
    return None


def next_clock(after: datetime, clock: str | None, on: Collection[int], zone: ZoneInfo) -> datetime | None:
    """The first instant after `after` at which the clock reads this time on one of the days."""
    if clock is None or not on:
        return None
    day = wall_clock.reading(after, zone).date()
    for ahead in range(9):
        midnight = datetime.combine(day + ahead * _DAY, time())
        at = wall_clock.first_instant(midnight + timedelta(minutes=minutes(clock)), zone)
        if midnight.weekday() in on and at > after:
            return at
    return None


def on_holidays(
    mode: Holidays, holidays: Collection[date], zone: ZoneInfo, start: datetime, end: datetime
) -> list[Span]:
    """The part of [start, end) that a layer of this mode may cover: whole local days."""
    if mode is Holidays.ANY:
        return [(start, end)]
    spans: list[Span] = []
    day, last = wall_clock.reading(start, zone).date() - _DAY, wall_clock.reading(end, zone).date() + _DAY
    while day <= last:
        if (day in holidays) == (mode is Holidays.ONLY):
            midnight = datetime.combine(day, time())
            spans.append(
                (wall_clock.first_instant(midnight, zone), wall_clock.first_instant(midnight + _DAY, zone))
            )
        day += _DAY
    return cut(united(spans), start, end)


def united(spans: Iterable[Span]) -> list[Span]:
    """In order, overlapping and touching ones joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def cut(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """What of them lies in [start, end)."""
    pieces = ((max(a, start), min(b, end)) for a, b in spans)
    return [(a, b) for a, b in pieces if a < b]


def common(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """What lies in both; each list in order and without overlaps."""
    found: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return found


def minutes(text: str) -> int:
    """ "08:30" is 510, "24:00" the end of the day; Invalid for anything else."""
    hours, _, rest = str(text).partition(":")
    if hours.isascii() and hours.isdigit() and rest.isascii() and rest.isdigit() and len(rest) == 2:
        value = int(hours) * 60 + int(rest)
        if int(rest) < 60 and value <= 24 * 60:
            return value
    raise Invalid("clock_invalid", field="start")


def days(names: Iterable[str] | None) -> frozenset[int]:
    """Day numbers, Monday is 0; every day where nothing is said."""
    if names is None:
        return EVERY_DAY
    try:
        return frozenset(DAYS.index(name) for name in names)
    except ValueError:
        raise Invalid("day_unknown", field="days") from None


def instant(value: str | datetime) -> datetime:
    """An aware moment in UTC from ISO 8601; Invalid without an offset."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        raise Invalid("time_invalid") from None
    if at.tzinfo is None:
        raise Invalid("time_without_zone")
    return at.astimezone(UTC)
