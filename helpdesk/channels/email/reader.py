"""Puts a `Mail` together from its headers, bodies and what they mean."""

import hashlib
import re
from datetime import datetime

from helpdesk.channels.email import forwards, replies
from helpdesk.channels.email.mail import Address, Forwarded, Mail, Part, Signature
from helpdesk.channels.email.reading import (
    addresses,
    automatic,
    bodies,
    bounces,
    dates,
    entities,
    markup,
    quotes,
)
from helpdesk.channels.email.reading.charsets import clean
from helpdesk.channels.email.reading.headers import Headers, decode_text
from helpdesk.channels.email.reading.sanitising import sanitise

_ID = re.compile(r"<\s*([^<>]{1,998}?)\s*>")
_WHOLE_ID = re.compile(r"\A<([^\s@]{1,400}@[^\s<>@]{1,400})>\Z")
_BARE_ID = re.compile(r"[^\s<>,;\"()]{1,400}@[^\s<>,;\"()]{1,400}")
_SPACE = re.compile(r"\s+")
_SENDERS = ("from", "reply-to", "sender", "return-path", "x-envelope-from")
_KEPT = frozenset(
    "return-path delivered-to x-original-to envelope-to x-envelope-to authentication-results arc-seal"
    " arc-authentication-results arc-message-signature dkim-signature received received-spf"
    " x-failed-recipients x-loop x-helpdesk-loop list-id precedence auto-submitted"
    " x-auto-response-suppress x-mailer"
    " user-agent sender thread-topic thread-index x-priority importance priority resent-from"
    " original-message-id x-spam-flag"
    " x-spam-status content-language x-ms-exchange-organization-scl disposition-notification-to".split()
)
_REFERENCES_LIMIT = 200
_CUT_TEXT_LIMIT = 400_000


def read(raw: bytes) -> Mail:
    """Every field is storable as it stands: no NUL, no lone surrogate, no date outside the calendar."""
    if b"\n" not in raw[:100_000] and b"\r" in raw[:100_000]:
        raw = raw.replace(b"\r", b"\n")
    root, defects = entities.parse(raw)
    headers, body = root.headers, bodies.collect(root)
    charset = _body_charset(root)
    subject = headers.text("subject", charset)[:2000]
    sender = _sender(headers, charset)
    text, html, new_html, reply = _texts(body, subject, defects)
    text_as_sent, html_as_sent = body.as_sent()
    bounce = bounces.read(root, headers, body, sender, subject, text)
    auto, why = automatic.signals(
        headers, sender, subject, is_bounce=bounce is not None and bounce.kind != "read"
    )
    return Mail(
        message_id=_own_id(headers),
        in_reply_to=tuple(ids(headers.all("in-reply-to"))[:20]),
        references=_limited(ids(headers.all("references"))),
        subject=subject,
        sender=sender if sender and sender.email else _own_sender(headers, charset) or sender,
        reply_to=_people(headers, "reply-to", charset),
        to=_people(headers, "to", charset),
        cc=_people(headers, "cc", charset),
        date=_date(headers),
        text=text, html=html, new_html=new_html, text_as_sent=text_as_sent, html_as_sent=html_as_sent,
        new_text=reply.new, signature_text=reply.signature, quoted_text=reply.quoted,
        attachments=bodies.placed(body.attachments, html),
        auto=auto, auto_why=why,
        may_acknowledge=automatic.may_acknowledge(headers, sender, auto),
        bounce=bounce,
        forwarded=_forwarded(body, text, subject),
        invitation=body.invitation,
        protection=body.protection or _armoured(text),
        signature=_signature(root) if body.protection == "signed" else None,
        headers=_kept(headers),
        body_hash=_hash(text, body.attachments),
        defects=tuple(dict.fromkeys(defects)),
    )  # fmt: skip


def ids(values: list[bytes]) -> list[str]:
    """Message ids without brackets, each once, in order; bare ones where there are no brackets.

    One that is all a header says keeps what brackets it has inside.
    """
    found: list[str] = []
    for value in values[:20]:
        text = decode_text(value)
        bracketed = [_SPACE.sub("", one) for one in _WHOLE_ID.findall(text) or _ID.findall(text)]
        found += [one for one in bracketed if one] or _BARE_ID.findall(text)
    return list(dict.fromkeys(clean(one)[:998] for one in found))


def _own_id(headers: Headers) -> str | None:
    """A word alone will do here: it names this mail, however its writer spelled it."""
    for value in headers.all("message-id")[:5]:
        if found := ids([value]):
            return found[0]
        bare = decode_text(value).strip("<> ")
        if bare and len(bare) <= 998 and not _SPACE.search(bare):
            return bare
    return None


def _date(headers: Headers) -> datetime | None:
    """The first that is one: broken gateways write a second below a torn first."""
    found = (dates.parse(decode_text(value)) for value in headers.all("date")[:3])
    return next((one for one in found if one is not None), None)


def _limited(references: list[str]) -> tuple[str, ...]:
    """The root and the latest are what threads hang on."""
    if len(references) > _REFERENCES_LIMIT:
        references = [references[0], *references[1 - _REFERENCES_LIMIT :]]
    return tuple(references)


def _sender(headers: Headers, charset: str | None) -> Address | None:
    """The first usable address of the first header that has one; else a bare name; else nobody."""
    name = ""
    for header in _SENDERS:
        for value in headers.all(header)[:5]:
            if found := addresses.parse_sender(value, charset):
                return found if found.name or not name else Address(name, found.email)
            if header == "from":
                name = name or addresses.name_alone(value, charset)
    return Address(name, "") if name else None


def _own_sender(headers: Headers, charset: str | None) -> Address | None:
    values = headers.all("from")[:5]
    return next((one for value in values for one in addresses.parse(value, charset, own=True)), None)


def _people(headers: Headers, name: str, charset: str | None) -> tuple[Address, ...]:
    found = {
        address.key: address
        for value in headers.all(name)[:20]
        for address in addresses.parse(value, charset, own=True)
    }
    return tuple(found.values())[: addresses.STORED_LIMIT]


def _body_charset(root: entities.Entity) -> str | None:
    """What raw 8-bit headers are most likely in: the charset that the body names."""
    entity = root
    for _ in range(4):
        if charset := entity.parameters.get("charset"):
            return charset
        if not entity.children:
            return None
        entity = entity.children[0]
    return None


def _texts(
    body: bodies.Body, subject: str, defects: list[str]
) -> tuple[str, str | None, str | None, replies.Reply]:
    """The whole text and its new part, with the HTML (sanitised) of both."""
    raw_html = body.html()
    text = body.text()
    if len(text) > bodies.TEXT_LIMIT:
        defects.append("text_cut")
        text = text[: bodies.TEXT_LIMIT]
    forwarded = forwards.is_forward_subject(subject)
    html = new_html = None
    if raw_html is not None:
        html = sanitise(raw_html)
        if html is None:
            defects.append("html_as_text")
        cut = quotes.start(raw_html) if html is not None and not forwarded else None
        if cut is not None:
            text, reply = _cut_by_html(text, raw_html, cut)
            new_html = sanitise(raw_html[:cut]) if reply.quoted else None
            return text, html, new_html, reply
    return text, html, new_html, replies.split(text, forwarded=forwarded)


def _cut_by_html(text: str, raw_html: str, cut: int) -> tuple[str, replies.Reply]:
    """The place in the plain text where the HTML marked a quote; the HTML's own text where they differ."""
    new = markup.to_text(raw_html[:cut])
    position = _aligned(text, new)
    if position is not None:
        return text, replies.split(text, cut=position)
    reply = replies.split(text)
    if reply.quoted:
        return text, reply
    rest = markup.to_text(raw_html[cut:])
    whole = f"{new}\n\n{rest}"[: bodies.TEXT_LIMIT]
    return whole, replies.split(whole, cut=len(new) + 2)


def _aligned(text: str, new: str) -> int | None:
    """Where `text` has said all the letters of `new`; None as soon as they differ."""
    wanted = [char for char in new[:_CUT_TEXT_LIMIT] if char.isalnum()]
    if not wanted:
        return None
    index = 0
    for position, char in enumerate(text[: _CUT_TEXT_LIMIT * 2]):
        if char.isalnum():
            if char != wanted[index]:
                return None
            index += 1
            if index == len(wanted):
                line_end = text.find("\n", position)
                return len(text) if line_end < 0 else line_end + 1
    return None


def _forwarded(body: bodies.Body, text: str, subject: str) -> Forwarded | None:
    """What is quoted below a separator, else a mail that came along whole while nothing was said with it."""
    if found := forwards.read(text, subject):
        return found
    whole = [part for part in body.message_parts if part.content_type in bodies.WHOLE_MAILS]
    if len(whole) != 1 or (text.strip() and not forwards.is_forward_subject(subject)):
        return None
    inner, _ = entities.parse(whole[0].data())
    sender = _sender(inner.headers, None)
    if sender is None:
        return None
    return Forwarded(
        sender=sender, to=_people(inner.headers, "to", None), cc=_people(inner.headers, "cc", None),
        subject=inner.headers.text("subject")[:2000], date=inner.headers.text("date")[:200],
        body=bodies.collect(inner).text()[: bodies.TEXT_LIMIT], comment=text, attached=True,
    )  # fmt: skip


def _signature(root: entities.Entity) -> Signature | None:
    from helpdesk.channels.email.reading import signatures  # noqa: PLC0415 - few mails need what it brings

    return signatures.of(root)


def _armoured(text: str) -> str | None:
    return "encrypted" if text[:2000].lstrip().startswith("-----BEGIN PGP MESSAGE-----") else None


def _kept(headers: Headers) -> tuple[tuple[str, str], ...]:
    kept = [(name, value) for name, value in headers.items if name in _KEPT or name.endswith("-loop")][:100]
    return tuple((name, decode_text(value[:4096])) for name, value in kept)


def _hash(text: str, attachments: list[Part]) -> str:
    """The same for two copies of one mail, however their lines were wrapped on the way."""
    digest = hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace"))
    for part in attachments:
        digest.update(hashlib.sha256(part.data).digest())
    return digest.hexdigest()
