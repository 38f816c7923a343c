"""What our mails look like: calm, readable in every mail program, at home on light and dark screens."""

import html
import re
from dataclasses import dataclass

import css_inline

_URL = re.compile(r"https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)\]}]")

_UNWRITABLE = re.compile("[\ud800-\udfff]")
"""Halves of characters, which no encoding of a mail can say."""

_SAID = re.compile(r".{1,200}, \d{4}-\d\d-\d\d \d\d:\d\d UTC")
_NUMBERED = re.compile(r"#\d+ ")

_INLINED = """
body { margin: 0; padding: 0; background-color: #f4f5f7; color: #1d2430; }
.outer { width: 100%; background-color: #f4f5f7; }
.sheet { width: 100%; max-width: 640px; margin: 0 auto; }
.brand { padding: 22px 28px 12px; color: #3d4757;
  font: 600 14px/24px -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.mark { display: inline-block; width: 24px; margin-right: 8px; border-radius: 6px; background-color: #2457c5;
  color: #ffffff; text-align: center; font-size: 13px; line-height: 24px; }
.card { padding: 26px 28px; background-color: #ffffff; border: 1px solid #e3e6eb; border-radius: 10px;
  color: #1d2430; font: 400 15px/23px -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.card p { margin: 0 0 14px; overflow-wrap: anywhere; word-break: break-word; }
.card a { color: #2457c5; }
.card ul, .card ol { margin: 0 0 14px; padding: 0 0 0 24px; }
.card li { margin: 0 0 4px; }
.card h1, .card h2, .card h3, .card h4, .card h5, .card h6 { margin: 18px 0 8px; font-size: 17px;
  line-height: 24px; }
.card h1 { font-size: 20px; line-height: 27px; }
.card h1.title { margin: 0 0 14px; overflow-wrap: anywhere; }
.card .subject { margin: 0 0 2px; font-weight: 600; }
.card .said { margin: 22px 0 2px; color: #5b6676; font-size: 13px; line-height: 20px; font-weight: 600; }
.card .go { margin: 20px 0; }
.card a.button { display: inline-block; padding: 11px 18px; border-radius: 8px; background-color: #2457c5;
  color: #ffffff; font-weight: 600; text-decoration: none; }
.card blockquote { margin: 0 0 14px; padding: 0 0 0 14px; border-left: 3px solid #d5dae1; color: #5b6676; }
.card code { padding: 1px 4px; border-radius: 4px; background-color: #f0f2f5;
  font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px; }
.card pre { margin: 0 0 14px; padding: 12px 14px; border-radius: 8px; background-color: #f0f2f5;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.card pre code { padding: 0; background-color: transparent; }
.card hr { margin: 18px 0; border: 0; border-top: 1px solid #e3e6eb; }
.card img { max-width: 100%; height: auto; border-radius: 6px; }
.card table { margin: 0 0 14px; border-collapse: collapse; }
.card th, .card td { padding: 6px 10px; border: 1px solid #d5dae1; text-align: left; vertical-align: top; }
.card th { background-color: #f4f5f7; }
.card [align="right"] { text-align: right; }
.card [align="center"] { text-align: center; }
.signature { margin-top: 20px; padding-top: 14px; border-top: 1px solid #e3e6eb;
  color: #5b6676; font-size: 14px; line-height: 21px; }
.signature p { margin: 0; }
.hd-quote-boundary { padding: 16px 28px 8px; color: #6b7684; text-align: center;
  font: 400 11px/16px -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.quote { padding: 4px 28px 12px; color: #5b6676;
  font: 400 13px/20px -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.quote.passed { padding-top: 18px; }
.card.forwarded > :first-child { margin-top: 0; }
.quote blockquote { margin: 8px 0 0; padding: 0 0 0 14px; border-left: 3px solid #d5dae1; }
.quote p { margin: 0 0 10px; }
.footer { padding: 10px 28px 28px; color: #6b7684; text-align: center;
  font: 400 12px/18px -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
"""

# Programs that know media queries read these; !important outweighs what was inlined.
_KEPT = """
@media (prefers-color-scheme: dark) {
  body, .outer { background-color: #14181f !important; }
  .card { background-color: #1d232c !important; border-color: #313946 !important; color: #e6e9ee !important; }
  .card a { color: #8db4ff !important; }
  .brand { color: #e6e9ee !important; }
  .mark, .card a.button { background-color: #8db4ff !important; color: #10203f !important; }
  .signature, .card .said, .quote, .hd-quote-boundary, .footer { color: #a4aebc !important; }
  .signature { border-color: #313946 !important; }
  .quote blockquote, .card blockquote { border-color: #3a4452 !important; }
  .card blockquote { color: #a4aebc !important; }
  .card code, .card pre { background-color: #2a323e !important; }
  .card th, .card td, .card hr { border-color: #3a4452 !important; }
  .card th { background-color: #262e39 !important; }
  .forwarded { background-color: #ffffff !important; color: #1d2430 !important; }
}
@media (max-width: 480px) {
  .card { border-width: 1px 0 !important; border-radius: 0 !important; padding: 20px 18px !important; }
  .brand, .quote, .hd-quote-boundary, .footer {
    padding-left: 18px !important; padding-right: 18px !important; }
}
"""

_NO_BRAND = '<div class="brand">&nbsp;</div>'
_BARE = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, extra_css=_INLINED)


@dataclass(frozen=True, slots=True)
class Parts:
    """`…_html` is inserted as it stands; everything else is escaped. Only a letter of ours has a `title`."""

    body_html: str
    signature_html: str
    marker: str | None
    write_above: str
    quote_heading: str
    quote_html: str
    brand: str
    footer: str
    locale: str
    is_forward: bool = False
    title: str = ""


def page(parts: Parts) -> str:
    """A whole document; its styles are inlined, only what cannot be inlined stays in its head."""
    inlined = _INLINER.inline(_UNWRITABLE.sub("", _document(parts)))
    return inlined.replace("</head>", f"<style>{_KEPT}</style></head>", 1)


_TELLING = 8
"""Characters a line has at least that can be told again by a title."""


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, addresses of pages become links."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n"))
    return "".join(f"<p>{_linked(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())


def letter(title: str, text: str, own_address: str, words_for_page: str) -> str:
    """A letter of ours. A line that is nothing but a page of ours becomes a button, named by the line above
    it; nobody else's link does. Who said what in a conversation stands out; what the title says is not
    said again."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n"))
    return "".join(_letter_block(title, block.strip("\n"), own_address, words_for_page) for block in blocks)


def _letter_block(title: str, block: str, own_address: str, words_for_page: str) -> str:
    above, _, last = block.rpartition("\n")
    if own_address and last.startswith(f"{own_address}/") and _URL.fullmatch(last):
        words = html.escape(above.strip().rstrip(":") or words_for_page)
        return f'<p class="go"><a class="button" href="{html.escape(last)}">{words}</a></p>'
    head, _, rest = block.partition("\n")
    if _SAID.fullmatch(head):
        return f'<p class="said">{html.escape(head)}</p>{paragraphs(rest)}'
    if rest and len(head) >= _TELLING and head in title:
        return paragraphs(rest)
    if _NUMBERED.match(head) and rest:
        return f'<p class="subject">{html.escape(head)}</p>{paragraphs(rest)}'
    return paragraphs(block)


def _linked(text: str) -> str:
    out: list[str] = []
    position = 0
    for found in _URL.finditer(text):
        out.append(html.escape(text[position : found.start()]))
        url = html.escape(found[0])
        out.append(f'<a href="{url}">{url}</a>')
        position = found.end()
    out.append(html.escape(text[position:]))
    return "".join(out)


def _quote(parts: Parts) -> str:
    """What is answered is set off; what is passed on stands as it was, on a sheet of its own."""
    heading = "<br>".join(html.escape(line) for line in parts.quote_heading.split("\n"))
    if parts.is_forward:
        return (
            f'<div class="quote passed">{heading}</div><div class="card forwarded">{parts.quote_html}</div>'
        )
    return f'<div class="quote">{heading}<blockquote type="cite">{parts.quote_html}</blockquote></div>'


def _document(parts: Parts) -> str:
    esc = html.escape
    mark = f'<span class="mark" aria-hidden="true">{esc(parts.brand.strip()[:1].upper())}</span>'
    brand = f'<div class="brand">{mark} {esc(parts.brand)}</div>' if parts.brand.strip() else _NO_BRAND
    title = f'<h1 class="title">{esc(parts.title)}</h1>' if parts.title else ""
    signature = f'<div class="signature">{parts.signature_html}</div>' if parts.signature_html else ""
    footer = f'<div class="footer">{esc(parts.footer)}</div>' if parts.footer else ""
    marker = ""
    if parts.marker:
        marker = f'<div class="hd-quote-boundary">— {esc(parts.write_above)} — {esc(parts.marker)}</div>'
    quote = ""
    if parts.quote_html:
        quote = _quote(parts)
    return (
        f'<!DOCTYPE html><html lang="{esc(parts.locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark"></head><body>'
        f'<table class="outer" {_BARE}><tr><td align="center"><table class="sheet" {_BARE}><tr><td>'
        f'{brand}<div class="card">{title}{parts.body_html}{signature}</div>{marker}{quote}{footer}'
        "</td></tr></table></td></tr></table></body></html>"
    )
