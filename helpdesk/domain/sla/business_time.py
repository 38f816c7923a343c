"""Pure: when service is given, and how much of it lies between two moments, exact when clocks are changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = 24 * 60
_DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_CLOSED_TOO_LONG = 3660  # days in a row without an opening: nobody means that
_REMEMBERED = 4096  # days whose openings are kept per calendar

Minutes = tuple[int, int]
Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Counted:
    """A stretch of service time."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class SkippedHoliday:
    """A day that would have had service, but is a holiday."""

    on: date
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Service hours of a week in one time zone, less holidays; `always` means every second counts.

    An interval opens at the first and closes at the last instant that reads its times, so none leaves a hole
    when the clock is changed. Intervals over midnight are split, so a holiday closes exactly its own day.
    """

    time_zone: str
    always: bool = False
    week: tuple[tuple[Minutes, ...], ...] = ((),) * 7  # minutes since midnight, Monday first
    holidays: Mapping[date, str] = field(default_factory=dict, hash=False)
    _known: dict[date, tuple[Interval, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        wall_clock.zone(self.time_zone)
        if not self.always and not any(self.week):
            raise Invalid("calendar_never_opens", field="week")

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """From its JSON shape; Invalid names the day or date that cannot be meant."""
        return cls(
            time_zone=str(data.get("time_zone") or "UTC"),
            always=bool(data.get("always", False)),
            week=_week(data.get("week") or {}),
            holidays=_holidays(data.get("holidays") or {}),
        )

    def to_dict(self) -> dict[str, Any]:
        """Its JSON shape; parsing that again gives an equal calendar."""
        week = {
            DAYS[number]: [[_text(opens), _text(closes)] for opens, closes in intervals]
            for number, intervals in enumerate(self.week)
            if intervals
        }
        holidays = {on.isoformat(): name for on, name in sorted(self.holidays.items())}
        return {"time_zone": self.time_zone, "always": self.always, "week": week, "holidays": holidays}

    @property
    def zone(self) -> ZoneInfo:
        return wall_clock.zone(self.time_zone)

    def add(self, start: datetime, seconds: float) -> datetime:
        """The moment the budget is used up: one that ends exactly at closing is due at closing."""
        left = timedelta(seconds=seconds)
        if left < timedelta():
            raise ValueError("a budget cannot be negative")
        if self.always or not left:
            return start.astimezone(UTC) + left
        for opens, closes in self.openings(start):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise AssertionError("openings never end by themselves")

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Seconds of service between two moments; 0 when the end is not after the start."""
        if end <= start:
            return 0.0
        if self.always:
            return (end - start).total_seconds()
        spans = (closes - opens for opens, closes in self.openings(start, end))
        return sum(spans, timedelta()).total_seconds()

    def is_open(self, at: datetime) -> bool:
        return self.always or any(opens <= at < closes for opens, closes in self._around(at))

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while open, otherwise the next moment somebody is there."""
        return at.astimezone(UTC) if self.always else next(self.openings(at))[0]

    def next_closing(self, at: datetime) -> datetime | None:
        """The end of the current opening, or of the next one; nothing when it stays open for over a year."""
        if self.always:
            return None
        closing: datetime | None = None
        for opens, closes in self.openings(at, at + 400 * _DAY):
            if closing is not None and opens > closing:
                return closing
            closing = closes
        return closing if closing is not None and closing < at + 400 * _DAY else None

    def explain(self, start: datetime, end: datetime) -> list[Counted | SkippedHoliday]:
        """Each stretch that counted and each holiday that did not, in order of time."""
        lines: list[Counted | SkippedHoliday] = [Counted(*span) for span in self.openings(start, end)]
        if not self.always:
            lines += [SkippedHoliday(on, self.holidays[on]) for on in self._holidays_between(start, end)]
        return sorted(lines, key=self._starts)

    def openings(self, start: datetime, end: datetime | None = None) -> Iterator[Interval]:
        """Stretches of service from `start` on, in order, never overlapping, cut at `start` and `end`.

        Without an end it goes on for ever; Invalid when nothing opens for ten years.
        """
        start = start.astimezone(UTC)
        limit = _NEVER if end is None else end.astimezone(UTC)
        if self.always:
            yield start, limit
            return
        day, closed = wall_clock.reading(start, self.zone).date() - _DAY, 0
        while closed <= _CLOSED_TOO_LONG:
            closed += 1
            for opens, closes in self._day(day):
                if opens >= limit:
                    return
                if closes > start:
                    cut = max(opens, start), min(closes, limit)
                    yield cut
                    start, closed = cut[1], 0
            day += _DAY
            if end is not None and wall_clock.first_instant(_midnight(day), self.zone) >= end:
                return
        raise Invalid("calendar_never_opens", field="holidays")

    def _around(self, at: datetime) -> tuple[Interval, ...]:
        """The openings of the day and the day before, whose last hour may come twice."""
        today = wall_clock.reading(at, self.zone).date()
        return self._day(today - _DAY) + self._day(today)

    def _day(self, on: date) -> tuple[Interval, ...]:
        known = self._known.get(on)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[on] = () if on in self.holidays else self._opened(on)
        return known

    def _opened(self, on: date) -> tuple[Interval, ...]:
        midnight, zone = _midnight(on), self.zone
        spans = (
            (
                wall_clock.first_instant(midnight + timedelta(minutes=opens), zone),
                wall_clock.last_instant(midnight + timedelta(minutes=closes), zone),
            )
            for opens, closes in self.week[on.weekday()]
        )
        return tuple(span for span in spans if span[0] < span[1])

    def _holidays_between(self, start: datetime, end: datetime) -> list[date]:
        first, last = wall_clock.reading(start, self.zone).date(), wall_clock.reading(end, self.zone).date()
        return [
            on
            for on in self.holidays
            if first <= on <= last and any(a < end and b > start for a, b in self._opened(on))
        ]

    def _starts(self, line: Counted | SkippedHoliday) -> datetime:
        if isinstance(line, Counted):
            return line.start
        return wall_clock.first_instant(_midnight(line.on), self.zone)


ALWAYS = Calendar("UTC", always=True)


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time())


def _week(data: Mapping[str, Sequence[Sequence[str]]]) -> tuple[tuple[Minutes, ...], ...]:
    days: list[list[Minutes]] = [[] for _ in DAYS]
    for name, intervals in data.items():
        if name not in DAYS:
            raise Invalid("calendar_day_unknown", field=f"week.{name}")
        for interval in intervals:
            opens, closes = _interval(interval, f"week.{name}")
            number = DAYS.index(name)
            if opens < closes:
                days[number].append((opens, closes))
            else:
                days[number].append((opens, _WHOLE_DAY))
                days[(number + 1) % 7].append((0, closes))
    return tuple(_merged(day) for day in days)


def _interval(data: Sequence[str], where: str) -> Minutes:
    """Two clock times; an end before the start means the next day, an equal one cannot be meant."""
    if isinstance(data, str) or len(data) != 2:
        raise Invalid("calendar_interval_invalid", field=where)
    opens, closes = _minutes(data[0], where), _minutes(data[1], where)
    if opens in (closes, _WHOLE_DAY):
        raise Invalid("calendar_interval_invalid", field=where)
    return opens, closes


def _minutes(text: str, where: str) -> int:
    hours, colon, minutes = str(text).partition(":")
    if not (colon and hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit()):
        raise Invalid("calendar_interval_invalid", field=where)
    value = int(hours) * 60 + int(minutes)
    if len(minutes) != 2 or int(minutes) > 59 or value > _WHOLE_DAY:
        raise Invalid("calendar_interval_invalid", field=where)
    return value


def _merged(intervals: list[Minutes]) -> tuple[Minutes, ...]:
    merged: list[Minutes] = []
    for opens, closes in sorted(span for span in intervals if span[0] < span[1]):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def _holidays(data: Mapping[str, str] | Sequence[str]) -> dict[date, str]:
    named = data if isinstance(data, Mapping) else dict.fromkeys(data, "")
    try:
        return {date.fromisoformat(str(on)): str(name) for on, name in named.items()}
    except ValueError:
        raise Invalid("holiday_invalid", field="holidays") from None


def _text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
