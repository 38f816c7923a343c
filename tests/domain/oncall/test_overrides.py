"""Who stands in: overrides, swaps and temporary schedules over the layers."""

from dataclasses import replace

import pytest

from helpdesk.domain.oncall.rota import coverage, overrides
from helpdesk.domain.oncall.rota.coverage import Doubt
from helpdesk.domain.oncall.rota.overrides import Change, Duty, Temporary
from helpdesk.domain.oncall.rota.shifts import Layer, on_call_at
from helpdesk.errors import Invalid
from tests.domain.oncall.a_monday import DAY, MONDAY, a_layer, a_schedule, an_override, daily, hour, people


def test_the_newest_override_wins_and_the_older_resumes() -> None:
    schedule = a_schedule(
        a_layer("a"),
        overrides=(
            an_override(Change.REPLACE, 8, 16, "b", "a", number=1),
            an_override(Change.REPLACE, 12, 14, "c", "a", number=2),
        ),
    )

    assert people(schedule) == [("a", 0, 8), ("b", 8, 12), ("c", 12, 14), ("b", 14, 16), ("a", 16, 24)]


def test_an_override_of_the_stand_in_goes_on_from_there() -> None:
    schedule = a_schedule(
        a_layer("a"),
        overrides=(
            an_override(Change.REPLACE, 0, 24, "b", "a", number=1),
            an_override(Change.REPLACE, 8, 10, "c", "b", number=2),
        ),
    )

    assert people(schedule) == [("b", 0, 8), ("c", 8, 10), ("b", 10, 24)]


def test_touching_overrides_do_not_overlap() -> None:
    schedule = a_schedule(
        a_layer("a"),
        overrides=(
            an_override(Change.REPLACE, 8, 10, "b"),
            an_override(Change.REPLACE, 10, 12, "c", number=2),
        ),
    )

    assert people(schedule) == [("a", 0, 8), ("b", 8, 10), ("c", 10, 12), ("a", 12, 24)]


def test_an_override_may_cover_a_gap() -> None:
    schedule = a_schedule(overrides=(an_override(Change.ADD, 8, 10, "b"),))

    assert people(schedule) == [("", 0, 8), ("b", 8, 10), ("", 10, 24)]


def test_a_replacement_of_somebody_not_on_call_does_nothing_and_warns() -> None:
    override = an_override(Change.REPLACE, 8, 10, "b", "x")
    schedule = a_schedule(a_layer("a"), overrides=(override,))

    assert people(schedule) == [("a", 0, 24)]
    assert coverage.doubts(replace(schedule, overrides=()), override) == [Doubt.TARGET_NOT_ON_CALL]


@pytest.mark.parametrize(("start", "end"), [(8, 8), (9, 8)])
def test_an_override_of_no_length_is_refused(start: float, end: float) -> None:
    with pytest.raises(Invalid, match="override_empty"):
        an_override(Change.ADD, start, end, "a")


def test_a_swap_of_two_people_on_call_at_once_changes_nobody() -> None:
    """The two halves do not undo each other."""
    first, second = Duty("a", hour(0), hour(24)), Duty("b", hour(0), hour(24))
    schedule = a_schedule(a_layer("a", "b"), overrides=overrides.swapped(first, second, MONDAY, "s"))

    assert set(on_call_at(schedule, hour(5)).people) == {"a", "b"}


def test_somebody_who_left_is_skipped_and_their_overrides_are_void() -> None:
    schedule = a_schedule(
        Layer("l", rotation=daily("a", "b")),
        overrides=(an_override(Change.REPLACE, 2, 20, "b", "a"),),
        left={"b": hour(10)},
    )

    assert people(schedule, 0, 48) == [("a", 0, 2), ("b", 2, 10), ("a", 10, 48)]


def test_inside_a_temporary_schedule_layers_and_older_overrides_say_nothing() -> None:
    temporary = Temporary("t", hour(8), hour(16), MONDAY, (("x", hour(10), hour(12)),))
    newer = replace(an_override(Change.ADD, 13, 14, "y"), created_at=MONDAY + DAY)
    schedule = a_schedule(
        a_layer("a"),
        temporaries=(temporary,),
        overrides=(an_override(Change.REPLACE, 7, 9, "old"), newer),
    )

    assert people(schedule) == [
        ("a", 0, 7), ("old", 7, 8), ("", 8, 10), ("x", 10, 12), ("", 12, 13), ("y", 13, 14), ("", 14, 16),
        ("a", 16, 24),
    ]  # fmt: skip


def test_overlapping_temporary_schedules_merge_and_so_do_the_shifts_of_a_person() -> None:
    one = Temporary("1", hour(8), hour(16), MONDAY, (("x", hour(7), hour(12)), ("x", hour(11), hour(13))))
    other = Temporary("2", hour(16), hour(18), MONDAY + DAY, (("y", hour(15), hour(17)),))

    merged = overrides.merged([one, other])

    assert [(t.start, t.end, t.shifts) for t in merged] == [
        (hour(8), hour(18), (("x", hour(8), hour(13)), ("y", hour(16), hour(17))))
    ]
