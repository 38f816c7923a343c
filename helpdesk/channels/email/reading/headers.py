"""The header block of a mail or part as raw bytes, and how one value becomes text."""

import binascii
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from helpdesk.channels.email.reading.charsets import clean, decode

BLOCK_LIMIT = 256 * 1024
HEADER_LIMIT = 32 * 1024
ADDRESS_LIMIT = 16 * 1024
COUNT_LIMIT = 1000
BLANK = " \t\r\n"
"""Between the letters of bytes that are not decoded yet: half of an à is no space."""
_MARKS_LIMIT = 20

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_NEARLY_FIELD = re.compile(rb"[\x00-\x08!-9;-~\x80-\xff]{0,200}[ \t]*:|[Xx]-[!-~][^:]{0,200}:")
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+\s*\Z")
_PARAMETER = re.compile(rb"[A-Za-z*0-9-]{1,40}=")
_KNOWN = re.compile(
    rb"^(?:from|to|cc|subject|date|message-id|received|return-path|reply-to|mime-version|content-type"
    rb"|content-transfer-encoding|sender|references|in-reply-to|delivered-to"
    rb"|x-[a-z]{2,20}-?[a-z]{0,20})[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK = re.compile(rb"^\r?\n", re.MULTILINE)
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?")
INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u061c]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


@dataclass(frozen=True, slots=True)
class Headers:
    """Values are raw, unfolded bytes, in their order, names lower-case."""

    items: tuple[tuple[str, bytes], ...]

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.items if key == name]

    def first(self, name: str) -> bytes | None:
        return next((value for key, value in self.items if key == name), None)

    def text(self, name: str, charset: str | None = None) -> str:
        value = self.first(name)
        return "" if value is None else decode_text(value, charset)

    def encoded_in(self) -> str | None:
        """The charset of the first encoded word in what the sender wrote, if there is one."""
        for name in ("subject", "from"):
            if found := _WORD.search((self.first(name) or b"").decode("latin-1")):
                return found[1].partition("*")[0].lower()
        return None


def split(raw: bytes, start: int, end: int, *, outermost: bool = False) -> tuple[Headers, int]:
    """The headers of the entity in raw[start:end] and where its body begins.

    A line that is no header ends the block, as RFC 5322 has it, unless at least two well-known headers still
    follow: then it is rubbish (an mbox line, an unfolded value) and is skipped. So is a name in 8-bit
    letters; a parameter after a semicolon belongs to the line above, indented or not.
    """
    if outermost:
        start = _skip_rubbish(raw, start, end)
    stop = min(end, start + BLOCK_LIMIT)
    items: list[tuple[str, bytes]] = []
    pieces: list[bytes] = []
    size, position, odd = 0, start, _OddLines(raw, start, end)
    while position < stop:
        line_end = raw.find(b"\n", position, end) + 1 or end
        line = raw[position : min(line_end, position + HEADER_LIMIT)].rstrip(b"\r\n")
        if not line:
            return Headers(_joined(items, pieces)), line_end
        if line[0] in b" \t" or (_PARAMETER.match(line) and pieces and pieces[-1].rstrip().endswith(b";")):
            if pieces and size < HEADER_LIMIT:
                pieces.append(line)
                size += len(line)
        elif found := _FIELD.match(line):
            if len(items) < COUNT_LIMIT:
                items = list(_joined(items, pieces))
                items.append((found[1].decode("ascii").lower(), b""))
                pieces, size = [line[found.end() :]], len(line)
            else:
                pieces, size = pieces or [b""], HEADER_LIMIT
        else:
            if pieces:
                _joined(items, pieces)
            if odd.is_body(line, position, items):
                return Headers(tuple(items)), position
        position = line_end
    return Headers(_joined(items, pieces)), _end_of_block(raw, position, end)


class _OddLines:
    """Lines of a header block that are no headers: does the body begin here?"""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self._places = (raw, start, end)
        self._known: list[int] | None = None
        self._marks = 0
        self._seen = 0
        self._is_base64 = False

    def is_body(self, line: bytes, position: int, items: list[tuple[str, bytes]]) -> bool:
        if line.startswith(b"--") and self._marks < _MARKS_LIMIT:
            self._marks += 1
            mark = line[2:].rstrip()
            if mark and any(name == "content-type" and mark in value for name, value in items):
                return True  # the first part, without the blank line above it
        if _NEARLY_FIELD.match(line):
            return False
        if self._says_base64(items) and not _ONLY_BASE64.match(line):
            return False
        if self._known is None:
            self._known = _known_positions(*self._places)
        return len(self._known) - bisect_right(self._known, position) < 2

    def _says_base64(self, items: list[tuple[str, bytes]]) -> bool:
        for name, value in items[self._seen :]:
            if name == "content-transfer-encoding":
                self._is_base64 = value.lower() == b"base64"
        self._seen = len(items)
        return self._is_base64


def _joined(items: list[tuple[str, bytes]], pieces: list[bytes]) -> tuple[tuple[str, bytes], ...]:
    if items and pieces:
        items[-1] = (items[-1][0], b"".join(pieces)[:HEADER_LIMIT].strip())
        pieces.clear()
    return tuple(items)


def _skip_rubbish(raw: bytes, start: int, end: int) -> int:
    """Blank lines and what some gateways put before the headers, with or without a blank line after it."""
    while start < end and raw[start] in b"\r\n \t":
        start += 1
    line_end = raw.find(b"\n", start, end) + 1 or end
    if _FIELD.match(raw, start, line_end):
        return start
    blank = _BLANK.search(raw, start, min(end, start + BLOCK_LIMIT))
    known = _known_positions(raw, start, blank.start() if blank else end)
    if len(known) >= 2 or not blank:
        return start
    known = _known_positions(raw, blank.end(), end)
    return blank.end() if len(known) >= 2 and known[0] == blank.end() else start


def _known_positions(raw: bytes, start: int, end: int) -> list[int]:
    blank = _BLANK.search(raw, start, end)
    stop = min(blank.start() if blank else end, start + BLOCK_LIMIT)
    return [found.start() for found in _KNOWN.finditer(raw, start, stop)]


def _end_of_block(raw: bytes, position: int, end: int) -> int:
    """Past the blank line that ends an oversized block."""
    if position >= end:
        return end
    blank = _BLANK.search(raw, position, end)
    return blank.end() if blank else end


def decode_text(value: bytes, charset: str | None = None) -> str:
    """One line of text: encoded words decoded, controls gone. `charset` is what raw 8-bit bytes may be in."""
    value = value[:HEADER_LIMIT]
    if b"=?" not in value:
        return one_line(_raw_text(value, charset))
    text = value.decode("ascii", "surrogateescape")
    return one_line(_encoded_words(text, charset))


def one_line(text: str) -> str:
    return _CONTROLS.sub(" ", clean(text)).strip()


def display_name(text: str, limit: int = 200) -> str:
    """A name as it may be shown, in single spaces."""
    return " ".join(plain_name(text).split())[:limit]


def plain_name(text: str) -> str:
    """No direction overrides, one normal form, no surrounding quotes."""
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", one_line(text)))
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _encoded_words(text: str, charset: str | None) -> str:
    """Neighbours of one charset are joined as bytes first: senders split characters between them."""
    out: list[str] = []
    run: list[tuple[str, str]] = []
    run_charset, position = "", 0
    while found := _WORD.search(text, position):
        end = text.find("?=", found.end())
        if end < 0:
            end = _end_of_token(text, found.end())
        between, word_charset = text[position : found.start()], found[1].partition("*")[0].lower()
        if run and (between.strip() or word_charset != run_charset):
            out.append(_run(run, run_charset))
            run = []
        if between.strip() or (not run and not out):
            out.append(_raw(between, charset))
        run.append((found[2].lower(), text[found.end() : end]))
        run_charset, position = word_charset, min(end + 2, len(text))
    if run:
        out.append(_run(run, run_charset))
    out.append(_raw(text[position:], charset))
    return "".join(out)


def _end_of_token(text: str, start: int) -> int:
    """An encoded word without its end goes to the next space."""
    space = text.find(" ", start)
    return space if space >= 0 else len(text)


def _raw(text: str, charset: str | None) -> str:
    return _raw_text(text.encode("ascii", "surrogateescape"), charset)


def _raw_text(value: bytes, charset: str | None) -> str:
    """RFC 6532 says UTF-8, whatever the body is in; so the body's charset is for what is none."""
    try:
        return value.decode("utf-8") if not value.isascii() else decode(value, charset)
    except UnicodeDecodeError:
        return decode(value, charset)


def _run(words: list[tuple[str, str]], charset: str) -> str:
    data = [(kind, payload.encode("ascii", "surrogateescape")) for kind, payload in words]
    split_quanta = any(len(payload.strip()) % 4 for _, payload in data[:-1])
    if len(data) > 1 and split_quanta and all(kind == "b" for kind, _ in data):
        return decode(from_base64(b"".join(payload for _, payload in data)), charset)
    return decode(b"".join(from_base64(p) if kind == "b" else _from_q(p) for kind, p in data), charset)


def _from_q(payload: bytes) -> bytes:
    return binascii.a2b_qp(payload.replace(b" ", b"_"), header=True)


def from_base64(data: bytes) -> bytes:
    """Whatever can be decoded: padding may be missing, stray characters and broken ends are dropped."""
    data = _NOT_BASE64.sub(b"", data.replace(b"-", b"+").replace(b"_", b"/"))
    if b"=" not in (whole := data.rstrip(b"=")):
        return _segment(whole)
    return b"".join(_segment(segment) for segment in re.split(b"=+", data) if segment)


def _segment(data: bytes) -> bytes:
    if len(data) % 4 == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
