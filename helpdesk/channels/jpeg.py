"""A JPEG taken apart and put together again from what draws it, so that nothing else is passed on.

Where it was taken, thumbnails, remarks and whatever hangs behind its end stay away (ITU T.81, annex B).
"""

import struct
from collections.abc import Iterator

from helpdesk.errors import Invalid

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: what browsers draw."""

_DRAWING = _FRAMES | {0xC4, 0xDB, 0xDD, 0xEE, _SCAN}
"""With tables, restart intervals, and the marker that tells which colours are meant."""

_RESTARTS = range(0xD0, 0xD8)


def bare(data: bytes, smallest: int, largest: int) -> bytes:
    """The same picture, of so many pixels a side. Errors: Invalid `picture_invalid`, `picture_size`."""
    kept, frames, scans = [b"\xff\xd8"], 0, 0
    for marker, part in _parts(data):
        if marker in _FRAMES:
            frames += 1
            _require_size(part, smallest, largest)
        scans += marker == _SCAN
        if marker in _DRAWING:
            kept.append(part)
    if frames != 1 or not scans:
        raise _strange()
    return b"".join([*kept, b"\xff\xd9"])


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with its segment; a scan with the drawing that follows it."""
    if data[:2] != b"\xff\xd8":
        raise _strange()
    at = 2
    while True:
        if len(data) < at + 4 or data[at] != 0xFF:
            raise _strange()
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == _END:
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < at + 4 or end > len(data):
            raise _strange()
        if marker == _SCAN:
            end = _end_of_scan(data, end)
        yield marker, data[at:end]
        at = end
        if data[at : at + 2] == b"\xff\xd9":
            return


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands that is no part of the drawing."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0 and data[at + 1] not in _RESTARTS:
            return at
        at += 2
    raise _strange()


def _require_size(frame: bytes, smallest: int, largest: int) -> None:
    if len(frame) < 10:
        raise _strange()
    height, width = struct.unpack(">HH", frame[5:9])
    if not (smallest <= width <= largest and smallest <= height <= largest):
        raise Invalid("picture_size", f"{smallest} to {largest} pixels a side.", field="file")


def _strange() -> Invalid:
    return Invalid("picture_invalid", "That is not a JPEG that we can read.", field="file")
