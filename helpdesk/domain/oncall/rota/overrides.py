"""Pure: exceptions to what the layers of a schedule say; where they overlap the newest wins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from helpdesk.domain.oncall.rota.restrictions import Span, cut, instant, united
from helpdesk.errors import Invalid

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Change(StrEnum):
    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


class Source(StrEnum):
    LAYER = "layer"
    OVERRIDE = "override"
    TEMPORARY = "temporary"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody on call, and what put them there."""

    person: str
    source: Source
    source_id: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Adds `person`, puts them in the place of `target` (of everybody, without one), or removes `target`.

    Overrides of one moment of creation, such as the two halves of a swap, do not act on each other.
    """

    id: str
    change: Change
    start: datetime
    end: datetime
    created_at: datetime
    person: str | None = None
    target: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise Invalid("override_empty", field="end")
        if (self.person is None) != (self.change is Change.REMOVE):
            raise Invalid("override_person_invalid", field="person")
        if (self.change is Change.ADD and self.target) or (self.change is Change.REMOVE and not self.target):
            raise Invalid("override_target_invalid", field="target")
        if self.target is not None and self.person == self.target:
            raise Invalid("override_same_person", "Nobody takes their own place.", field="person")

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            id=str(data["id"]),
            change=Change(data["change"]),
            start=instant(data["start"]),
            end=instant(data["end"]),
            created_at=instant(data["created_at"]),
            person=data.get("person"),
            target=data.get("target"),
            reason=data.get("reason", ""),
        )


@dataclass(frozen=True, slots=True)
class Duty:
    """One person for one span; no end while it lasts."""

    person: str
    start: datetime
    end: datetime | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        end = data.get("end")
        return cls(data["person"], instant(data["start"]), None if end is None else instant(end))


@dataclass(frozen=True, slots=True)
class Temporary:
    """A span whose shifts are written by hand: inside it the layers and older overrides say nothing."""

    id: str
    start: datetime
    end: datetime
    created_at: datetime
    shifts: tuple[tuple[str, datetime, datetime], ...]

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise Invalid("temporary_empty", field="end")

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            id=str(data["id"]),
            start=instant(data["start"]),
            end=instant(data["end"]),
            created_at=instant(data["created_at"]),
            shifts=tuple((s["person"], instant(s["start"]), instant(s["end"])) for s in data["shifts"]),
        )

    def people_at(self, at: datetime) -> list[str]:
        return [person for person, start, end in self.shifts if start <= at < end]

    def within(self, start: datetime, end: datetime) -> "Temporary | None":
        """What is left of it between two moments; nothing when that is nothing."""
        start, end = max(start, self.start), min(end, self.end)
        if start >= end:
            return None
        return replace(self, start=start, end=end, shifts=_joined(self.shifts, start, end))


def without_span(temporaries: Iterable[Temporary], start: datetime, end: datetime) -> list[Temporary]:
    """The temporary schedules after the layers were given back one span."""
    kept: list[Temporary | None] = []
    for temporary in temporaries:
        kept += [temporary.within(temporary.start, start), temporary.within(end, temporary.end)]
    return [temporary for temporary in kept if temporary is not None]


def merged(temporaries: Sequence[Temporary]) -> list[Temporary]:
    """Overlapping and touching temporary schedules as one, with the shifts of each person joined."""
    found: list[Temporary] = []
    for start, end in united((temporary.start, temporary.end) for temporary in temporaries):
        parts = [t for t in temporaries if start <= t.start and t.end <= end]
        shifts = [shift for t in parts for shift in _joined(t.shifts, t.start, t.end)]
        newest = max(parts, key=lambda t: t.created_at)
        found.append(replace(newest, start=start, end=end, shifts=_joined(shifts, start, end)))
    return found


def swapped(first: Duty, second: Duty, created_at: datetime, swap_id: str) -> tuple[Override, Override]:
    """A swap that was taken: each person stands in for the other, for that shift only."""
    if first.end is None or second.end is None or first.person == second.person:
        raise Invalid("swap_invalid")
    return (
        _stand_in(f"{swap_id}:1", first.person, second.person, (first.start, first.end), created_at),
        _stand_in(f"{swap_id}:2", second.person, first.person, (second.start, second.end), created_at),
    )


def applied(
    seats: Sequence[Seat], overrides: Sequence[Override], temporary: tuple[Temporary, list[str]] | None = None
) -> tuple[Seat, ...]:
    """Who is on call once the overrides of one moment are counted in; nobody twice.

    A whole replacement or a temporary schedule hides what is older. Each seat then follows its overrides: the
    newest one for its holder, then a newer one for the person who took it, and so on.
    """
    since, held = _BEFORE_ALL, [(seat, _BEFORE_ALL) for seat in seats]
    if temporary is not None:
        since = temporary[0].created_at
        held = [(Seat(person, Source.TEMPORARY, temporary[0].id), since) for person in temporary[1]]
    whole = [
        o for o in overrides if o.change is Change.REPLACE and o.target is None and o.created_at >= since
    ]
    if whole:
        newest = max(whole, key=lambda o: o.created_at)
        since = newest.created_at
        held = [(_seat(newest), since)]
    added = (o for o in overrides if o.change is Change.ADD and o.created_at >= since)
    held += [(_seat(override), override.created_at) for override in added]
    left = (_holder(seat, taken_at, overrides) for seat, taken_at in held)
    return tuple({seat.person: seat for seat in left if seat is not None}.values())


def _holder(seat: Seat, taken_at: datetime, overrides: Sequence[Override]) -> Seat | None:
    while True:
        aimed = [o for o in overrides if o.target == seat.person and o.created_at > taken_at]
        if not aimed:
            return seat
        newest = max(aimed, key=lambda o: o.created_at)
        if newest.change is Change.REMOVE:
            return None
        seat, taken_at = _seat(newest), newest.created_at


def _seat(override: Override) -> Seat:
    assert override.person is not None
    return Seat(override.person, Source.OVERRIDE, override.id)


def _stand_in(half: str, target: str, person: str, span: Span, created_at: datetime) -> Override:
    return Override(half, Change.REPLACE, *span, created_at, person=person, target=target, reason="swap")


def _joined(
    shifts: Iterable[tuple[str, datetime, datetime]], start: datetime, end: datetime
) -> tuple[tuple[str, datetime, datetime], ...]:
    """Per person without overlaps, cut at start and end, in order of time."""
    spans: dict[str, list[Span]] = {}
    for person, opens, closes in shifts:
        spans.setdefault(person, []).append((opens, closes))
    joined = [
        (person, opens, closes)
        for person, own in spans.items()
        for opens, closes in cut(united(own), start, end)
    ]
    return tuple(sorted(joined, key=lambda shift: (shift[1], shift[0])))
