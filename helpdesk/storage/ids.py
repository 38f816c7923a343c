"""UUIDv7 made from a given moment (RFC 9562, method 3), so ids sort by time also under a moved clock."""

import itertools
import secrets
from datetime import datetime
from uuid import UUID

_sequence = itertools.count(secrets.randbits(12))


def new_id(now: datetime) -> UUID:
    """48 bits of milliseconds, 12 bits of the microseconds within, 14 bits counting up, 48 random bits."""
    whole = int(now.timestamp()) * 1_000_000 + now.microsecond
    milliseconds, rest = divmod(whole, 1000)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (rest * 4096 // 1000) << 64
    value |= 0b10 << 62 | (next(_sequence) & 0x3FFF) << 48 | secrets.randbits(48)
    return UUID(int=value)
