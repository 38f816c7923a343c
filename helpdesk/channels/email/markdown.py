"""What an agent writes as Markdown, as the two forms of a mail: clean HTML, and plain text that reads well.

The parser is kept from nesting deeply; the worst of 20,000 characters that was found takes it a second, so
callers run it off the event loop.
"""

import re
from collections.abc import Callable

import nh3
from markdown_it import MarkdownIt

UPLOAD = "upload:"
"""Where a picture of the message's own files stands in the text: `![name](upload:id)`."""

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol",
    "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt"},
        "ol": {"start"},
        "td": {"align"},
        "th": {"align"},
    },
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel=None,
)
_IMAGE = re.compile(r"!\[([^\[\]\n]{0,300})\]\(([^()\s]{1,2000})\)")
_UNWRITABLE = re.compile("[\ud800-\udfff]")
_ALIGNED = re.compile(r'(<t[hd]) style="text-align:(left|right|center)"')
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\((https?://[^()\s]{1,2000}|mailto:[^()\s]{1,300})\)")
_BARE = re.compile(
    r"\b(https?://)[^\s<>\"']{1,2000}(?<![.,;:!?)])|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b"
)
_PIECES = re.compile(r"(<[^<>]*>)")
_HOLDS = re.compile(r"<(?:a|code|pre)\b")
_LETS_GO = re.compile(r"</(?:a|code|pre)>")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!~>|-])")

# An agent's four blanks or a line of dashes below a line are layout, not code and not a heading.
_PARSER = (
    MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    .enable(["table", "strikethrough"])
    .disable(["code", "lheading", "html_block", "html_inline", "reference"])
)
_PARSER.validateLink = lambda url: url.lower().startswith(  # type: ignore[method-assign]
    ("http://", "https://", "mailto:", "tel:", "cid:")
)


def to_html(text: str, content_id: Callable[[str], str | None] = lambda _: None) -> str:
    """`content_id` names the part a file of the message travels in, or None where it is none of its own:
    such a picture is left out."""

    def placed(found: re.Match[str]) -> str:
        if not found[2].startswith(UPLOAD):
            return found[1]  # a picture from elsewhere would tell its server who read the mail
        known = content_id(found[2].removeprefix(UPLOAD))
        return f"![{found[1]}](cid:{known})" if known else ""

    whole = _UNWRITABLE.sub("", text.replace("\r\n", "\n"))
    rendered = _PARSER.render(_IMAGE.sub(placed, whole))
    return _CLEANER.clean(_with_links(_ALIGNED.sub(r'\1 align="\2"', rendered)))


def to_text(text: str) -> str:
    """The same words for programs that show no HTML."""
    text = _IMAGE.sub(lambda found: f"[{found[1] or 'image'}]", text)
    text = _LINK.sub(_spelled_out, text)
    return _ESCAPED.sub(r"\1", text)


def uploads_in(text: str) -> set[str]:
    """The ids of the files that stand in the text as pictures."""
    return {found[2].removeprefix(UPLOAD) for found in _IMAGE.finditer(text) if found[2].startswith(UPLOAD)}


def _with_links(html: str) -> str:
    """Bare addresses of pages and people become links. The parser's own way takes quadratic time."""
    out: list[str] = []
    held = 0
    for piece in _PIECES.split(html):
        if piece.startswith("<"):
            held += bool(_HOLDS.match(piece)) - bool(_LETS_GO.match(piece))
            out.append(piece)
        else:
            out.append(piece if held else _BARE.sub(_linked, piece))
    return "".join(out)


def _linked(found: re.Match[str]) -> str:
    return f'<a href="{"" if found[1] else "mailto:"}{found[0]}">{found[0]}</a>'


def _spelled_out(found: re.Match[str]) -> str:
    words, target = found[1], found[2].removeprefix("mailto:")
    return words if words == target else f"{words} ({target})"
