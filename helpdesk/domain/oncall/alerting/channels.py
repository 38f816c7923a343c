"""Where an escalation step may ring instead of at a person: a room, a gateway, a machine, kept by leads."""

from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import permissions
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod, MethodKind
from helpdesk.errors import Invalid, LimitReached, NotFound
from helpdesk.storage.transaction import Transaction

MOST = 50


async def channels(tx: Transaction) -> list[ContactMethod]:
    """Contact methods that are nobody's own, by name."""
    query = select(ContactMethod).where(ContactMethod.agent_id.is_(None), ContactMethod.disabled_at.is_(None))
    return list(await tx.session.scalars(query.order_by(ContactMethod.name, ContactMethod.id)))


async def add_channel(tx: Transaction, kind: MethodKind, name: str, address: str) -> ContactMethod:
    """Leads and above; `address` is sealed. The caller has sent a word there, which is proof enough."""
    permissions.require_role(tx.actor, Role.LEAD)
    if not name.strip():
        raise Invalid("name_missing", "A channel has a name.", field="name")
    if kind not in (MethodKind.WEBHOOK, MethodKind.NOTIFY):
        raise Invalid("method_kind_unknown", "A webhook or an Apprise address.", field="kind")
    if len(await channels(tx)) >= MOST:
        raise LimitReached("too_many_methods", f"At most {MOST} channels.", retry_after=3600)
    made = ContactMethod(
        id=tx.new_id(),
        kind=kind.value,
        name=name.strip()[:80],
        address=address,
        verified_at=tx.now,
        created_at=tx.now,
    )
    tx.session.add(made)
    await tx.session.flush()
    return made


async def get_channel(tx: Transaction, channel_id: UUID) -> ContactMethod:
    found = await tx.session.get(ContactMethod, channel_id)
    if found is None or found.agent_id is not None or found.disabled_at is not None:
        raise NotFound("channel_not_found")
    return found


async def remove_channel(tx: Transaction, channel_id: UUID) -> None:
    """Steps that name it find nobody there from now on."""
    permissions.require_role(tx.actor, Role.LEAD)
    (await get_channel(tx, channel_id)).disabled_at = tx.now
