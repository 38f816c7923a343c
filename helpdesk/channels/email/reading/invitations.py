"""What a calendar part asks for: which meeting, when, where, and who calls it."""

from datetime import date, datetime
from typing import Any

from helpdesk.channels.email.mail import Invitation
from helpdesk.channels.email.reading.charsets import decode
from helpdesk.channels.email.reading.headers import display_name

LIMIT = 256 * 1024
_METHODS = frozenset("request cancel reply counter declinecounter publish add refresh".split())


def read(data: bytes, charset: str | None, method: str) -> Invitation | None:
    """The first event; None for what is none. `method` is what the part's header says."""
    if len(data) > LIMIT or b"BEGIN:VEVENT" not in data.upper():
        return None
    try:
        return _read(decode(data, charset or "utf-8"), method)
    except Exception:  # noqa: BLE001 - whatever a stranger put there, it is a file all the same
        return None


def _read(text: str, method: str) -> Invitation | None:
    from icalendar import Calendar  # noqa: PLC0415 - costs every reader 60 ms, and few mails have one

    calendar = Calendar.from_ical(text)
    event = next(iter(calendar.walk("VEVENT")), None)
    if event is None:
        return None
    said = str(calendar.get("METHOD") or method or "publish").lower()
    starts, ends = _moment(event, "DTSTART"), _end(event)
    return Invitation(
        method=said if said in _METHODS else "publish",
        summary=_text(event, "SUMMARY"),
        place=_text(event, "LOCATION"),
        organiser=_organiser(event),
        starts=starts.isoformat() if starts else "",
        ends=ends.isoformat() if ends else "",
        repeats="RRULE" in event,
    )


def _text(event: Any, name: str) -> str:
    return display_name(str(event.get(name) or ""), 300)


def _moment(event: Any, name: str) -> date | datetime | None:
    found = getattr(event.get(name), "dt", None)
    return found if isinstance(found, date) else None


def _end(event: Any) -> date | datetime | None:
    ends, starts = _moment(event, "DTEND"), _moment(event, "DTSTART")
    if ends is None and starts is not None and "DURATION" in event:
        return starts + event["DURATION"].dt  # type: ignore[no-any-return]
    return ends


def _organiser(event: Any) -> str:
    found = event.get("ORGANIZER")
    if found is None:
        return ""
    name = display_name(str(getattr(found, "params", {}).get("CN", "")))
    return name or display_name(str(found).removeprefix("mailto:").removeprefix("MAILTO:"))
