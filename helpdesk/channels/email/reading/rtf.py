"""What a rich text says: the HTML or text that Exchange wrapped in it (MS-OXRTFEX), else its own words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from compressed_rtf import decompress

from helpdesk.channels.email.reading.charsets import clean, decode

COMPRESSED_LIMIT = 512 * 1024
LIMIT = 1024 * 1024
_DEPTH = 500

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,9})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|([^\\{}\r\n]+)", re.DOTALL
)
_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t"}
_CHARACTERS = {
    "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d", "bullet": "\u2022",
    "endash": "\u2013", "emdash": "\u2014", "enspace": " ", "emspace": " ", "qmspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": "\xa0", b"_": "-", b"\n": "\n", b"\r": "\n"}
_UNSEEN = frozenset(
    "fonttbl colortbl stylesheet info pict header headerl headerr headerf footer footerl footerr footerf"
    " listtable listoverridetable rsidtbl generator nonshppict filetbl revtbl".split()
)
_SCRIPTS = {
    77: "mac-roman", 128: "cp932", 129: "cp949", 130: "cp1361", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
"""Charset numbers of fonts; any other means that of the document."""


@dataclass(frozen=True, slots=True)
class _Group:
    unseen: bool = False
    is_markup: bool = False
    is_rendering: bool = False
    """Between \\htmlrtf and \\htmlrtf0: how RTF draws what the HTML beside it says."""

    in_fonts: bool = False
    font: int = 0
    stand_ins: int = 1
    """So many characters behind a \\u are for programs that do not know it."""


@dataclass(slots=True)
class _Reading:
    group: _Group = field(default_factory=_Group)
    outer: list[_Group] = field(default_factory=list)
    charset: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    default_font: int = 0
    wraps_html: bool = False
    is_optional: bool = False
    to_skip: int = 0
    said: list[str] = field(default_factory=list)
    waiting: bytearray = field(default_factory=bytearray)
    """Bytes of one charset: a letter may be made of several, each written in its own way."""


def unwrap(compressed: bytes) -> tuple[str, str]:
    """(text, HTML) of a compressed RTF, one of them empty; both where it is damaged or beyond all measure."""
    if len(compressed) > COMPRESSED_LIMIT:
        return "", ""
    try:
        return read(decompress(compressed)[:LIMIT])
    except Exception:  # noqa: BLE001 - the library raises this for every damage
        return "", ""


def read(data: bytes) -> tuple[str, str]:
    """(text, HTML), one of them empty."""
    if not data.lstrip().startswith(rb"{\rtf"):
        return "", ""
    reading = _Reading()
    for word, number, raw in _tokens(data):
        if word in ("{", "}"):
            if not _nest(reading, opens=word == "{"):
                break
        elif word == "'" or not word:
            _bytes(reading, raw)
        elif word == "*":
            reading.is_optional = True
        else:
            _obey(reading, word, number)
    _flush(reading)
    text = "".join(reading.said).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return ("", clean(text)) if reading.wraps_html else (clean(text), "")


def _tokens(data: bytes) -> Iterator[tuple[str, int | None, bytes]]:
    """(word, number, ""), ("'", None, one byte) or ("", None, literal bytes); a symbol is a word."""
    position = 0
    while match := _TOKEN.search(data, position):
        position = match.end()
        word, number, code, symbol, brace, literal = match.groups()
        if literal is not None:
            yield "", None, literal
        elif code is not None:
            yield "'", None, bytes.fromhex(code.decode())
        elif word is not None:
            if word == b"bin":
                position += max(int(number or 0), 0)
            yield word.decode(), int(number) if number else None, b""
        elif symbol in (b"\\", b"{", b"}"):
            yield "", None, symbol
        else:
            yield (symbol or brace).decode("latin-1"), None, b""


def _nest(reading: _Reading, *, opens: bool) -> bool:
    """False at the end, and where it is nested beyond all sense."""
    _flush(reading)
    reading.to_skip, reading.is_optional = 0, False
    if opens:
        reading.outer.append(reading.group)
        return len(reading.outer) < _DEPTH
    if not reading.outer:
        return False
    reading.group = reading.outer.pop()
    return bool(reading.outer)


def _bytes(reading: _Reading, raw: bytes) -> None:
    if reading.to_skip:
        skipped = min(reading.to_skip, len(raw))
        reading.to_skip -= skipped
        raw = raw[skipped:]
    if _is_seen(reading):
        reading.waiting += raw


def _is_seen(reading: _Reading) -> bool:
    group = reading.group
    return not group.unseen and not (reading.wraps_html and group.is_rendering)


def _obey(reading: _Reading, word: str, number: int | None) -> None:
    optional, reading.is_optional = reading.is_optional, False
    if word == "htmltag":
        _turn(reading, unseen=False, is_markup=True)
    elif word in _UNSEEN or optional:
        _turn(reading, unseen=True, in_fonts=word == "fonttbl")
    elif word == "htmlrtf":
        _turn(reading, is_rendering=number != 0)
    elif word == "u" and number is not None:
        _write(reading, chr(number & 0xFFFF))
        reading.to_skip = reading.group.stand_ins
    elif written := _BREAKS.get(word) or _CHARACTERS.get(word) or _SYMBOLS.get(word.encode("latin-1")):
        _write(reading, written)
    else:
        _set(reading, word, number or 0)


def _set(reading: _Reading, word: str, number: int) -> None:
    if word == "f":
        _turn(reading, font=number)
    elif word == "plain":
        _turn(reading, font=reading.default_font)
    elif word == "uc":
        _turn(reading, stand_ins=max(number, 0))
    elif word == "fcharset" and reading.group.in_fonts and number in _SCRIPTS:
        reading.fonts[reading.group.font] = _SCRIPTS[number]
    elif word == "fromhtml":
        reading.wraps_html = True
    elif word == "ansicpg":
        reading.charset = "utf-8" if number == 65001 else f"cp{number}"
    elif word == "deff":
        reading.default_font = number
        _turn(reading, font=number)


def _turn(reading: _Reading, **changed: Any) -> None:
    """From here to the end of the group."""
    _flush(reading)
    reading.group = replace(reading.group, **changed)


def _write(reading: _Reading, text: str) -> None:
    if _is_seen(reading):
        _flush(reading)
        reading.said.append(text)


def _flush(reading: _Reading) -> None:
    """The bytes so far, in the charset of their font; within the HTML's own marks in that of the document."""
    if reading.waiting:
        group = reading.group
        charset = reading.charset if group.is_markup else reading.fonts.get(group.font, reading.charset)
        reading.said.append(decode(bytes(reading.waiting), charset))
        reading.waiting.clear()
