"""Who is on call."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from helpdesk.domain.oncall.rota import coverage, ledger, overrides
from helpdesk.domain.oncall.rota.coverage import Doubt, Problem
from helpdesk.domain.oncall.rota.ledger import Share
from helpdesk.domain.oncall.rota.overrides import Change, Duty, Override, Temporary
from helpdesk.domain.oncall.rota.restrictions import Holidays, Window
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version
from helpdesk.domain.oncall.rota.shifts import Layer, Record, Schedule, final, on_call_at
from helpdesk.errors import Invalid

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


def test_a_higher_layer_hides_a_lower_one_and_equals_are_on_call_together() -> None:
    office = Window(frozenset(range(7)), 8 * 60, 17 * 60)
    schedule = a_schedule(
        a_layer("night", id="1"),
        a_layer("day", id="2", priority=1, windows=(office,)),
        a_layer("deputy", id="3", priority=1, windows=(office,)),
    )

    assert people(schedule) == [("night", 0, 8), ("day,deputy", 8, 17), ("night", 17, 24)]


def test_a_higher_layer_without_anybody_lets_the_lower_one_through_and_is_reported() -> None:
    schedule = a_schedule(
        a_layer("a", id="1"), a_layer("b", id="2", priority=1), time_off=(Duty("b", hour(8), hour(10)),)
    )

    found = coverage.findings(schedule, hour(0), hour(24))

    assert people(schedule) == [("b", 0, 8), ("a", 8, 10), ("b", 10, 24)]
    assert [(f.problem, f.start, f.layers, f.people) for f in found] == [
        (Problem.EMPTY, hour(8), ("2",), ("a",))
    ]


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


def test_time_off_skips_to_the_next_and_leaves_the_phase_of_the_others() -> None:
    schedule = a_schedule(
        Layer("l", rotation=daily("a", "b", "c")), time_off=(Duty("b", hour(24), hour(36)),)
    )

    assert people(schedule, 0, 96) == [
        ("a", 0, 24),
        ("c", 24, 36),
        ("b", 36, 48),
        ("c", 48, 72),
        ("a", 72, 96),
    ]


def test_in_a_pair_the_other_stays_when_one_is_away() -> None:
    pairs = Version(MONDAY.replace(tzinfo=None), "UTC", Unit.DAY, 1, (("a", "b"), ("c", "d")))
    schedule = a_schedule(
        Layer("l", rotation=Rotation("r", (pairs,))), time_off=(Duty("a", hour(0), hour(12)),)
    )

    assert people(schedule, 0, 36) == [("b", 0, 12), ("a,b", 12, 24), ("c,d", 24, 36)]


def test_holidays_only_and_never_share_the_day_between_them() -> None:
    schedule = a_schedule(
        a_layer("usual", id="1", holidays=Holidays.NEVER),
        a_layer("volunteer", id="2", holidays=Holidays.ONLY),
        holidays={date(2026, 1, 6): "Epiphany"},
        time_zone="Europe/Stockholm",
    )

    assert people(schedule, 0, 72) == [("usual", 0, 23), ("volunteer", 23, 47), ("usual", 47, 72)]


def test_a_window_that_ends_in_the_repeated_hour_meets_the_next_one_at_its_second_pass() -> None:
    """In Chicago 01:30 came twice on 1 November 2026."""
    evening, night = Window(frozenset({5}), 20 * 60, 90), Window(frozenset({6}), 90, 8 * 60)
    schedule = a_schedule(
        a_layer("late", id="1", windows=(evening,)),
        a_layer("early", id="2", windows=(night,)),
        time_zone="America/Chicago",
    )

    spans = final(schedule, datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC))

    hours = [(span.people, f"{span.start:%H:%M}", f"{span.end:%H:%M}") for span in spans]
    assert hours == [
        (("late",), "06:00", "06:30"),
        (("late", "early"), "06:30", "07:30"),
        (("early",), "07:30", "09:00"),
    ]


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


def test_the_recorded_past_wins_and_a_shift_keeps_its_true_start() -> None:
    record = Record(hour(8), (Duty("b", hour(-30), hour(6)), Duty("a", hour(6), None)))
    schedule = a_schedule(a_layer("a"), record=record)

    assert people(schedule, 0, 24) == [("b", 0, 6), ("a", 6, 8), ("a", 8, 24)]
    shifts = [(s.person, s.start, s.truncated) for s in coverage.shifts(schedule, hour(10), hour(24))]
    assert shifts == [("a", hour(6), True)]


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


def test_everyone_off_is_never_silently_somebody() -> None:
    off = (Duty("a", hour(24), hour(48)), Duty("b", hour(24), hour(48)))
    schedule = a_schedule(Layer("l", rotation=daily("a", "b")), time_off=off)

    assert people(schedule, 0, 72) == [("a", 0, 24), ("", 24, 48), ("a", 48, 72)]


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


def test_a_schedule_is_read_from_json() -> None:
    schedule = Schedule.parse(
        {
            "id": "s",
            "time_zone": "Europe/Stockholm",
            "minimum": 1,
            "layers": [
                {
                    "id": "l",
                    "priority": 2,
                    "holidays": "never",
                    "windows": [{"days": ["mon", "tue"], "start": "20:00", "end": "08:00"}],
                    "rotation": {
                        "id": "r",
                        "versions": [
                            {
                                "anchor": "2026-01-05T09:00",
                                "time_zone": "Europe/Stockholm",
                                "unit": "week",
                                "slots": ["a", ["b", "c"]],
                                "effective_from": "2026-01-01T00:00:00Z",
                            }
                        ],
                    },
                }
            ],
            "overrides": [
                {
                    "id": "o",
                    "change": "replace",
                    "person": "x",
                    "target": "a",
                    "start": "2026-01-05T20:00:00Z",
                    "end": "2026-01-05T21:00:00Z",
                    "created_at": "2026-01-01T00:00:00Z",
                }
            ],
            "time_off": [{"person": "c", "start": "2026-01-12T00:00:00Z", "end": "2026-01-19T00:00:00Z"}],
            "holidays": {"2026-01-06": "Epiphany"},
        }
    )

    assert on_call_at(schedule, hour(20.5)).people == ("x",)
    assert on_call_at(schedule, hour(21.5)).people == ("a",)
    assert on_call_at(schedule, hour(24)).people == ()
    assert on_call_at(schedule, hour(7 * 24 + 20)).people == ("b",)
