"""Visitors of the widget: a random token bound to one contact and one inbox, kept by their browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import aliased

from helpdesk.actors import SYSTEM, Actor, ActorKind
from helpdesk.auth import identity_proofs
from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import VisitorToken
from helpdesk.domain import contacts, inboxes, limits, tickets, widgets
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

LIFETIME = timedelta(days=30)
RENEW_AFTER = timedelta(days=1)
PROLONG_AFTER = timedelta(hours=1)
GRACE = timedelta(minutes=1)


_WHO = """
    SELECT t.contact_id AS issued_to, c.id, t.inbox_id, t.identified, c.name, c.locale, c.time_zone,
      coalesce((i.settings ->> 'identity_required')::boolean, false) AS asks
    FROM visitor_tokens t JOIN contacts issued ON issued.id = t.contact_id
    JOIN contacts c ON c.id = coalesce(issued.merged_into, issued.id) JOIN inboxes i ON i.id = t.inbox_id
    WHERE t.token_hash = $1 AND t.expires_at > $2
"""


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
    if row is None or not row.identified:
        await require_anonymous_welcome(tx, inbox)
    if token is None or row is None or row.inbox_id != inbox.id:
        await limits.spend_of_network(tx, limits.NEW_VISITORS, address)
        contact = await contacts.create(tx, locale=locale, time_zone=time_zone)
        return Visitor(_issue(tx, contact.id, inbox.id, None), actor_for(contact, inbox.id))
    contact = await contacts.get(tx, row.contact_id)
    if tx.now + LIFETIME - row.expires_at > PROLONG_AFTER:
        row.expires_at = tx.now + LIFETIME
    if row.replaces is not None:
        await tx.session.execute(
            update(VisitorToken)
            .where(VisitorToken.id == row.replaces, VisitorToken.expires_at > tx.now + GRACE)
            .values(expires_at=tx.now + GRACE)
        )
    if tx.now - row.created_at > RENEW_AFTER:
        token = _issue(tx, row.contact_id, inbox.id, row.id, identified=row.identified)
    return Visitor(token, actor_for(contact, inbox.id, row.contact_id))


async def identified(
    tx: Transaction, inbox: inboxes.Inbox, token: str | None, proof: identity_proofs.Proof, **about: str
) -> Visitor:
    """The visitor a website vouches for. What the browser wrote before, still nameless, joins that contact;
    somebody else's conversation in the same browser does not. Every device gets a token of its own.
    """
    await tx.one_at_a_time("identified", inbox.id, proof.subject)
    row = await _valid(tx, token) if token else None
    here = row if row is not None and row.inbox_id == inbox.id else None
    owner = await contacts.kept(tx, here.contact_id) if here else None
    nameless = owner.id if owner and not await contacts.is_known(tx, owner.id) else None
    contact = await identity_proofs.contact_of(tx, inbox, proof)
    if contact is not None:
        contact = await contacts.kept(tx, contact.id)
    else:
        contact = await (contacts.get(tx, nameless) if nameless else contacts.create(tx, **about))
    await identity_proofs.note(tx, inbox, contact, proof)
    if nameless is not None:
        await tickets.chatting.join(tx, nameless, contact)
    if here is not None and owner is contact and here.identified and token:
        here.expires_at = tx.now + LIFETIME
        return Visitor(token, actor_for(contact, inbox.id, here.contact_id))
    if nameless is not None:  # what opened a nameless chat must not open everything its contact ever wrote
        await _revoke_nameless(tx, nameless)
    return Visitor(_issue(tx, contact.id, inbox.id, None, identified=True), actor_for(contact, inbox.id))


async def actor_of(database: Database, token: str) -> Actor:
    """Who a visitor token belongs to. Errors: Unauthenticated."""
    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        row = await (await tx.driver()).fetchrow(_WHO, hashed(token), tx.now)
    if row is None:
        raise Unauthenticated("visitor_token_invalid")
    if row["asks"] and not row["identified"]:
        _send_to_sign_in()
    return _actor(row["id"], row["name"], row["inbox_id"], row["locale"], row["time_zone"], row["issued_to"])


async def require_anonymous_welcome(tx: Transaction, inbox: inboxes.Inbox) -> None:
    """Errors: Unauthenticated where the inbox takes only people whom their website vouches for."""
    if widgets.setup_of(inbox).identity_required:
        _send_to_sign_in()


def actor_for(contact: contacts.Contact, inbox_id: UUID, issued_to: UUID | None = None) -> Actor:
    """A contact, seeing nothing but its own tickets in one inbox."""
    return _actor(contact.id, contact.name, inbox_id, contact.locale, contact.time_zone, issued_to)


async def let_in(tx: Transaction, contact_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], tuple[UUID, str]]:
    """Who of these contacts has a token that is good, with the inbox it is good for → who they are now, and
    their name."""
    asks = inboxes.Inbox.settings["identity_required"].as_boolean().is_(True)
    issued, now = aliased(contacts.Contact), contacts.Contact
    found = await tx.session.execute(
        select(VisitorToken.contact_id, VisitorToken.inbox_id, now.id, now.name)
        .join(inboxes.Inbox, inboxes.Inbox.id == VisitorToken.inbox_id)
        .join(issued, issued.id == VisitorToken.contact_id)
        .join(now, now.id == func.coalesce(issued.merged_into, issued.id))
        .where(VisitorToken.contact_id.in_(contact_ids), VisitorToken.expires_at > tx.now)
        .where(VisitorToken.identified | ~func.coalesce(asks, False))
    )
    return {(row.contact_id, row.inbox_id): (row.id, row.name) for row in found}


def _actor(
    contact_id: UUID, name: str, inbox_id: UUID, locale: str, time_zone: str, issued_to: UUID | None
) -> Actor:
    return Actor(
        kind=ActorKind.CONTACT,
        id=contact_id,
        name=name,
        contact_id=contact_id,
        came_as=issued_to if issued_to != contact_id else None,
        inbox_ids=frozenset({inbox_id}),
        locale=locale,
        time_zone=time_zone,
    )


def _send_to_sign_in() -> NoReturn:
    raise Unauthenticated("identity_required", "Sign in on the website first.")


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(VisitorToken).where(VisitorToken.expires_at < tx.now))


def _issue(
    tx: Transaction, contact_id: UUID, inbox_id: UUID, replaces: UUID | None, *, identified: bool = False
) -> str:
    token = new_token("vt_")
    tx.session.add(
        VisitorToken(
            id=tx.new_id(),
            token_hash=hashed(token),
            contact_id=contact_id,
            inbox_id=inbox_id,
            replaces=replaces,
            identified=identified,
            created_at=tx.now,
            expires_at=tx.now + LIFETIME,
        )
    )
    return token


async def _revoke_nameless(tx: Transaction, contact_id: UUID) -> None:
    """Of a contact and of those merged into it, whatever no website vouched for."""
    theirs = select(contacts.Contact.id).where(
        or_(contacts.Contact.id == contact_id, contacts.Contact.merged_into == contact_id)
    )
    await tx.session.execute(
        delete(VisitorToken).where(VisitorToken.contact_id.in_(theirs), VisitorToken.identified.is_(False))
    )


async def _valid(tx: Transaction, token: str) -> VisitorToken | None:
    found: VisitorToken | None = await tx.session.scalar(
        select(VisitorToken).where(VisitorToken.token_hash == hashed(token), VisitorToken.expires_at > tx.now)
    )
    return found
