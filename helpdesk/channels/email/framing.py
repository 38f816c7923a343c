"""A mail's sanitised HTML as the page of a frame: pictures, folded quotes, links that say where they go."""

import html as entities
import re
from collections.abc import Callable

from helpdesk.channels.email import links

_IMAGE = re.compile(r"<img\b([^<>]{0,20000})>", re.IGNORECASE)
_SOURCE = re.compile(r"\ssrc=\"([^\"]{0,10000})\"", re.IGNORECASE)

_LAID_OUT = re.compile(
    r"<(?:img|table|b|strong|i|em|u|ul|ol|h[1-6]|pre|code|hr)\b|<font\b[^<>]*\bcolor|\bbgcolor=",
    re.IGNORECASE,
)

_PIXEL = re.compile(r"\s(?:width|height)=\"[01](?:px)?\"", re.IGNORECASE)
_ALT = re.compile(r"\salt=\"([^\"]{0,300})\"", re.IGNORECASE)
_COLOURED = re.compile(r"\bbgcolor=|<font\b[^<>]*\bcolor|<table\b|<img\b", re.IGNORECASE)

# A mail with looks of its own lies on white paper, as it was made; plain words take the reader's theme.
STYLES = """
:root { color-scheme: light dark; background: transparent; }
:root[data-paper] { color-scheme: light; }
body { display: flow-root; margin: 0; overflow-wrap: anywhere; overflow-x: auto; overflow-y: hidden;
  background: transparent; color: light-dark(#1d2430, #e6e9ee);
  font: 400 15px/1.5 -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
[data-paper] body { padding: 0.75rem; background: #fff; }
img { max-width: 100%; height: auto; } table { max-width: 100%; border-collapse: collapse; }
td, th { overflow-wrap: break-word; word-break: normal; vertical-align: top; }
p { margin: 0 0 0.75rem; } p:last-child { margin-bottom: 0; } pre { white-space: pre-wrap; }
a { color: light-dark(#2457c5, #8db4ff); }
blockquote { margin: 0.5rem 0; padding-left: 0.75rem; border-left: 3px solid light-dark(#d5dae1, #3a4452);
  color: light-dark(#5b6676, #a4aebc); }
.hd-where { color: light-dark(#5b6676, #a4aebc); font-size: 0.8em; }
.hd-held { color: light-dark(#5b6676, #a4aebc); border: 1px dashed light-dark(#b6bfcb, #566170);
  border-radius: 4px; padding: 0 0.375rem; font-size: 0.85em; }
summary { display: inline-block; margin: 0.5rem 0 0; padding: 0.1rem 0.5rem;
  border: 1px solid light-dark(#d5dae1, #3a4452); border-radius: 6px; color: light-dark(#5b6676, #a4aebc);
  font-size: 0.85em; cursor: pointer; list-style: none; }
details[open] > summary { margin-bottom: 0.5rem; }
body:has(> details[open]) > .hd-new, details[open] > summary > .hd-more,
  details:not([open]) > summary > .hd-less { display: none; }
"""


def page(
    whole: str,
    new: str | None,
    *,
    inline: Callable[[str], str | None],
    remote: Callable[[str], str | None] | None,
    words: tuple[str, str, str],
    locale: str,
    offers_pictures: bool = False,
) -> str:
    """`inline` gives the address of a `cid:` part, `remote` that of a fetched picture (None: held back).

    `words` are "Show the whole mail", "Show only what is new" and "Picture not loaded", in the reader's
    language: one of the two is to be seen, never both. `offers_pictures`: those held back could be shown,
    if the reader asks for them.
    """
    show_all, show_new, held = words
    shown = dressed(new if new is not None else whole, inline, remote, held)
    if new is not None:
        folded = dressed(whole, inline, remote, held)
        more = f'<span class="hd-more">{entities.escape(show_all)}</span>'
        less = f'<span class="hd-less">{entities.escape(show_new)}</span>'
        shown = f'<div class="hd-new">{shown}</div><details><summary>{more}{less}</summary>{folded}</details>'
    offered = ' data-pictures="offered"' if offers_pictures else ""
    offered += " data-paper" if _COLOURED.search(whole) else ""
    return (
        f'<!DOCTYPE html><html lang="{entities.escape(locale)}"{offered}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f'<base target="_blank"><style>{STYLES}</style></head><body>{shown}</body></html>'
    )


def dressed(
    html: str, inline: Callable[[str], str | None], remote: Callable[[str], str | None] | None, held: str
) -> str:
    """Pictures get their addresses; every link names the host it leads to unless its text does."""
    return links.dressed(_IMAGE.sub(lambda found: _image(found[1], inline, remote, held), html))


def is_rich(html: str | None) -> bool:
    """Whether it says more than its words would: pictures, tables, lists, marks, links behind other words."""
    if not html:
        return False
    return bool(_LAID_OUT.search(html)) or not links.say_where(html)


def _image(
    attributes: str,
    inline: Callable[[str], str | None],
    remote: Callable[[str], str | None] | None,
    held: str,
) -> str:
    found = _SOURCE.search(attributes)
    source = entities.unescape(found[1]) if found else ""
    rest = _SOURCE.sub("", attributes)
    address = None
    if source.startswith("cid:"):
        address = inline(source[4:])
    elif source.startswith("remote:") and remote is not None:
        address = remote(source[7:])
    if address is None:
        if not source.startswith("remote:") or _PIXEL.search(rest):
            return ""  # a pixel shows nothing: it only counts readers
        said = _ALT.search(rest)
        words = f"{entities.unescape(said[1])} ({held})" if said and said[1].strip() else held
        return f'<span class="hd-held">{entities.escape(words)}</span>'
    if source.startswith("remote:") and _PIXEL.search(rest):
        return ""
    return f'<img src="{entities.escape(address)}"{rest}>'
