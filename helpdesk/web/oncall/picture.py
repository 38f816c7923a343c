"""Pure: a schedule drawn as lanes over days, cut where days end; each day as long as it really is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota.coverage import real_hours
from helpdesk.domain.oncall.rota.overrides import Source
from helpdesk.domain.oncall.rota.shifts import Layer, Schedule, Span, final, layer_staffing

COLOURS = 8


@dataclass(frozen=True)
class Piece:
    """`x` and `width` are parts of a hundred of its day; `kind` is shift, override, gap or empty."""

    kind: str
    people: tuple[str, ...]
    names: str
    colour: int
    start: datetime
    end: datetime
    x: float
    width: float
    is_whole_day: bool


@dataclass(frozen=True)
class Day:
    on: date
    start: datetime
    end: datetime
    hours: float
    holiday: str
    is_today: bool
    is_weekend: bool

    @property
    def has_clock_change(self) -> bool:
        return self.hours != 24


@dataclass(frozen=True)
class Lane:
    """A layer, or the final result; one list of pieces a day."""

    name: str
    is_final: bool
    days: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True)
class Picture:
    days: tuple[Day, ...]
    lanes: tuple[Lane, ...]
    colours: Mapping[str, int] = field(default_factory=dict)


def draw(schedule: Schedule, first: date, count: int, names: Mapping[str, str], now: datetime) -> Picture:
    """Layers from the highest priority down, then who is on call in the end."""
    zone = schedule.zone
    days = tuple(_day(schedule, first + timedelta(days=n), zone, now) for n in range(count))
    start, end = days[0].start, days[-1].end
    colours = _colours(schedule)
    brush = _Brush(days, names, colours)
    layers = sorted(schedule.layers, key=lambda layer: -layer.priority)
    lanes = [
        Lane(layer.name, False, brush.pieces(_of_layer(schedule, layer, start, end))) for layer in layers
    ]
    result = Lane("", True, brush.pieces(_of_spans(final(schedule, start, end))))
    return Picture(days, (*lanes, result), colours)


@dataclass(frozen=True)
class _Stretch:
    kind: str
    people: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True)
class _Brush:
    days: Sequence[Day]
    names: Mapping[str, str]
    colours: Mapping[str, int]

    def pieces(self, stretches: Iterable[_Stretch]) -> tuple[tuple[Piece, ...], ...]:
        known = list(stretches)
        return tuple(tuple(self._cut(day, known)) for day in self.days)

    def _cut(self, day: Day, stretches: Iterable[_Stretch]) -> Iterable[Piece]:
        length = (day.end - day.start).total_seconds()
        for one in stretches:
            start, end = max(one.start, day.start), min(one.end, day.end)
            if start >= end:
                continue
            yield Piece(
                kind=one.kind,
                people=one.people,
                names=", ".join(self.names.get(person, "?").split()[0] for person in one.people),
                colour=self.colours.get(one.people[0], 0) if one.people else 0,
                start=one.start,
                end=one.end,
                x=round((start - day.start).total_seconds() / length * 100, 2),
                width=round((end - start).total_seconds() / length * 100, 2),
                is_whole_day=(start, end) == (day.start, day.end),
            )


def _of_layer(schedule: Schedule, layer: Layer, start: datetime, end: datetime) -> Iterable[_Stretch]:
    joined: list[_Stretch] = []
    for part in layer_staffing(schedule, layer, start, end):
        one = _Stretch("shift" if part.people else "empty", part.people, part.start, part.end)
        if joined and joined[-1].people == one.people and joined[-1].end == one.start:
            one = _Stretch(one.kind, one.people, joined.pop().start, one.end)
        joined.append(one)
    return joined


def _of_spans(spans: Iterable[Span]) -> Iterable[_Stretch]:
    """What was recorded and what is planned are one where the same people go on."""
    joined: list[_Stretch] = []
    for span in spans:
        sources = {seat.source for seat in span.seats}
        kind = "shift"
        if not span.seats:
            kind = "gap"
        elif span.empty:
            kind = "empty"
        elif Source.OVERRIDE in sources or Source.TEMPORARY in sources:
            kind = "override"
        start = span.start
        if joined and (joined[-1].kind, joined[-1].people, joined[-1].end) == (kind, span.people, start):
            start = joined.pop().start
        joined.append(_Stretch(kind, span.people, start, span.end))
    return joined


def _day(schedule: Schedule, on: date, zone: ZoneInfo, now: datetime) -> Day:
    midnight = datetime.combine(on, time())
    start = wall_clock.first_instant(midnight, zone)
    end = wall_clock.first_instant(midnight + timedelta(days=1), zone)
    return Day(
        on=on,
        start=start,
        end=end,
        hours=real_hours(on, zone),
        holiday=schedule.holidays.get(on, ""),
        is_today=start <= now < end,
        is_weekend=on.weekday() >= 5,
    )


def _colours(schedule: Schedule) -> dict[str, int]:
    """The same person has the same colour on every page of the schedule."""
    people: dict[str, None] = {}
    for layer in schedule.layers:
        for version in layer.rotation.versions if layer.rotation else ():
            people.update(dict.fromkeys(person for slot in version.slots for person in slot))
    people.update(dict.fromkeys(one.person for one in schedule.overrides if one.person))
    return {person: number % COLOURS for number, person in enumerate(people)}
