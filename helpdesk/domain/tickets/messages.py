"""A message of a ticket: written down with its files, and shown in a line of preview."""

import re
from collections.abc import Sequence
from uuid import UUID

from helpdesk.actors import ActorKind
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import attachments
from helpdesk.domain.tickets.envelopes import InboundMessage
from helpdesk.domain.tickets.model import Message, MessageKind, Ticket
from helpdesk.errors import Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

BODY_LIMIT = 20_000
"""Characters of a message somebody types; mail may be longer."""

PREVIEW_LENGTH = 140
_GREETING_LENGTH = 12
_MARKS = re.compile(r"!\[[^\]\n]*\]\([^)\s]*\)|\*\*|~~|^#{1,6} |^> |(?<=\])\([^)\s]*\)", re.MULTILINE)
"""What of Markdown says nothing in a line of preview."""


async def add_inbound(
    tx: Transaction, ticket: Ticket, inbound: InboundMessage, author: tuple[UUID, str]
) -> Message:
    message = _message(tx, ticket, MessageKind.MESSAGE, inbound.body, inbound.channel.value)
    message.author_kind = ActorKind.CONTACT.value
    message.author_id, message.author_name = author
    message.html, message.new_html = inbound.html, inbound.new_html
    message.quoted, message.mail = inbound.quoted, inbound.mail
    message.source_id, message.hidden = inbound.source_id, inbound.unverified is not None
    await _write(tx, message, inbound.attachment_ids)
    if not message.hidden:
        show_latest(tx, ticket, message)
    return message


async def add_own(
    tx: Transaction,
    ticket: Ticket,
    kind: MessageKind,
    body: str,
    uploads: Sequence[UUID],
    mail: Json | None = None,
) -> Message:
    channel = Channel.PHONE.value if kind is MessageKind.CALL else ticket.channel
    message = _message(tx, ticket, kind, body, channel)
    message.mail = mail
    await _write(tx, message, uploads)
    if kind is not MessageKind.NOTE:
        show_latest(tx, ticket, message)
    return message


async def _write(tx: Transaction, message: Message, uploads: Sequence[UUID]) -> None:
    """The message first, then its files, which refer to it."""
    files = await attachments.take(tx, message, uploads)
    await tx.insert(message)
    for file in files:
        file.message_id = message.id


def _message(tx: Transaction, ticket: Ticket, kind: MessageKind, body: str, channel: str) -> Message:
    return Message(
        id=tx.new_id(),
        ticket_id=ticket.id,
        inbox_id=ticket.inbox_id,
        kind=kind.value,
        channel=channel,
        author_kind=tx.actor.kind.value,
        author_id=tx.actor.agent_id or tx.actor.id,
        author_name=tx.actor.name,
        body=body.replace("\x00", ""),
        attachments=[],
        hidden=False,
        created_at=tx.now,
    )


def show_latest(tx: Transaction, ticket: Ticket, message: Message) -> None:
    files = ", ".join(a["name"] for a in message.attachments)
    body = _MARKS.sub("", message.body) if (message.mail or {}).get("format") == "markdown" else message.body
    ticket.preview = preview_of(body) or files[:PREVIEW_LENGTH]
    ticket.last_message_at = tx.now


def preview_of(body: str) -> str:
    return _shortened(body, PREVIEW_LENGTH)


def require_text(body: str, uploads: Sequence[UUID]) -> None:
    if not body.strip() and not uploads:
        raise Invalid("empty", "There is nothing in this message.", field="body")
    if len(body) > BODY_LIMIT:
        raise Invalid("too_large", f"At most {BODY_LIMIT:,} characters.", field="body")


def first_line(body: str, length: int = 80) -> str:
    """The first line that says something: a greeting alone makes no subject."""
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    telling = next((line for line in lines if len(line) > _GREETING_LENGTH), lines[0] if lines else "")
    return _shortened(telling, length)


def _shortened(body: str, length: int) -> str:
    text = " ".join(body[: length * 4].split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
