"""The demo's outbox: mails that would have left, shown as their readers would get them."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth.requests import session_of
from helpdesk.domain import tickets
from helpdesk.errors import NotFound
from helpdesk.parsing import parse_id
from helpdesk.web.security import Policy
from helpdesk.web.templating import Pages

_PREVIEW_LENGTH = 140


@dataclass(frozen=True)
class File:
    name: str
    size: int


@dataclass(frozen=True)
class Mail:
    """One mail, read from the very bytes that would have been sent."""

    id: UUID
    kind: str
    sender: str
    to: str
    cc: str
    to_name: str
    subject: str
    at: datetime
    has_left: bool
    text: str
    html: str | None
    attachments: list[File]
    headers: list[tuple[str, str]]

    @property
    def preview(self) -> str:
        return " ".join(self.text.split())[:_PREVIEW_LENGTH]


async def show_outbox(request: Request) -> Response:
    """GET /demo/outbox"""
    _require_demo(request)
    await session_of(request)
    async with request.app.state.database.transaction(SYSTEM) as tx:
        kept = await tickets.mail.mailing.kept(tx)
    pages: Pages = request.app.state.pages
    return pages.render(request, "outbox.html", mails=[_mail(row) for row in kept])


async def show_mail(request: Request) -> Response:
    """GET /demo/outbox/{id}"""
    mail = await _wanted(request)
    pages: Pages = request.app.state.pages
    return pages.render(request, "outbox_message.html", mail=mail)


async def show_mail_html(request: Request) -> Response:
    """GET /demo/outbox/{id}/html: the mail's own page, in a frame where nothing of it can run."""
    mail = await _wanted(request)
    if mail.html is None:
        raise NotFound("mail_not_found")
    request.state.policy = Policy.MAIL
    return HTMLResponse(mail.html)


async def _wanted(request: Request) -> Mail:
    _require_demo(request)
    mail_id = parse_id(request.path_params["id"], "mail")
    async with request.app.state.database.transaction(SYSTEM) as tx:
        return _mail(await tickets.mail.mailing.kept_mail(tx, mail_id))


def _require_demo(request: Request) -> None:
    """Outside the demo mails leave, and this page does not exist."""
    if not request.app.state.settings.demo:
        raise NotFound("page_not_found")


def _mail(row: tickets.OutgoingMail) -> Mail:
    """Ours to read with the strict parser, since we wrote it; one not composed yet has its text only."""
    message = message_from_bytes(row.raw or b"", _class=EmailMessage, policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    to = str(message.get("To") or ", ".join(row.recipients))
    return Mail(
        id=row.id,
        kind=row.kind,
        sender=str(message.get("From") or ""),
        to=to,
        cc=str(message.get("Cc") or ""),
        to_name=parseaddr(to)[0],
        subject=row.subject,
        at=row.sent_at or row.created_at,
        has_left=row.sent_at is not None,
        text=_content(text) if row.raw and text is not None else row.body,
        html=_content(html) if html is not None else None,
        attachments=[_file(part) for part in message.iter_attachments()] if row.raw else [],
        headers=[(name, str(value)) for name, value in message.items()],
    )


def _content(part: MIMEPart) -> str:
    return str(part.get_content())


def _file(part: MIMEPart) -> File:
    payload = part.get_payload(decode=True)
    return File(part.get_filename() or "", len(payload) if isinstance(payload, bytes) else 0)
