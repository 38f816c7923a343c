"""What can be done to a contact."""

from uuid import UUID

from sqlalchemy import select, text

from helpdesk.domain.contacts import queries
from helpdesk.domain.contacts.identities import IdentityKind, normalise
from helpdesk.domain.contacts.model import Contact, Identity
from helpdesk.storage.transaction import Transaction


async def find_or_create(
    tx: Transaction, kind: IdentityKind, value: str, *, name: str = "", locale: str = "en"
) -> Contact:
    """The contact that an address or number belongs to; a stranger becomes a new one.

    The identity counts as verified in the sense of "this is who wrote or rang": mail and calls come
    from the address itself. Two first messages at once make one contact (a lock per identity).
    """
    wanted = normalise(kind, value)
    await _one_at_a_time(tx, kind, wanted)
    contact = await queries.by_identity(tx, kind, wanted)
    if contact is None:
        contact = await create(tx, name=name, locale=locale)
        await add_identity(tx, contact, kind, wanted, verified=True)
    elif name and not contact.name:
        contact.name = name
    return contact


async def create(tx: Transaction, *, name: str = "", locale: str = "en", time_zone: str = "UTC") -> Contact:
    contact = Contact(
        id=tx.new_id(), name=name.strip()[:200], locale=locale, time_zone=time_zone, created_at=tx.now
    )
    tx.session.add(contact)
    await tx.session.flush()
    return contact


async def add_identity(
    tx: Transaction, contact: Contact, kind: IdentityKind, value: str, *, verified: bool
) -> Identity:
    """Idempotent. A verified address also brings the contact into the company of its mail domain."""
    wanted = normalise(kind, value)
    identity = await tx.session.scalar(
        select(Identity).where(
            Identity.contact_id == contact.id, Identity.kind == kind.value, Identity.value == wanted
        )
    )
    if identity is None:
        identity = Identity(
            id=tx.new_id(), contact_id=contact.id, kind=kind.value, value=wanted, created_at=tx.now
        )
        tx.session.add(identity)
    if verified and identity.verified_at is None:
        identity.verified_at = tx.now
    if verified and kind is IdentityKind.EMAIL and contact.company_id is None:
        company = await queries.company_by_domain(tx, wanted)
        contact.company_id = company.id if company else None
    await tx.session.flush()
    return identity


async def leave_address(tx: Transaction, contact_id: UUID, email: str, name: str = "") -> Contact:
    """A visitor tells where to write. It proves nothing: no history is opened, no company joined."""
    contact = await queries.get(tx, contact_id)
    await add_identity(tx, contact, IdentityKind.EMAIL, email, verified=False)
    if name and not contact.name:
        contact.name = name.strip()[:200]
    return contact


async def rename(tx: Transaction, contact_id: UUID, name: str) -> Contact:
    contact = await queries.get(tx, contact_id)
    contact.name = name.strip()[:200]
    return contact


async def _one_at_a_time(tx: Transaction, kind: IdentityKind, value: str) -> None:
    key = f"identity:{kind.value}:{value}"
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
