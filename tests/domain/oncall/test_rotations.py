"""People taking turns, handing off by the clock on the wall."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota import rotations
from helpdesk.domain.oncall.rota.rotations import Rotation, Turn, Unit, Version
from helpdesk.errors import Invalid

ZONES = (
    "Europe/Stockholm", "America/Chicago", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago",
    "Africa/Cairo", "America/Havana", "Europe/Dublin", "Asia/Kathmandu", "America/St_Johns", "Asia/Pyongyang",
)  # fmt: skip
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def a_rotation(
    *people: str, unit: Unit = Unit.WEEK, zone: str = "UTC", anchor: str = "2026-01-05T00:00"
) -> Rotation:
    slots = tuple((person,) for person in people)
    return Rotation("r", (Version(datetime.fromisoformat(anchor), zone, unit, 1, slots),))


def who(rotation: Rotation, at: datetime) -> str | None:
    turn = rotation.turn_at(at)
    return turn.people[0] if turn and turn.people else None


@cache
def changes_of(zone: str) -> tuple[datetime, ...]:
    """The instants from 1970 to 2037 at which the offset of a zone changes, to the hour."""
    tz, hour = ZoneInfo(zone), timedelta(hours=1)
    found, day = [], datetime(1970, 1, 1, tzinfo=UTC)
    while day.year < 2037:
        after = day + timedelta(days=1)
        if day.astimezone(tz).utcoffset() != after.astimezone(tz).utcoffset():
            at = day
            while at.astimezone(tz).utcoffset() == (at + hour).astimezone(tz).utcoffset():
                at += hour
            found.append(at)
        day = after
    return tuple(found)


@st.composite
def a_change_of_the_clock(draw: st.DrawFn) -> tuple[str, datetime]:
    zone = draw(st.sampled_from(ZONES))
    return zone, draw(st.sampled_from(changes_of(zone)))


versions = st.builds(
    lambda unit, length, minutes, people: Version(
        datetime(2000, 1, 31, tzinfo=None) + timedelta(minutes=minutes),  # noqa: DTZ001
        "UTC",
        unit,
        length,
        tuple((str(n),) for n in range(people)),
    ),
    st.sampled_from(list(Unit)),
    st.integers(1, 30),
    st.integers(0, 48 * 60),
    st.integers(1, 5),
)


def turns_around(version: Version, at: datetime) -> list[Turn]:
    reach = max(timedelta(days=3), 3 * (version.turn_at(at).end - version.turn_at(at).start))
    return list(version.turns(at - reach, at + reach))


@settings(max_examples=80)
@given(a_change_of_the_clock(), versions)
def test_slots_tile_time_and_handoffs_strictly_increase(
    change: tuple[str, datetime], version: Version
) -> None:
    zone, at = change
    version = replace(version, time_zone=zone)

    turns = turns_around(version, at)

    assert all(a.end == b.start and a.start < a.end and a.number < b.number for a, b in pairwise(turns))


@settings(max_examples=80)
@given(a_change_of_the_clock(), versions, st.integers(-200, 200))
def test_the_turn_at_a_moment_is_the_one_of_the_list(
    change: tuple[str, datetime], version: Version, minutes: int
) -> None:
    zone, at = change
    version = replace(version, time_zone=zone)
    moment = at + timedelta(minutes=minutes)

    listed = [turn for turn in turns_around(version, at) if turn.start <= moment < turn.end]

    assert [version.turn_at(moment)] == listed


@settings(max_examples=80)
@given(a_change_of_the_clock(), st.integers(-300, 300))
def test_the_first_instant_that_reads_at_least_the_time(change: tuple[str, datetime], minutes: int) -> None:
    """Checked against the definition: no minute before it reads as late, itself does."""
    zone, at = change
    tz = ZoneInfo(zone)
    wall = wall_clock.reading(at, tz) + timedelta(minutes=minutes)

    first, last = wall_clock.first_instant(wall, tz), wall_clock.last_instant(wall, tz)

    assert wall_clock.reading(first, tz) >= wall
    assert first <= last
    assert all(wall_clock.reading(first - timedelta(minutes=n), tz) < wall for n in range(1, 400))
    assert first == last or wall_clock.reading(first, tz) == wall_clock.reading(last, tz) == wall


def test_month_ends_are_counted_from_the_anchor() -> None:
    version = a_rotation("a", "b", unit=Unit.MONTH, anchor="2026-01-31T09:00").versions[0]

    starts = [version.wall_start(number).strftime("%d %b") for number in (-1, 0, 1, 2, 3)]

    assert starts == ["31 Dec", "31 Jan", "28 Feb", "31 Mar", "30 Apr"]


def test_removing_somebody_else_changes_nothing_now_and_skips_nobody() -> None:
    before = a_rotation("a", "b", "c")
    wednesday = MONDAY + WEEK + timedelta(days=2)

    after = rotations.without(before, "a", wednesday)

    assert [who(after, wednesday + n * WEEK) for n in range(3)] == ["b", "c", "b"]
    assert who(after, MONDAY) == "a"


def test_removing_the_active_person_hands_off_at_once_to_the_next() -> None:
    after = rotations.without(a_rotation("a", "b", "c"), "a", MONDAY + timedelta(days=2))

    assert who(after, MONDAY + timedelta(days=1)) == "a"
    assert [who(after, MONDAY + timedelta(days=2) + n * WEEK) for n in range(3)] == ["b", "c", "b"]


def test_adding_somebody_keeps_the_turn_and_its_end() -> None:
    before = a_rotation("a", "b")
    wednesday = MONDAY + WEEK + timedelta(days=2)

    after = rotations.with_slots(before, [("a",), ("x",), ("b",), ("c",)], wednesday)

    assert [who(after, wednesday + n * WEEK) for n in range(3)] == ["b", "c", "a"]
    assert after.turn_at(wednesday) == replace(
        before.turn_at(wednesday) or Turn(0, MONDAY, MONDAY, 0, ()), position=2
    )


def test_the_same_person_in_two_slots_keeps_the_right_one() -> None:
    before = a_rotation("a", "b", "a", "c")
    third_week = MONDAY + 2 * WEEK

    after = rotations.without(before, "c", third_week)

    assert [who(after, third_week + n * WEEK) for n in range(4)] == ["a", "a", "b", "a"]


def test_somebody_leaves_a_pair_and_the_other_stays() -> None:
    pair = replace(a_rotation("a").versions[0], slots=(("a", "b"), ("c",)))

    after = rotations.without(Rotation("r", (pair,)), "b", MONDAY)

    version = after.version_at(MONDAY)
    assert version is not None
    assert version.slots == (("a",), ("c",))


def test_a_new_zone_keeps_the_next_handoff_as_an_instant() -> None:
    before = a_rotation("a", "b", zone="Europe/Stockholm", anchor="2026-01-05T09:00")
    wednesday = MONDAY + timedelta(days=2)

    after = rotations.with_turns(before, wednesday, time_zone="America/New_York")

    handoff = MONDAY + WEEK + timedelta(hours=8)
    assert who(after, handoff - timedelta(seconds=1)) == "a"
    assert who(after, handoff) == "b"
    assert who(after, handoff + WEEK) == "a"


def test_shorter_turns_begin_after_the_current_one() -> None:
    before = a_rotation("a", "b", "c")

    after = rotations.with_turns(before, MONDAY + timedelta(days=1), unit=Unit.DAY)

    days = [who(after, MONDAY + timedelta(days=n)) for n in (1, 6, 7, 8, 9)]
    assert days == ["a", "a", "b", "c", "a"]


@pytest.mark.parametrize("hour", [3, 21])
def test_a_new_handoff_time_moves_the_next_handoff_on_its_day(hour: int) -> None:
    before = a_rotation("a", "b", anchor="2026-01-05T12:00")

    after = rotations.with_turns(before, MONDAY + timedelta(days=1), handoff=time(hour))

    handoff = MONDAY + WEEK + timedelta(hours=hour)
    assert who(after, handoff - timedelta(seconds=1)) == "a"
    assert [who(after, handoff + n * WEEK) for n in range(3)] == ["b", "a", "b"]


def test_versions_follow_each_other_without_a_hole() -> None:
    rotation = a_rotation("a", "b", unit=Unit.DAY)
    for day in range(1, 8):
        rotation = rotations.with_turns(rotation, MONDAY + timedelta(days=day), handoff=time(day))

    turns = [turn for _, turn in rotation.turns(MONDAY, MONDAY + 3 * WEEK)]

    assert turns[0].start == MONDAY
    assert turns[-1].end == MONDAY + 3 * WEEK
    assert all(a.end == b.start for a, b in pairwise(turns))


def test_a_turn_of_no_length_is_refused() -> None:
    with pytest.raises(Invalid, match="turn_length_invalid"):
        replace(a_rotation("a").versions[0], length=0)
