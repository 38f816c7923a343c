"""Since when somebody waits for our answer, read from what was said."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from helpdesk.actors import ActorKind
from helpdesk.domain.tickets.model import Message, MessageKind, Ticket
from helpdesk.storage.transaction import Transaction


async def unanswered_since(tx: Transaction, ticket: Ticket) -> datetime | None:
    return waits_since(await said_on(tx, ticket))


async def said_on(tx: Transaction, ticket: Ticket) -> list[Message]:
    """What the contact may see, in order of time."""
    query = select(Message).where(Message.ticket_id == ticket.id, Message.hidden.is_(False))
    query = query.where(Message.kind != MessageKind.NOTE.value).order_by(Message.created_at, Message.id)
    return list(await tx.session.scalars(query))


def waits_since(messages: Sequence[Message]) -> datetime | None:
    """The oldest message of the contact that no agent has answered; so is a call that began it all."""
    since: datetime | None = None
    said = [message for message in messages if message.kind != MessageKind.NOTE]
    for message in said:
        opens = message is said[0] and message.kind == MessageKind.CALL
        is_theirs = message.author_kind == ActorKind.CONTACT.value or opens
        since = (since or message.created_at) if is_theirs else None
    return since
