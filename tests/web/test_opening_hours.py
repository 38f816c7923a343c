"""The support page says whether somebody is there, and when the next time is."""

from datetime import UTC, datetime

from helpdesk.domain.sla.business_time import Calendar
from helpdesk.translation import translator
from helpdesk.web.opening_hours import opening_hours
from helpdesk.web.templating import Times

OFFICE = Calendar.parse(
    {
        "time_zone": "Europe/Stockholm",
        "week": {day: [["08:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
        | {"sat": [["10:00", "12:00"], ["13:00", "15:00"]]},
        "holidays": {"2026-12-25": "juldagen"},
    }
)


def hours(calendar: Calendar, at: str, language: str = "en"):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return opening_hours(calendar, moment, Times(language, "UTC"), translator(language, "pages"))


def test_while_open_it_says_until_when():
    monday = hours(OFFICE, "2026-11-23T09:00")

    assert monday.is_open
    assert monday.changes_at == datetime(2026, 11, 23, 16, tzinfo=UTC)


def test_while_closed_it_says_when_somebody_is_back_after_weekend_and_holiday():
    christmas_eve_night = hours(OFFICE, "2026-12-24T20:00")

    assert not christmas_eve_night.is_open
    assert christmas_eve_night.changes_at == datetime(2026, 12, 26, 9, tzinfo=UTC)


def test_days_with_the_same_hours_share_a_line_and_today_is_marked():
    week = hours(OFFICE, "2026-11-21T09:00").weekly

    assert [(line.days, line.times, line.is_today) for line in week] == [
        ("Monday – Friday", "08:00–17:00", False),
        ("Saturday", "10:00–12:00, 13:00–15:00", True),
        ("Sunday", "", False),
    ]


def test_the_week_is_told_in_the_readers_language():
    week = hours(OFFICE, "2026-11-21T09:00", "sv").weekly

    assert [line.days for line in week] == ["Måndag – Fredag", "Lördag", "Söndag"]


def test_a_desk_that_never_closes_needs_one_line():
    always = hours(Calendar.parse({"always": True, "time_zone": "UTC"}), "2026-11-21T03:00")

    assert always.is_open
    assert always.changes_at is None
    assert [(line.days, line.times) for line in always.weekly] == [("Every day", "around the clock")]
