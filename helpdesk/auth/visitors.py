"""Visitors of the widget: a random token bound to one contact and one inbox, kept by their browser."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from helpdesk.actors import SYSTEM, Actor, ActorKind
from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import VisitorToken
from helpdesk.domain import contacts, inboxes, limits
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

LIFETIME = timedelta(days=30)
RENEW_AFTER = timedelta(days=1)
GRACE = timedelta(minutes=1)


@dataclass(frozen=True)
class Visitor:
    token: str
    actor: Actor


async def create_or_resume(
    tx: Transaction,
    inbox: inboxes.Inbox,
    token: str | None,
    *,
    locale: str,
    time_zone: str,
    address: str | None = None,
) -> Visitor:
    """The visitor behind a token of this inbox, or a new one.

    A token older than a day is renewed. The old one stays good until the new one is first shown: an
    answer lost on a bad network must not cost anybody their conversation.

    Errors: LimitReached after too many new ones from the network of `address`.
    """
    row = await _valid(tx, token) if token else None
    if token is None or row is None or row.inbox_id != inbox.id:
        await limits.spend_of_network(tx, limits.NEW_VISITORS, address)
        contact = await contacts.create(tx, locale=locale, time_zone=time_zone)
        return Visitor(_issue(tx, contact.id, inbox.id, None), actor_for(contact, inbox.id))
    contact = await contacts.get(tx, row.contact_id)
    row.expires_at = tx.now + LIFETIME
    if row.replaces is not None:
        await tx.session.execute(
            update(VisitorToken)
            .where(VisitorToken.id == row.replaces, VisitorToken.expires_at > tx.now + GRACE)
            .values(expires_at=tx.now + GRACE)
        )
    if tx.now - row.created_at > RENEW_AFTER:
        token = _issue(tx, contact.id, inbox.id, row.id)
    return Visitor(token, actor_for(contact, inbox.id))


async def actor_of(database: Database, token: str) -> Actor:
    """Who a visitor token belongs to. Errors: Unauthenticated."""
    async with database.transaction(SYSTEM) as tx:
        row = await _valid(tx, token)
        if row is None:
            raise Unauthenticated("visitor_token_invalid")
        return actor_for(await contacts.get(tx, row.contact_id), row.inbox_id)


def actor_for(contact: contacts.Contact, inbox_id: UUID) -> Actor:
    """A contact, seeing nothing but its own tickets in one inbox."""
    return Actor(
        kind=ActorKind.CONTACT,
        id=contact.id,
        name=contact.name,
        contact_id=contact.id,
        inbox_ids=frozenset({inbox_id}),
        locale=contact.locale,
        time_zone=contact.time_zone,
    )


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(VisitorToken).where(VisitorToken.expires_at < tx.now))


def _issue(tx: Transaction, contact_id: UUID, inbox_id: UUID, replaces: UUID | None) -> str:
    token = new_token("vt_")
    tx.session.add(
        VisitorToken(
            id=tx.new_id(),
            token_hash=hashed(token),
            contact_id=contact_id,
            inbox_id=inbox_id,
            replaces=replaces,
            created_at=tx.now,
            expires_at=tx.now + LIFETIME,
        )
    )
    return token


async def _valid(tx: Transaction, token: str) -> VisitorToken | None:
    found: VisitorToken | None = await tx.session.scalar(
        select(VisitorToken).where(VisitorToken.token_hash == hashed(token), VisitorToken.expires_at > tx.now)
    )
    return found
