"""When somebody is away, read from their own calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.domain.oncall.rota.absences import MOST, read_absences
from helpdesk.errors import Invalid

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STOCKHOLM = "Europe/Stockholm"


def a_calendar(*events: str) -> bytes:
    text = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{text}END:VCALENDAR\r\n".encode()


def spans(data: bytes) -> list[tuple[str, str, str]]:
    found = read_absences(data, STOCKHOLM, NOON)
    return [(uid, f"{span.start:%m-%dT%H:%M}", f"{span.end:%m-%dT%H:%M}") for uid, span, _ in found]


def test_whole_days_are_days_of_the_persons_zone_23_hours_long_in_spring() -> None:
    data = a_calendar("UID:a\r\nDTSTART;VALUE=DATE:20260329\r\nDTEND;VALUE=DATE:20260330\r\nSUMMARY:Skiing")

    assert spans(data) == [("a", "03-28T23:00", "03-29T22:00")]
    assert read_absences(data, STOCKHOLM, NOON)[0][2] == "Skiing"


def test_what_repeats_stays_on_the_wall_clock_when_the_clock_is_changed() -> None:
    data = a_calendar(
        "UID:w\r\nDTSTART;TZID=Europe/Stockholm:20260318T130000\r\nDURATION:PT4H\r\n"
        "RRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;TZID=Europe/Stockholm:20260325T130000"
    )

    assert [span[1:] for span in spans(data)] == [
        ("03-18T12:00", "03-18T16:00"),
        ("04-01T11:00", "04-01T15:00"),
    ]


def test_one_repetition_that_was_moved_is_where_it_was_moved_to() -> None:
    data = a_calendar(
        "UID:w\r\nDTSTART:20260310T080000Z\r\nDTEND:20260310T090000Z\r\nRRULE:FREQ=DAILY;UNTIL=20260311T080000Z",
        "UID:w\r\nRECURRENCE-ID:20260311T080000Z\r\nDTSTART:20260312T080000Z\r\nDTEND:20260312T090000Z",
    )

    assert [span[1] for span in spans(data)] == ["03-10T08:00", "03-12T08:00"]
    assert len({span[0] for span in spans(data)}) == 2


@pytest.mark.parametrize(
    "event",
    [
        "UID:a\r\nDTSTART:20260310T080000Z\r\nDTEND:20260310T090000Z\r\nSTATUS:CANCELLED",
        "UID:a\r\nDTSTART:20260310T080000Z\r\nDTEND:20260310T090000Z\r\nTRANSP:TRANSPARENT",
        "UID:a\r\nDTSTART:20260210T080000Z\r\nDTEND:20260210T090000Z",
        "UID:a\r\nDTSTART:20260310T080000Z\r\nDTEND:20260310T080000Z",
        "DTSTART:20260310T080000Z\r\nDTEND:20260310T090000Z",
    ],
    ids=["cancelled", "marked as free", "over", "without length", "without a uid"],
)
def test_no_absence_is(event: str) -> None:
    assert spans(a_calendar(event)) == []


def test_a_rule_without_end_is_followed_for_a_year_and_no_further() -> None:
    data = a_calendar("UID:d\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=WEEKLY")

    found = read_absences(data, STOCKHOLM, NOON)

    assert 50 < len(found) <= MOST
    assert found[-1][1].start < NOON + timedelta(days=401)


@pytest.mark.parametrize("data", [b"<html>", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:x", b""])
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="calendar_unreadable"):
        read_absences(data, STOCKHOLM, NOON)


def test_a_rule_by_the_second_is_refused() -> None:
    with pytest.raises(Invalid, match="calendar_unreadable"):
        read_absences(a_calendar("UID:s\r\nDTSTART:20260310T080000Z\r\nRRULE:FREQ=SECONDLY"), STOCKHOLM, NOON)
