"""Nothing twice: what was said before is recognised by the sender's id or the outside's id."""

from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import ActorKind
from helpdesk.domain.tickets.envelopes import Said
from helpdesk.domain.tickets.model import Message, Ticket
from helpdesk.errors import Conflict
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction

_OF_SOURCE = "SELECT id FROM messages WHERE inbox_id = $1 AND source_id = $2"


async def said_before(tx: Transaction, client_id: UUID | None, body: str) -> Said | None:
    """The first answer to the same `client_id` of this actor. Errors: Conflict client_id_reused when it
    was used for other words."""
    if client_id is None:
        return None
    event = await event_of(tx, client_id)
    if event is None:
        return None
    message = await tx.session.get(Message, event.message_id) if event.message_id else None
    if message is None or message.body != body.replace("\x00", ""):
        raise Conflict("client_id_reused")
    return await _again(tx, event, message)


async def event_of(tx: Transaction, client_id: UUID) -> EventRow | None:
    """What this actor did under that id before, or did as the contact they were until they were merged; the
    same thing under way right now is waited for."""
    await tx.one_at_a_time("client", tx.actor.id, client_id)
    connection = await tx.driver()
    found = await connection.fetchrow(
        "SELECT ticket_id, version FROM events WHERE actor_id = ANY($1) AND client_id = $2 LIMIT 1",
        [tx.actor.id, tx.actor.came_as],
        client_id,
    )
    return await tx.session.get(EventRow, tuple(found)) if found is not None else None


async def source_seen(tx: Transaction, inbox_id: UUID, source_id: str | None) -> Said | None:
    """A message the outside delivered before to this inbox."""
    if source_id is None:
        return None
    await tx.one_at_a_time(*source_key(inbox_id, source_id))
    message_id = await (await tx.driver()).fetchval(_OF_SOURCE, inbox_id, source_id)
    if message_id is None:
        return None
    message = await tx.session.get_one(Message, message_id)
    event = await tx.session.scalar(
        select(EventRow).where(EventRow.ticket_id == message.ticket_id, EventRow.message_id == message.id)
    )
    return await _again(tx, event, message) if event is not None else None


def source_key(inbox_id: UUID, source_id: str) -> tuple[object, ...]:
    """Under this name a message of the outside is taken in by one transaction at a time."""
    return ("source", inbox_id, source_id)


async def call_of(tx: Transaction, inbox_id: UUID, call_id: str) -> Message | None:
    """The call that a telephone system has told of before; another step of it right now is waited for."""
    await tx.one_at_a_time(*source_key(inbox_id, call_id))
    found: Message | None = await tx.session.scalar(
        select(Message).where(Message.inbox_id == inbox_id, Message.source_id == call_id)
    )
    return found


async def is_told(tx: Transaction, message: Message) -> bool:
    """Whether a message has its event already."""
    query = select(EventRow.version).where(
        EventRow.ticket_id == message.ticket_id, EventRow.message_id == message.id
    )
    return await tx.session.scalar(query.limit(1)) is not None


async def _again(tx: Transaction, event: EventRow, message: Message) -> Said:
    ticket = await tx.session.get_one(Ticket, event.ticket_id)
    version = event.public_version if tx.actor.kind is ActorKind.CONTACT else event.version
    return Said(ticket.id, ticket.number, message.id, int(version or 0), message.created_at, duplicate=True)
