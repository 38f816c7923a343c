"""What can be done to a contact."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select

from helpdesk.domain import permissions, plans
from helpdesk.domain.contacts import queries
from helpdesk.domain.contacts.identities import IdentityKind, normalise
from helpdesk.domain.contacts.model import Company, Contact, Identity
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.storage.transaction import Transaction

_IDENTITY = "SELECT id FROM identities WHERE contact_id = $1 AND kind = $2 AND value = $3"


@dataclass(frozen=True)
class Card:
    """What is known of a contact somebody writes down."""

    name: str = ""
    email: str | None = None
    phone: str | None = None
    company_id: UUID | None = None
    locale: str = "en"
    time_zone: str = "UTC"


async def find_or_create(
    tx: Transaction, kind: IdentityKind, value: str, *, name: str = "", locale: str = "en"
) -> Contact:
    """The contact that an address or number belongs to; a stranger becomes a new one.

    The identity counts as verified in the sense of "this is who wrote or rang": mail and calls come
    from the address itself. Two first messages at once make one contact (a lock per identity).
    """
    wanted = normalise(kind, value)
    await tx.one_at_a_time(*identity_key(kind, wanted))
    contact = await queries.by_identity(tx, kind, wanted)
    if contact is None:
        contact = await create(tx, name=name, locale=locale)
        await add_identity(tx, contact, kind, wanted, verified=True)
    elif name and not contact.name:
        contact.name = name
    return contact


def identity_key(kind: IdentityKind, wanted: str) -> tuple[object, ...]:
    """Under this name an address or number gets its contact in one transaction at a time."""
    return ("identity", kind.value, wanted)


async def create(tx: Transaction, *, name: str = "", locale: str = "en", time_zone: str = "UTC") -> Contact:
    contact = Contact(
        id=tx.new_id(), name=name.strip()[:200], locale=locale, time_zone=time_zone, created_at=tx.now
    )
    await tx.insert(contact)
    return contact


async def add(tx: Transaction, card: Card) -> Contact:
    """A contact that somebody of ours vouches for, so its address and number count as its own.

    Errors: Invalid without a name, address or number, Conflict `contact_exists`, NotFound (company).
    """
    permissions.require_replier(tx.actor)
    given = ((IdentityKind.EMAIL, card.email), (IdentityKind.PHONE, card.phone))
    known = [(kind, normalise(kind, value)) for kind, value in given if value]
    if not known and not card.name.strip():
        raise Invalid("contact_empty", "Give a name, an e-mail address or a phone number.", field="name")
    for kind, value in known:
        await tx.one_at_a_time(*identity_key(kind, value))
        if await queries.by_identity(tx, kind, value) is not None:
            raise Conflict("contact_exists", f"{value} belongs to a contact already.", field=kind.value)
    contact = await create(tx, name=card.name, locale=card.locale, time_zone=card.time_zone)
    if card.company_id is not None:
        contact.company_id = (await queries.company(tx, card.company_id)).id
    for kind, value in known:
        await add_identity(tx, contact, kind, value, verified=True)
    return contact


async def add_identity(
    tx: Transaction, contact: Contact, kind: IdentityKind, value: str, *, verified: bool
) -> Identity:
    """Idempotent. A verified address also brings the contact into the company of its mail domain."""
    wanted = normalise(kind, value)
    identity_id = await (await tx.driver()).fetchval(_IDENTITY, contact.id, kind.value, wanted)
    if identity_id is None:
        identity = Identity(
            id=tx.new_id(), contact_id=contact.id, kind=kind.value, value=wanted, created_at=tx.now
        )
        identity.verified_at = tx.now if verified else None
        await tx.insert(identity)
        _found_by_more(tx, contact)
    else:
        identity = await tx.session.get_one(Identity, identity_id)
    if verified and identity.verified_at is None:
        identity.verified_at = tx.now
    if verified and kind is IdentityKind.EMAIL and contact.company_id is None:
        company = await queries.company_by_domain(tx, wanted)
        contact.company_id = company.id if company else None
    await tx.session.flush()
    return identity


async def is_known(tx: Transaction, contact_id: UUID) -> bool:
    """Whether anything about a contact is proven: an address they wrote from, or a website's word."""
    known: bool = await (await tx.driver()).fetchval(
        "SELECT EXISTS (SELECT FROM identities WHERE contact_id = $1 AND verified_at IS NOT NULL)", contact_id
    )
    return known


async def absorb(tx: Transaction, visitor_id: UUID, into: Contact) -> None:
    """Addresses a nameless visitor typed are kept on the contact they turned out to be, still unverified."""
    visitor = await queries.get(tx, visitor_id)
    for identity in await queries.identities_of(tx, visitor_id):
        if identity.verified_at is None:
            await add_identity(tx, into, IdentityKind(identity.kind), identity.value, verified=False)
            await tx.session.delete(identity)
    into.name = into.name or visitor.name
    _found_by_more(tx, into)
    await tx.session.flush()


async def leave_address(tx: Transaction, contact_id: UUID, email: str, name: str = "") -> Contact:
    """A visitor tells where to write. It proves nothing: no history is opened, no company joined."""
    contact = await queries.kept(tx, contact_id)
    await add_identity(tx, contact, IdentityKind.EMAIL, email, verified=False)
    if name and not contact.name:
        contact.name = name.strip()[:200]
        _found_by_more(tx, contact)
    return contact


async def call(tx: Transaction, contact_id: UUID, name: str) -> None:
    """A name by hearsay: it never takes the place of one that is known."""
    contact = await queries.kept(tx, contact_id)
    contact.name = contact.name or name.replace("\x00", "").strip()[:200]
    _found_by_more(tx, contact)


async def rename(tx: Transaction, contact_id: UUID, name: str) -> Contact:
    """By the contact itself, or by staff."""
    if tx.actor.contact_id != contact_id:
        permissions.require_replier(tx.actor)
    contact = await queries.kept(tx, contact_id)
    await queries.require_visible(tx, contact.id)
    contact.name = name.strip()[:200]
    _found_by_more(tx, contact)
    return contact


async def sell(
    tx: Transaction,
    company_id: UUID,
    plan_id: UUID | None,
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Company:
    """A company has another plan, or none, from now or a moment on and perhaps for some time; while it is in
    force its open tickets are measured by it. Whoever calls has asked for permission.

    Errors: NotFound, Invalid plan_archived, Invalid plan_ends_too_soon.
    """
    if ends_at is not None and ends_at <= (begins_at or tx.now):
        raise Invalid("plan_ends_too_soon", "It has to end after it begins, and after now.", field="ends")
    found = await tx.session.get(Company, company_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("company_not_found")
    await plans.require_sold(tx, plan_id, found.plan_id)
    sold, wanted = (found.plan_id, found.plan_begins_at, found.plan_ends_at), (plan_id, begins_at, ends_at)
    if sold != wanted:
        found.plan_id, found.plan_begins_at, found.plan_ends_at = wanted
        _measure(tx, found)
    await tx.flush()
    return found


async def turn_plans(tx: Transaction) -> None:
    """What was bought has begun or ended meanwhile: open tickets are measured by what is in force."""
    of_late = Company.plan_measured_at
    turned = [and_(at <= tx.now, of_late < at) for at in (Company.plan_begins_at, Company.plan_ends_at)]
    for company in await tx.session.scalars(select(Company).where(or_(*turned)).with_for_update()):
        _measure(tx, company)


def _measure(tx: Transaction, company: Company) -> None:
    company.plan_measured_at = tx.now
    tx.enqueue("replay_clocks", company_id=str(company.id))


def _found_by_more(tx: Transaction, contact: Contact) -> None:
    """Tickets are found by what their contact is called; one made just now has none yet."""
    if contact.created_at < tx.now:
        tx.enqueue("index_again", contact_id=str(contact.id))
