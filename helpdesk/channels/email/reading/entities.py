"""The MIME tree as places in the raw bytes: nothing is copied before it is known to be wanted."""

import binascii
import re
from dataclasses import dataclass, field

from helpdesk.channels.email.reading import parameters
from helpdesk.channels.email.reading.headers import Headers, from_base64, split
from helpdesk.channels.email.reading.legacy import from_uuencode

DEPTH_LIMIT = 30
PART_LIMIT = 500
_MISSES_LIMIT = 20_000

# A rule of dashes is no mark; one that begins with dashes is where a part's headers follow.
_FIRST_BOUNDARY = re.compile(
    rb"^--([^\r\n-][^\r\n]{0,150}?(?=[ \t]*\r?$)|-[^\s]{2,150}(?=[ \t]{0,20}\r?\n[Cc]ontent-))", re.MULTILINE
)
_BASE64_START = re.compile(rb"[A-Za-z0-9+/\s_-]*={0,3}\s*")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")
_NOISE = re.compile(rb"[^A-Za-z0-9+/\s]{1,4}(?:[A-Za-z0-9+/]{20}|[A-Za-z0-9+/]{4,80}={0,2}\s*\Z)")
_LITERAL_EQUALS = re.compile(rb"=(?==)")
_SPACED_BREAK = re.compile(rb"=[ \t]{1,200}(?=\r?\n)")
_BOUNDARY_LIMIT = 8192
_CLOSING = re.compile(rb"--(?:$|[^-\w])")


@dataclass(slots=True)
class Entity:
    """It stands in raw[at:end], its body in raw[start:end]."""

    raw: bytes
    at: int
    start: int
    end: int
    headers: Headers
    content_type: str
    parameters: dict[str, str]
    disposition: str
    file_name: str
    children: list["Entity"] = field(default_factory=list)

    @property
    def content_id(self) -> str | None:
        value = self.headers.text("content-id").strip("<> ")
        return value[:300] or None

    def data(self) -> bytes:
        """The body without its transfer encoding; an unknown one is taken as it stands."""
        body = self.raw[self.start : self.end]
        encoding = self.headers.text("content-transfer-encoding").lower().strip(" ;\"'")
        if encoding.startswith("base64"):
            prose = _is_prose(body, is_text=self.content_type.startswith("text/"))
            return body if prose else _base64_body(body) or body
        if encoding.startswith("quoted"):
            return _quoted_printable(body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return from_uuencode(body) or body
        return body


def parse(raw: bytes) -> tuple[Entity, list[str]]:
    """The outermost entity, and what was wrong.

    A text that names no charset is taken to be in the one that the headers' encoded words are in.
    """
    defects: list[str] = []
    counter = [0]
    root = _entity(raw, 0, len(raw), 0, counter, defects, "text/plain")
    if (charset := root.headers.encoded_in()) is not None:
        for entity in (root, *root.children):
            _name_charset(entity, charset)
    return root, defects


def _entity(
    raw: bytes, start: int, end: int, depth: int, counter: list[int], defects: list[str], default: str
) -> Entity:
    counter[0] += 1
    headers, body = split(raw, start, end, outermost=depth == 0)
    kind, values = parameters.content_type(headers.first("content-type"))
    disposition, more = parameters.parse(headers.first("content-disposition"))
    name = _better(parameters.file_name(more), parameters.file_name(values))
    entity = Entity(raw, start, body, end, headers, kind or default, values, disposition, name)
    if entity.content_type.startswith("multipart/"):
        if depth >= DEPTH_LIMIT:
            defects.append("too_deep")
            entity.content_type = "application/octet-stream"
            entity.disposition = "attachment"
        else:
            _add_children(entity, depth, counter, defects)
    return entity


def _better(name: str, other: str) -> str:
    """The second where the first is missing, or lost its letters to a narrow charset."""
    return other if not name or (other and "??" in name and "?" not in other) else name


def _add_children(entity: Entity, depth: int, counter: list[int], defects: list[str]) -> None:
    default = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
    named = _boundary(entity.parameters.get("boundary", ""))
    places = _places(entity, named) if named.strip() else []
    if not places and named != named.rstrip():
        places = _places(entity, named.rstrip())
    if not places and (ending := _lonely_mark(entity, named)):
        entity.end = ending
    elif not places and (found := _FIRST_BOUNDARY.search(entity.raw, entity.start, entity.end)):
        defects.append("boundary_guessed")
        places = _places(entity, found[1])
    for start, end in places:
        if counter[0] >= PART_LIMIT:
            defects.append("too_many_parts")
            return
        child = _entity(entity.raw, start, end, depth + 1, counter, defects, default)
        entity.children.append(child)
        _name_charset(child, entity.parameters.get("charset", ""))
    if not places:
        defects.append("no_parts")
        entity.content_type = "text/plain"


def _lonely_mark(entity: Entity, boundary: bytes) -> int:
    """Where the one mark stands of parts that never were, if words are only before it; else 0."""
    raw = entity.raw
    position = raw.find(b"--" + boundary, entity.start, entity.end) if boundary.strip() else -1
    if position < 1 or raw[position - 1 : position] != b"\n":
        return 0
    says_something = bool(raw[entity.start : position].strip())
    rest = raw[position + len(boundary) + 2 : entity.end].strip(b"- \t\r\n")
    return position if says_something or not rest else 0


def _name_charset(entity: Entity, charset: str) -> None:
    """Said once, above or outside the part: for a text that names none (a page names its own inside)."""
    if charset and entity.content_type == "text/plain":
        entity.parameters.setdefault("charset", charset)


def _boundary(text: str) -> bytes:
    """It stands for bytes as they are, unless it was written in pieces that were decoded."""
    try:
        return text.encode("latin-1")[:_BOUNDARY_LIMIT]
    except UnicodeEncodeError:
        return text.encode("utf-8")[:_BOUNDARY_LIMIT]


def _places(entity: Entity, boundary: bytes) -> list[tuple[int, int]]:
    """Where the parts are; one never closed goes to the end, and one after the last mark counts."""
    raw, end = entity.raw, entity.end
    mark = b"\n--" + boundary
    places: list[tuple[int, int]] = []
    begun, misses = -1, 0
    position = (
        entity.start - 1 if raw.startswith(mark[1:], entity.start) else raw.find(mark, entity.start, end)
    )
    while position >= 0 and len(places) <= PART_LIMIT and misses < _MISSES_LIMIT:
        after = position + len(mark)
        line_end = raw.find(b"\n", after, end) + 1 or end
        line = raw[after : min(line_end, after + 80)]
        rest = line.strip()
        is_last = _CLOSING.match(rest) is not None
        if is_last or not rest or line[:1] in b" \t":
            if begun >= 0:
                places.append((begun, max(begun, _without_line_end(raw, position + 1))))
            begun = -1 if is_last else line_end
        else:
            misses += 1
        position = raw.find(mark, max(after, entity.start), end)
    if 0 <= begun < end and len(places) <= PART_LIMIT:
        places.append((begun, _before_mark(raw, begun, end, mark[1:] + b"--")))
    return places


def _before_mark(raw: bytes, start: int, end: int, closing: bytes) -> int:
    """A last mark that stands right behind the words, on their line, is none of them."""
    position = raw.rfind(closing, start, end)
    return end if position < 0 or raw[position + len(closing) : end].strip() else position


def _without_line_end(raw: bytes, position: int) -> int:
    if raw[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1


def _quoted_printable(body: bytes) -> bytes:
    """An equals sign that escapes nothing stands for itself; spaces after one that ends a line do not."""
    if b"==" in body:
        body = _LITERAL_EQUALS.sub(b"=3D", body)
    if b"= " in body or b"=\t" in body:
        body = _SPACED_BREAK.sub(b"=", body)
    return binascii.a2b_qp(body)


def _is_prose(body: bytes, *, is_text: bool) -> bool:
    """Words between spaces: the encoding was named and never done. What a list adds below a line of base64
    makes no prose of it, and a file needs other letters, too."""
    beginning = body[:2000].lstrip()
    line, words = beginning.partition(b"\n")[0].strip(), beginning.split()
    if len(words) <= 8 or len(b"".join(words)) >= 20 * len(words):
        return False
    if len(line) % 4 == 0 and _BASE64_LINE.fullmatch(line):
        return False
    return is_text or not _BASE64_START.fullmatch(b"".join(words))


def _base64_body(body: bytes) -> bytes:
    """Decodes the valid beginning; what mailing lists add below is no base64, a stray character is no end."""
    body = body.replace(b"\0", b"")
    found = _BASE64_START.match(body)
    stop = found.end() if found else 0
    if stop < len(body) and not _NOISE.match(body, stop):
        line = body.rfind(b"\n", 0, stop) + 1
        if b"=" not in body[line:stop] and body[line:stop].strip():
            stop = line or stop
        body = body[:stop]
    elif found and b"=" in body[:stop].rstrip()[-3:] and b" " in body[stop:]:
        body = body[:stop]
    return from_base64(body)
