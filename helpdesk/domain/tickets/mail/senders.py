"""What is known of addresses that write to us: whose mail nobody reads, and who cannot be reached."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.actors import Role
from helpdesk.domain import permissions
from helpdesk.domain.tickets.mail.model import AddressStanding
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction


async def is_blocked(tx: Transaction, address: str) -> bool:
    query = select(AddressStanding.blocked_at).where(AddressStanding.address == address.lower())
    return await tx.session.scalar(query) is not None


async def of(tx: Transaction, address: str) -> AddressStanding | None:
    return await tx.session.get(AddressStanding, address.lower())


async def block(tx: Transaction, address: str, reason: str = "") -> None:
    """Mail from it is kept but read by nobody. Never an address of staff. Idempotent."""
    permissions.require_replier(tx.actor)
    if "@" not in address:
        raise Invalid("email_invalid", "That is not an e-mail address.", field="address")
    given: dict[str, object] = {
        "blocked_at": tx.now,
        "blocked_by": tx.actor.agent_id,
        "reason": reason or None,
    }
    await _write(tx, address, given)


async def unblock(tx: Transaction, address: str) -> None:
    permissions.require_role(tx.actor, Role.ADMIN)
    await _write(tx, address, {"blocked_at": None, "blocked_by": None})


async def flag_undeliverable(tx: Transaction, address: str, reason: str) -> None:
    """A permanent bounce came back from it; answers still try, and agents see it."""
    await _write(tx, address, {"undeliverable_at": tx.now, "reason": reason[:500]})


async def blocked(tx: Transaction, limit: int = 200) -> list[AddressStanding]:
    """Newest first."""
    query = select(AddressStanding).where(AddressStanding.blocked_at.is_not(None))
    return list(await tx.session.scalars(query.order_by(AddressStanding.blocked_at.desc()).limit(limit)))


async def _write(tx: Transaction, address: str, given: dict[str, object]) -> None:
    row = insert(AddressStanding).values(address=address.strip().lower()[:320], **given)
    await tx.session.execute(row.on_conflict_do_update(index_elements=["address"], set_=given))
