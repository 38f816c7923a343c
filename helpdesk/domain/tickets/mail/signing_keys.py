"""Keys that mail of a domain is signed with (DKIM): made here, published in DNS, then turned on."""

import re
from uuid import UUID

from sqlalchemy import delete, func, select

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.tickets.mail.model import SigningKey
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.storage.transaction import Transaction

_SELECTOR = re.compile(r"^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$")


async def all_of(tx: Transaction) -> list[SigningKey]:
    return list(await tx.session.scalars(select(SigningKey).order_by(SigningKey.domain)))


async def in_use(tx: Transaction, domain: str) -> SigningKey | None:
    query = select(SigningKey).where(SigningKey.domain == domain.lower(), SigningKey.is_on)
    found: SigningKey | None = await tx.session.scalar(query)
    return found


async def add(
    tx: Transaction, domain: str, selector: str, public: str, *, sealed: bytes, key_id: UUID
) -> SigningKey:
    """Off until its DNS record is published. Errors: Invalid for a domain that no mail inbox is of,
    Conflict when it has a key."""
    permissions.require_role(tx.actor, Role.ADMIN)
    domain, selector = domain.strip().lower(), selector.strip().lower()
    if await inboxes.by_domain(tx, domain) is None:
        raise Invalid("domain_unknown", "No mail inbox has an address of that domain.", field="domain")
    if not _SELECTOR.match(selector):
        raise Invalid("selector_invalid", "Small letters, digits and hyphens.", field="selector")
    if await tx.session.scalar(select(func.count()).where(SigningKey.domain == domain)):
        raise Conflict("key_exists", "That domain has a key; remove it first.", field="domain")
    key = SigningKey(
        id=key_id, domain=domain, selector=selector, public=public, secret=sealed, is_on=False,
        created_at=tx.now,
    )  # fmt: skip
    await tx.insert(key)
    return key


async def turn(tx: Transaction, key_id: UUID, *, on: bool) -> None:
    permissions.require_role(tx.actor, Role.ADMIN)
    (await get(tx, key_id)).is_on = on


async def remove(tx: Transaction, key_id: UUID) -> None:
    """Mails that were signed with it stay signed as long as its record stands in DNS."""
    permissions.require_role(tx.actor, Role.ADMIN)
    await tx.session.execute(delete(SigningKey).where(SigningKey.id == key_id))


async def get(tx: Transaction, key_id: UUID) -> SigningKey:
    found = await tx.session.get(SigningKey, key_id)
    if found is None:
        raise NotFound("key_not_found")
    return found
