"""HTML that is safe to store: an allow-list of tags, no style, no remote image that loads by itself."""

import re

import nh3

from helpdesk.channels.email.reading import markup

SHOWN_LIMIT = 1_000_000

# The parser below nh3 is quadratic in these as well: a million take eleven seconds.
_AMPERSAND_LIMIT = 150_000

# What a browser writes on its tab ("Untitled Document") is no word of the mail; one never closed stays.
_TITLE = re.compile(r"<title[^<>]{0,200}>[^<]{0,2000}</title\s{0,20}>", re.IGNORECASE)

_TAGS = frozenset(
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del"
    " details dfn div dl dt"
    " em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp"
    " section small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var"
    " wbr".split()
)
_CELL = {"align", "valign", "width", "height", "colspan", "rowspan", "bgcolor"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": _CELL, "th": _CELL, "tr": {"align", "valign", "bgcolor"},
    "table": {"align", "width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "col": {"span", "width"}, "colgroup": {"span", "width"},
    "font": {"color", "size", "face"}, "ol": {"start", "type"}, "li": {"value"},
    "div": {"align"}, "p": {"align"}, "blockquote": {"type"}, "bdo": {"dir"}, "details": {"open"},
}  # fmt: skip


def _held_back(tag: str, attribute: str, value: str) -> str | None:
    """A remote image becomes `remote:https://…`, which no browser loads: showing it is a reader's choice."""
    if tag == "img" and attribute == "src":
        start = value.lstrip()[:8].lower()
        if start.startswith(("http:", "https:")):
            return f"remote:{value.strip()}"
        return value if start.startswith("cid:") else None
    if (
        tag == "a"
        and attribute == "href"
        and not value.lstrip()[:8].lower().startswith(("http:", "https:", "mailto:", "tel:"))
    ):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel", "cid", "remote"},
    link_rel="noopener noreferrer nofollow",
    attribute_filter=_held_back,
    strip_comments=True,
)


def sanitise(html: str) -> str | None:
    """None where it is too big or too deep to be cleaned in good time: its text is shown instead."""
    if len(html) > SHOWN_LIMIT or html.count("&") > _AMPERSAND_LIMIT or not markup.is_bearable(html):
        return None
    return _CLEANER.clean(_TITLE.sub("", html))
