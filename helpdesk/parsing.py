"""Untrusted data in, typed values out."""

import re
import unicodedata
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

import idna
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


_LOCAL = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,200}")
_DOMAIN = re.compile(r"\[[0-9a-fA-F.:IPv]+\]|(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LONGEST_ADDRESS = 254


def parse_email(text: str) -> str:
    """One plain mail address that can stand in a header as it is, its domain in ASCII. What is accepted here
    is what can be written to. Errors: Invalid email_invalid."""
    local, _, domain = text.rpartition("@")
    try:
        domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        domain = ""
    address = f"{local}@{domain}"
    is_plain = _LOCAL.fullmatch(local) and not any(unicodedata.category(char)[0] == "C" for char in local)
    if not is_plain or not _DOMAIN.fullmatch(domain) or len(address) > _LONGEST_ADDRESS:
        raise Invalid("email_invalid", "That does not look like an e-mail address.", field="email")
    return address


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing."""


def visible_line(text: str) -> str:
    """On one line and without control characters; empty where nothing of it could be seen."""
    line = " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())
    is_seen = any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANK for char in line)
    return line if is_seen else ""


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
