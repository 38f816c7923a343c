"""The Date header as a moment, if it names one that can be stored."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_COMMENT = re.compile(r"\([^()]{0,60}\)")
_AROUND_COLON = re.compile(r"[ \t]{0,20}:[ \t]{0,20}")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def parse(text: str) -> datetime | None:
    """Aware, in UTC; None for nonsense. A date without a zone is taken as UTC."""
    text = _AROUND_COLON.sub(":", _COMMENT.sub("", text[:200])).strip()
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if _EARLIEST <= moment <= _LATEST else None
