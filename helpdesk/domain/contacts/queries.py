"""Reading contacts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, column, exists, or_, select, table, true

from helpdesk.domain import permissions, plans
from helpdesk.domain.contacts.identities import IdentityKind, phone_number
from helpdesk.domain.contacts.model import Company, Contact, Identity
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.transaction import Transaction

_tickets = table("tickets", column("contact_id"), column("inbox_id"))
"""Of another feature, which knows this one: only what says where a contact is known."""

_BY_IDENTITY = """
    SELECT contact_id FROM identities WHERE kind = $1 AND value = $2 AND verified_at IS NOT NULL
"""
_KEPT = "SELECT merged_into FROM contacts WHERE id = $1 FOR SHARE"
_KNOWN_AS = """
    SELECT c.id, c.name FROM contacts asked JOIN contacts c ON c.id = coalesce(asked.merged_into, asked.id)
    WHERE asked.id = $1
"""
_BY_DOMAIN = "SELECT id FROM companies WHERE domains @> ARRAY[$1] ORDER BY created_at LIMIT 1"


async def get(tx: Transaction, contact_id: UUID) -> Contact:
    """The contact; where it was merged into another, that one. Errors: NotFound."""
    contact = await tx.find(Contact, contact_id)
    if contact is not None and contact.merged_into is not None:
        contact = await tx.find(Contact, contact.merged_into)
    if contact is None:
        raise NotFound("contact_not_found")
    return contact


async def kept(tx: Transaction, contact_id: UUID) -> Contact:
    """The same, and until this transaction ends it is merged into nobody: for what will be written of it.
    Asked for before any ticket is locked, as a merge locks them. Errors: NotFound."""
    connection = await tx.driver()
    while (found := await connection.fetchrow(_KEPT, contact_id)) is not None:
        if found["merged_into"] is None:
            return await tx.session.get_one(Contact, contact_id, populate_existing=True)
        contact_id = found["merged_into"]
    raise NotFound("contact_not_found")


async def by_ids(tx: Transaction, contact_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """By the ids asked for; of those who were merged, whom they turned out to be."""
    found = {one.id: one for one in await _those(tx, contact_ids)}
    merged = {one.id: one.merged_into for one in found.values() if one.merged_into is not None}
    others = {one.id: one for one in await _those(tx, set(merged.values()))} if merged else {}
    return found | {contact_id: others[into] for contact_id, into in merged.items()}


async def _those(tx: Transaction, contact_ids: Collection[UUID]) -> Sequence[Contact]:
    return (await tx.session.scalars(select(Contact).where(Contact.id.in_(contact_ids)))).all()


async def known_as(tx: Transaction, contact_id: UUID) -> tuple[UUID, str]:
    """Id and name of a contact, or of whom it was merged into. Errors: NotFound."""
    found = await (await tx.driver()).fetchrow(_KNOWN_AS, contact_id)
    if found is None:
        raise NotFound("contact_not_found")
    return found["id"], found["name"]


async def get_visible(tx: Transaction, contact_id: UUID) -> Contact:
    """A contact whom this actor may see. Errors: NotFound where an agent has no inbox in common with them."""
    contact = await get(tx, contact_id)
    await require_visible(tx, contact.id)
    return contact


async def require_visible(tx: Transaction, contact_id: UUID) -> None:
    """Errors: NotFound where an agent has no inbox in common with them."""
    if tx.actor.is_staff and tx.actor.inbox_ids is not None:
        known = await tx.session.scalar(
            select(_tickets.c.contact_id).where(_tickets.c.contact_id == contact_id, _granted(tx)).limit(1)
        )
        if known is None:
            raise NotFound("contact_not_found")


@dataclass(frozen=True, slots=True)
class Served:
    """By which plan, and what was bought in its place where that does not include the channel."""

    plan_id: UUID | None
    left_out_id: UUID | None = None


async def plan_of(tx: Transaction, company_id: UUID | None, otherwise: UUID | None, channel: str) -> Served:
    """The plan somebody of that company is served by now: what it bought, where that includes the channel,
    else what everybody has there."""
    bought = (await company(tx, company_id)).plan_at(tx.now) if company_id else None
    if bought is None or bought == otherwise or (await plans.get(tx, bought)).includes(channel):
        return Served(bought or otherwise)
    return Served(otherwise, bought)


async def company(tx: Transaction, company_id: UUID) -> Company:
    found = await tx.find(Company, company_id)
    if found is None:
        raise NotFound("company_not_found")
    return found


async def company_by_domain(tx: Transaction, address: str) -> Company | None:
    """The company whose mail domain an address is of."""
    domain = address.rpartition("@")[2].lower()
    company_id: UUID | None = await (await tx.driver()).fetchval(_BY_DOMAIN, domain)
    return await company(tx, company_id) if company_id is not None else None


async def by_identity(tx: Transaction, kind: IdentityKind, value: str) -> Contact | None:
    """The contact a verified address or number belongs to; `value` is normalised."""
    contact_id: UUID | None = await (await tx.driver()).fetchval(_BY_IDENTITY, kind.value, value)
    return await tx.session.get(Contact, contact_id) if contact_id is not None else None


async def identities_of(tx: Transaction, contact_id: UUID) -> list[Identity]:
    return list(
        await tx.session.scalars(
            select(Identity).where(Identity.contact_id == contact_id).order_by(Identity.created_at)
        )
    )


async def address_of(tx: Transaction, contact_id: UUID) -> str | None:
    """Where mail to a contact goes: the verified address first, else the one they gave last."""
    found: str | None = await (await tx.driver()).fetchval(
        """SELECT value FROM identities WHERE contact_id = $1 AND kind = $2
           ORDER BY verified_at IS NULL, created_at DESC LIMIT 1""",
        contact_id,
        IdentityKind.EMAIL.value,
    )
    return found


async def search(tx: Transaction, text: str, limit: int, after: UUID | None = None) -> list[Contact]:
    """Contacts by a part of name, address or number (as people write it), newest first. Staff only, and of
    those who see some inboxes only: contacts with a ticket there."""
    permissions.require_reader(tx.actor)
    query = select(Contact).where(Contact.merged_into.is_(None)).order_by(Contact.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Contact.id < after)
    query = query.where(seen_by(tx))
    if text:
        like = "%" + text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
        known = select(Identity.contact_id).where(
            or_(Identity.value.ilike(like), Identity.value == _as_number(text))
        )
        query = query.where(or_(Contact.name.ilike(like), Contact.id.in_(known)))
    return list(await tx.session.scalars(query))


def seen_by(tx: Transaction) -> ColumnElement[bool]:
    """Whether this actor of ours may see a contact."""
    if tx.actor.inbox_ids is None:
        return true()
    return exists().where(_tickets.c.contact_id == Contact.id, _granted(tx))


def _granted(tx: Transaction) -> ColumnElement[bool]:
    return _tickets.c.inbox_id.in_(tx.actor.inbox_ids or ())


def _as_number(text: str) -> str | None:
    try:
        return phone_number(text)
    except Invalid:
        return None
