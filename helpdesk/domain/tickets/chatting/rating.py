"""What a contact thought of how they were helped: asked in the chat, once it is solved."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import permissions
from helpdesk.domain.events import TicketRated
from helpdesk.domain.tickets.chatting.model import Rating
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction

_LONGEST = 2000
_RATED_WHEN = (Status.RESOLVED, Status.CLOSED)


async def rate(tx: Transaction, ticket_id: UUID, score: int, comment: str = "") -> Rating:
    """By the ticket's contact only. A later rating takes the place of the earlier; the same one again is
    nothing new. Errors: Conflict `not_solved` while the ticket is still worked on."""
    if not 1 <= score <= 5:
        raise Invalid("score_invalid", "A rating is 1 to 5.", field="score")
    ticket = await lock(tx, ticket_id)
    permissions.require_own_ticket(tx.actor, ticket.contact_id, ticket.inbox_id)
    if ticket.status not in _RATED_WHEN:
        raise Conflict("not_solved", "It can be rated once it is solved.")
    said = comment.replace("\x00", "").strip()[:_LONGEST]
    before = await rating_of(tx, ticket_id)
    if before is not None and (before.score, before.comment) == (score, said):
        return before
    told = {
        "contact_id": ticket.contact_id,
        "agent_id": ticket.assignee_id,
        "score": score,
        "comment": said,
        "rated_at": tx.now,
    }
    row = insert(Rating).values(ticket_id=ticket_id, **told)
    await tx.session.execute(row.on_conflict_do_update(index_elements=["ticket_id"], set_=told))
    await tx.record(ticket, TicketRated(score, said))
    found = await rating_of(tx, ticket_id)
    assert found is not None  # just written
    return found


async def rating_of(tx: Transaction, ticket_id: UUID) -> Rating | None:
    return await tx.session.get(Rating, ticket_id, populate_existing=True)
