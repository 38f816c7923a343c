"""A mail as the rest of the product sees it, and its form on the pipe between reader and parent."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Address:
    """`email` has a lower-case domain. It is empty where a mail named somebody without an address, and a name
    without a domain where it named somebody of the sender's own house."""

    name: str
    email: str

    @property
    def key(self) -> str:
        """What two spellings of one address have in common."""
        return self.email.lower()


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment, decoded; `inline` only when the HTML really shows it. `disposition` is what the mail
    says of it: attachment, inline or nothing. Who is not `named` got its name here."""

    name: str
    content_type: str
    content_id: str | None
    inline: bool
    data: bytes
    disposition: str = ""
    named: bool = True


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    address: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """`kind` is failed, delayed, delivered, complaint or read."""

    kind: str
    permanent: bool
    recipients: tuple[FailedRecipient, ...]
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail inside a forwarded one. Nothing in it is proven: anybody can type these lines."""

    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: str
    body: str
    comment: str
    attached: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """A meeting that a mail calls, moves or calls off. Times are ISO 8601; a date alone is a whole day."""

    method: str
    summary: str
    place: str
    organiser: str
    starts: str
    ends: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """Of a whole mail. `kind` is smime or pgp; `state` holds, broken or unchecked. `addresses` and `issuer`
    are what its certificate says, which nobody else has vouched for."""

    kind: str
    state: str
    addresses: tuple[str, ...] = ()
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """Ids stand without angle brackets. `text` is from the HTML where the mail had no plain form.

    `text_as_sent` and `html_as_sent` are what stands in it, None where it has no such form: not for showing.
    `text == new_text + signature_text + quoted_text`: folding never loses a word. `auto` is None for a
    person's mail, else auto_replied, auto_generated, list, bulk or bounce; `auto_why` is the header.
    `signed_by` are the domains whose DKIM signature holds, where that was checked; `sealed_by` those of an
    ARC chain that holds, and `sealed_results` what the first of them had found.
    """

    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    subject: str = ""
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: datetime | None = None
    text: str = ""
    html: str | None = None
    new_html: str | None = None
    text_as_sent: str | None = None
    html_as_sent: str | None = None
    new_text: str = ""
    signature_text: str = ""
    quoted_text: str = ""
    attachments: tuple[Part, ...] = ()
    auto: str | None = None
    auto_why: str | None = None
    may_acknowledge: bool = True
    bounce: Bounce | None = None
    forwarded: Forwarded | None = None
    invitation: Invitation | None = None
    protection: str | None = None
    signature: Signature | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body_hash: str = ""
    signed_by: tuple[str, ...] = ()
    sealed_by: tuple[str, ...] = ()
    sealed_results: str = ""
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first of that (lower-case) name among the headers that were kept."""
        return next((value for key, value in self.headers if key == name), None)


def reachable(mail: Mail) -> Mail:
    """With nobody whose address ends at the house it was sent from: their names are no addresses here."""
    sender = mail.sender
    if sender is not None and sender.email and "@" not in sender.email:
        sender = Address(sender.name or sender.email, "")
    to, cc, reply_to = (
        tuple(one for one in people if "@" in one.email) for people in (mail.to, mail.cc, mail.reply_to)
    )
    return replace(mail, sender=sender, to=to, cc=cc, reply_to=reply_to)


def pack(mail: Mail) -> bytes:
    """JSON with the attachments' bytes behind it: they need no base64 on a pipe."""
    blobs = [part.data for part in mail.attachments]
    bare = replace(mail, attachments=tuple(replace(part, data=b"") for part in mail.attachments))
    head = orjson.dumps({"mail": _plain(bare), "sizes": [len(blob) for blob in blobs]})
    return b"".join([len(head).to_bytes(4, "big"), head, *blobs])


def unpack(data: bytes) -> Mail:
    length = int.from_bytes(data[:4], "big")
    head = orjson.loads(data[4 : 4 + length])
    values: dict[str, Any] = head["mail"]
    position, parts = 4 + length, []
    for part, size in zip(values["attachments"], head["sizes"], strict=True):
        parts.append(Part(**{**part, "data": data[position : position + size]}))
        position += size
    return _mail(values, tuple(parts))


def _plain(mail: Mail) -> dict[str, Any]:
    values = asdict(mail)
    for part in values["attachments"]:
        part["data"] = ""
    return values


def _mail(values: dict[str, Any], parts: tuple[Part, ...]) -> Mail:
    values["attachments"] = parts
    values["sender"] = _address(values["sender"])
    for name in ("to", "cc", "reply_to"):
        values[name] = _addresses(values[name])
    for name in ("in_reply_to", "references", "defects", "signed_by", "sealed_by"):
        values[name] = tuple(values[name])
    values["headers"] = tuple((key, value) for key, value in values["headers"])
    values["date"] = datetime.fromisoformat(values["date"]) if values["date"] else None
    if bounce := values["bounce"]:
        failed = tuple(FailedRecipient(**one) for one in bounce["recipients"])
        values["bounce"] = Bounce(bounce["kind"], bounce["permanent"], failed, tuple(bounce["message_ids"]))
    if inner := values["forwarded"]:
        inner["sender"] = _address(inner["sender"])
        inner["to"], inner["cc"] = _addresses(inner["to"]), _addresses(inner["cc"])
        values["forwarded"] = Forwarded(**inner)
    if called := values["invitation"]:
        values["invitation"] = Invitation(**called)
    if signed := values["signature"]:
        values["signature"] = Signature(**{**signed, "addresses": tuple(signed["addresses"])})
    return Mail(**{field.name: values[field.name] for field in fields(Mail)})


def _address(value: dict[str, str] | None) -> Address | None:
    return Address(**value) if value else None


def _addresses(values: list[dict[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(**value) for value in values)
