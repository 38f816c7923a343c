"""Keys with which a website signs who its visitors are: two of an inbox at once, the older goes first."""

import secrets
from uuid import UUID

from sqlalchemy import delete, select

from helpdesk.actors import Role
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.widgets.model import IdentityKey
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction

AT_ONCE = 2


async def of_inbox(tx: Transaction, inbox_id: UUID) -> list[IdentityKey]:
    """The newest first."""
    query = select(IdentityKey).where(IdentityKey.inbox_id == inbox_id)
    return list(
        await tx.session.scalars(query.order_by(IdentityKey.created_at.desc(), IdentityKey.id.desc()))
    )


async def make(tx: Transaction, inbox: inboxes.Inbox, sealer: Sealer) -> str:
    """A new key, told this once. Errors: Invalid while two are in use: retire one first."""
    permissions.require_role(tx.actor, Role.ADMIN)
    await tx.one_at_a_time("identity keys", inbox.id)
    if len(await of_inbox(tx, inbox.id)) >= AT_ONCE:
        raise Invalid("two_keys_already", "Two keys are in use. Retire the older one first.", field="key")
    secret, key_id = "ik_" + secrets.token_urlsafe(36), tx.new_id()
    tx.session.add(
        IdentityKey(
            id=key_id,
            inbox_id=inbox.id,
            secret=sealer.seal(secret, key_id),
            hint=secret[-4:],
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    return secret


async def retire(tx: Transaction, inbox: inboxes.Inbox, key_id: UUID) -> None:
    """What is signed with it opens nothing from now on."""
    permissions.require_role(tx.actor, Role.ADMIN)
    gone = await tx.session.execute(
        delete(IdentityKey)
        .where(IdentityKey.id == key_id, IdentityKey.inbox_id == inbox.id)
        .returning(IdentityKey.id)
    )
    if gone.scalar() is None:
        raise NotFound("key_not_found")
