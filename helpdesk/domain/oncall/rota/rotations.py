"""Pure: people taking turns, handing off by the clock on the wall of the rotation's zone."""

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota.restrictions import instant
from helpdesk.errors import Invalid

Slot = tuple[str, ...]


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_FIXED = {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1), Unit.WEEK: timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Turn:
    """One slot's time: number 0 starts at the anchor, earlier ones are negative. Never empty."""

    number: int
    start: datetime
    end: datetime
    position: int
    people: Slot


@dataclass(frozen=True, slots=True)
class Version:
    """The rules of a rotation while they are in force; never changed, only closed and followed by another.

    Handoffs are at anchor + number x length on the wall, always from the anchor: after 30 April comes 31 May.
    """

    anchor: datetime  # local, without a zone
    time_zone: str
    unit: Unit
    length: int
    slots: tuple[Slot, ...]
    start_index: int = 0
    effective_from: datetime | None = None
    effective_to: datetime | None = None

    def __post_init__(self) -> None:
        wall_clock.zone(self.time_zone)
        if self.length < 1:
            raise Invalid("turn_length_invalid", field="length")
        if self.anchor.tzinfo is not None:
            raise Invalid("anchor_invalid", field="anchor")

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            anchor=datetime.fromisoformat(data["anchor"]),
            time_zone=data["time_zone"],
            unit=Unit(data["unit"]),
            length=int(data.get("length", 1)),
            slots=tuple((slot,) if isinstance(slot, str) else tuple(slot) for slot in data["slots"]),
            start_index=int(data.get("start_index", 0)),
            effective_from=_optional(data.get("effective_from")),
            effective_to=_optional(data.get("effective_to")),
        )

    @property
    def zone(self) -> ZoneInfo:
        return wall_clock.zone(self.time_zone)

    def wall_start(self, number: int) -> datetime:
        """What the clock should read at the start of a slot."""
        if self.unit is Unit.MONTH:
            return _months_after(self.anchor, number * self.length)
        return self.anchor + number * self.length * _FIXED[self.unit]

    def handoff(self, number: int) -> datetime:
        """The instant a slot starts."""
        return wall_clock.first_instant(self.wall_start(number), self.zone)

    def number_at(self, at: datetime) -> int:
        """By the reading, then by instants: in the second pass of a repeated hour the reading is wrong."""
        number = self._by_reading(wall_clock.reading(at, self.zone))
        while at < self.handoff(number):
            number -= 1
        while at >= self.handoff(number + 1):
            number += 1
        return number

    def turn_at(self, at: datetime) -> Turn:
        """The turn at that instant, whether or not the version is in force then."""
        number = self.number_at(at)
        return self._turn(number, self.handoff(number), self.handoff(number + 1))

    def turns(self, start: datetime, end: datetime) -> Iterator[Turn]:
        """Uncut turns that overlap [start, end), in order; slots of no length are left out."""
        number = self.number_at(start)
        opens = self.handoff(number)
        while opens < end:
            closes = self.handoff(number + 1)
            if opens < closes:
                yield self._turn(number, opens, closes)
            number, opens = number + 1, closes

    def position(self, number: int) -> int:
        return (self.start_index + number) % len(self.slots) if self.slots else 0

    def _turn(self, number: int, start: datetime, end: datetime) -> Turn:
        position = self.position(number)
        return Turn(number, start, end, position, self.slots[position] if self.slots else ())

    def _by_reading(self, wall: datetime) -> int:
        if self.unit is Unit.MONTH:
            months = (wall.year - self.anchor.year) * 12 + wall.month - self.anchor.month
            return months // self.length
        return (wall - self.anchor) // (self.length * _FIXED[self.unit])


@dataclass(frozen=True, slots=True)
class Rotation:
    """Versions in order of time, not overlapping."""

    id: str
    versions: tuple[Version, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(str(data["id"]), tuple(Version.parse(version) for version in data["versions"]))

    def version_at(self, at: datetime) -> Version | None:
        return next((version for version in self.versions if _in_force(version, at)), None)

    def turn_at(self, at: datetime) -> Turn | None:
        version = self.version_at(at)
        return None if version is None else version.turn_at(at)

    def turns(self, start: datetime, end: datetime) -> Iterator[tuple[Version, Turn]]:
        """Turns of the versions in force, cut where a version begins and ends, and at start and end."""
        for version in self.versions:
            opens = max(start, version.effective_from or start)
            closes = min(end, version.effective_to or end)
            if opens < closes:
                for turn in version.turns(opens, closes):
                    whole = opens <= turn.start and turn.end <= closes
                    yield version, turn if whole else _cut(turn, opens, closes)


def with_slots(rotation: Rotation, slots: Iterable[Slot], at: datetime) -> Rotation:
    """Other people from `at` on: the current ones keep their turn and the next handoff stays.

    When the active slot is gone, the next one of the old order takes over at once; nobody else moves.
    """
    version, turn = _current(rotation, at)
    wanted = tuple(slots)
    position = _successor(version.slots, turn.position, wanted)
    changed = replace(version, slots=wanted, start_index=position - turn.number)
    return _followed(rotation, version, at, changed)


def without(rotation: Rotation, person: str, at: datetime) -> Rotation:
    """The rotation after somebody left it; slots that become empty go."""
    version, _ = _current(rotation, at)
    kept = (tuple(member for member in slot if member != person) for slot in version.slots)
    before = [slot for slot in version.slots if slot != (person,)]
    if len(before) == len(version.slots):
        return _followed(rotation, version, at, replace(version, slots=tuple(kept)))
    return with_slots(rotation, (slot for slot in kept if slot), at)


def with_turns(
    rotation: Rotation,
    at: datetime,
    *,
    time_zone: str | None = None,
    unit: Unit | None = None,
    length: int | None = None,
    handoff: time | None = None,
) -> Rotation:
    """Another zone, turn length or handoff time, from the next handoff on.

    The current people stay until then, and it stays the instant it was; only a new handoff time moves it, to
    that time on the same local date, so that no turn is skipped or doubled.
    """
    version, turn = _current(rotation, at)
    zone = wall_clock.zone(time_zone or version.time_zone)
    moved = zone.key != version.time_zone
    anchor = wall_clock.reading(turn.end, zone) if moved else version.wall_start(turn.number + 1)
    switch = turn.end
    if handoff is not None:
        anchor = datetime.combine(anchor.date(), handoff)
        if wall_clock.first_instant(anchor, zone) <= at:
            anchor += timedelta(days=1)
        switch = wall_clock.first_instant(anchor, zone)
    changed = replace(
        version,
        anchor=anchor,
        time_zone=zone.key,
        unit=unit or version.unit,
        length=length or version.length,
        start_index=version.position(turn.number + 1),
    )
    if switch > turn.end:  # the current turn grows: its people keep it until the new handoff
        rotation = _followed(rotation, version, turn.end, replace(version, slots=(turn.people,)))
        version = rotation.versions[-1]
    return _followed(rotation, version, switch, changed)


def _followed(rotation: Rotation, current: Version, at: datetime, changed: Version) -> Rotation:
    """Closes the current version at that moment and opens the changed one; later plans are dropped."""
    earlier = rotation.versions[: rotation.versions.index(current)]
    opened = replace(changed, effective_from=at, effective_to=None)
    if current.effective_from is not None and current.effective_from >= at:
        return replace(rotation, versions=(*earlier, opened))
    return replace(rotation, versions=(*earlier, replace(current, effective_to=at), opened))


def _current(rotation: Rotation, at: datetime) -> tuple[Version, Turn]:
    version = rotation.version_at(at)
    if version is None:
        raise Invalid("rotation_not_in_force")
    return version, version.turn_at(at)


def _successor(old: Sequence[Slot], position: int, wanted: Sequence[Slot]) -> int:
    """Where the active slot, or the first one after it that stays, stands in the new order."""
    for ahead in range(len(old)):
        slot = old[(position + ahead) % len(old)]
        remaining = [number for number, other in enumerate(wanted) if set(slot) & set(other)]
        if remaining:
            return min(remaining, key=lambda number: abs(number - position))
    return 0


def _cut(turn: Turn, start: datetime, end: datetime) -> Turn:
    return replace(turn, start=max(turn.start, start), end=min(turn.end, end))


def _in_force(version: Version, at: datetime) -> bool:
    return (version.effective_from is None or version.effective_from <= at) and (
        version.effective_to is None or at < version.effective_to
    )


def _months_after(anchor: datetime, months: int) -> datetime:
    """Clamped to the end of a shorter month."""
    total = anchor.year * 12 + anchor.month - 1 + months
    year, month = total // 12, total % 12 + 1
    day = min(anchor.day, calendar.monthrange(year, month)[1])
    return anchor.replace(year=year, month=month, day=day)


def _optional(value: str | None) -> datetime | None:
    return None if value is None else instant(value)
