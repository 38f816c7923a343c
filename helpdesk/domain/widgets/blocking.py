"""Visitors who may not write in the chat any more, and how that ends."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from helpdesk.actors import Role
from helpdesk.domain import contacts, permissions
from helpdesk.domain.widgets import visits
from helpdesk.domain.widgets.model import Block, Visit
from helpdesk.errors import Forbidden
from helpdesk.storage.transaction import Transaction

NETWORK_FOR = timedelta(days=1)
"""Many people may share a network, so it is blocked for a while only; a visitor until somebody unblocks."""

_BLOCKED = """
    SELECT EXISTS (SELECT FROM visitor_blocks WHERE contact_id = $1)
      OR EXISTS (SELECT FROM visitor_blocks WHERE network = $2 AND ends_at > $3)
"""


async def block(tx: Transaction, contact_id: UUID, reason: str = "", *, with_network: bool = False) -> Block:
    """Idempotent; a later block takes the place of the earlier."""
    permissions.require_replier(tx.actor)
    contact_id = (await contacts.get_visible(tx, contact_id)).id
    await tx.session.execute(delete(Block).where(Block.contact_id == contact_id))
    latest = (
        select(Visit.network).where(Visit.contact_id == contact_id).order_by(Visit.seen_at.desc()).limit(1)
    )
    row = Block(
        id=tx.new_id(),
        contact_id=contact_id,
        network=await tx.session.scalar(latest) if with_network else None,
        reason=reason.strip()[:500],
        blocked_by=tx.actor.agent_id,
        created_at=tx.now,
    )
    row.ends_at = tx.now + NETWORK_FOR if row.network is not None else None
    tx.session.add(row)
    await tx.session.flush()
    return row


async def unblock(tx: Transaction, contact_id: UUID) -> None:
    permissions.require_replier(tx.actor)
    contact_id = (await contacts.get_visible(tx, contact_id)).id
    await tx.session.execute(delete(Block).where(Block.contact_id == contact_id))


async def hand_on(tx: Transaction, contact_id: UUID, to: UUID) -> UUID | None:
    """Whoever is blocked stays so under another name; answers with the block. One who is blocked has one."""
    if await is_blocked(tx, to):
        return None
    handed = update(Block).where(Block.contact_id == contact_id).values(contact_id=to).returning(Block.id)
    block_id: UUID | None = await tx.session.scalar(handed)
    return block_id


async def is_blocked(tx: Transaction, contact_id: UUID) -> bool:
    return await tx.session.scalar(select(Block.id).where(Block.contact_id == contact_id)) is not None


async def require_welcome(tx: Transaction, contact_id: UUID | None, address: str | None) -> None:
    """Errors: Forbidden `blocked`, which the widget says politely."""
    if await (await tx.driver()).fetchval(_BLOCKED, contact_id, visits.digest_of(address), tx.now):
        raise Forbidden("blocked", "This chat is closed to you. Please write us a mail instead.")


async def all_of(tx: Transaction, limit: int = 200) -> list[tuple[Block, str]]:
    """Every block with its visitor's name, newest first."""
    permissions.require_role(tx.actor, Role.LEAD)
    query = select(Block, contacts.Contact.name).join(
        contacts.Contact, contacts.Contact.id == Block.contact_id
    )
    rows = await tx.session.execute(query.order_by(Block.created_at.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]
