"""The Date header as a moment, if it names one that can be stored."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_TIDIED = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r"[ \t]{0,20}:[ \t]{0,20}", ":"),
        (r"[ \t]{1,20},", ","),
        (r"(:\d\d:\d\d)[.,]\d{1,9}\b", r"\1"),  # parts of a second
        (r"\b(?:GMT|UTC)([+-]\d)", r"\1"),
        (r"(?<![T\d])(\d\d?:\d\d:\d\d)(?:Z|GMT|UTC)$", r"\1 +0000"),
        (r"([ :]\d\d ?[+-]\d\d):(\d\d)$", r"\1\2"),
        (r"\b(\d{1,2} (?:[a-z]{3,9})) ([5-9]\d) ", r"\1 19\2 "),
        (r"\bSept\b", "Sep"), (r"\bDez\b", "Dec"), (r"\bOkt\b", "Oct"), (r"\bMa[ij]\b", "May"),
    )
)  # fmt: skip
_NUMERIC = re.compile(r"\b(\d{1,2})([ /.-])(\d{1,2})\2(\d{4}|(?<=/)\d\d)\b(?!:)")
_YEAR_FIRST = re.compile(r"^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]|$)")
_COMMENT = re.compile(r"\(([^()]{0,60})\)")
_COMMENTS_DEPTH = 5
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d\d(?::\d\d)?) ?([ap])\.?m\b\.?", re.IGNORECASE)
_LEAP_SECOND = re.compile(r"(\d\d?:\d\d):60\b")
_ZONE = re.compile(r"[ \t]([A-Za-z]{3,5})$")
# Offsets in minutes of zones that are written by name; RFC 5322 itself knows the American ones.
_ZONES = {
    "BST": 60, "IST": 330, "WEST": 60, "CET": 60, "CEST": 120, "MET": 60, "MEST": 120, "MEZ": 60, "MESZ": 120,
    "EET": 120, "EEST": 180, "SAST": 120, "MSK": 180, "MSD": 240, "PKT": 300, "ICT": 420, "WIB": 420,
    "HKT": 480, "SGT": 480, "AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600,
    "AEDT": 660, "NZST": 720, "NZDT": 780, "NST": -210, "NDT": -150, "BRT": -180, "ART": -180, "AKST": -540,
    "AKDT": -480, "HST": -600,
}  # fmt: skip
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def parse(text: str) -> datetime | None:
    """Aware, in UTC; None for nonsense. A date without a zone is taken as UTC."""
    text, leap = _LEAP_SECOND.subn(r"\1:59", _tidied(_without_comments(text[:200])), count=1)
    moment = (_moment(text) or _moment(_rewritten(text))) if text else None
    if moment is None:
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        moment += timedelta(seconds=leap)
    except (OverflowError, ValueError):
        return None
    return moment if _EARLIEST <= moment <= _LATEST else None


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None


def _rewritten(text: str) -> str:
    """The day before the month before the year, and midnight where no time is named."""
    if found := _YEAR_FIRST.match(text):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
        if 1 <= month <= 12:
            text = f"{day} {_MONTHS[month - 1]} {year} {text[found.end() :]}".strip()
    return text if ":" in text else f"{text} 00:00"


def _without_comments(text: str) -> str:
    """They may stand in each other; a zone in one counts where none stands outside."""
    zone = ""
    for _ in range(_COMMENTS_DEPTH):
        if not (found := _COMMENT.search(text)):
            break
        zone = found[1].strip()
        text = _COMMENT.sub("", text).strip()
    ends_in_year = re.search(r":\d\d \d{4}$", text)
    return f"{text} {zone}" if ends_in_year and zone.upper() in _ZONES else text


def _tidied(text: str) -> str:
    """As RFC 5322 writes it, where a program wrote it nearly so."""
    for pattern, plain in _TIDIED:
        text = pattern.sub(plain, text)
    text = _HALF_DAY.sub(_of_the_whole_day, _NUMERIC.sub(_with_named_month, text)).strip()
    if (zone := _ZONE.search(text)) and (offset := _ZONES.get(zone[1].upper())):
        hours, minutes = divmod(abs(offset), 60)
        text = f"{text[: zone.start()]} {'-' if offset < 0 else '+'}{hours:02}{minutes:02}"
    return text


def _with_named_month(found: re.Match[str]) -> str:
    """The day stands first, unless only the second number can be one."""
    day, month = int(found[1]), int(found[3])
    if month > 12:
        day, month = month, day
    return f"{day} {_MONTHS[month - 1]} {found[4]}" if 1 <= month <= 12 else found[0]


def _of_the_whole_day(found: re.Match[str]) -> str:
    hour = int(found[1])
    return f"{hour % 12 + 12 * (found[3] in 'pP') if hour <= 12 else hour}{found[2]}"
