"""How large a picture says it is, read from its first bytes and never by drawing it."""

import struct
from collections.abc import Callable

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset((0x01, *range(0xD0, 0xD9)))
_JPEG_PARTS = 2000


def of(data: bytes) -> tuple[str, int, int] | None:
    """(media type, width, height) of a PNG, GIF, JPEG or WebP; None for whatever else, or for what is cut."""
    for kind, is_one, size in _KINDS:
        if is_one(data):
            try:
                found = size(data)
            except (struct.error, IndexError):
                return None
            return (kind, *found) if found else None
    return None


def _of_png(data: bytes) -> tuple[int, int] | None:
    return struct.unpack_from(">II", data, 16) if data[12:16] == b"IHDR" else None


def _of_gif(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<HH", data, 6)


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_JPEG_PARTS):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _JPEG_BARE:
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _of_webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return (width, height) if len(data) >= 30 else None
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


_KINDS: tuple[tuple[str, Callable[[bytes], bool], Callable[[bytes], tuple[int, int] | None]], ...] = (
    ("image/png", lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"), _of_png),
    ("image/gif", lambda data: data[:6] in (b"GIF87a", b"GIF89a"), _of_gif),
    ("image/jpeg", lambda data: data.startswith(b"\xff\xd8\xff"), _of_jpeg),
    ("image/webp", lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _of_webp),
)
