"""What an S/MIME blob that was signed but not encrypted says (RFC 8551, the SignedData of RFC 5652)."""

from collections.abc import Iterator
from dataclasses import dataclass

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_OID, _OCTETS, _SEQUENCE = 0x06, 0x04, 0x10
_NESTING = 20
_PIECES = 100_000


class _Damaged(Exception):
    """It is not what it says."""


@dataclass(slots=True)
class _Value:
    number: int
    constructed: bool
    start: int
    end: int


def signed_content(data: bytes) -> bytes | None:
    """The mail inside, unproven: nobody's certificate is checked. None for whatever else it is."""
    try:
        outer = _inside(data, next(_values(data, 0, len(data))))
        if _oid(data, outer[0]) != _SIGNED_DATA:
            return None
        signed = _inside(data, _inside(data, outer[1])[0])
        wrapped = next(one for one in signed if one.number == _SEQUENCE and _holds_data(data, one))
        content = _inside(data, _inside(data, wrapped)[1])
        return b"".join(_octets(data, content[0], 0))
    except (_Damaged, StopIteration, IndexError):
        return None


def _holds_data(data: bytes, value: _Value) -> bool:
    inside = _inside(data, value)
    return len(inside) > 1 and _oid(data, inside[0]) == _DATA


def _oid(data: bytes, value: _Value) -> bytes:
    return data[value.start : value.end] if value.number == _OID else b""


def _inside(data: bytes, value: _Value) -> list[_Value]:
    if not value.constructed:
        raise _Damaged
    return list(_values(data, value.start, value.end))


def _octets(data: bytes, value: _Value, depth: int) -> Iterator[bytes]:
    """An octet string in one piece or, as streams are written, in many."""
    if value.number != _OCTETS or depth > _NESTING:
        raise _Damaged
    if not value.constructed:
        yield data[value.start : value.end]
        return
    for piece in _values(data, value.start, value.end):
        yield from _octets(data, piece, depth + 1)


def _values(data: bytes, start: int, end: int) -> Iterator[_Value]:
    for _ in range(_PIECES):
        if start >= end or data[start : start + 2] == b"\0\0":
            return
        value, start = _value(data, start, end, 0)
        yield value


def _value(data: bytes, start: int, end: int, depth: int) -> tuple[_Value, int]:
    """One value and where the next begins; a length left open is found by its end mark."""
    if start + 2 > end or depth > _NESTING or data[start] & 0x1F == 0x1F:
        raise _Damaged
    head, length = data[start], data[start + 1]
    number, constructed, start = head & 0x1F, bool(head & 0x20), start + 2
    if length == 0x80:
        return _open_ended(data, number, start, end, depth)
    if length > 0x80:
        size = length & 0x7F
        if size > 4 or start + size > end:
            raise _Damaged
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > end:
        raise _Damaged
    return _Value(number, constructed, start, start + length), start + length


def _open_ended(data: bytes, number: int, start: int, end: int, depth: int) -> tuple[_Value, int]:
    position = start
    for _ in range(_PIECES):
        if data[position : position + 2] == b"\0\0":
            return _Value(number, constructed=True, start=start, end=position), position + 2
        _, position = _value(data, position, end, depth + 1)
    raise _Damaged
