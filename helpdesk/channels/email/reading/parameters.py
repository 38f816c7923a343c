"""Content-Type and Content-Disposition with their parameters, and the name of a file."""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from helpdesk.channels.email.reading.charsets import decode
from helpdesk.channels.email.reading.headers import BLANK, decode_text, plain_name

_LENGTH_LIMIT = 8 * 1024
_COUNT_LIMIT = 60
_SECTION = re.compile(r"^([^*]+)\*(\d{1,3})?(\*)?$")
_COMMENTED = re.compile(r"[ \t]{0,20}[\w.+/-]{1,120}[ \t]{0,20}\(")
_UNSEPARATED = re.compile(r"=\s{0,20}\"[^\"\\]{0,500}\"(?=[ \t]{1,20}[A-Za-z][\w*-]{0,40}=)")
_TYPE = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9!#$&^_.+-]{1,100}$")


def parse(value: bytes | None) -> tuple[str, dict[str, str]]:
    """The lower-case main value and its parameters; linear, and limited before it starts."""
    if not value:
        return "", {}
    text = _without_comment(value[:_LENGTH_LIMIT].decode("latin-1"))
    main, *pieces = _pieces(text)
    main, *unseparated = main.strip(BLANK).split(None, 1)[:2] if "=" in main else [main.strip(BLANK)]
    raw: dict[str, str] = {}
    for piece in [*unseparated, *_separated(pieces[:_COUNT_LIMIT])]:
        name, equals, content = piece.partition("=")
        if equals and (key := name.strip(BLANK).lower()) not in raw:
            raw[key] = _unquoted(content.strip(BLANK))
    return main.lower().strip("\"'"), _decoded(raw)


def _without_comment(text: str) -> str:
    """Without what stands in parentheses right after the main value; in a file name they are its own."""
    found = _COMMENTED.match(text)
    if found is None:
        return text
    depth = 0
    for position in range(found.end() - 1, len(text)):
        if text[position - 1] != "\\":
            depth += (text[position] == "(") - (text[position] == ")")
        if not depth:
            return text[: found.end() - 1] + text[position + 1 :]
    return text


def content_type(value: bytes | None) -> tuple[str, dict[str, str]]:
    """`text/plain` where nothing (or nothing sensible) is said."""
    main, parameters = parse(value)
    main = main.replace(" ", "").strip("\"'").rstrip(">,")
    if main.startswith("multipart") and not _TYPE.match(main):
        main = "multipart/mixed"
    if main in ("text", "html"):
        main = "text/html" if main == "html" else "text/plain"
    if not _TYPE.match(main):
        is_file = "/" in main or bool(main and parameters.get("name"))
        main = "" if value is None else ("application/octet-stream" if is_file else "text/plain")
    return main, parameters


def file_name(parameters: dict[str, str]) -> str:
    """A bare name of at most 200 characters, never a path; empty when none was given."""
    name = parameters.get("filename") or parameters.get("name") or parameters.get("file") or ""
    return safe_name(name)


def safe_name(name: str) -> str:
    name = plain_name(name.replace("\\", "/"))[:2000]
    name = name.rstrip("/").rpartition("/")[2]
    name = "".join(char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    name = unicodedata.normalize("NFC", name).strip(" .") if name.strip(" .") in ("", "..") else name.strip()
    stem, dot, ending = name.rpartition(".")
    if len(name) > 200:
        name = f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else name[:200]
    return name


def _pieces(text: str) -> list[str]:
    """Cut at the semicolons outside quotes; a quote that never closes is taken as it stands."""
    if '"' not in text:
        return text.split(";", _COUNT_LIMIT + 1)
    pieces: list[str] = []
    start, position, quotes = 0, 0, True
    while position < len(text) and len(pieces) <= _COUNT_LIMIT:
        char = text[position]
        if char == '"' and quotes:
            end = _closing(text, position)
            quotes = end > position
            position = end
        elif char == ";":
            pieces.append(text[start:position])
            start = position + 1
        position += 1
    pieces.append(text[start:])
    return pieces


def _separated(pieces: list[str]) -> Iterator[str]:
    """What stands behind a quoted value and is named too is one more, without a semicolon between them."""
    for piece in pieces:
        start = 0
        for found in _UNSEPARATED.finditer(piece):
            yield piece[start : found.end()]
            start = found.end()
        yield piece[start:]


def _closing(text: str, position: int) -> int:
    end = text.find('"', position + 1)
    while end > 0 and text[end - 1] == "\\":
        end = text.find('"', end + 1)
    return end if end >= 0 else position


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        text = text[1:]
        end = _closing(text, -1) if '"' in text else -1
        text = text[:end] if end >= 0 else text
        # Windows senders write paths with single backslashes: only \" and \\ are escapes.
        return text.replace('\\"', '"').replace("\\\\", "\\")
    return text.strip("'") if text.startswith("'") and text.endswith("'") else text


def _decoded(raw: dict[str, str]) -> dict[str, str]:
    """Continuations and percent escapes of RFC 2231, and the encoded words that everybody uses instead."""
    done: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for key, value in raw.items():
        if found := _SECTION.match(key):
            escaped = bool(found[3]) or found[2] is None
            sections.setdefault(found[1], []).append((int(found[2] or 0), escaped, value))
        else:
            # A boundary is compared with bytes: nothing in it is tidied.
            done[key] = value if key == "boundary" else decode_text(value.encode("latin-1"))
    for key, parts in sections.items():
        done[key] = _continued(sorted(parts))
    return done


def _continued(parts: list[tuple[int, bool, str]]) -> str:
    charset: str | None = None
    data: list[bytes] = []
    for index, (_, escaped, value) in enumerate(parts):
        content = value
        if escaped and index == 0 and value.count("'") >= 2:
            charset, _, content = value.split("'", 2)
        data.append(unquote_to_bytes(content.encode("latin-1")) if escaped else content.encode("latin-1"))
    joined = b"".join(data)
    return decode_text(joined) if b"=?" in joined else decode(joined, charset)
