"""Measures open tickets anew after somebody changed the rules of promises: a transaction a ticket."""

from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets.replanning import Scope, replay, touched_by
from helpdesk.jobs.workshop import Workshop

AT_ONCE = 100
"""Tickets one job takes; the rest is left to the next."""

_SCOPES = {"calendar_id": "calendar", "plan_id": "plan", "company_id": "company", "inbox_id": "inbox"}


async def replay_clocks(workshop: Workshop, job: dict[str, Any]) -> None:
    """`calendar_id`, `plan_id`, `company_id` or `inbox_id`; none of them after a change of policies.
    `done_to` is the last ticket of the job before."""
    named = {name: UUID(job[name]) for name in _SCOPES if job.get(name)}
    because = next((_SCOPES[name] for name in named), "policy")
    async with workshop.database.transaction(SYSTEM) as tx:
        after = UUID(job["done_to"]) if job.get("done_to") else None
        found = await touched_by(tx, Scope(**named), after, AT_ONCE)
    for ticket_id in found:
        async with workshop.database.transaction(SYSTEM) as tx:
            await replay(tx, ticket_id, because)
    if len(found) == AT_ONCE:
        async with workshop.database.transaction(SYSTEM) as tx:
            ids: dict[str, Any] = {name: str(value) for name, value in named.items()}
            tx.enqueue("replay_clocks", **ids, done_to=str(found[-1]))
