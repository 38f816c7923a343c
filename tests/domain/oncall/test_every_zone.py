"""Whatever a zone does to its clocks: turns follow each other, leave nothing out, and every answer agrees."""

import os
import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota.restrictions import EVERY_DAY, Window, covered
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version
from helpdesk.domain.oncall.rota.shifts import Layer, Schedule, final, on_call_at

EVERYTHING = bool(os.environ.get("HELPDESK_EVERY_ZONE"))
"""The long form: each zone and each change of its clocks since 1970. Otherwise some of them, drawn anew for
each version of the zone names, and those that are known to be strange."""

NEAREST = 8
"""Handoffs around a change that are looked at from both sides."""

STRANGE = (
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # a day left out
    "Pacific/Kwajalein",
    "Antarctica/Troll",  # two hours
    "Africa/Casablanca",  # summer time with a pause
    "America/St_Johns",  # at one past midnight
    "Asia/Gaza",
    "America/Sao_Paulo",  # at midnight
    "Europe/Dublin",  # winter time is the exception
    "Asia/Pyongyang",
)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)
TURNS = ((Unit.HOUR, 1), (Unit.HOUR, 7), (Unit.DAY, 1), (Unit.WEEK, 1), (Unit.MONTH, 1))
REACH = {Unit.HOUR: DAY, Unit.DAY: 4 * DAY, Unit.WEEK: 21 * DAY, Unit.MONTH: 70 * DAY}


def zones() -> list[str]:
    known = sorted(name for name in available_timezones() if name not in ("localtime", "Factory"))
    drawn = random.Random(len(known)).sample(known, 25)
    return known if EVERYTHING else sorted({*STRANGE, *drawn} & set(known))


def changes(zone: ZoneInfo) -> list[datetime]:
    """The instants at which the offset changes, found between samples some days apart."""
    step, found = timedelta(days=3), []
    at = datetime(1970 if EVERYTHING else 2004, 1, 1, tzinfo=UTC)
    before = at.astimezone(zone).utcoffset()
    while at.year < 2037:
        after = (at + step).astimezone(zone).utcoffset()
        if after != before:
            found.append(_between(at, at + step, zone))
        at, before = at + step, after
    return found if EVERYTHING else random.Random(zone.key).sample(found, min(len(found), 3))


def _between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    old = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


class Proven:
    """What has been looked at in this run: another name of the same zone says nothing new, and a change of
    the same kind (the same reading, put forward or back by as much) is looked at in the short form."""

    def __init__(self) -> None:
        self._zones: set[tuple[object, ...]] = set()
        self._kinds: set[tuple[object, ...]] = set()

    def what_is_new(self, zone: ZoneInfo) -> Iterator[tuple[datetime, list[datetime]]]:
        """Changes of its clocks, each with the readings to try there."""
        found = [(change, *_around(change, zone)) for change in changes(zone)]
        if tuple(found) in self._zones:
            return
        self._zones.add(tuple(found))
        for change, before, after in found:
            kind = (before.time(), after - before)
            readings = [before, after, before + (after - before) / 2, datetime.combine(after.date(), time())]
            yield change, list(dict.fromkeys(readings[1:2] if kind in self._kinds else readings))
            self._kinds.add(kind)


def _around(change: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What the clock would have read, and what it reads."""
    second = timedelta(seconds=1)
    return wall_clock.reading(change - second, zone) + second, wall_clock.reading(change, zone)


def moments(change: datetime, edges: list[datetime]) -> list[datetime]:
    around = [change + n * 25 * MINUTE for n in range(-6, 7)]
    near = sorted(edges, key=lambda edge: abs(edge - change))[:NEAREST]
    return [*around, *(edge + shift for edge in near for shift in (-MOMENT, timedelta(), MOMENT))]


TURNING, FINAL = Proven(), Proven()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", zones())
def test_turns_follow_each_other_without_a_hole_and_the_one_at_an_instant_is_the_one_around_it(
    name: str,
) -> None:
    zone = wall_clock.zone(name)
    for change, readings in TURNING.what_is_new(zone):
        for wall in readings:
            for unit, length in TURNS:
                version = Version(wall - 400 * DAY, name, unit, length, (("A",), ("B",), ("C",)))
                turns = list(version.turns(change - REACH[unit], change + REACH[unit]))

                assert all(turn.start < turn.end for turn in turns)
                assert all(one.end == other.start for one, other in pairwise(turns))
                assert all(one.number < other.number for one, other in pairwise(turns))
                starts = [turn.start for turn in turns]
                for at in moments(change, starts):
                    if starts[0] <= at < turns[-1].end:
                        around = turns[bisect_right(starts, at) - 1]
                        assert version.turn_at(at) == around, (name, at, wall, unit)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", zones())
def test_the_final_rota_says_at_each_instant_what_its_spans_say(name: str) -> None:
    zone = wall_clock.zone(name)
    for change, readings in FINAL.what_is_new(zone):
        for wall in readings:
            version = Version(wall - 28 * DAY, name, Unit.DAY, 1, (("A",), ("B",)))
            minutes = wall.hour * 60 + wall.minute
            night = Window(EVERY_DAY, minutes, (minutes + 8 * 60) % (24 * 60))
            day = Window(EVERY_DAY, (minutes + 8 * 60) % (24 * 60), minutes)
            layers = (
                Layer("turns", rotation=Rotation("r", (version,))),
                Layer("night", priority=1, people=("N",), windows=(night,)),
            )
            schedule, start, end = Schedule("s", name, layers=layers), change - 3 * DAY, change + 3 * DAY

            spans = final(schedule, start, end)

            assert (spans[0].start, spans[-1].end) == (start, end)
            assert all(one.end == other.start and one.start < one.end for one, other in pairwise(spans))
            assert all(one.seats != other.seats for one, other in pairwise(spans))
            for span in (span for span in spans if span.start < change + DAY and span.end > change - DAY):
                for at in (span.start, span.start + (span.end - span.start) / 2, span.end - MOMENT):
                    assert on_call_at(schedule, at).seats == span.seats, (name, at, wall)
            assert covered((night, day), zone, start, end) == [(start, end)], "touching windows leave no gap"
