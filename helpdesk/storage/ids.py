"""UUIDv7 made from a given moment (RFC 9562, method 3), so ids sort by time also under a moved clock."""

import itertools
import os
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_sequence = itertools.count(secrets.randbits(12))


def new_id(now: datetime) -> UUID:
    """48 bits of milliseconds, 12 bits of the microseconds within, 14 bits counting up, 48 random bits."""
    since = now - _EPOCH
    milliseconds = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    fraction = since.microseconds % 1000 * 4096 // 1000
    first = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | fraction
    last = 0x8000 | next(_sequence) & 0x3FFF
    return UUID(int=first << 64 | last << 48 | int.from_bytes(os.urandom(6)))


def first_id(now: datetime) -> UUID:
    """The least that is made at this moment."""
    return UUID(int=(now - _EPOCH) // timedelta(milliseconds=1) << 80)
