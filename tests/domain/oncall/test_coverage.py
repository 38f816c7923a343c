"""What is told of a schedule: findings, doubts, shifts and their hours."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from helpdesk.domain.oncall.rota import coverage, ledger
from helpdesk.domain.oncall.rota.coverage import Doubt, Problem
from helpdesk.domain.oncall.rota.ledger import Share
from helpdesk.domain.oncall.rota.overrides import Change, Duty
from helpdesk.domain.oncall.rota.restrictions import Window
from helpdesk.domain.oncall.rota.rotations import Rotation
from helpdesk.domain.oncall.rota.shifts import Layer, final
from tests.domain.oncall.a_monday import HOUR, MONDAY, a_layer, a_schedule, an_override, daily, hour


def test_a_gap_and_an_empty_shift_are_different_findings() -> None:
    mornings = Window(frozenset({0}), 0, 12 * 60)
    schedule = a_schedule(a_layer("a", windows=(mornings,)), time_off=(Duty("a", hour(6), hour(9)),))

    found = coverage.findings(schedule, hour(0), hour(48))

    assert [(f.problem, f.start, f.end) for f in found] == [
        (Problem.EMPTY, hour(6), hour(9)),
        (Problem.GAP, hour(12), hour(48)),
    ]
    assert found[1].days(schedule.zone) == [date(2026, 1, 5), date(2026, 1, 6)]


def test_fewer_people_than_wanted_is_a_finding() -> None:
    found = coverage.findings(a_schedule(a_layer("a"), minimum=2), hour(0), hour(24))

    assert [(f.problem, f.people) for f in found] == [(Problem.SHORT, ("a",))]


def test_standing_in_during_time_off_warns() -> None:
    schedule = a_schedule(a_layer("a"), time_off=(Duty("b", hour(9), hour(20)),))

    assert coverage.doubts(schedule, an_override(Change.REPLACE, 8, 10, "b", "a")) == [Doubt.PERSON_OFF]


def test_who_stands_in_while_away_is_shown_for_as_long_as_they_are_away() -> None:
    stands_in = an_override(Change.REPLACE, 8, 10, "b", "a")
    schedule = a_schedule(a_layer("a"), overrides=(stands_in,), time_off=(Duty("b", hour(9), hour(30)),))

    [found] = coverage.findings(schedule, hour(0), hour(24))

    assert (found.problem, found.people) == (Problem.AWAY, ("b",))
    assert (found.start, found.end) == (hour(9), hour(10))


@pytest.mark.parametrize(
    ("most", "found"),
    [
        (0, []),  # no such rule
        (3, []),
        (2, [("a", 46, 55), ("a", 190, 199)]),  # the third night of each three
        (1, [("a", 22, 55), ("a", 166, 199)]),
    ],
)
def test_nights_running_are_counted_by_who_has_most_of_them(most: int, found: list[Any]) -> None:
    """Three days each, handed over at midnight: the night before the first day is theirs, the last is not."""
    turns = replace(daily("a", "b").versions[0], length=3)
    schedule = a_schedule(a_layer(rotation=Rotation("r", (turns,))), most_nights=most)

    tired = [one for one in coverage.findings(schedule, hour(0), hour(240)) if one.problem is Problem.REST]

    spans = [(one.people[0], (one.start - MONDAY) / HOUR, (one.end - MONDAY) / HOUR) for one in tired]
    assert [one for one in spans if one[0] == "a"] == found


def test_a_stand_in_who_would_have_too_many_nights_running_is_told_before() -> None:
    schedule = a_schedule(a_layer(rotation=daily("a", "b")), most_nights=1)

    assert coverage.doubts(schedule, an_override(Change.REPLACE, 24, 48, "a", "b")) == [Doubt.WITHOUT_REST]
    assert coverage.doubts(schedule, an_override(Change.REPLACE, 32, 41, "a", "b")) == []


def test_adjacent_spans_of_one_person_are_one_shift_without_a_handoff() -> None:
    schedule = a_schedule(a_layer("a"), overrides=(an_override(Change.REPLACE, 8, 10, "a"),))

    spans = final(schedule, hour(0), hour(24))

    assert len(spans) == 3
    assert [(s.person, s.start, s.end) for s in coverage.shifts_of(spans)] == [("a", hour(0), hour(24))]
    assert coverage.handoffs(spans) == []


def test_now_and_next_look_over_spans_of_the_same_people() -> None:
    schedule = a_schedule(
        Layer("l", rotation=daily("a", "b")), overrides=(an_override(Change.ADD, 3, 4, "a"),)
    )

    now = coverage.now_and_next(schedule, hour(1))

    assert (now.people, now.until, now.next_people) == (("a",), hour(24), ("b",))
    assert coverage.now_and_next(a_schedule(a_layer("a")), MONDAY).until is None


def test_a_rotation_that_ended_is_an_empty_shift() -> None:
    version = replace(daily("a").versions[0], effective_to=hour(12))
    schedule = a_schedule(Layer("l", rotation=Rotation("r", (version,))))

    assert [f.problem for f in coverage.findings(schedule, hour(0), hour(24))] == [Problem.EMPTY]


def test_the_ledger_counts_real_hours() -> None:
    """The night of 25 October 2026 in Stockholm is an hour longer, and a weekend."""
    schedule = a_schedule(a_layer("a"), time_zone="Europe/Stockholm")
    start, end = datetime(2026, 10, 23, 16, tzinfo=UTC), datetime(2026, 10, 26, 11, tzinfo=UTC)

    entry = ledger.entries(coverage.shifts(schedule, start, end), schedule.zone, {date(2026, 10, 26)})["a"]

    in_hours = {share: seconds / 3600 for share, seconds in entry.seconds.items()}
    assert in_hours == {Share.DAY: 4, Share.NIGHT: 2, Share.WEEKEND: 49, Share.HOLIDAY: 12}
    assert entry.total == (end - start).total_seconds()
    assert coverage.real_hours(date(2026, 10, 25), schedule.zone) == 25
