"""Followers of a ticket: who gets its answers besides the contact, and may write on it by mail."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import inboxes, permissions
from helpdesk.domain.contacts import IdentityKind, identities_of, normalise
from helpdesk.domain.events import FollowersChanged
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.mail.model import Follower
from helpdesk.domain.tickets.model import Ticket
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction

LIMIT = 100
"""Followers of one ticket; who is named beyond that is left out."""


async def addresses_of(tx: Transaction, ticket_id: UUID) -> list[str]:
    """Oldest first."""
    return list(
        await tx.session.scalars(
            select(Follower.address)
            .where(Follower.ticket_id == ticket_id)
            .order_by(Follower.created_at, Follower.address)
        )
    )


async def follows(tx: Transaction, ticket_id: UUID, address: str) -> bool:
    return await tx.session.get(Follower, (ticket_id, address.lower())) is not None


async def add(tx: Transaction, ticket: Ticket, people: Iterable[tuple[str, str]], source: str) -> list[str]:
    """Adds (address, name) pairs to a locked ticket; answers with the addresses that were new.

    Never an address of ours, nor one of the contact's own.
    """
    wanted: dict[str, str] = {}
    for address, name in people:
        try:
            wanted.setdefault(normalise(IdentityKind.EMAIL, address), name)
        except Invalid:
            continue
    own = {known.value for known in await identities_of(tx, ticket.contact_id)}
    room = LIMIT - (await tx.session.scalar(_count(ticket.id)) or 0)
    added: list[str] = []
    for address, name in wanted.items():
        if len(added) >= room:
            break
        if address in own or await inboxes.by_address(tx, address) is not None:
            continue
        values = {"ticket_id": ticket.id, "address": address, "name": name[:200], "source": source}
        row = insert(Follower).values(**values, created_at=tx.now).on_conflict_do_nothing()
        if await tx.session.scalar(row.returning(Follower.address)) is not None:
            added.append(address)
    if added:
        await tx.record(ticket, FollowersChanged(added, []))
    return added


async def change(tx: Transaction, ticket_id: UUID, wanted: list[str], unwanted: list[str]) -> None:
    """An agent decides who gets the copies. Idempotent. Errors: NotFound, Invalid for no address."""
    permissions.require_replier(tx.actor)
    ticket = await lock(tx, ticket_id)
    await add(tx, ticket, [(normalise(IdentityKind.EMAIL, one), "") for one in wanted], "agent")
    given = [one.strip().lower() for one in unwanted]
    gone = delete(Follower).where(Follower.ticket_id == ticket_id, Follower.address.in_(given))
    removed = list(await tx.session.scalars(gone.returning(Follower.address)))
    if removed:
        await tx.record(ticket, FollowersChanged([], sorted(removed)))


def _count(ticket_id: UUID) -> Select[int]:
    return select(func.count()).select_from(Follower).where(Follower.ticket_id == ticket_id)
