"""SLA policies: what is promised to which tickets, and what changing them would change."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Role
from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import permissions, sla, tickets
from helpdesk.domain.sla.steps import checked
from helpdesk.parsing import parse_id, parse_json
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

Metric = Literal["first_response", "next_response", "resolution", "update", "callback"]
Seconds = Annotated[int, Field(ge=1, le=366 * 24 * 3600)]
ChannelName = Literal["chat", "email", "phone", "api"]
Targets = dict[ChannelName, dict[Metric, Seconds]]
PriorityTargets = dict[ChannelName, dict[Metric, dict[Literal["P1", "P2", "P4", "P5"], Seconds]]]
"""P3 is what `targets` say."""
Tag = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=40)]
"""As tickets carry them."""


class Conditions(BaseModel):
    """Each a list of which any fits; an empty one asks nothing."""

    inbox_ids: list[UUID] = []
    plan_ids: list[UUID] = []
    company_ids: list[UUID] = []
    priorities: list[Annotated[int, Field(ge=1, le=5)]] = []
    tags: list[Tag] = []


class NewPolicy(BaseModel):
    """`targets` are seconds by channel and metric at P3, `priority_targets` those of other priorities, by
    `P1`, `P2`, `P4` and `P5`. `calendar_id` null: the plan's hours count."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    position: Annotated[int, Field(ge=0, le=100_000)] = 1
    enabled: bool = True
    conditions: Conditions = Conditions()
    targets: Targets = {}
    priority_targets: PriorityTargets = {}
    calendar_id: UUID | None = None
    pauses_in: list[Literal["pending", "snoozed"]] = ["pending", "snoozed"]
    steps: list[dict[str, Any]] = []


async def list_policies(request: Request) -> Response:
    """In the order in which they are asked; the first that fits a ticket counts."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        return answer({"items": [_policy(one) for one in await sla.policies(tx)], "next": None})


async def create_policy(tx: Transaction, request: Request, wanted: NewPolicy) -> Any:
    """A further policy. It counts for what is open and what comes."""
    permissions.require_role(tx.actor, Role.ADMIN)
    return _policy(await sla.save_policy(tx, None, _values(wanted)))


async def change_policy(request: Request) -> Response:
    """Replace a policy. Open tickets are measured by it at once."""
    wanted = parse_json(await request.body(), NewPolicy)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        return answer(_policy(await sla.save_policy(tx, _id(request), _values(wanted))))


async def delete_policy(request: Request) -> Response:
    """Take a policy away; open tickets are measured by what is left."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        await sla.delete_policy(tx, _id(request))
    return answer(None)


async def preview_policy(request: Request) -> Response:
    """Which open tickets would fall under another policy if this one were added, or took the place of the one
    of its name; nothing is written."""
    wanted = parse_json(await request.body(), NewPolicy)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        checked(wanted.steps)
        known = await sla.policies(tx)
        own_id = next((one.id for one in known if one.name == wanted.name), tx.new_id())
        proposed = sla.SlaPolicy(id=own_id, created_at=tx.now, **_values(wanted))
        others = [one for one in known if one.id != own_id]
        then = sorted([*others, proposed], key=lambda one: (one.position, one.id))
        changed = await tickets.promises.would_change(tx, then)
    return answer({"items": changed, "next": None})


def _values(wanted: NewPolicy) -> Json:
    return wanted.model_dump(exclude={"conditions"}) | {
        "conditions": wanted.conditions.model_dump(mode="json")
    }


def _policy(row: sla.SlaPolicy) -> Json:
    names = (
        "id",
        "name",
        "position",
        "enabled",
        "conditions",
        "targets",
        "priority_targets",
        "calendar_id",
        "pauses_in",
        "steps",
    )
    return {name: getattr(row, name) for name in names}


def _id(request: Request) -> UUID:
    return parse_id(request.path_params["id"], "policy")
