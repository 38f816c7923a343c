"""Taking the next ticket: the first of the order that an agent may take and has room for.

Every statement here is cheap whatever waits: an agent's pools are few rows, each pool is looked at through
its own index from its head, and counting stops where the answer is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from helpdesk.actors import ActorKind, Role
from helpdesk.domain import permissions
from helpdesk.domain.availability import SILENT_AFTER
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.queue import low_water, overload, ranking
from helpdesk.domain.tickets.queue.assigning import assign
from helpdesk.domain.tickets.queue.capacity import Load, Work, load_of, may_take, units_of
from helpdesk.domain.tickets.repeats import event_of
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.transaction import Transaction

_FIRST_LOOK = 8
"""Heads looked at per pool; more only when all of them are being claimed by others right now."""

LIVE_CHAT = timedelta(minutes=10)
"""A chat that waits for its contact still holds the agent's attention for so long."""

_DESK = """
    SELECT g.capacity, g.max_chats, g.skills, coalesce(v.claims, 0) AS claims,
      EXISTS (SELECT FROM team_members m WHERE m.agent_id = g.id) AS has_team
    FROM agents g LEFT JOIN availability v ON v.agent_id = g.id WHERE g.id = $1
"""

WORK = """
    SELECT t.assignee_id, t.channel, (i.settings->>'units')::int AS units, count(*) AS count
    FROM tickets t JOIN inboxes i ON i.id = t.inbox_id
    WHERE t.assignee_id = ANY($1) AND (t.status = 'open'
      OR (t.status = 'pending' AND t.channel = 'chat' AND t.last_message_at > $2))
    GROUP BY t.assignee_id, t.channel, i.settings->>'units'
"""

_POOLS = """
    SELECT p.id, i.channel, (i.settings->>'units')::int AS units, p.skills
    FROM pools p JOIN inboxes i ON i.id = p.inbox_id
    WHERE ($2::uuid[] IS NULL OR p.inbox_id = ANY($2))
      AND ($3 OR p.team_id IS NULL OR p.team_id IN (SELECT team_id FROM team_members WHERE agent_id = $1))
"""

_PRESENT_SKILLS = """
    SELECT DISTINCT unnest(g.skills) FROM agents g JOIN availability v ON v.agent_id = g.id
    WHERE v.state = 'online' AND v.seen_at >= $1
"""

_HEADS = """
    WITH heads AS (
      SELECT head.id, pool.id AS pool_id, head.rank_at
      FROM unnest($1::uuid[], $2::timestamptz[]) AS pool(id, low)
      CROSS JOIN LATERAL (
        SELECT id, rank_at FROM tickets
        WHERE waiting AND pool_id = pool.id AND rank_at >= pool.low {only}
        ORDER BY rank_at, id LIMIT $3
      ) AS head
    ), locked AS (
      SELECT t.id, t.pool_id FROM tickets t WHERE t.id IN (SELECT id FROM heads) AND t.waiting
      ORDER BY t.rank_at, t.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    SELECT (SELECT id FROM locked) AS id, (SELECT pool_id FROM locked) AS pool_id,
      (SELECT min(rank_at) FROM heads WHERE pool_id = (SELECT pool_id FROM locked)) AS first_rank,
      (SELECT count(*) FROM heads) AS looked_at
"""

CLAIMS: Mapping[ranking.Take, str] = {
    ranking.Take.FIRST: _HEADS.format(only=""),
    ranking.Take.MEETABLE: _HEADS.format(only="AND start_by >= $4"),
    ranking.Take.LATE: _HEADS.format(only="AND start_by < $4"),
}
"""One statement a claim. $1 pools, $2 the rank each is looked at from, $3 heads per pool, $4 now."""

_COUNTED = """
    INSERT INTO availability AS known (agent_id, state, wanted, since, seen_at, claims, assigned_at)
    VALUES ($1, 'offline', 'online', $2, NULL, 1, $2)
    ON CONFLICT (agent_id) DO UPDATE SET claims = known.claims + 1, assigned_at = $2
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent as a claimer: what they carry, their skills, how often they have claimed."""

    load: Load
    skills: frozenset[str]
    claims: int
    has_team: bool


async def claim_next(tx: Transaction, client_id: UUID | None = None) -> Ticket | None:
    """The first waiting ticket this agent may take and has room for, now theirs; None when there is none.

    Two agents at once get two different tickets, always. While more tickets are late than agents are
    there, the overload guard says where to take from (ranking.take). Only people have a capacity: a program
    with an API token knows itself how much it can take.
    """
    permissions.require_replier(tx.actor)
    agent_id = tx.actor.agent_id
    if agent_id is None:
        raise Invalid("no_agent", "This API token acts for no agent, so it cannot claim.")
    if (again := await _claimed_before(tx, client_id)) is not None:
        return again
    await tx.one_at_a_time("desk", agent_id)  # two claims at once cannot both use the last room
    desk = await desk_of(tx, agent_id)
    pools = await _pools_of(tx, agent_id, desk)
    state = await overload.now(tx)
    wanted = ranking.take(state.late, state.online, desk.claims + 1) if state.is_on else ranking.Take.FIRST
    ticket_id = await _take(tx, pools, wanted)
    if ticket_id is None and wanted is not ranking.Take.FIRST:
        ticket_id = await _take(tx, pools, ranking.Take.FIRST)
    if ticket_id is None:
        return None
    ticket = await lock(tx, ticket_id)
    decision = _decision(tx, desk, wanted, state)
    await assign(tx, ticket, agent_id, reason="claim", client_id=client_id, decision=decision)
    await (await tx.driver()).execute(_COUNTED, agent_id, tx.now)
    return ticket


async def desk_of(tx: Transaction, agent_id: UUID) -> Desk:
    connection = await tx.driver()
    agent = await connection.fetchrow(_DESK, agent_id)
    work = (await work_of(tx, [agent_id])).get(agent_id, [])
    load = load_of(work, agent["capacity"], agent["max_chats"])
    return Desk(load, frozenset(agent["skills"]), agent["claims"], agent["has_team"])


async def work_of(tx: Transaction, agent_ids: Sequence[UUID]) -> dict[UUID, list[Work]]:
    """What each of these agents carries right now."""
    connection = await tx.driver()
    found: dict[UUID, list[Work]] = {}
    for row in await connection.fetch(WORK, list(agent_ids), tx.now - LIVE_CHAT):
        some = Work(row["channel"], units_of(row["channel"], row["units"]), row["count"])
        found.setdefault(row["assignee_id"], []).append(some)
    return found


async def present_skills(tx: Transaction) -> frozenset[str]:
    """What those who are online can."""
    connection = await tx.driver()
    rows = await connection.fetch(_PRESENT_SKILLS, tx.now - SILENT_AFTER)
    return frozenset(row[0] for row in rows)


async def _pools_of(tx: Transaction, agent_id: UUID, desk: Desk) -> list[UUID]:
    """The pools whose tickets this agent may take now: own teams' and nobody's (leads without a team: all),
    with the skills they ask for and room for one of their kind."""
    connection = await tx.driver()
    inboxes = list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None
    sees_all = not desk.has_team and tx.actor.role in (Role.LEAD, Role.ADMIN, Role.OWNER)
    rows = await connection.fetch(_POOLS, agent_id, inboxes, sees_all)
    lacking = any(not desk.skills.issuperset(row["skills"]) for row in rows)
    present = await present_skills(tx) if lacking else frozenset()
    return [row["id"] for row in rows if _fits(tx, row, desk, present)]


def _fits(tx: Transaction, pool: Any, desk: Desk, present: frozenset[str]) -> bool:
    if not may_take(pool["skills"], desk.skills, present):
        return False
    is_machine = tx.actor.kind is ActorKind.API_KEY
    return is_machine or desk.load.has_room(pool["channel"], units_of(pool["channel"], pool["units"]))


async def _take(tx: Transaction, pools: list[UUID], wanted: ranking.Take) -> UUID | None:
    """The id of a ticket this transaction has locked. Looks again from the very beginning before it
    says that there is none."""
    starts = _from(tx, pools, wanted)
    found = await _look(tx, pools, starts, wanted)
    if found is None and any(start > low_water.BEGINNING for start in starts):
        found = await _look(tx, pools, [low_water.BEGINNING] * len(pools), wanted)
    return found


def _from(tx: Transaction, pools: list[UUID], wanted: ranking.Take) -> list[datetime]:
    if wanted is ranking.Take.MEETABLE:  # nothing that can still be met ranks further back than this
        return [tx.now - ranking.furthest_ahead()] * len(pools)
    return low_water.starts(pools, tx.now)


async def _look(
    tx: Transaction, pools: list[UUID], starts: list[datetime], wanted: ranking.Take
) -> UUID | None:
    connection, look = await tx.driver(), _FIRST_LOOK
    moment = () if wanted is ranking.Take.FIRST else (tx.now,)
    while pools:
        found = await connection.fetchrow(CLAIMS[wanted], pools, starts, look, *moment)
        if found["id"] is not None:
            if wanted is ranking.Take.FIRST:
                low_water.remember(found["pool_id"], found["first_rank"], tx.now)
            ticket_id: UUID = found["id"]
            return ticket_id
        if found["looked_at"] < look:
            break
        look *= 8
    return None


def _decision(tx: Transaction, desk: Desk, wanted: ranking.Take, state: overload.Overload) -> dict[str, Any]:
    """Why this ticket and this agent: pulled by the agent, with the load before it."""
    return {
        "mode": "pull",
        "take": wanted.value,
        "candidates": [
            {
                "id": str(tx.actor.agent_id),
                "name": tx.actor.name,
                "load": desk.load.units,
                "capacity": desk.load.capacity,
                "chats": desk.load.chats,
            }
        ],
        "chosen": str(tx.actor.agent_id),
        "next": None,
        **({"late": state.late, "online": state.online} if state.is_on else {}),
    }


async def _claimed_before(tx: Transaction, client_id: UUID | None) -> Ticket | None:
    if client_id is None:
        return None
    event = await event_of(tx, client_id)
    if event is None:
        return None
    if event.name != "TicketAssigned":
        raise Conflict("client_id_reused")
    return await lock(tx, event.ticket_id)
