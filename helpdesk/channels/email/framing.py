"""A mail's sanitised HTML as the page of a frame: pictures, folded quotes, links that say where they go."""

import html as entities
import re
from collections.abc import Callable
from urllib.parse import urlsplit

_IMAGE = re.compile(r"<img\b([^<>]{0,20000})>", re.IGNORECASE)
_SOURCE = re.compile(r"\ssrc=\"([^\"]{0,10000})\"", re.IGNORECASE)
_LINK = re.compile(r"<a\b([^<>]{0,20000})>(.{0,20000}?)</a>", re.IGNORECASE | re.DOTALL)
_TARGET = re.compile(r"\shref=\"(https?://[^\"]{1,10000})\"", re.IGNORECASE)
_TITLE = re.compile(r"\stitle=\"[^\"]{0,10000}\"", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]{0,20000}>")

STYLES = """
:root { color-scheme: light; }
body { margin: 0; padding: 0.25rem; background: #fff; color: #1d2430; overflow-wrap: anywhere;
  font: 400 15px/1.5 -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
img { max-width: 100%; height: auto; } table { max-width: 100%; } pre { white-space: pre-wrap; }
blockquote { margin: 0.5rem 0; padding-left: 0.75rem; border-left: 3px solid #d5dae1; color: #5b6676; }
.hd-where { color: #5b6676; font-size: 0.8em; } .hd-held { color: #5b6676; border: 1px dashed #b6bfcb;
  border-radius: 4px; padding: 0 0.375rem; font-size: 0.85em; }
summary { display: inline-block; margin: 0.5rem 0; padding: 0 0.5rem; border: 1px solid #d5dae1;
  border-radius: 6px; color: #5b6676; cursor: pointer; list-style: none; }
"""


def page(
    whole: str,
    new: str | None,
    *,
    inline: Callable[[str], str | None],
    remote: Callable[[str], str] | None,
    words: tuple[str, str],
    locale: str,
) -> str:
    """`inline` gives the address of a `cid:` part, `remote` that of a fetched picture (None: held back).

    `words` are "Show the whole mail" and "Picture not loaded", in the reader's language.
    """
    show_all, held = words
    shown = dressed(new if new is not None else whole, inline, remote, held)
    if new is not None:
        folded = dressed(whole, inline, remote, held)
        shown += f"<details><summary>{entities.escape(show_all)}</summary>{folded}</details>"
    return (
        f'<!DOCTYPE html><html lang="{entities.escape(locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f'<base target="_blank"><style>{STYLES}</style></head><body>{shown}</body></html>'
    )


def dressed(
    html: str, inline: Callable[[str], str | None], remote: Callable[[str], str] | None, held: str
) -> str:
    """Pictures get their addresses; every link names the host it leads to unless its text does."""
    return _LINK.sub(_link, _IMAGE.sub(lambda found: _image(found[1], inline, remote, held), html))


def has_remote(html: str) -> bool:
    return 'src="remote:' in html


def _image(
    attributes: str, inline: Callable[[str], str | None], remote: Callable[[str], str] | None, held: str
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
        return f'<span class="hd-held">{entities.escape(held)}</span>' if source.startswith("remote:") else ""
    return f'<img src="{entities.escape(address)}"{rest}>'


def _link(found: re.Match[str]) -> str:
    """The title says the whole address, whatever the sender wrote there."""
    attributes, text = found[1], found[2]
    target = _TARGET.search(attributes)
    if target is None:
        return found[0]
    url = entities.unescape(target[1])
    host = _host(url)
    attributes = _TITLE.sub("", attributes) + f' title="{entities.escape(url[:2000])}"'
    said = entities.unescape(_TAGS.sub("", text)).lower()
    where = "" if host and host in said else f' <span class="hd-where">({entities.escape(host)})</span>'
    return f"<a{attributes}>{text}</a>{where}"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().removeprefix("www.")
    except ValueError:
        return "?"
