"""How far somebody has read a ticket."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from helpdesk.actors import ActorKind
from helpdesk.domain import permissions
from helpdesk.domain.tickets.locking import get
from helpdesk.domain.tickets.model import ReadMark
from helpdesk.storage.transaction import Transaction


async def mark_read(tx: Transaction, ticket_id: UUID, upto: int) -> int:
    """Monotonic; counts in the reader's own versions and never past the head. Answers with the mark.

    Errors: Forbidden for an API token that may only read: contacts see that their message was seen.
    """
    if tx.actor.is_staff:
        permissions.require_writer(tx.actor)
    ticket = await get(tx, ticket_id)
    head = ticket.public_version if tx.actor.kind is ActorKind.CONTACT else ticket.version
    mark = max(0, min(upto, head))
    statement = insert(ReadMark).values(
        ticket_id=ticket_id,
        reader_id=tx.actor.contact_id or tx.actor.agent_id or tx.actor.id,
        reader_kind=tx.actor.kind.value,
        upto=mark,
        at=tx.now,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["ticket_id", "reader_id"],
        set_={"upto": func.greatest(ReadMark.upto, statement.excluded.upto), "at": tx.now},
    )
    await tx.session.execute(statement)
    return mark
