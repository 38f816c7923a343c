"""A mail that leaves, as frozen bytes: plain text and HTML, and what makes its answer find back."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from helpdesk.channels.email import layout, markdown
from helpdesk.channels.email import outgoing_headers as header
from helpdesk.channels.email.mail import Address, Part

LOOP_HEADER = "X-Helpdesk-Loop"

_TYPE = re.compile(r"^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,90}$")


@dataclass(frozen=True, slots=True)
class Quote:
    """The message being answered, as it stands below the marker; `heading` is a whole sentence. Or, with
    `is_forward`, the one that is passed on: its head line by line, then its words as they were. `html` is its
    own form, sanitised."""

    heading: str
    text: str
    html: str | None = None
    is_forward: bool = False


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """`body` is what the agent wrote: text or Markdown; `html` its rich form, already sanitised, if any.

    A letter of ours (not an agent's words) has a `title`, and pages under `own_address` as buttons.
    `loop` names this installation. `marker` is the `ref:` word of the carriers. Ids stand without brackets.
    """

    message_id: str
    sender: Address
    to: tuple[Address, ...]
    subject: str
    body: str
    date: datetime
    loop: str
    cc: tuple[Address, ...] = ()
    reply_to: str | None = None
    html: str | None = None
    is_markdown: bool = False
    signature: str = ""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    marker: str | None = None
    quote: Quote | None = None
    attachments: tuple[Part, ...] = ()
    automatic: bool = False
    unsubscribe_url: str | None = None
    locale: str = "en"
    brand: str = ""
    footer: str = ""
    title: str = ""
    own_address: str = ""


def compose(mail: OutgoingMail) -> bytes:
    """Raises Invalid for an address or id that is none. The same input always makes the same bytes."""
    lines = [
        header.people("From", [mail.sender]),
        header.people("To", mail.to) if mail.to else "To: undisclosed-recipients:;",
        header.people("Cc", mail.cc) if mail.cc else "",
        header.people("Reply-To", [Address(mail.sender.name, mail.reply_to)]) if mail.reply_to else "",
        header.text("Subject", mail.subject),
        header.raw("Date", format_datetime(mail.date)),
        header.ids("Message-ID", [header.message_id(mail.message_id)]),
        header.ids("In-Reply-To", [mail.in_reply_to]) if mail.in_reply_to else "",
        header.ids("References", mail.references),
        header.raw(LOOP_HEADER, header.one_line(mail.loop)),
        *_automatic(mail),
        *_unsubscribe(mail),
    ]
    head = "\r\n".join(line for line in lines if line)
    return head.encode("utf-8") + b"\r\n" + _content(mail).as_bytes()


def _automatic(mail: OutgoingMail) -> list[str]:
    if not mail.automatic:
        return []
    return ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All", "Precedence: auto_reply"]


def _unsubscribe(mail: OutgoingMail) -> list[str]:
    if not mail.unsubscribe_url:
        return []
    return [
        header.raw("List-Unsubscribe", f"<{mail.unsubscribe_url}>"),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]


def _content(mail: OutgoingMail) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(_plain(mail), cte="quoted-printable")
    message.add_alternative(layout.page(mail_parts(mail)), subtype="html", cte="quoted-printable")
    shown = message.get_payload()[1]  # type: ignore[index]
    assert isinstance(shown, EmailMessage)
    for part in mail.attachments:
        main, sub = _media_type(part.content_type)
        if part.inline and part.content_id and main == "image":
            shown.add_related(
                part.data,
                main,
                sub,
                cid=f"<{header.message_id(part.content_id)}>",
                disposition="inline",
                filename=part.name,
            )
    for part in mail.attachments:
        main, sub = _media_type(part.content_type)
        if not (part.inline and part.content_id and main == "image"):
            message.add_attachment(
                part.data, main, sub, filename=header.one_line(part.name) or "attachment.bin"
            )
    _fix_boundaries(message, mail.message_id)
    return message


def mail_parts(mail: OutgoingMail) -> layout.Parts:
    return layout.Parts(
        body_html=_body_html(mail),
        signature_html=layout.paragraphs(mail.signature) if mail.signature else "",
        marker=mail.marker,
        write_above=_write_above(mail.locale),
        quote_heading=mail.quote.heading if mail.quote else "",
        quote_html=(mail.quote.html or layout.paragraphs(mail.quote.text)) if mail.quote else "",
        is_forward=mail.quote is not None and mail.quote.is_forward,
        brand=mail.brand,
        footer=mail.footer,
        locale=mail.locale,
        title=mail.title,
    )


def _body_html(mail: OutgoingMail) -> str:
    if mail.title:
        words = "Öppna sidan" if mail.locale.startswith("sv") else "Open the page"
        return layout.letter(mail.title, mail.body, mail.own_address, words)
    if mail.html is not None:
        return mail.html
    if not mail.is_markdown:
        return layout.paragraphs(mail.body)
    inside = {
        part.content_id.partition("@")[0]: part.content_id for part in mail.attachments if part.content_id
    }
    return markdown.to_html(mail.body, inside.get)


def _plain(mail: OutgoingMail) -> str:
    pieces = [(markdown.to_text(mail.body) if mail.is_markdown else mail.body).strip("\n")]
    if mail.signature:
        pieces.append(f"-- \n{mail.signature.strip()}")
    if mail.footer:
        pieces.append(mail.footer)
    if mail.marker:
        pieces.append(f"— {_write_above(mail.locale)} — {mail.marker}")
    if mail.quote and mail.quote.is_forward:
        pieces += [mail.quote.heading, mail.quote.text.strip("\n")]
    elif mail.quote:
        quoted = "\n".join(f"> {line}".rstrip() for line in mail.quote.text.strip("\n").split("\n"))
        pieces.append(f"{mail.quote.heading}\n{quoted}")
    text = "\n\n".join(pieces).replace("\r\n", "\n").replace("\r", "\n")
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "", text) + "\n"


def _write_above(locale: str) -> str:
    return "Skriv ovanför den här raden" if locale.startswith("sv") else "Please write above this line"


def _media_type(content_type: str) -> tuple[str, str]:
    """A mail inside a mail travels as a file: it must not be re-encoded, and we encode everything."""
    kind = content_type.lower().partition(";")[0].strip()
    if not _TYPE.match(kind) or kind.startswith(("message/", "multipart/")):
        return "application", "octet-stream"
    main, _, sub = kind.partition("/")
    return main, sub


def _fix_boundaries(message: EmailMessage, seed: str) -> None:
    """Chosen by the Message-ID, so that a mail composed twice is the same mail."""
    for index, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            digest = hashlib.sha256(f"{index} {seed}".encode()).hexdigest()[:32]
            part.set_boundary(f"={digest}=")
