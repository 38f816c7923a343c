"""JSON out: orjson from plain dicts, UUIDs of the database driver included, times in UTC with a Z."""

from typing import Any
from uuid import UUID

import orjson


def encode(value: Any) -> bytes:
    return orjson.dumps(value, _plain, orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):  # the driver's own subclass, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
