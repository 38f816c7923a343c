"""From the MIME tree to what people see: one text, one HTML, and the attachments."""

import html as entities
import mimetypes
import re
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from helpdesk.channels.email.mail import Invitation, Part
from helpdesk.channels.email.reading import armour, embedded, enriched, invitations, markup, sealed, tnef
from helpdesk.channels.email.reading.charsets import clean, decode
from helpdesk.channels.email.reading.entities import Entity
from helpdesk.channels.email.reading.entities import parse as entities_of
from helpdesk.channels.email.reading.flowed import unflowed
from helpdesk.channels.email.reading.headers import split
from helpdesk.channels.email.reading.legacy import cut_uuencoded
from helpdesk.channels.email.reading.parameters import safe_name

TEXT_LIMIT = 5_000_000
HTML_LIMIT = 2_000_000
REPORT_LIMIT = 20_000

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_CID = re.compile(r"cid:([^\"'\s>)]{1,300})", re.IGNORECASE)
_TNEF_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_ENDINGS = {
    "message/delivery-status": ".txt", "text/rfc822-headers": ".txt", "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "message/disposition-notification": ".txt", "message/feedback-report": ".txt", "text/calendar": ".ics",
}  # fmt: skip
WHOLE_MAILS = ("message/rfc822", "message/global", "message/news")
_SKIPPED = ("text/x-amp-html", "text/watch-html")
_CALENDARS = ("text/calendar", "application/ics")
_RICH = ("text/enriched", "text/richtext")


@dataclass(slots=True)
class Piece:
    """A stretch of the body in one or both of its forms."""

    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class Body:
    pieces: list[Piece] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)
    protection: str | None = None
    invitation: Invitation | None = None
    message_parts: list[Entity] = field(default_factory=list)

    def html(self) -> str | None:
        """None when the mail had none; plain pieces between HTML ones are kept, escaped."""
        if not any(piece.html for piece in self.pieces):
            return None
        if len(self.pieces) == 1:
            return self.pieces[0].html
        return "<hr>".join(
            piece.html or f"<pre>{entities.escape(piece.text or '')}</pre>" for piece in self.pieces
        )

    def text(self) -> str:
        """The plain form where there is one, else what the HTML says."""
        parts = (
            piece.text
            if piece.text and piece.text.strip()
            else markup.to_text((piece.html or "")[:HTML_LIMIT])
            for piece in self.pieces
        )
        return "\n".join(part for part in parts if part.strip())

    def as_sent(self) -> tuple[str | None, str | None]:
        """The plain words and the HTML that the mail has, before anything is made of them."""
        plain = "\n".join(piece.text for piece in self.pieces if piece.text)[:TEXT_LIMIT]
        return plain or None, (self.html() or "")[:HTML_LIMIT] or None


def collect(root: Entity) -> Body:
    body = Body()
    _walk(root, body, outermost=True)
    if not body.pieces:
        body.pieces = _reported(body.message_parts)
    taken = 0
    for piece in body.pieces:
        piece.html, pictures = embedded.cut_out(piece.html, taken) if piece.html else (None, [])
        body.attachments += pictures
        taken += len(pictures)
    return body


def _reported(parts: list[Entity]) -> list[Piece]:
    """Where a server wrote no words for people, its report is what there is to read."""
    reports = (part for part in parts if part.content_type == "message/delivery-status")
    texts = (_lines(decode(part.data()[:REPORT_LIMIT], None)) for part in reports)
    return [Piece(text=text) for text in texts if text.strip()]


def placed(attachments: list[Part], html: str | None) -> tuple[Part, ...]:
    """Those that this HTML shows are inline; every other is a file beside it, Content-ID or not."""
    shown = {entities.unescape(cid) for cid in _CID.findall(html or "")}
    shown |= {unquote(cid) for cid in shown}
    return tuple(replace(part, inline=part.content_id in shown) for part in attachments)


def _walk(entity: Entity, body: Body, *, outermost: bool = False) -> None:
    kind = entity.content_type
    if kind == "multipart/signed":
        body.protection = body.protection or "signed"
    elif kind == "multipart/encrypted":
        body.protection = "encrypted"
    elif kind in sealed.TYPES:
        _open_envelope(entity, body)
    if kind == "multipart/alternative":
        _alternatives(entity, body)
    elif entity.children:
        _walk_children(entity, body, outermost=outermost)
    elif kind.startswith("multipart/"):
        return
    elif _is_body(entity, outermost=outermost) and not (kind in _RICH and body.pieces):
        _add_text(entity, body)
    elif kind not in _SKIPPED:
        _attach(entity, body)


def _walk_children(entity: Entity, body: Body, *, outermost: bool) -> None:
    first, *others = entity.children
    if entity.content_type == "multipart/related" and _is_named_page(first):
        _add_text(first, body)  # the page that the pictures beside it belong to
    else:
        _walk(first, body)
    if outermost and not body.pieces and _is_named_text(first):
        _add_text(first, body)  # a file sent as all there is to say
    for child in others:
        _walk(child, body)


def _alternatives(entity: Entity, body: Body) -> None:
    """The plain and the HTML form become one piece, whatever else is offered beside them."""
    plain = [child for child in entity.children if child.content_type not in _RICH]
    texts: list[str] = []
    html: str | None = None
    for child in plain or entity.children:
        inner = Body()
        if child.content_type in ("text/plain", "text/html") and "attachment" not in child.disposition:
            _add_text(child, inner)  # a name makes no file of one form of the text
        else:
            _walk(child, inner)
        shown = inner.html()
        html = shown or html
        # Apple Mail offers HTML with files between its pieces: plain words among them belong to the HTML.
        if not shown or any(one.text and one.html for one in inner.pieces):
            texts += [one.text for one in inner.pieces if one.text]
        body.attachments += inner.attachments
        body.message_parts += inner.message_parts
        body.protection = body.protection or inner.protection
        body.invitation = body.invitation or inner.invitation
    if texts or html:
        body.pieces.append(Piece(text="\n".join(texts) or None, html=html))


def _is_body(entity: Entity, *, outermost: bool) -> bool:
    if entity.disposition.startswith("attachment"):
        return False
    kind = entity.content_type
    if kind in ("text/plain", "text/html", *_RICH):
        return not entity.file_name or outermost
    return (
        outermost
        and kind.startswith("text/")
        and not entity.file_name
        and kind not in (*_SKIPPED, *_CALENDARS)
    )


def _is_named_page(entity: Entity) -> bool:
    return (
        entity.content_type == "text/html" and bool(entity.file_name) and entity.disposition != "attachment"
    )


def _is_named_text(entity: Entity) -> bool:
    return entity.content_type == "text/plain" and not entity.disposition.startswith("attachment")


def _add_text(entity: Entity, body: Body) -> None:
    data, charset = entity.data(), entity.parameters.get("charset")
    if entity.content_type == "text/html":
        if not charset or charset.lower() in ("us-ascii", "ascii"):
            declared = _META_CHARSET.search(data[:4096])
            charset = declared[1].decode("ascii") if declared else charset
        html = _lines(decode(data, charset))
        if html.strip():
            body.pieces.append(Piece(html=html))
        return
    text = _plain(entity, data, charset, body)
    if text.strip():
        body.pieces.append(Piece(text=text))


def _plain(entity: Entity, data: bytes, charset: str | None, body: Body) -> str:
    """What the text says: files in it are attachments, its paragraphs are whole, its armour is off."""
    if b"\nbegin" in data or data.startswith(b"begin"):
        data, files = cut_uuencoded(data)
        body.attachments += [_part(name, "", content) for name, content in files]
    text = _lines(decode(data, charset))
    if entity.content_type in _RICH:
        text = enriched.to_text(text, breaks=entity.content_type == "text/enriched")
    if entity.parameters.get("format", "").lower() == "flowed":
        text = unflowed(text, joined=entity.parameters.get("delsp", "").lower() == "yes")
    text, is_signed = armour.unwrapped(text)
    if is_signed:
        body.protection = body.protection or "signed"
    return text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _attach(entity: Entity, body: Body) -> None:
    kind = entity.content_type
    if kind in WHOLE_MAILS and not entity.file_name:
        name, data = _message_name(entity)
    else:
        name, data = entity.file_name, entity.data()
    if body.invitation is None and kind in _CALENDARS:
        body.invitation = invitations.read(
            data, entity.parameters.get("charset"), entity.parameters.get("method", "")
        )
    if kind.startswith("message/") or kind in ("text/rfc822-headers", "text/rfc822"):
        body.message_parts.append(entity)
    if not name and not data.strip():
        return
    said = entity.file_name or _name_beside(entity)
    name = name or said or _made_up_name(kind, len(body.attachments) + 1)
    part = _part(name, kind, data, entity.content_id)
    body.attachments.append(replace(part, disposition=clean(entity.disposition[:40]), named=bool(said)))
    if kind in _TNEF_TYPES or name.lower() == "winmail.dat":
        _unpack(tnef.read(data), body)


def _name_beside(entity: Entity) -> str:
    """Where a file without a name says one elsewhere: `image001.png@01D3BA12`, `photos/Mill.jpg`."""
    headers = entity.headers
    for said in (
        headers.text("content-location").partition("?")[0],
        headers.text("content-id").strip("<> ").rpartition("@")[0],
        headers.text("content-description"),
    ):
        name = safe_name(said)
        if len(name) <= 120 and mimetypes.guess_type(name)[0] and not name.startswith("."):
            return name
    return ""


def _made_up_name(kind: str, number: int) -> str:
    ending = _ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ".bin"
    return ("invitation" if kind in _CALENDARS else f"attachment-{number}") + ending


def _unpack(found: tnef.Unpacked, body: Body) -> None:
    """The files in a winmail.dat, and its words where the mail has none of its own."""
    body.attachments += [_part(one.name, one.content_type, one.data, one.content_id) for one in found.files]
    if not body.pieces and (found.text or found.html):
        body.pieces.append(Piece(text=found.text or None, html=found.html or None))


def _open_envelope(entity: Entity, body: Body) -> None:
    """S/MIME in one blob: what was only signed can be read; what is encrypted says so."""
    content = sealed.signed_content(entity.data())
    says_signed = "signed" in entity.parameters.get("smime-type", "")
    body.protection = "signed" if content is not None or says_signed else "encrypted"
    if content is not None:
        inner, _ = entities_of(content)
        _walk(inner, body)


def _message_name(entity: Entity) -> tuple[str, bytes]:
    """A mail inside a mail is one attachment, named after its subject."""
    data = entity.data()
    headers, _ = split(data, 0, len(data), outermost=True)
    return safe_name(headers.text("subject").replace("/", "-")[:150] or "message") + ".eml", data


def _part(name: str, kind: str, data: bytes, content_id: str | None = None) -> Part:
    name = safe_name(name) or "attachment.bin"
    guessed = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Part(name, guessed, content_id, False, data)
