"""HTML from strangers: how deep it nests, and what it says as text. One linear pass each."""

import html as entities
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

DEPTH_LIMIT = 256
_KEPT_LIMIT = 500_000

_TAG = re.compile(r"<(?:(/?)([a-zA-Z][^\s/>]{0,60})|(!--)|[!?/])")
_TAG_END = re.compile(r"[>\"']")
_RAW = {
    name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript")
}
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# Their end tags may be left out, so that open ones do not nest.
_CLOSE_THEMSELVES = frozenset(
    "p li dt dd tr td th tbody thead tfoot option optgroup colgroup body html head".split()
)
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_PARAGRAPHS = frozenset(
    "address article aside blockquote center dd details div dl dt fieldset figure footer form h1 h2 h3"
    " h4 h5 h6 header hr li main nav ol p pre section table tr ul body".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl pre".split())
HIDDEN = frozenset(("head", *_RAW))

_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


class Tag(NamedTuple):
    """Text goes from the end of one tag to the start of the next."""

    name: str
    closing: bool
    attributes: str
    start: int
    end: int


def tags(html: str) -> Iterable[Tag]:
    """The tags of a document; of an ordinary one they are kept for whoever asks next about the same."""
    return _kept_tags(html) if len(html) <= _KEPT_LIMIT else _scan(html)


@lru_cache(maxsize=1)
def _kept_tags(html: str) -> tuple[Tag, ...]:
    return tuple(_scan(html))


def _scan(html: str) -> Iterator[Tag]:
    """Comments and the content of scripts are jumped over; an unfinished tag ends the document."""
    position = 0
    while found := _TAG.search(html, position):
        name = found[2]
        if found[3]:
            end = html.find("-->", found.start() + 2)
            position = end + 3
        elif name is None:
            end = html.find(">", found.end())
            position = end + 1
        else:
            end = _tag_end(html, found.end())
            position = end + 1
        if end < 0:
            return
        if name is None:
            yield Tag("!", False, "", found.start(), position)
            continue
        name = name.lower()
        yield Tag(name, bool(found[1]), html[found.end() : end], found.start(), position)
        if name in _RAW and not found[1]:
            closing = _RAW[name].search(html, position)
            if closing is None:
                return
            position = closing.start()


def _tag_end(html: str, position: int) -> int:
    """Quotes count only right after an equals sign, as in browsers."""
    while found := _TAG_END.search(html, position):
        if found[0] == ">":
            return found.start()
        position = found.end()
        if html[max(0, found.start() - 12) : found.start()].rstrip().endswith("="):
            closing = html.find(found[0], position)
            if closing < 0:
                return -1
            position = closing + 1
    return -1


def is_bearable(html: str) -> bool:
    """Whether the sanitiser, quadratic in depth, stays quick. Undercounting costs a kill, never more."""
    depth = formatting = blocks = deepest_formatting = 0
    for tag in tags(html):
        if tag.name in _VOID or tag.name == "!" or tag.name in _RAW:
            continue
        if tag.name in _CLOSE_THEMSELVES:
            blocks += not tag.closing
            continue
        step = -1 if tag.closing else 1
        depth = max(0, depth + step)
        if tag.name in _FORMATTING:
            formatting = max(0, formatting + step)
            deepest_formatting = max(deepest_formatting, formatting)
        else:
            blocks += not tag.closing
        if depth > DEPTH_LIMIT:
            return False
    return deepest_formatting * blocks < 400_000


class _Writer:
    """Lines of text; a line gets its quote marks when it ends."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.quotes = 0
        self.preformatted = False
        self._current: list[str] = []

    def add(self, raw: str) -> None:
        if not raw:
            return
        text = entities.unescape(raw) if "&" in raw else raw
        if self.preformatted:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self._current.append(first)
            for line in rest:
                self.end_line()
                self._current.append(line)
            return
        text = _SPACES.sub(" ", text)
        if text.startswith(" ") and (not self._current or self._current[-1].endswith(" ")):
            text = text[1:]
        if text:
            self._current.append(text)

    def end_line(self) -> None:
        self.lines.append("> " * self.quotes + "".join(self._current).rstrip(" "))
        self._current = []

    def block(self, *, spaced: bool) -> None:
        """A block begins or ends here: a new line, and a blank one at most once."""
        if self._current:
            self.end_line()
        if spaced and self.lines and self.lines[-1].strip("> "):
            self.end_line()

    def cell(self) -> None:
        if self._current:
            self.add(" ")

    def text(self) -> str:
        self.block(spaced=False)
        lines = (line.replace("\xa0", " ").rstrip(" ") for line in self.lines)
        return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n ")


def to_text(html: str) -> str:
    """Plain text with paragraphs, list marks and table cells apart; quotes get their `>`."""
    out = _Writer()
    position, hidden = 0, False
    for tag in tags(html):
        if not hidden:
            out.add(html[position : tag.start])
        position = tag.end
        name = tag.name
        if name in HIDDEN:
            hidden = not tag.closing
        elif name == "br":
            out.end_line()
        elif name == "img" and not hidden:
            out.add(_alternative(tag.attributes))
        elif name in ("td", "th") and not tag.closing:
            out.cell()
        elif name in _PARAGRAPHS:
            hidden = hidden and name != "body"
            _paragraph(out, tag)
    if not hidden:
        out.add(html[position:])
    return out.text()


def _paragraph(out: _Writer, tag: Tag) -> None:
    out.block(spaced=tag.name in _SPACED)
    if tag.name == "blockquote":
        out.quotes = max(0, out.quotes - 1) if tag.closing else min(8, out.quotes + 1)
    elif tag.name == "pre":
        out.preformatted = not tag.closing
    elif tag.name == "li" and not tag.closing:
        out.add("* ")


def _alternative(attributes: str) -> str:
    found = re.search(r"\balt\s*=\s*(?:\"([^\"]{1,200})\"|'([^']{1,200})')", attributes[:3000], re.IGNORECASE)
    return (found[1] or found[2] or "") if found else ""
