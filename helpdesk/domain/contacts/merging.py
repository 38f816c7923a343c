"""One contact turns out to be another: what is known of them goes over, and back where that was a mistake."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from helpdesk.domain.contacts import queries
from helpdesk.domain.contacts.actions import identity_key
from helpdesk.domain.contacts.identities import IdentityKind
from helpdesk.domain.contacts.model import Contact, ContactMerge, Identity
from helpdesk.errors import Conflict, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

UNDO_WITHIN = timedelta(hours=24)

LACKING: dict[str, str | None] = {"name": "", "company_id": None, "time_zone": "UTC"}
"""What a contact may lack, and what stands there then: such a thing is taken from the other. Of what both
have, the one who stays keeps their own."""


async def locked(tx: Transaction, into_id: UUID, merged_id: UUID) -> tuple[Contact, Contact]:
    """Both under their row locks, and nobody takes in a mail or call of theirs meanwhile. Always in the order
    names, contacts, tickets, so that nobody who takes something in and we wait for each other.

    Errors: NotFound.
    """
    both = (into_id, merged_id)
    await tx.each_at_a_time(await _names(tx, both))
    rows = select(Contact).where(Contact.id.in_(both)).order_by(Contact.id).with_for_update(key_share=True)
    found = {one.id: one for one in await tx.session.scalars(rows, execution_options=_ANEW)}
    await tx.each_at_a_time(await _names(tx, both))  # what was left by them while we waited
    if len(found) < len(both):
        raise NotFound("contact_not_found")
    return found[into_id], found[merged_id]


async def take_over(tx: Transaction, into: Contact, merged: Contact) -> Json:
    """What is known of one is known of the other from now on; answers with what went over."""
    moved = await _take_identities(tx, into, merged)
    moved["taken"] = {}
    for name, nothing in LACKING.items():
        if getattr(into, name) == nothing != getattr(merged, name):
            setattr(into, name, getattr(merged, name))
            moved["taken"][name] = str(getattr(merged, name))
    led = await tx.session.scalars(
        update(Contact)
        .where(Contact.merged_into == merged.id)
        .values(merged_into=into.id)
        .returning(Contact.id)
    )
    moved["led_here"] = [str(one) for one in led]
    merged.merged_into = into.id
    await tx.flush()
    return moved


async def give_back(tx: Transaction, row: ContactMerge, into: Contact, merged: Contact) -> list[Identity]:
    """What came from the other is theirs again, as far as it is still here; answers with their addresses and
    numbers that came back."""
    merged.merged_into = None
    for name, value in row.moved["taken"].items():
        if str(getattr(into, name)) == value:
            setattr(into, name, LACKING[name])
    led = (UUID(one) for one in row.moved["led_here"])
    await tx.session.execute(
        update(Contact).where(Contact.id.in_(led), Contact.merged_into == into.id)
        .values(merged_into=merged.id)
    )  # fmt: skip
    back = await _still(tx, into, row.moved["identities"])
    for one in back:
        one.contact_id = merged.id
    for lent in row.moved["proven"]:
        known, own = await _still(tx, into, [lent["to"]]), await _still(tx, merged, [lent["from"]])
        for here, there in zip(known, own, strict=False):
            proven_at, here.verified_at = here.verified_at, None
            await tx.flush()
            there.verified_at = proven_at
            back.append(there)
    await tx.flush()
    return back


async def to_undo(tx: Transaction, contact_id: UUID) -> ContactMerge:
    """The merge that took a contact away. Errors: Conflict contact_not_merged, Conflict merge_too_old."""
    query = select(ContactMerge).where(
        ContactMerge.contact_id == contact_id, ContactMerge.undone_at.is_(None)
    )
    row: ContactMerge | None = await tx.session.scalar(query, execution_options=_ANEW)
    if row is None:
        raise Conflict("contact_not_merged", "This contact is not merged into another.")
    if tx.now - row.merged_at > UNDO_WITHIN:
        raise Conflict("merge_too_old", "A merge can be undone within 24 hours.")
    return row


async def undoable(tx: Transaction, into_id: UUID) -> list[tuple[ContactMerge, Contact]]:
    """Who was merged into a contact and can still be taken apart, the latest first."""
    query = (
        select(ContactMerge, Contact)
        .join(Contact, Contact.id == ContactMerge.contact_id)
        .where(ContactMerge.into_id == into_id, ContactMerge.undone_at.is_(None))
        .where(ContactMerge.merged_at >= tx.now - UNDO_WITHIN)
    )
    found = await tx.session.execute(query.order_by(ContactMerge.merged_at.desc(), ContactMerge.id))
    return [(row, contact) for row, contact in found]


async def _take_identities(tx: Transaction, into: Contact, merged: Contact) -> Json:
    known = {(one.kind, one.value): one for one in await queries.identities_of(tx, into.id)}
    moved: Json = {"identities": [], "proven": []}
    for one in await queries.identities_of(tx, merged.id):
        same = known.get((one.kind, one.value))
        if same is None:
            one.contact_id = into.id
            moved["identities"].append(str(one.id))
        elif one.verified_at is not None and same.verified_at is None:
            proven_at, one.verified_at = one.verified_at, None
            await tx.flush()  # proven for one contact at a time
            same.verified_at = proven_at
            moved["proven"].append({"from": str(one.id), "to": str(same.id)})
    return moved


async def _still(tx: Transaction, contact: Contact, identity_ids: list[str]) -> list[Identity]:
    wanted = [UUID(one) for one in identity_ids]
    query = select(Identity).where(Identity.id.in_(wanted), Identity.contact_id == contact.id)
    return list(await tx.session.scalars(query.order_by(Identity.created_at)))


async def _names(tx: Transaction, contact_ids: tuple[UUID, ...]) -> list[tuple[object, ...]]:
    found = await tx.session.execute(
        select(Identity.kind, Identity.value).where(Identity.contact_id.in_(contact_ids))
    )
    return [identity_key(IdentityKind(kind), value) for kind, value in found]


_ANEW = {"populate_existing": True}
