"""Spans of time as people type and read them: 90 s, 15 min, 4 h, 1 h 30 min, 2 d."""

import re

from helpdesk.errors import Invalid

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
LONGEST = 366 * 86_400
_WORDS = {
    "s": "s", "sec": "s", "sek": "s", "m": "min", "min": "min", "h": "h", "t": "h", "tim": "h",
    "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d", "dag": "d", "dagar": "d",
}  # fmt: skip
_PART = re.compile(r"(\d{1,6})\s*([a-z]*)", re.ASCII)


def seconds_of(text: str, field: str) -> int | None:
    """A bare number is minutes; nothing is None. Errors: Invalid duration_invalid."""
    text = text.strip().lower()
    if not text:
        return None
    total = 0
    for number, unit in _PART.findall(text):
        if unit and unit not in _WORDS:
            raise Invalid("duration_invalid", field=field)
        total += int(number) * UNITS[_WORDS.get(unit, "min")]
    if _PART.sub("", text).strip() or not 0 < total <= LONGEST:
        raise Invalid("duration_invalid", field=field)
    return total


def shown(seconds: float | None) -> str:
    """The same again, in the fewest words; no days, whose length a calendar decides."""
    if seconds is None:
        return ""
    left, parts = round(seconds), []
    for unit in ("h", "min", "s"):
        number, left = divmod(left, UNITS[unit])
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts) or "0 s"
