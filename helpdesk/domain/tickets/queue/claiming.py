"""Taking the next ticket: the first of the order that an agent may take and has room for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from helpdesk.actors import Actor, ActorKind, Role
from helpdesk.domain import permissions
from helpdesk.domain.availability import SILENT_AFTER
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.queue import known_claimers, low_water, overload, ranking
from helpdesk.domain.tickets.queue.capacity import Work
from helpdesk.domain.tickets.queue.taking import LIVE_CHAT, TAKE, WORK, Bounds, Claimed
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction


def desk_of(actor: Actor) -> tuple[object, ...]:
    """What only one transaction may be at: two claims of one agent at once cannot both use the last room."""
    return "desk", actor.agent_id


async def claim_next(tx: Transaction, client_id: UUID | None = None) -> Claimed | None:
    """The first waiting ticket this agent may take and has room for, now theirs; None when there is none.

    Two agents at once get two different tickets, always. While more tickets are late than agents are
    there, the overload guard says where to take from (ranking.take). Only people have a capacity: a program
    with an API token knows itself how much it can take. One statement, where the transaction was begun
    alone at this desk.
    """
    permissions.require_replier(tx.actor)
    if tx.actor.agent_id is None:
        raise Invalid("no_agent", "This API token acts for no agent, so it cannot claim.")
    await tx.one_at_a_time(*desk_of(tx.actor))
    await tx.flush()
    found = await _take(tx, client_id, None)
    if found["id"] is None and overload.is_on(found["late"], found["online"]):
        wanted = ranking.take(found["late"], found["online"], found["claims"] + 1)
        found = await _take(tx, client_id, wanted)
        if found["id"] is None and wanted is not ranking.Take.FIRST:
            found = await _take(tx, client_id, ranking.Take.FIRST)
    if found["id"] is None:
        return None
    if found["done_before"] is None:
        await _follow_up(tx, found)
        is_calm = not overload.is_on(found["late"], found["online"])
        await known_claimers.learn(tx, who_asks(tx), is_calm)
    elif found["done_before"] != "TicketAssigned":
        raise Conflict("client_id_reused")
    return Claimed.of(found)


async def work_of(tx: Transaction, agent_ids: Sequence[UUID]) -> dict[UUID, list[Work]]:
    """What each of these agents carries right now."""
    connection = await tx.driver()
    found: dict[UUID, list[Work]] = {}
    for row in await connection.fetch(WORK, list(agent_ids), tx.now - LIVE_CHAT):
        found.setdefault(row["assignee_id"], []).append(Work(row["channel"], row["units"], row["count"]))
    return found


def who_asks(tx: Transaction) -> tuple[Any, ...]:
    """The values that taking.DESK asks for."""
    actor = tx.actor
    return (
        actor.agent_id,
        tx.now,
        tx.now - SILENT_AFTER,
        tx.now - LIVE_CHAT,
        list(actor.inbox_ids) if actor.inbox_ids is not None else None,
        actor.role in (Role.LEAD, Role.ADMIN, Role.OWNER),
        actor.kind is ActorKind.API_KEY,
    )


async def _take(tx: Transaction, client_id: UUID | None, wanted: ranking.Take | None) -> Any:
    """What the statement answers. It looks wider only when all it saw were being claimed by others."""
    actor, bounds, wider = tx.actor, _bounds(tx, wanted), 1
    while True:
        found = await tx.connection.fetchrow(
            TAKE, *who_asks(tx), actor.id, client_id, tx.new_id(), actor.kind.value, actor.name,
            wanted.value if wanted else "",
            bounds.rank_from, bounds.start_from, bounds.start_before, wider,
        )  # fmt: skip
        if found["is_beaten"]:
            continue
        if found["id"] is not None or not found["is_more"]:
            return found
        wider *= 8


def _bounds(tx: Transaction, wanted: ranking.Take | None) -> Bounds:
    match wanted:
        case ranking.Take.MEETABLE:  # nothing that can still be met ranks further back than this
            return Bounds(rank_from=tx.now - ranking.furthest_ahead(), start_from=tx.now)
        case ranking.Take.LATE:
            return Bounds(start_before=tx.now)
        case _:
            return Bounds()


async def _follow_up(tx: Transaction, found: Any) -> None:
    tx.recorded(found["id"], found["version"], "TicketAssigned", {"assignee_id": str(tx.actor.agent_id)})
    low_water.count(found["pool_id"])
    if tx.opened.is_used:  # a copy the session may have read before is told
        await tx.session.get(Ticket, found["id"], populate_existing=True)
