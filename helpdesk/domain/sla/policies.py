"""Making, changing and removing SLA policies. Whoever calls has asked for permission.

Open tickets are measured by the policies of now, by a job.
"""

from uuid import UUID

from sqlalchemy import func, select

from helpdesk.domain import plans
from helpdesk.domain.sla import steps
from helpdesk.domain.sla.model import SlaPolicy
from helpdesk.domain.sla.queries import ALL_POLICIES
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


async def save_policy(tx: Transaction, policy_id: UUID | None, values: Json) -> SlaPolicy:
    """A new one, or another one in the place of an old. Errors: NotFound, Invalid name_missing, step_invalid,
    Conflict policy_name_taken."""
    name = await _free_name(tx, values["name"], policy_id)
    if values.get("calendar_id") is not None:
        await plans.calendar(tx, values["calendar_id"])
    values |= {"name": name, "steps": [dict(step) for step in steps.checked(values.get("steps", ()))]}
    if policy_id is None:
        policy = SlaPolicy(id=tx.new_id(), created_at=tx.now, **values)
        tx.session.add(policy)
    else:
        policy = await _get(tx, policy_id)
        for name, value in values.items():
            setattr(policy, name, value)
    await _changed(tx)
    return policy


async def delete_policy(tx: Transaction, policy_id: UUID) -> None:
    await tx.session.delete(await _get(tx, policy_id))
    await _changed(tx)


async def _free_name(tx: Transaction, wanted: str, policy_id: UUID | None) -> str:
    name = wanted.strip()
    if not name:
        raise Invalid("name_missing", field="name")
    taken = await tx.session.scalar(select(SlaPolicy.id).where(func.lower(SlaPolicy.name) == name.lower()))
    if taken not in (None, policy_id):
        raise Conflict("policy_name_taken", "Another SLA policy has this name.")
    return name


async def _changed(tx: Transaction) -> None:
    await tx.flush()
    tx.read_once.pop(ALL_POLICIES, None)
    tx.enqueue("replay_clocks")


async def _get(tx: Transaction, policy_id: UUID) -> SlaPolicy:
    policy = await tx.session.get(SlaPolicy, policy_id)
    if policy is None:
        raise NotFound("policy_not_found")
    return policy
