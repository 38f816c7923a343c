"""What a visitor's page told of the visitor: where they are now, and what they filled in before the chat."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import contacts, inboxes, limits
from helpdesk.domain.widgets.model import Visit
from helpdesk.domain.widgets.setup import Field, Setup, for_reader
from helpdesk.errors import Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_SEEN = """
    INSERT INTO visits AS v (contact_id, inbox_id, seen_at, network, page, attributes)
    VALUES ($1, $2, $3, $4, coalesce($5, ''), coalesce($6, '{}'::jsonb))
    ON CONFLICT (contact_id, inbox_id) DO UPDATE SET seen_at = $3, network = $4,
      page = coalesce($5, v.page), attributes = coalesce($6, v.attributes)
"""
_LONGEST_VALUE = 500
_MOST_ATTRIBUTES = 30


@dataclass(frozen=True)
class Page:
    """Where a visitor is, and what the site says of them."""

    url: str = ""
    attributes: Json | None = None


async def seen(
    tx: Transaction, contact_id: UUID, inbox_id: UUID, page: Page | None, address: str | None
) -> None:
    """The visitor is here now; without a page the last one stays."""
    told = _attributes(page.attributes) if page is not None and page.attributes is not None else None
    await (await tx.driver()).execute(
        _SEEN,
        contact_id,
        inbox_id,
        tx.now,
        digest_of(address),
        clean_page(page.url) if page is not None else None,
        orjson.dumps(told).decode() if told is not None else None,
    )


async def of(tx: Transaction, contact_id: UUID, inbox_id: UUID) -> Visit | None:
    return await tx.session.get(Visit, (contact_id, inbox_id), populate_existing=True)


async def introduce(
    tx: Transaction, inbox_id: UUID, setup: Setup, given: dict[str, str], agreed: bool
) -> Visit:
    """What the visitor filled in before the chat. A name and an address are theirs by their own word only.

    Errors: Invalid naming the first field that is missing or wrong, or `consent`.
    """
    contact_id = tx.actor.contact_id
    assert contact_id is not None  # only visitors introduce themselves
    answers = {one.key: _answer(one, given.get(one.key, "")) for one in setup.fields}
    words = for_reader(setup.consent, tx.actor.locale)
    if words and not agreed:
        raise Invalid("consent_missing", field="consent")
    visit = await of(tx, contact_id, inbox_id)
    if visit is None:
        await seen(tx, contact_id, inbox_id, None, None)
        visit = await of(tx, contact_id, inbox_id)
        assert visit is not None
    for one in setup.fields:
        if one.kind == "email" and answers[one.key]:
            await contacts.leave_address(tx, contact_id, answers[one.key])
    if answers.get("name"):
        await contacts.rename(tx, contact_id, answers["name"])
    visit.answers = {key: value for key, value in answers.items() if value}
    visit.introduced_at = tx.now
    if words:
        visit.consented_at, visit.consent = tx.now, words
    return visit


async def require_introduced(tx: Transaction, inbox: inboxes.Inbox, setup: Setup) -> Visit | None:
    """Errors: Invalid `introduction_missing` where the inbox asks for something that was not given."""
    contact_id = tx.actor.contact_id
    assert contact_id is not None
    visit = await of(tx, contact_id, inbox.id)
    asks = any(one.required for one in setup.fields) or for_reader(setup.consent, tx.actor.locale)
    if asks and (visit is None or visit.introduced_at is None):
        raise Invalid("introduction_missing", "Please fill in what is asked before the chat.")
    return visit


async def move(tx: Transaction, contact_id: UUID, to: UUID) -> None:
    """The visitor turned out to be somebody known: what they told last is that contact's now."""
    for visit in await tx.session.scalars(select(Visit).where(Visit.contact_id == contact_id)):
        kept = _told(visit)
        row = insert(Visit).values(contact_id=to, inbox_id=visit.inbox_id, **kept)
        await tx.session.execute(
            row.on_conflict_do_update(index_elements=["contact_id", "inbox_id"], set_=kept)
        )
    await tx.session.execute(delete(Visit).where(Visit.contact_id == contact_id))


async def lend(tx: Transaction, contact_id: UUID, to: UUID) -> list[UUID]:
    """The other has been where this one was, too; where both were, each keeps their own. Answers with the
    inboxes of what was lent."""
    known = select(Visit.inbox_id).where(Visit.contact_id == to)
    query = select(Visit).where(Visit.contact_id == contact_id, Visit.inbox_id.not_in(known))
    lent = list(await tx.session.scalars(query.order_by(Visit.inbox_id)))
    for visit in lent:
        await tx.session.execute(insert(Visit).values(contact_id=to, inbox_id=visit.inbox_id, **_told(visit)))
    return [visit.inbox_id for visit in lent]


async def take_back(tx: Transaction, contact_id: UUID, of: UUID, inbox_ids: Sequence[UUID]) -> None:
    """What was lent to `of`, as it is now."""
    lent = select(Visit).where(Visit.contact_id == of, Visit.inbox_id.in_(inbox_ids))
    for visit in await tx.session.scalars(lent, execution_options={"populate_existing": True}):
        own = update(Visit).where(Visit.contact_id == contact_id, Visit.inbox_id == visit.inbox_id)
        await tx.session.execute(own.values(**_told(visit)))
        await tx.session.delete(visit)
    await tx.flush()


def _told(visit: Visit) -> Json:
    """All of it but whose it is and where."""
    columns = [column.key for column in Visit.__table__.columns]
    return {key: getattr(visit, key) for key in columns if key not in ("contact_id", "inbox_id")}


def digest_of(address: str | None) -> bytes | None:
    """Where somebody calls from, so that it can be compared but not read."""
    network = limits.network_of(address)
    return hashlib.sha256(f"network\0{network}".encode()).digest() if network else None


def clean_page(url: str) -> str:
    """An address without what may be secret in it: query and fragment go, and what is no web address."""
    try:
        parts = urlsplit(url.strip()[:2000])
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    return urlunsplit((parts.scheme, host, parts.path, "", ""))[:500]


def _attributes(given: Json) -> Json:
    """Flat facts only."""
    told = list(given.items())[:_MOST_ATTRIBUTES]
    return {
        str(name)[:60]: value if isinstance(value, bool | int | float) else str(value)[:_LONGEST_VALUE]
        for name, value in told
        if value is not None and not isinstance(value, dict | list)
    }


def _answer(one: Field, value: str) -> str:
    value = value.replace("\x00", "").strip()[:_LONGEST_VALUE]
    if not value:
        if one.required:
            raise Invalid("field_missing", field=one.key)
        return ""
    if one.kind == "email":
        try:
            return contacts.normalise(contacts.IdentityKind.EMAIL, value)
        except Invalid:
            raise Invalid("email_invalid", field=one.key) from None
    if one.kind == "phone":
        try:
            return contacts.normalise(contacts.IdentityKind.PHONE, value)
        except Invalid:
            raise Invalid("phone_invalid", field=one.key) from None
    if one.kind == "choice" and value not in one.choices:
        raise Invalid("choice_unknown", field=one.key)
    return value
