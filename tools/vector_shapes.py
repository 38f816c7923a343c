"""How the shared vector format writes times, days, people and rotations."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota.restrictions import DAYS, EVERY_DAY, Window
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version

UNITS = {"hourly": Unit.HOUR, "daily": Unit.DAY, "weekly": Unit.WEEK, "monthly": Unit.MONTH}
UNITS |= {unit.value: unit for unit in Unit}
_DURATION = re.compile(r"(?P<sign>[+-]?)(?:PT?(?:(?P<H>\d+)H)?(?:(?P<M>\d+)M)?|(?P<h>\d+)(?::(?P<m>\d\d))?)")
SUNDAY_FIRST = (6, 0, 1, 2, 3, 4, 5)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)  # where a case speaks of hours or weekdays only

Case = Mapping[str, Any]
Answer = tuple[Any, Any]
"""What the product says, what the vector wants."""


class NotApplicableError(Exception):
    """The case asks in a shape, or for something, that this product has no function for."""


def need(given: Case, *names: str) -> Any:
    """The first of these fields that is there."""
    for name in names:
        if name in given:
            return given[name]
    raise NotApplicableError(f"no field {' or '.join(names)}")


def zone(given: Case) -> ZoneInfo:
    return wall_clock.zone(given.get("tz", "UTC"))


def at(text: str, tz: ZoneInfo | None = None) -> datetime:
    """An instant; a local time is read in the zone."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        return wall_clock.first_instant(when, tz or ZoneInfo("UTC"))
    return when.astimezone(UTC)


def duration(text: str) -> timedelta:
    """ "2:30", "-24:00", "2" (hours) or "PT2H30M"."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise NotApplicableError(f"duration {text}")
    hours, minutes = (int(found[name.upper()] or found[name] or 0) for name in "hm")
    return (-1 if found["sign"] == "-" else 1) * timedelta(hours=hours, minutes=minutes)


def same_time(got: datetime, wanted: str, tz: ZoneInfo) -> datetime:
    """`got` as the expectation is written: an instant, or what the clock reads."""
    local = datetime.fromisoformat(wanted).tzinfo is None
    return wall_clock.reading(got, tz) if local else got.astimezone(UTC)


def days(value: Any) -> frozenset[int]:
    """ "all", "sun,mon", seven flags from Sunday on, or nothing, which is every day."""
    if value in (None, "all"):
        return EVERY_DAY
    if value in ("none", []):
        return frozenset()
    if isinstance(value, str) and set(value) <= {"0", "1"}:
        value = [int(flag) for flag in value]
    if isinstance(value, str):
        return frozenset(DAYS.index(name.strip()) for name in value.split(","))
    if isinstance(value, Sequence) and len(value) == 7:
        return frozenset(day for day, flag in zip(SUNDAY_FIRST, value, strict=True) if flag)
    raise NotApplicableError(f"days {value!r}")


def window(given: Case) -> Window:
    covered = days(given.get("days_sun_to_sat", given.get("days")))
    return replace(Window.parse({"start": given["start"], "end": given["end"]}), days=covered)


def users(value: Any) -> tuple[Any, ...]:
    """A list, or "u0..u23"."""
    if isinstance(value, str) and ".." in value:
        first, last = value.split("..")
        name = first.rstrip("0123456789")
        return tuple(f"{name}{n}" for n in range(int(first[len(name) :]), int(last[len(name) :]) + 1))
    if isinstance(value, str):
        return tuple(value.split(","))
    return tuple(value)


def rotation(given: Case, tz: ZoneInfo) -> Version:
    """One version for ever; a stored pointer becomes the start index that means the same."""
    start = need(given, "start_local", "start_utc", "start")
    anchor = datetime.fromisoformat(start)
    if anchor.tzinfo is not None:
        anchor = wall_clock.reading(anchor, tz)
    people = users(given.get("users", ("u0",)))
    version = Version(
        anchor,
        tz.key,
        UNITS[given["type"]],
        given.get("shift_length", 1),
        tuple((person,) if isinstance(person, str) else tuple(person) for person in people),
        given.get("start_index", 0),
    )
    pointer = given.get("state", given)
    if "current_index" in pointer:
        number = version.number_at(at(pointer["current_start"]))
        start_index = (pointer["current_index"] - number) % len(people)
        version = replace(version, start_index=start_index)
    return version


def hour(value: float) -> datetime:
    """Hours of the Monday that stands in where a case names no day."""
    return MONDAY + timedelta(hours=value)


def taking_turns(unit: Unit, people: Sequence[str], start_index: int = 0) -> Rotation:
    slots = tuple((person,) for person in people)
    return Rotation("r", (Version(MONDAY.replace(tzinfo=None), "UTC", unit, 1, slots, start_index),))
