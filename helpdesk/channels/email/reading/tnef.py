"""The winmail.dat of Exchange (MS-OXTNEF): the files in it, and its words."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from helpdesk.channels.email.reading import rtf
from helpdesk.channels.email.reading.charsets import clean, decode

_SIGNATURE = 0x223E9F78
_BODY, _PROPERTIES, _CODE_PAGE = 0x800C, 0x9003, 0x9007
_FILE_START, _FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_TEXT, _RICH, _HTML, _LONG_NAME, _KIND = 0x1000, 0x1009, 0x1013, 0x3707, 0x370E
_CONTENT_ID, _BYTES = 0x3712, 0x3701
_FILES, _PROPERTY_LIMIT, _MANY = 100, 2000, 1000
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_OLE = 16
"""Before an object's bytes stands what kind of object it is."""


@dataclass(slots=True)
class File:
    name: str = ""
    content_type: str = ""
    content_id: str | None = None
    data: bytes = b""


@dataclass(slots=True)
class Unpacked:
    files: list[File] = field(default_factory=list)
    text: str = ""
    html: str = ""
    rich: bytes = b""
    """Compressed RTF; often it alone has the words."""


def read(data: bytes) -> Unpacked:
    """What can be read before the first damage."""
    found = Unpacked()
    charset = "cp1252"
    for kind, value in _attributes(data):
        if kind == _CODE_PAGE and len(value) >= 4:
            charset = f"cp{struct.unpack_from('<I', value)[0]}"
        elif kind == _BODY:
            found.text = found.text or decode(value.rstrip(b"\0"), charset)
        elif kind == _PROPERTIES:
            _read_words(found, value, charset)
        elif kind == _FILE_START:
            if len(found.files) >= _FILES:
                break
            found.files.append(File())
        elif found.files:
            _read_file(found.files[-1], kind, value, charset)
    found.files = [one for one in found.files if one.data]
    if found.rich and not found.html:
        text, found.html = rtf.unwrap(found.rich)
        found.text = found.text or text
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return
    position = 6
    while position + 9 <= len(data):
        kind, _, length = struct.unpack_from("<HHI", data, position + 1)
        yield kind, data[position + 9 : position + 9 + length]
        position += 9 + length + 2


def _read_words(found: Unpacked, value: bytes, charset: str) -> None:
    for tag, content in _properties(value, charset):
        if tag == _TEXT and isinstance(content, str):
            found.text = found.text or content
        elif tag == _HTML:
            found.html = content if isinstance(content, str) else decode(content or b"", charset)
        elif tag == _RICH and isinstance(content, bytes):
            found.rich = content


def _read_file(file: File, kind: int, value: bytes, charset: str) -> None:
    if kind == _FILE_TITLE:
        file.name = file.name or decode(value.rstrip(b"\0"), charset)
    elif kind == _FILE_DATA:
        file.data = value
    elif kind == _FILE_PROPERTIES:
        for tag, content in _properties(value, charset):
            if tag == _BYTES and isinstance(content, bytes):
                file.data = file.data or content
            elif isinstance(content, str) and content:
                file.name = content if tag == _LONG_NAME else file.name
                file.content_type = content.lower() if tag == _KIND else file.content_type
                file.content_id = content.strip("<>") if tag == _CONTENT_ID else file.content_id


def _properties(value: bytes, charset: str) -> Iterator[tuple[int, Any]]:
    """(tag, text or bytes) of those that hold either; ends at the first that cannot be."""
    try:
        count, position = min(struct.unpack_from("<I", value)[0], _PROPERTY_LIMIT), 4
        for _ in range(count):
            kind, tag = struct.unpack_from("<HH", value, position)
            position = _past_name(value, position + 4) if tag >= 0x8000 else position + 4
            content, position = _content(value, kind, position, charset)
            if content is not None:
                yield tag, content
    except struct.error:
        return


def _past_name(value: bytes, position: int) -> int:
    """A property of a program's own says whose it is: a number, or a name."""
    is_named = struct.unpack_from("<I", value, position + 16)[0]
    if not is_named:
        return position + 24
    return position + 24 + _padded(struct.unpack_from("<I", value, position + 20)[0])


def _content(value: bytes, kind: int, position: int, charset: str) -> tuple[str | bytes | None, int]:
    """The (first) content, where it is text or bytes, and the place after all of them."""
    many, kind = kind & 0x1000, kind & 0xFFF
    if kind in _FIXED:
        count = struct.unpack_from("<I", value, position)[0] if many else 1
        return None, position + (4 if many else 0) + _FIXED[kind] * count
    if kind not in (0xD, 0x1E, 0x1F, 0x102):
        raise struct.error
    count, first = struct.unpack_from("<I", value, position)[0], None
    position += 4
    for index in range(min(count, _MANY)):
        length = struct.unpack_from("<I", value, position)[0]
        content = value[position + 4 : position + 4 + length]
        position += 4 + _padded(length)
        first = _said(content, kind, charset) if index == 0 else first
    return first, position


def _said(content: bytes, kind: int, charset: str) -> str | bytes:
    if kind == 0x1F:
        return clean(content.decode("utf-16-le", "replace"))
    if kind == 0x1E:
        return decode(content.rstrip(b"\0"), charset)
    return content[_OLE:] if kind == 0xD else content


def _padded(length: int) -> int:
    return length + -length % 4
