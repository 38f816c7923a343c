"""The days off that an iCalendar file tells of, whatever else is in it."""

import pytest

from helpdesk.domain.sla.holiday_feeds import LARGEST, days_off
from helpdesk.errors import Invalid


def a_feed(*entries: str) -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\n{entry}\r\nEND:VEVENT\r\n" for n, entry in enumerate(entries)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{events}END:VCALENDAR\r\n".encode()


def test_whole_days_are_days_off_and_appointments_are_not() -> None:
    feed = a_feed(
        "DTSTART;VALUE=DATE:20261224\r\nSUMMARY:Christmas Eve",
        "DTSTART:20261202T090000Z\r\nSUMMARY:Staff meeting",
    )

    assert days_off(feed, 2026) == {"2026-12-24": "Christmas Eve"}


def test_an_entry_of_several_days_ends_before_its_end() -> None:
    feed = a_feed("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270102\r\nSUMMARY:Closed")

    assert list(days_off(feed, 2026)) == ["2026-12-30", "2026-12-31", "2027-01-01"]


def test_what_repeats_every_year_is_found_in_every_year() -> None:
    feed = a_feed(
        "DTSTART;VALUE=DATE:20100501\r\nRRULE:FREQ=YEARLY;UNTIL=20281231T000000Z\r\n"
        "EXDATE;VALUE=DATE:20270501\r\nSUMMARY:May Day"
    )

    assert list(days_off(feed, 2026)) == ["2026-05-01", "2028-05-01"]


def test_a_cancelled_entry_is_none() -> None:
    feed = a_feed(
        "DTSTART;VALUE=DATE:20261224\r\nSTATUS:CANCELLED\r\nSUMMARY:a",
        "DTSTART;VALUE=DATE:20261225\r\nSUMMARY:b",
    )

    assert list(days_off(feed, 2026)) == ["2026-12-25"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html>Sign in</html>", "feed_unreadable"),
        (b"BEGIN:VCALENDAR" + b"x" * LARGEST, "feed_too_large"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "feed_empty"),
        (a_feed("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=SECONDLY\r\nSUMMARY:x"), "feed_unreadable"),
    ],
)
def test_what_is_no_list_of_days_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        days_off(data, 2026)
    assert refused.value.code == code


def test_an_entry_that_never_ends_costs_little() -> None:
    rule = "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=1000000"

    found = days_off(a_feed(f"DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:99990101\r\n{rule}"), 2026)

    assert len(found) < 5000
