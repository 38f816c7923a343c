"""The nested values of BER (X.690), as certificates, signatures and S/MIME are written, from strangers."""

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER, BITS, OCTETS, OID, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x10, 0x11
_NESTING = 20
_PIECES = 100_000


class Damaged(Exception):
    """It is not what it says."""


@dataclass(slots=True)
class Value:
    """`number` is the tag without its class; the whole is data[at:end], its content data[start:end]."""

    number: int
    constructed: bool
    at: int
    start: int
    end: int


def oid(data: bytes, value: Value) -> bytes:
    return data[value.start : value.end] if value.number == OID else b""


def inside(data: bytes, value: Value) -> list[Value]:
    if not value.constructed:
        raise Damaged
    return list(values(data, value.start, value.end))


def octets(data: bytes, value: Value, depth: int = 0) -> Iterator[bytes]:
    """An octet string in one piece or, as streams are written, in many."""
    if value.number != OCTETS or depth > _NESTING:
        raise Damaged
    if not value.constructed:
        yield data[value.start : value.end]
        return
    for piece in values(data, value.start, value.end):
        yield from octets(data, piece, depth + 1)


def values(data: bytes, start: int, end: int) -> Iterator[Value]:
    for _ in range(_PIECES):
        if start >= end or data[start : start + 2] == b"\0\0":
            return
        value, start = _value(data, start, end, 0)
        yield value


def _value(data: bytes, start: int, end: int, depth: int) -> tuple[Value, int]:
    """One value and where the next begins; a length left open is found by its end mark."""
    if start + 2 > end or depth > _NESTING or data[start] & 0x1F == 0x1F:
        raise Damaged
    at, head, length = start, data[start], data[start + 1]
    number, constructed, start = head & 0x1F, bool(head & 0x20), start + 2
    if length == 0x80:
        return _open_ended(data, number, at, end, depth)
    if length > 0x80:
        size = length & 0x7F
        if size > 4 or start + size > end:
            raise Damaged
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > end:
        raise Damaged
    return Value(number, constructed, at, start, start + length), start + length


def _open_ended(data: bytes, number: int, at: int, end: int, depth: int) -> tuple[Value, int]:
    position = at + 2
    for _ in range(_PIECES):
        if data[position : position + 2] == b"\0\0":
            return Value(number, constructed=True, at=at, start=at + 2, end=position), position + 2
        _, position = _value(data, position, end, depth + 1)
    raise Damaged
