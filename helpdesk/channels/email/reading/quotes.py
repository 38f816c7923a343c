"""Where in HTML the mail being answered begins, as far as the program that wrote it marked the place."""

import html as entities
import re

from helpdesk.channels.email.reading.markup import HIDDEN, Tag, tags

_CLASS = r"\bclass\s*=\s*[\"']?[^\"'>]{0,120}\b"
_ID = r"\bid\s*=\s*[\"']?(?:x_)*"

# Elements that hold the quote and end with it.
_CONTAINERS = re.compile(
    rf"{_CLASS}(?:gmail_quote|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra"
    r"|ms-outlook-mobile-reference-message|mail-editor-reference-message-container)\b"
    rf"|\btype\s*=\s*[\"']?cite\b|{_ID}mail-editor-reference-message-container\b",
    re.IGNORECASE,
)
# Elements after which everything is quote.
_STARTS = re.compile(
    rf"{_ID}(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|ms-outlook-mobile-body-separator-line)\b"
    rf"|{_CLASS}(?:OutlookMessageHeader|hd-quote-boundary)\b"
    r"|\bstyle\s*=\s*[\"']?[^\"'>]{0,200}?border:\s?none;\s?border-top:\s?solid #[0-9a-f]{6} 1\.0pt",
    re.IGNORECASE,
)
# Elements that say who wrote it; the quote is the next blockquote.
_PREFIXES = re.compile(rf"{_CLASS}(?:moz-cite-prefix|gmail_attr)\b", re.IGNORECASE)
_SIGNATURES = re.compile(rf"{_CLASS}(?:moz-signature|gmail_signature)\b", re.IGNORECASE)
_FORWARDED = re.compile(
    r"forwarded message|vidarebefordrat|weitergeleitet|message transféré|mensaje reenviado", re.IGNORECASE
)


def start(html: str) -> int | None:
    """None without a mark, with nothing above it, or when somebody wrote below or between."""
    finder = _Finder()
    position, hidden = 0, False
    for tag in tags(html):
        if not hidden and _is_visible(html[position : tag.start]):
            finder.see_text()
        hidden = tag.name in HIDDEN and not tag.closing
        position = tag.end
        finder.see_tag(tag, html)
        if finder.done:
            return finder.cut
    if not hidden and _is_visible(html[position:]):
        finder.see_text()
    return finder.cut


class _Finder:
    """Goes through a document once: above the quote, inside it, below it."""

    def __init__(self) -> None:
        self.cut: int | None = None
        self.done = False
        self._text_above = False
        self._open: tuple[str, int] | None = None  # the element we are in, and how deep in its own kind
        self._awaited = False  # a prefix was seen: its blockquote comes

    def see_text(self) -> None:
        if self.cut is None:
            self._text_above = True
        elif self._open is None and not self._awaited:
            self.cut, self.done = None, True  # an answer below the quote

    def see_tag(self, tag: Tag, html: str) -> None:
        if self._open is not None:
            self._follow(tag)
        elif not tag.closing:
            self._enter(tag, tag.attributes[:1000], html)

    def _follow(self, tag: Tag) -> None:
        assert self._open is not None
        name, level = self._open
        if tag.name == name:
            level += -1 if tag.closing else 1
            self._open = (name, level) if level else None

    def _enter(self, tag: Tag, attributes: str, html: str) -> None:
        if self._awaited and tag.name == "blockquote":
            self._awaited, self._open = False, (tag.name, 1)
        elif not attributes or not self._text_above:
            return
        elif _CONTAINERS.search(attributes):
            if _FORWARDED.search(html[tag.end : tag.end + 300]):
                self.cut, self.done = None, True
                return
            self._begin(tag)
            self._open = (tag.name, 1)
        elif self.cut is None and _STARTS.search(attributes):
            self._begin(tag)
            self.done = True
        elif self.cut is None and _PREFIXES.search(attributes):
            self._begin(tag)
            self._awaited = True
        elif self.cut is not None and _SIGNATURES.search(attributes):
            self._open = (tag.name, 1)

    def _begin(self, tag: Tag) -> None:
        self.cut = tag.start if self.cut is None else self.cut


def _is_visible(text: str) -> bool:
    return bool(text.strip()) and bool(entities.unescape(text[:2000]).strip(" \t\r\n\xa0\u200b\ufeff"))
