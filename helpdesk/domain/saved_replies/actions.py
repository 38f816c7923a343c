"""Writing saved replies: everybody their own, leads those of all."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.saved_replies import filling
from helpdesk.domain.saved_replies.model import (
    LONGEST_BODY,
    LONGEST_NAME,
    LONGEST_TAG,
    MOST_TAGS,
    SavedReply,
)
from helpdesk.domain.saved_replies.queries import get, may_change
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.transaction import Transaction


async def save(
    tx: Transaction,
    reply_id: UUID | None,
    *,
    name: str,
    body: str,
    inbox_id: UUID | None = None,
    is_personal: bool = True,
    tags: Iterable[str] = (),
    resolves: bool = False,
) -> SavedReply:
    """A new saved reply, or other words for one that is there. Errors: Forbidden, NotFound, Invalid naming
    the field, Conflict saved_reply_name_taken."""
    permissions.require_replier(tx.actor)
    if not is_personal:
        permissions.require_role(tx.actor, Role.LEAD)
    elif tx.actor.agent_id is None:
        raise Forbidden("agents_only", "Only an agent has saved replies of their own.")
    reply = await _changeable(tx, reply_id) if reply_id else SavedReply(id=tx.new_id(), created_at=tx.now)
    name, body = " ".join(name.split()), body.replace("\r\n", "\n").replace("\x00", "").strip()
    _require_sound(name, body)
    if inbox_id is not None:
        await _require_inbox(tx, inbox_id)
    owner = tx.actor.agent_id if is_personal else None
    await _require_free(tx, name, owner, inbox_id, reply.id)
    reply.name, reply.body, reply.inbox_id, reply.agent_id = name, body, inbox_id, owner
    reply.tags, reply.resolves = _sound_tags(tags), resolves
    reply.changed_at, reply.changed_by = tx.now, tx.actor.agent_id
    tx.session.add(reply)
    try:
        await tx.session.flush()
    except IntegrityError:  # somebody took the name a moment ago; the rest was looked at above
        raise _taken() from None
    return reply


async def remove(tx: Transaction, reply_id: UUID) -> None:
    """Errors: Forbidden, NotFound."""
    permissions.require_replier(tx.actor)
    await tx.session.delete(await _changeable(tx, reply_id))


async def _changeable(tx: Transaction, reply_id: UUID) -> SavedReply:
    found = await get(tx, reply_id)
    if not may_change(tx, found):
        raise Forbidden("role_too_low", "Saved replies of all are written by leads and administrators.")
    return found


def _require_sound(name: str, body: str) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("name_invalid", "Give it a name of at most 80 characters.", field="name")
    if not body or len(body) > LONGEST_BODY:
        raise Invalid("body_invalid", "Write something, at most 10,000 characters.", field="body")
    unknown = ", ".join(filling.unknown_in(body))[:200]
    if unknown:
        raise Invalid("placeholder_unknown", f"There is no placeholder {unknown}.", field="body")


def _sound_tags(tags: Iterable[str]) -> list[str]:
    """As a ticket keeps them."""
    wanted = list(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip()))
    if len(wanted) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in wanted):
        raise Invalid("tags_invalid", "At most 10 tags of 40 characters each.", field="tags")
    return wanted


async def _require_inbox(tx: Transaction, inbox_id: UUID) -> None:
    if not permissions.may_see_inbox(tx.actor, inbox_id):
        raise NotFound("inbox_not_found")
    await inboxes.get(tx, inbox_id)


async def _require_free(
    tx: Transaction, name: str, owner: UUID | None, inbox_id: UUID | None, own_id: UUID
) -> None:
    """Among those that stand in one list, a name is enough to choose by."""
    same = select(SavedReply.id).where(
        func.lower(SavedReply.name) == func.lower(name),
        SavedReply.agent_id.is_not_distinct_from(owner),
        SavedReply.inbox_id.is_not_distinct_from(inbox_id),
        SavedReply.id != own_id,
    )
    if await tx.session.scalar(same.limit(1)):
        raise _taken()


def _taken() -> Conflict:
    return Conflict("saved_reply_name_taken", "Another saved reply has this name.", field="name")
