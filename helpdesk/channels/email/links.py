"""Links of a stranger's mail: where each leads as browsers read it, said beside words that say otherwise."""

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_OPENED = re.compile(r"<a\b([^<>]*)>", re.IGNORECASE)
_CLOSED = "</a>"
_TARGET = re.compile(r"\shref=\"([^\"]*)\"", re.IGNORECASE)
_TITLE = re.compile(r"\stitle=\"[^\"]*\"", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
_BREAKS = re.compile(r"[\t\r\n]")
_BEFORE_QUERY = re.compile(r"[^?#]*")
_SITE = re.compile(r"(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_LONGEST_TITLE = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """`whose` is the host, or the address of a mail; empty for a telephone number."""

    url: str
    whose: str


def dressed(html: str) -> str:
    """Every link of sanitised HTML with its whole address as its title, and whose it is behind the words,
    unless they say just that. One that no browser would understand is none any more."""
    out: list[str] = []
    position = 0
    for opened, words, end in _links(html):
        out += [html[position : opened.start()], _dressed(opened[1], words)]
        position = end
    return "".join((*out, html[position:]))


def say_where(html: str) -> bool:
    """Whether all of them could be shown as the words they are."""
    return all(
        target is not None and _agree(words, target)
        for opened, words, _ in _links(html)
        if (found := _TARGET.search(opened[1]))
        for target in [target_of(entities.unescape(found[1]))]
    )


def target_of(href: str) -> Target | None:
    """As the URL standard has it: backslashes are slashes, any number of them begins a host."""
    href = _BREAKS.sub("", href).strip("".join(map(chr, range(33))))
    scheme, _, rest = href.partition(":")
    scheme = scheme.lower()
    if scheme in ("http", "https"):
        before = _BEFORE_QUERY.match(rest)
        path = before[0] if before else ""
        url = f"{scheme}://{path.replace(chr(92), '/').lstrip('/')}{rest[len(path) :]}"
        host = _host(url)
        return Target(url, host) if host else None
    if scheme == "mailto":
        return Target(href, unquote(rest.partition("?")[0]).strip().lower())
    return Target(href, "") if scheme == "tel" else None


def _links(html: str) -> Iterator[tuple[re.Match[str], str, int]]:
    """(the tag, what stands inside, where the whole ends); the sanitiser leaves none inside another."""
    position = 0
    for opened in _OPENED.finditer(html):
        if opened.start() < position:
            continue
        closed = html.find(_CLOSED, opened.end())
        if closed < 0:
            return
        position = closed + len(_CLOSED)
        yield opened, html[opened.end() : closed], position


def _dressed(attributes: str, words: str) -> str:
    found = _TARGET.search(attributes)
    if found is None:
        return f"<a{attributes}>{words}</a>"
    target = target_of(entities.unescape(found[1]))
    rest = _TITLE.sub("", _TARGET.sub("", attributes))
    if target is None:
        return f"<a{rest}>{words}</a>"
    href, title = entities.escape(target.url), entities.escape(target.url[:_LONGEST_TITLE])
    where = ""
    if not _agree(words, target):
        where = f' <span class="hd-where">({entities.escape(target.whose)})</span>'
    return f'<a href="{href}"{rest} title="{title}">{words}</a>{where}'


def _agree(words: str, target: Target) -> bool:
    """Whether words and target name the same place, or the words name none that could deceive."""
    said = entities.unescape(_TAGS.sub("", words)).strip().lower()
    if target.url.startswith(("tel:", "mailto:")):
        return target.whose in said if "@" in said else not _SITE.search(said)
    if "@" in said or not _is_plain(target.whose):
        return False
    if len(said.split()) == 1:
        return _host(said if "://" in said else f"https://{said}") == target.whose
    named = {_host(f"https://{one}") for one in _SITE.findall(said)}
    return named == {target.whose}


def _is_plain(host: str) -> bool:
    """Not a name in letters that look like other letters."""
    return all(ord(char) < 0x100 for char in host) and "xn--" not in host


def _host(url: str) -> str:
    """Without `www.`; empty for what is none."""
    try:
        name = unquote(urlsplit(url).hostname or "").lower().rstrip(".")
        name = name if _is_plain(name) else name.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""
    return name.removeprefix("www.")
