"""Pure: who is on call. One function, `final`, over immutable configuration; everything else asks it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota import overrides as exceptions
from helpdesk.domain.oncall.rota import restrictions
from helpdesk.domain.oncall.rota.overrides import Duty, Override, Seat, Source, Temporary
from helpdesk.domain.oncall.rota.restrictions import Holidays, Window, instant
from helpdesk.domain.oncall.rota.rotations import Rotation, Slot, Version

_MOMENT = timedelta(microseconds=1)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation, or fixed people, during the windows. A staffed one hides those of lower priority."""

    id: str
    priority: int = 0
    rotation: Rotation | None = None
    people: Slot = ()
    windows: tuple[Window, ...] = ()
    holidays: Holidays = Holidays.ANY
    time_zone: str | None = None  # of the windows, where it is not the schedule's
    name: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        rotation = data.get("rotation")
        return cls(
            id=str(data["id"]),
            priority=int(data.get("priority", 0)),
            rotation=None if rotation is None else Rotation.parse(rotation),
            people=tuple(data.get("people") or ()),
            windows=tuple(Window.parse(window) for window in data.get("windows") or ()),
            holidays=Holidays(data.get("holidays", "any")),
            time_zone=data.get("time_zone"),
            name=data.get("name", ""),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """What was frozen: before `until` it wins over every recomputation."""

    until: datetime
    duties: tuple[Duty, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(instant(data["until"]), tuple(Duty.parse(duty) for duty in data["duties"]))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that decides who is on call; `left` says from when somebody is no longer there at all."""

    id: str
    time_zone: str
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    time_off: tuple[Duty, ...] = ()
    temporaries: tuple[Temporary, ...] = ()
    holidays: Mapping[date, str] = field(default_factory=dict, hash=False)
    left: Mapping[str, datetime] = field(default_factory=dict, hash=False)
    record: Record | None = None
    minimum: int = 1
    name: str = ""
    calendar_id: str | None = None  # whose days off are the holidays; then they are not the schedule's own
    most_nights: int = 0  # how many running one person may have; 0 is any number

    def __post_init__(self) -> None:
        wall_clock.zone(self.time_zone)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        record = data.get("record")
        return cls(
            id=str(data["id"]),
            time_zone=data["time_zone"],
            layers=tuple(Layer.parse(layer) for layer in data.get("layers") or ()),
            overrides=tuple(Override.parse(override) for override in data.get("overrides") or ()),
            time_off=tuple(Duty.parse(off) for off in data.get("time_off") or ()),
            temporaries=tuple(Temporary.parse(one) for one in data.get("temporaries") or ()),
            holidays={date.fromisoformat(on): name for on, name in (data.get("holidays") or {}).items()},
            left={person: instant(at) for person, at in (data.get("left") or {}).items()},
            record=None if record is None else Record.parse(record),
            minimum=int(data.get("minimum", 1)),
            name=data.get("name", ""),
            calendar_id=data.get("calendar_id"),
            most_nights=int(data.get("most_nights", 0)),
        )

    @property
    def zone(self) -> ZoneInfo:
        return wall_clock.zone(self.time_zone)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch during which nothing changes; `empty` are layers that are active but have nobody."""

    start: datetime
    end: datetime
    seats: tuple[Seat, ...]
    empty: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(seat.person for seat in self.seats)


@dataclass(frozen=True, slots=True)
class Staffing:
    """What one layer gives for one stretch; no people is an empty shift."""

    start: datetime
    end: datetime
    people: Slot


def final(schedule: Schedule, start: datetime, end: datetime) -> list[Span]:
    """Who is on call from start to end: half-open spans in UTC that leave nothing out, gaps included."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    record = schedule.record
    if record is None or record.until <= start:
        return _joined(_computed(schedule, start, end))
    frozen = _recorded(record, start, min(end, record.until))
    planned = _computed(schedule, record.until, end) if record.until < end else ()
    return _joined([*frozen, *planned])


def on_call_at(schedule: Schedule, at: datetime) -> Span:
    """The span of `final` at one instant; its ends are those of the instant."""
    return final(schedule, at, at + _MOMENT)[0]


def layer_staffing(schedule: Schedule, layer: Layer, start: datetime, end: datetime) -> list[Staffing]:
    """When a layer is active, and whom its rotation names once time off is skipped."""
    zone = wall_clock.zone(layer.time_zone or schedule.time_zone)
    open_spans = restrictions.common(
        restrictions.covered(layer.windows, zone, start, end),
        restrictions.on_holidays(layer.holidays, schedule.holidays.keys(), zone, start, end),
    )
    away = _absences(schedule)
    found: list[Staffing] = []
    for opens, closes in open_spans:
        found += _staffed(layer, away, opens, closes)
    return found


def _staffed(
    layer: Layer, away: Mapping[str, list[restrictions.Span]], start: datetime, end: datetime
) -> Iterator[Staffing]:
    if layer.rotation is None:
        yield from _present([layer.people], away, start, end)
        return
    done = start
    for version, turn in layer.rotation.turns(start, end):
        if done < turn.start:  # no version in force
            yield Staffing(done, turn.start, ())
        yield from _present(_order(version, turn.position), away, turn.start, turn.end)
        done = turn.end
    if done < end:
        yield Staffing(done, end, ())


def _order(version: Version, position: int) -> Sequence[Slot]:
    """The slots in the order in which they are asked to stand in."""
    return version.slots[position:] + version.slots[:position]


def _present(
    slots: Sequence[Slot], away: Mapping[str, list[restrictions.Span]], start: datetime, end: datetime
) -> Iterator[Staffing]:
    """The first slot somebody of which is there, for each part of the stretch."""
    absent = {person: away[person] for slot in slots for person in slot if person in away} if away else {}
    if not absent:
        yield Staffing(start, end, next((slot for slot in slots if slot), ()))
        return
    edges = {edge for spans in absent.values() for span in spans for edge in span if start < edge < end}
    for opens, closes in _pairs([start, *sorted(edges), end]):
        people: Slot = ()
        for slot in slots:
            people = tuple(p for p in slot if not _covers(absent.get(p, ()), opens))
            if people:
                break
        yield Staffing(opens, closes, people)


def _computed(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Span]:
    layers = sorted(schedule.layers, key=lambda layer: -layer.priority)
    staffing = [layer_staffing(schedule, layer, start, end) for layer in layers]
    starts = [[part.start for part in parts] for parts in staffing]
    active = [o for o in (_valid(o, schedule.left) for o in schedule.overrides) if o is not None]
    active = [o for o in active if o.start < end and o.end > start]
    temporaries = [t for t in schedule.temporaries if t.start < end and t.end > start]
    for opens, closes in _pairs(_edges(start, end, staffing, active, temporaries)):
        seats, empty, shown = [], [], None
        for layer, parts, begins in zip(layers, staffing, starts, strict=True):
            people = _people_at(parts, begins, opens)
            if people == ():
                empty.append(layer.id)
            elif people and shown in (None, layer.priority):
                shown = layer.priority
                seats += [Seat(person, Source.LAYER, layer.id) for person in people]
        now = [override for override in active if override.start <= opens < override.end]
        fixed = [(t, t.people_at(opens)) for t in temporaries if t.start <= opens < t.end]
        newest = max(fixed, key=lambda pair: pair[0].created_at, default=None)
        yield Span(opens, closes, exceptions.applied(seats, now, newest), tuple(empty))


def _edges(
    start: datetime,
    end: datetime,
    staffing: Iterable[Iterable[Staffing]],
    overrides: Iterable[Override],
    temporaries: Iterable[Temporary],
) -> list[datetime]:
    edges = {start, end}
    for parts in staffing:
        edges.update(edge for part in parts for edge in (part.start, part.end))
    edges.update(edge for override in overrides for edge in (override.start, override.end))
    for one in temporaries:
        edges.update((one.start, one.end), *((opens, closes) for _, opens, closes in one.shifts))
    return sorted(edge for edge in edges if start <= edge <= end)


def _recorded(record: Record, start: datetime, end: datetime) -> Iterator[Span]:
    duties = [replace(duty, end=min(duty.end or record.until, record.until)) for duty in record.duties]
    edges = {start, end} | {edge for duty in duties for edge in (duty.start, duty.end) if edge is not None}
    for opens, closes in _pairs(sorted(edge for edge in edges if start <= edge <= end)):
        people = (d.person for d in duties if d.end is not None and d.start <= opens < d.end)
        yield Span(opens, closes, tuple(Seat(person, Source.RECORD) for person in dict.fromkeys(people)))


def _absences(schedule: Schedule) -> dict[str, list[restrictions.Span]]:
    away: dict[str, list[restrictions.Span]] = {}
    for off in schedule.time_off:
        away.setdefault(off.person, []).append((off.start, off.end or _NEVER))
    for person, at in schedule.left.items():
        away.setdefault(person, []).append((at, _NEVER))
    return {person: restrictions.united(spans) for person, spans in away.items()}


def _valid(override: Override, left: Mapping[str, datetime]) -> Override | None:
    """An override of somebody who left is void from that moment."""
    gone = left.get(override.person or "")
    if gone is None or gone >= override.end:
        return override
    return replace(override, end=gone) if gone > override.start else None


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].seats == span.seats and joined[-1].empty == span.empty:
            joined[-1] = replace(joined[-1], end=span.end)
        else:
            joined.append(span)
    return joined


def _people_at(parts: Sequence[Staffing], starts: Sequence[datetime], at: datetime) -> Slot | None:
    """The people of a layer, () where it is active without any, nothing where it is not active."""
    index = bisect_right(starts, at) - 1
    return parts[index].people if index >= 0 and at < parts[index].end else None


def _covers(spans: Iterable[restrictions.Span], at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)


def _pairs(edges: Sequence[datetime]) -> Iterator[restrictions.Span]:
    return pairwise(edges)
