"""Who is on call."""

from datetime import UTC, date, datetime

from helpdesk.domain.oncall.rota import coverage
from helpdesk.domain.oncall.rota.coverage import Problem
from helpdesk.domain.oncall.rota.overrides import Duty
from helpdesk.domain.oncall.rota.restrictions import Holidays, Window
from helpdesk.domain.oncall.rota.rotations import Rotation, Unit, Version
from helpdesk.domain.oncall.rota.shifts import Layer, Record, Schedule, final, on_call_at
from tests.domain.oncall.a_monday import MONDAY, a_layer, a_schedule, daily, hour, people


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


def test_the_recorded_past_wins_and_a_shift_keeps_its_true_start() -> None:
    record = Record(hour(8), (Duty("b", hour(-30), hour(6)), Duty("a", hour(6), None)))
    schedule = a_schedule(a_layer("a"), record=record)

    assert people(schedule, 0, 24) == [("b", 0, 6), ("a", 6, 8), ("a", 8, 24)]
    shifts = [(s.person, s.start, s.truncated) for s in coverage.shifts(schedule, hour(10), hour(24))]
    assert shifts == [("a", hour(6), True)]


def test_everyone_off_is_never_silently_somebody() -> None:
    off = (Duty("a", hour(24), hour(48)), Duty("b", hour(24), hour(48)))
    schedule = a_schedule(Layer("l", rotation=daily("a", "b")), time_off=off)

    assert people(schedule, 0, 72) == [("a", 0, 24), ("", 24, 48), ("a", 48, 72)]


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
