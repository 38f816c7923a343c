"""Since when somebody waits for our answer, read from what was said."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import ActorKind
from helpdesk.domain.tickets.model import Message, MessageKind, Ticket
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction


async def unanswered_since(tx: Transaction, ticket: Ticket) -> datetime | None:
    return waits_since(await said_on(tx, ticket))


async def said_on(tx: Transaction, ticket: Ticket) -> list[Message]:
    """What the contact may see or was told, in order of time. A call that reached nobody said nothing."""
    query = select(Message).where(Message.ticket_id == ticket.id, Message.hidden.is_(False))
    query = query.where(Message.kind != MessageKind.NOTE.value).order_by(Message.created_at, Message.id)
    messages = list(await tx.session.scalars(query))
    logged = [one.id for one in messages[1:] if _is_logged(one)]
    unheard = await _unheard(tx, ticket, logged) if logged else set()
    return [one for one in messages if one.id not in unheard]


def _is_logged(message: Message) -> bool:
    return message.kind == MessageKind.CALL and message.author_kind != ActorKind.CONTACT.value


async def _unheard(tx: Transaction, ticket: Ticket, logged: Sequence[UUID]) -> set[UUID]:
    """Those calls of the ticket in which nobody spoke with anybody."""
    query = select(EventRow.message_id).where(
        EventRow.ticket_id == ticket.id,
        EventRow.message_id.in_(logged),
        EventRow.data["answered"].as_boolean().is_(False),
    )
    return {one for one in await tx.session.scalars(query) if one is not None}


def waits_since(messages: Sequence[Message]) -> datetime | None:
    """The oldest message of the contact that no agent has answered; so is a call that began it all."""
    since: datetime | None = None
    said = [message for message in messages if message.kind != MessageKind.NOTE]
    for message in said:
        opens = message is said[0] and message.kind == MessageKind.CALL
        is_theirs = message.author_kind == ActorKind.CONTACT.value or opens
        since = (since or message.created_at) if is_theirs else None
    return since
