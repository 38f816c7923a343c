"""Pure: the days off that an iCalendar file tells of."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar

from helpdesk.errors import Invalid

LARGEST = 1024 * 1024
_MOST_ENTRIES = 5_000
_MOST_DAYS = 3_000
_LONGEST_STRETCH = 62  # days of one entry: a works holiday, not a mistake
_REPEATS = frozenset({"YEARLY", "MONTHLY", "WEEKLY"})


def days_off(data: bytes, first_year: int, years: int = 11) -> dict[str, str]:
    """Date → name of every whole-day entry in those years, repetitions included; a later entry of the same
    day wins. Errors: Invalid feed_too_large, feed_unreadable, feed_empty."""
    if len(data) > LARGEST:
        raise Invalid("feed_too_large", "More than 1 MB is not a list of holidays.", field="feed_url")
    if b"BEGIN:VCALENDAR" not in data[:4096].upper():
        raise Invalid("feed_unreadable", "This is not an iCalendar file.", field="feed_url")
    first, last = date(first_year, 1, 1), date(first_year + years - 1, 12, 31)
    found: dict[str, str] = {}
    try:
        for event in islice(Calendar.from_ical(data).walk("VEVENT"), _MOST_ENTRIES):
            for on in islice(_days_of(event, first, last), _MOST_DAYS):
                found[on.isoformat()] = " ".join(str(event.get("SUMMARY", "")).split())[:200]
    except Invalid:
        raise
    except Exception as failure:
        raise Invalid("feed_unreadable", f"{type(failure).__name__}", field="feed_url") from failure
    if not found:
        raise Invalid("feed_empty", "No whole days in it, in the years ahead.", field="feed_url")
    if len(found) > _MOST_DAYS:
        raise Invalid("feed_too_large", "Too many days.", field="feed_url")
    return dict(sorted(found.items()))


def _days_of(event: Any, first: date, last: date) -> Iterator[date]:
    """An appointment with a time of day is no day off; a cancelled or a transparent one neither."""
    if "DTSTART" not in event or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    start = event["DTSTART"].dt
    if isinstance(start, datetime):
        return
    length = min(max(_length(event, start), 1), _LONGEST_STRETCH)
    skipped = set(_excluded(event))
    for begins in _begins(event, start, first - timedelta(days=length), last):
        for later in range(length):
            on = begins + timedelta(days=later)
            if first <= on <= last and begins not in skipped:
                yield on


def _length(event: Any, start: date) -> int:
    if "DTEND" in event:
        end = event["DTEND"].dt
        return ((end.date() if isinstance(end, datetime) else end) - start).days
    return int(event["DURATION"].dt.days) if "DURATION" in event else 1


def _begins(event: Any, start: date, first: date, last: date) -> Iterator[date]:
    rule: Any = event.get("RRULE")
    if rule is None:
        yield start
        return
    if isinstance(rule, list) or str(rule.get("FREQ", [""])[0]).upper() not in _REPEATS:
        raise Invalid("feed_unreadable", "An entry repeats too often.", field="feed_url")
    at = datetime(start.year, start.month, start.day)  # noqa: DTZ001  days have no zone
    text = rule.to_ical().decode()
    until = text.partition("UNTIL=")[2].partition(";")[0]
    if until:  # dateutil wants it as plain as the start
        text = text.replace(f"UNTIL={until}", f"UNTIL={until[:8]}")
    repeated = rrulestr(text, dtstart=at)
    for one in islice(repeated.xafter(datetime(first.year, first.month, first.day), inc=True), _MOST_DAYS):  # noqa: DTZ001
        if one.date() > last:
            return
        yield one.date()


def _excluded(event: Any) -> Iterator[date]:
    given: Any = event.get("EXDATE", [])
    for one in given if isinstance(given, list) else [given]:
        for moment in one.dts:
            yield moment.dt.date() if isinstance(moment.dt, datetime) else moment.dt
