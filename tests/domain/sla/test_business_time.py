"""When service is given, and how much of it lies between two moments."""

import os
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.domain.sla.business_time import ALWAYS, Calendar, Counted, SkippedHoliday
from helpdesk.errors import Invalid

WORKING_DAYS = ("mon", "tue", "wed", "thu", "fri")
EVERY_DAY = (*WORKING_DAYS, "sat", "sun")
ZONES = (
    "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago",
    "Africa/Cairo", "Asia/Kolkata", "America/Havana", "Europe/Dublin", "America/St_Johns",
)  # fmt: skip


def a_calendar(
    *intervals: tuple[str, str],
    days: tuple[str, ...] = WORKING_DAYS,
    zone: str = "Europe/Berlin",
    holidays: dict[str, str] | None = None,
) -> Calendar:
    week = {day: [list(interval) for interval in intervals or (("09:00", "17:00"),)] for day in days}
    return Calendar.parse({"time_zone": zone, "week": week, "holidays": holidays or {}})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_budget_that_ends_exactly_at_closing_is_due_at_closing() -> None:
    calendar = a_calendar()

    due_at = calendar.add(at("2026-11-20T16:00+01:00"), 3600)

    assert due_at == at("2026-11-20T17:00+01:00")


def test_one_second_more_is_due_after_the_next_opening() -> None:
    calendar = a_calendar()

    due_at = calendar.add(at("2026-11-20T16:00+01:00"), 3601)

    assert due_at == at("2026-11-23T09:00:01+01:00")


def test_the_lunch_break_does_not_count() -> None:
    calendar = a_calendar(("08:00", "12:00"), ("13:00", "17:00"))

    assert calendar.add(at("2026-11-23T11:30+01:00"), 3600) == at("2026-11-23T13:30+01:00")
    assert not calendar.is_open(at("2026-11-23T12:30+01:00"))
    assert calendar.next_opening(at("2026-11-23T12:30+01:00")) == at("2026-11-23T13:00+01:00")


def test_a_night_desk_has_seven_and_nine_hour_nights_when_the_clock_changes() -> None:
    calendar = a_calendar(("00:00", "08:00"), days=EVERY_DAY)

    assert calendar.elapsed(at("2026-03-29T00:00+01:00"), at("2026-03-29T20:00+02:00")) == 7 * 3600
    assert calendar.elapsed(at("2026-10-25T00:00+02:00"), at("2026-10-25T20:00+01:00")) == 9 * 3600


def test_a_day_that_ends_in_a_repeated_hour_ends_at_its_second_pass() -> None:
    """In Havana the hour after midnight came twice on 1 November 2026."""
    calendar = a_calendar(("00:00", "24:00"), days=("sat",), zone="America/Havana")

    assert calendar.is_open(at("2026-11-01T04:30Z"))
    assert calendar.elapsed(at("2026-11-01T04:30Z"), at("2026-11-01T08:00Z")) == 1800


def test_always_open_means_elapsed_seconds() -> None:
    start = at("2026-03-28T12:00+01:00")

    assert ALWAYS.add(start, 86400) == start + timedelta(days=1)
    assert ALWAYS.elapsed(start, start + timedelta(days=1)) == 86400
    assert ALWAYS.next_closing(start) is None


def test_a_holiday_is_skipped_and_explained() -> None:
    calendar = a_calendar(holidays={"2026-12-25": "Christmas Day", "2026-12-26": "a Saturday anyway"})

    due_at = calendar.add(at("2026-12-24T16:00+01:00"), 7200)
    lines = calendar.explain(at("2026-12-24T16:00+01:00"), due_at)

    assert due_at == at("2026-12-28T10:00+01:00")
    assert lines == [
        Counted(at("2026-12-24T16:00+01:00"), at("2026-12-24T17:00+01:00")),
        SkippedHoliday(date(2026, 12, 25), "Christmas Day"),
        Counted(at("2026-12-28T09:00+01:00"), at("2026-12-28T10:00+01:00")),
    ]


def test_an_interval_over_midnight_belongs_to_both_days() -> None:
    calendar = a_calendar(("22:00", "06:00"), days=("fri",), holidays={"2026-11-21": "a Saturday off"})

    assert calendar.is_open(at("2026-11-20T23:00+01:00"))
    assert not calendar.is_open(at("2026-11-21T05:00+01:00"))
    assert calendar.is_open(at("2026-11-28T05:59+01:00"))


def test_the_next_closing_is_that_of_joined_openings() -> None:
    calendar = a_calendar(("18:00", "24:00"), ("00:00", "06:00"), days=EVERY_DAY)

    assert calendar.next_closing(at("2026-11-20T20:00+01:00")) == at("2026-11-21T06:00+01:00")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"week": {}}, "calendar_never_opens"),
        ({"week": {"mon": []}}, "calendar_never_opens"),
        ({"week": {"mon": [["09:00", "09:00"]]}}, "calendar_interval_invalid"),
        ({"week": {"mon": [["24:00", "08:00"]]}}, "calendar_interval_invalid"),
        ({"week": {"mon": [["9", "17:00"]]}}, "calendar_interval_invalid"),
        ({"week": {"mon": ["09:00-17:00"]}}, "calendar_interval_invalid"),
        ({"week": {"someday": [["09:00", "17:00"]]}}, "calendar_day_unknown"),
        ({"always": True, "time_zone": "Mars/Olympus"}, "time_zone_unknown"),
        ({"week": {"mon": [["09:00", "17:00"]]}, "holidays": {"Christmas": "x"}}, "holiday_invalid"),
    ],
)
def test_what_cannot_be_meant_is_refused(data: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        Calendar.parse(data)


def test_a_calendar_that_holidays_close_for_ever_is_refused_when_asked() -> None:
    mondays = {str(date(2026, 1, 5) + timedelta(weeks=n)): "off" for n in range(600)}
    calendar = a_calendar(days=("mon",), holidays=mondays)

    with pytest.raises(Invalid, match="calendar_never_opens"):
        calendar.add(at("2026-01-01T00:00+01:00"), 60)


def test_json_there_and_back_is_the_same_calendar() -> None:
    calendar = a_calendar(("08:00", "12:00"), ("13:00", "24:00"), holidays={"2026-12-25": "Christmas Day"})

    assert Calendar.parse(calendar.to_dict()) == calendar


minute = st.integers(min_value=0, max_value=1440)
interval = st.tuples(minute, minute).filter(lambda pair: pair[0] < pair[1])
weeks = st.lists(st.lists(interval, max_size=3), min_size=7, max_size=7).filter(any)
instants = st.datetimes(datetime(1972, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = {
        day: [[f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}"] for a, b in intervals]
        for day, intervals in zip(EVERY_DAY, draw(weeks), strict=True)
    }
    return Calendar.parse({"time_zone": draw(st.sampled_from(ZONES)), "week": week})


@settings(max_examples=50)
@given(calendars(), instants, st.integers(min_value=0, max_value=400_000))
def test_adding_and_measuring_are_inverse(calendar: Calendar, start: datetime, seconds: int) -> None:
    due_at = calendar.add(start, seconds)

    assert calendar.elapsed(start, due_at) == seconds
    assert not seconds or calendar.elapsed(start, due_at - timedelta(microseconds=1)) < seconds


@settings(max_examples=50)
@given(calendars(), instants, st.integers(1, 20 * 86400), st.integers(1, 20 * 86400))
def test_openings_tile_time(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    """Cut anywhere, the parts add up; openings never overlap; inside is open, between is closed."""
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)

    openings = list(calendar.openings(start, end))

    parts = calendar.elapsed(start, middle) + calendar.elapsed(middle, end)
    assert calendar.elapsed(start, end) == pytest.approx(parts)
    assert all(a[1] <= b[0] for a, b in pairwise(openings))
    assert all(calendar.is_open(opens) for opens, _ in openings)
    assert all(not calendar.is_open(a[1]) for a, b in pairwise(openings) if a[1] < b[0])


@pytest.mark.parametrize("zone", ZONES)
def test_a_week_without_pause_counts_every_second_over_every_change(zone: str) -> None:
    calendar = a_calendar(("00:00", "24:00"), days=EVERY_DAY, zone=zone)
    start, end = datetime(2009, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC)

    assert calendar.elapsed(start, end) == (end - start).total_seconds()


EVERYTHING = bool(os.environ.get("HELPDESK_EVERY_ZONE"))
"""The long form: every zone, and each change of its clocks from 1970 to 2037."""


def changes_of(zone: str) -> list[datetime]:
    """One change of the clock of each kind (from, to and hour) that the zone has seen or will until 2037."""
    tz, day = ZoneInfo(zone), timedelta(days=1)
    found: dict[tuple[object, ...], datetime] = {}
    at, last = datetime(1970, 1, 2, tzinfo=UTC), datetime(2037, 12, 30, tzinfo=UTC)
    before = at.astimezone(tz).utcoffset()
    while (at := at + day) < last:
        after = at.astimezone(tz).utcoffset()
        if after != before:
            change = _moment(tz, at - day, at)
            local = change.astimezone(tz)
            kind = () if EVERYTHING else (before, after, local.hour, local.minute)
            found.setdefault(kind or (change,), change)
        before = after
    return list(found.values())


def _moment(tz: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The minute at which the offset changes between the two."""
    old = before.astimezone(tz).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if middle.astimezone(tz).utcoffset() == old else (before, middle)
    return after


CHANGING = (
    *ZONES, "Africa/Casablanca", "America/Sao_Paulo", "America/Caracas", "America/Scoresbysund",
    "Antarctica/Troll", "Asia/Pyongyang", "Asia/Tehran", "Asia/Gaza", "Asia/Kathmandu", "Asia/Manila",
    "Atlantic/Azores", "Europe/Istanbul", "Europe/London", "Europe/Moscow", "Pacific/Auckland",
    "Pacific/Chatham", "Pacific/Kwajalein", "Pacific/Kiritimati",
)  # fmt: skip
"""Zones with half hours, changes at midnight, days that never were and winter time below standard time."""


@pytest.mark.parametrize("zone", sorted(available_timezones() - {"localtime"}) if EVERYTHING else CHANGING)
def test_openings_tile_time_over_every_kind_of_change_of_the_clock(zone: str) -> None:
    """Open and closed hours are each other's complement, and what is always open counts each second."""
    always = a_calendar(("00:00", "24:00"), days=EVERY_DAY, zone=zone)
    nights = a_calendar(("00:00", "06:15"), ("12:30", "24:00"), days=EVERY_DAY, zone=zone)
    rest = a_calendar(("06:15", "12:30"), days=EVERY_DAY, zone=zone)  # no clock repeats these readings

    for change in changes_of(zone):
        start, end = change - timedelta(hours=31), change + timedelta(hours=53)
        spent = (end - start).total_seconds()
        assert always.elapsed(start, end) == spent
        assert nights.elapsed(start, end) + rest.elapsed(start, end) == spent, change
        assert nights.elapsed(start, change) + nights.elapsed(change, end) == nights.elapsed(start, end)
        assert nights.add(start, nights.elapsed(start, end)) <= end
