"""Schedules of one Monday in hours, made of letters for people."""

from datetime import UTC, datetime, timedelta
from typing import Any

from helpdesk.domain.oncall.rota.overrides import Change, Override
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version
from helpdesk.domain.oncall.rota.shifts import Layer, Schedule, final

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def hour(value: float) -> datetime:
    return MONDAY + timedelta(hours=value)


def daily(*people: str, zone: str = "UTC") -> Rotation:
    slots = tuple((person,) for person in people)
    return Rotation("r", (Version(MONDAY.replace(tzinfo=None), zone, Unit.DAY, 1, slots),))


def a_layer(*people: str, **changes: Any) -> Layer:
    return Layer(**{"id": "l", "people": people, **changes})


def a_schedule(*layers: Layer, **changes: Any) -> Schedule:
    return Schedule(**{"id": "s", "time_zone": "UTC", "layers": layers, **changes})


def an_override(
    change: Change,
    start: float,
    end: float,
    person: str | None = None,
    target: str | None = None,
    number: int = 1,
) -> Override:
    created_at = MONDAY - DAY + timedelta(minutes=number)
    return Override(str(number), change, hour(start), hour(end), created_at, person, target)


def people(schedule: Schedule, start: float = 0, end: float = 24) -> list[tuple[str, float, float]]:
    """(who, from, to) in hours of the Monday."""
    return [
        (
            ",".join(span.people),
            (span.start - MONDAY) / timedelta(hours=1),
            (span.end - MONDAY) / timedelta(hours=1),
        )
        for span in final(schedule, hour(start), hour(end))
    ]
