"""Untrusted data in, typed values out."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

import orjson
from pydantic import AfterValidator, AwareDatetime, TypeAdapter, ValidationError

from helpdesk.errors import Invalid, NotFound

T = TypeVar("T")

_adapters: dict[Any, TypeAdapter[Any]] = {}


def parse(data: Any, shape: type[T]) -> T:
    """`data` as a `shape`; Invalid names the first field that does not fit."""
    adapter = _adapters.get(shape)
    if adapter is None:
        adapter = _adapters[shape] = TypeAdapter(shape)
    try:
        value: T = adapter.validate_python(data)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Invalid("invalid", f"{where or 'body'}: {first['msg']}", field=where or None) from None
    return value


def parse_json(body: bytes, shape: type[T]) -> T:
    """A JSON body as a `shape`; an empty body counts as `{}`."""
    try:
        data = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        raise Invalid("malformed_json", "The body is not valid JSON.") from None
    return parse(data, shape)


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones; finding them walks a folder, so it is done once."""
    return frozenset(available_timezones())


def known_zone(name: str) -> str:
    """For models: a time zone's name. Errors: ValueError, which pydantic turns into its own."""
    if name not in time_zones():
        raise ValueError("not a time zone")
    return name


def known_moment(moment: datetime) -> datetime:
    """A moment that the database can hold and somebody could mean. Errors: ValueError."""
    if moment.tzinfo is None or not 1970 <= moment.year <= 2200:
        raise ValueError("not a moment between 1970 and 2200")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(known_moment)]


def parse_number(value: str, what: str, most: int = 10**18 - 1) -> int:
    """A whole number from an address or header, in ASCII digits. Errors: Invalid."""
    if not (value.isascii() and value.isdigit()) or len(value) > 18 or int(value) > most:
        raise Invalid(f"{what}_invalid", f"{what} is a whole number up to {most}.", field=what)
    return int(value)


def parse_id(value: object, what: str = "ticket") -> UUID:
    """An id from an address; one that is no UUID cannot exist, so it is not found."""
    try:
        return UUID(str(value))
    except ValueError:
        raise NotFound(f"{what}_not_found") from None
