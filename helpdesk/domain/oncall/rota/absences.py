"""Pure: when somebody is away, as their own calendar (iCalendar) tells it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from dateutil.rrule import rrulestr

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota.overrides import Duty
from helpdesk.errors import Invalid

LARGEST = 1024 * 1024
MOST = 200
_MOST_ENTRIES = 5_000
_MOST_REPEATS = 400
_AHEAD = timedelta(days=400)
_LONGEST = timedelta(days=366)
_REPEATS = frozenset({"YEARLY", "MONTHLY", "WEEKLY", "DAILY"})

Absence = tuple[str, Duty, str]
"""(an id that stays, the span of nobody in particular, what it is called)"""


def read_absences(data: bytes, time_zone: str, now: datetime) -> list[Absence]:
    """Entries that end after `now`, repetitions within 400 days included, the first 200 by time. Whole days
    are days of that zone. Cancelled ones, and those marked as free, are none.

    Errors: Invalid calendar_unreadable, calendar_too_large.
    """
    if len(data) > LARGEST:
        raise Invalid("calendar_too_large", "More than 1 MB.", field="calendar")
    if b"BEGIN:VCALENDAR" not in data[:4096].upper():
        raise Invalid("calendar_unreadable", "That is no iCalendar file.", field="calendar")
    try:
        events: list[Any] = list(islice(icalendar.Calendar.from_ical(data).walk("VEVENT"), _MOST_ENTRIES))
        moved = {
            (str(event.get("UID")), _key(event["RECURRENCE-ID"].dt)) for event in events if _moves(event)
        }
        found = [one for event in events for one in _absences(event, wall_clock.zone(time_zone), now, moved)]
    except Invalid:
        raise
    except Exception as failure:
        raise Invalid("calendar_unreadable", type(failure).__name__, field="calendar") from failure
    return sorted(found, key=lambda one: (one[1].start, one[0]))[:MOST]


def _absences(event: Any, zone: ZoneInfo, now: datetime, moved: set[tuple[str, str]]) -> Iterator[Absence]:
    uid, name = str(event.get("UID") or "")[:150], str(event.get("SUMMARY", ""))
    is_free = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    if not uid or is_free or "DTSTART" not in event or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    start = event["DTSTART"].dt
    length = _length(event, start)
    for begins in _begins(event, start, now - length):
        at = _key(begins)
        if (str(event.get("UID")), at) in moved and not _moves(event):
            continue
        opens = _instant(begins, zone)
        closes = _instant(begins + length, zone)
        if opens < closes <= opens + _LONGEST and closes > now:
            is_one = "RRULE" not in event and not _moves(event)
            yield uid if is_one else f"{uid} {at}", Duty("", opens, closes), name


def _begins(event: Any, start: Any, since: datetime) -> Iterator[Any]:
    """Starts on the event's own clock: what repeats at nine stays at nine when the clock is changed."""
    rule: Any = event.get("RRULE")
    if rule is None:
        yield start
        return
    if isinstance(rule, list) or str(rule.get("FREQ", [""])[0]).upper() not in _REPEATS:
        raise Invalid("calendar_unreadable", "An entry repeats too often.", field="calendar")
    is_day = not isinstance(start, datetime)
    wall = datetime.combine(start, time()) if is_day else start.replace(tzinfo=None)
    text = ";".join(part for part in rule.to_ical().decode().split(";") if not part.startswith("UNTIL="))
    until = rule.get("UNTIL")
    last = since + _AHEAD
    if until:
        last = min(
            last, _instant(until[0] if isinstance(until, list) else until, ZoneInfo("UTC")) + _slack(is_day)
        )
    skipped = {_key(one.dt) for one in _excluded(event)}
    floor = (since - timedelta(days=2)).replace(tzinfo=None)
    for one in islice(rrulestr(text, dtstart=wall).xafter(floor, inc=True), _MOST_REPEATS):
        begins = one.date() if is_day else one.replace(tzinfo=start.tzinfo)
        if _instant(begins, ZoneInfo("UTC")) > last:
            return
        if _key(begins) not in skipped:
            yield begins


def _slack(is_day: bool) -> timedelta:
    """UNTIL is inclusive, and a day's midnight is read in UTC here."""
    return timedelta(days=1) - timedelta(seconds=1) if is_day else timedelta()


def _excluded(event: Any) -> Iterator[Any]:
    lists = event.get("EXDATE", [])
    for one in lists if isinstance(lists, list) else [lists]:
        yield from one.dts


def _length(event: Any, start: Any) -> timedelta:
    if "DTEND" in event:
        return event["DTEND"].dt - start  # type: ignore[no-any-return]
    if "DURATION" in event:
        return event["DURATION"].dt  # type: ignore[no-any-return]
    return timedelta(days=0 if isinstance(start, datetime) else 1)


def _moves(event: Any) -> bool:
    """Whether it stands for one repetition of another entry."""
    return "RECURRENCE-ID" in event


def _key(value: Any) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _instant(value: Any, zone: ZoneInfo) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    wall = value if isinstance(value, datetime) else datetime.combine(value, time())
    return wall_clock.first_instant(wall, zone)
