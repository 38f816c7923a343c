"""The quick claim of an agent who claimed a moment ago, in one small statement.

Most of what a claim costs is finding out who asks: teams, skills, the pools these reach. So the pools are
remembered for some seconds, and a statement that PostgreSQL commits by itself takes the first of what waits
there, unless the overload guard is on. It proves in the same snapshot that what was learnt still holds: the
agent's row is unchanged (whoever changes their teams writes it too) and no pool has come up. Load and room
are read anew each time. Whatever does not fit answers nothing, and the whole statement (taking.TAKE) decides.

Two claims of one agent at once cannot both use the last room: each sets their counter on from what its
own snapshot held, so the second of them finds it moved and takes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from helpdesk.actors import Actor, ActorKind
from helpdesk.domain.tickets.queue import low_water, overload
from helpdesk.domain.tickets.queue.capacity import LANGUAGE
from helpdesk.domain.tickets.queue.taking import DESK, Claimed, carried, units_in
from helpdesk.storage.transaction import Transaction

REMEMBERED = timedelta(seconds=10)
"""Not proven is only whether a program's agent is there; a workspace falls silent after thirty."""

_FEW_POOLS = 4

_MOST = 1000
"""Agents remembered at once."""

_LEARN = """
    WITH {desk}
    SELECT g.xmin::text AS row, d.name, d.capacity, (SELECT count(*) FROM pools) AS pools_known,
      array(SELECT j.id FROM judged j JOIN pools p ON p.id = j.id
        WHERE j.is_ours AND p.skills <@ d.skills) AS pools,
      d.is_online AND NOT ($7 AND d.is_pushed) AND NOT EXISTS (
        SELECT FROM judged j JOIN pools p ON p.id = j.id
        WHERE j.is_ours AND NOT p.skills <@ d.skills AND NOT EXISTS (
          SELECT FROM unnest(p.skills) AS asked(skill)
          WHERE skill <> ALL(d.skills) AND NOT starts_with(skill, '{language}'))) AS is_plain
    FROM desk d JOIN agents g ON g.id = d.id WHERE $2::timestamptz IS NOT NULL
""".replace("{desk}", DESK).replace("{language}", LANGUAGE)
"""`is_plain`: nothing they may take hangs on who else is there. $1 to $7 as taking.DESK."""

_PICKED = """
    SELECT one.id FROM (
      SELECT head.id, head.rank_at FROM pools p {room} CROSS JOIN LATERAL (
        SELECT id, rank_at FROM tickets
        WHERE waiting AND pool_id = p.id AND rank_at >= coalesce(p.low_water, '-infinity')
        ORDER BY rank_at, id LIMIT {heads}) AS head
      WHERE p.id = ANY($3) AND (SELECT xmin FROM agents WHERE id = $1) = $4::text::xid
        AND (SELECT count(*) FROM pools) = $5
      ORDER BY head.rank_at, head.id OFFSET 0) AS head
    CROSS JOIN LATERAL (
      SELECT id FROM tickets WHERE id = head.id AND waiting FOR NO KEY UPDATE SKIP LOCKED) AS one LIMIT 1
"""

_TOLD = """
    INSERT INTO events (ticket_id, version, id, name, actor_kind, actor_id, actor_name, at, client_id, data)
    SELECT c.id, c.version, $6, 'TicketAssigned', $7, $8, $9, $2, $10, {data}
    RETURNING ticket_id AS id, (SELECT number FROM claimed) AS number, version,
      (SELECT pool_id FROM claimed) AS pool_id
"""

_ROOM = f"""
    JOIN inboxes i ON i.id = p.inbox_id JOIN agents g ON g.id = $1
    JOIN carried w ON w.units + {units_in("i.channel")} <= g.capacity
      AND (i.channel <> 'chat' OR w.chats < g.max_chats)
"""

_WITH_LOAD = """
    jsonb_set(jsonb_set($11, '{decision,candidates,0,load}', to_jsonb(w.units)),
      '{decision,candidates,0,chats}', to_jsonb(w.chats)) FROM claimed c CROSS JOIN carried w
"""


def _statement(is_person: bool, heads: int) -> str:
    """A number in the text, since a parameter would keep PostgreSQL from planning it once for all."""
    if not is_person:
        return _BY_PROGRAM.replace("{picked}", _PICKED.format(room="", heads=heads))
    return _BY_PERSON.replace("{picked}", _PICKED.format(room=_ROOM, heads=heads))


_BY_PROGRAM = """
    WITH claimed AS (
      UPDATE tickets SET assignee_id = $1, waiting = false, version = version + 1
      WHERE id = ({picked}) RETURNING id, number, version, pool_id
    ) {told}
""".replace("{told}", _TOLD.format(data="$11::jsonb FROM claimed c"))

_BY_PERSON = """
    WITH carried AS MATERIALIZED ({carried}), counter AS MATERIALIZED (
      SELECT claims FROM availability WHERE agent_id = $1
    ), picked AS MATERIALIZED ({picked}), counted AS (
      UPDATE availability v SET claims = v.claims + 1, assigned_at = $2 FROM picked, counter
      WHERE v.agent_id = $1 AND v.claims = counter.claims RETURNING picked.id
    ), claimed AS (
      UPDATE tickets SET assignee_id = $1, waiting = false, version = version + 1 FROM counted
      WHERE tickets.id = counted.id RETURNING tickets.id, number, version, pool_id
    ) {told}
""".replace("{carried}", carried(who="$1", since="$12")).replace("{told}", _TOLD.format(data=_WITH_LOAD))

FEW, MANY = 64, 8
"""Heads looked at in each pool, of whoever reaches few pools and many: others claim beside them."""

STATEMENTS = {
    (is_person, heads): _statement(is_person, heads) for is_person in (False, True) for heads in (FEW, MANY)
}
"""$1 the agent, $2 now, $3 pools, $4 the agent's row, $5 how many pools there are, $6 the event's id,
$7 to $9 the actor, $10 client id or NULL, $11 what is told, $12 since when silent chats weigh nothing."""


@dataclass(frozen=True, slots=True)
class _Desk:
    at: datetime
    row: str
    """`xmin` of the agent's row, which every change of it changes."""
    pools_known: int
    pools: Sequence[UUID]
    told: str
    """The event's data, with nothing carried."""


_desks: dict[Actor, _Desk] = {}


def forget() -> None:
    """As a process that has just begun."""
    _desks.clear()
    overload.forget()


def knows(actor: Actor) -> bool:
    """Whether a quick claim is worth a try."""
    return actor in _desks


async def learn(tx: Transaction, asks: tuple[Any, ...], is_calm: bool) -> None:
    """Remembers where this actor's tickets come from, unless the guard is on or is not ours to foresee."""
    _desks.pop(tx.actor, None)
    if not is_calm or tx.reactions.get("TicketAssigned"):  # jobs need a transaction around them
        return
    found = await tx.connection.fetchrow(_LEARN, *asks)
    if found is None or not found["is_plain"]:
        return
    if len(_desks) >= _MOST:
        _desks.clear()
    _desks[tx.actor] = _Desk(
        tx.now,
        found["row"],
        found["pools_known"],
        found["pools"],
        _told(tx, found["name"], found["capacity"]),
    )


async def take(
    tx: Transaction, client_id: UUID | None, silent: datetime
) -> tuple[Claimed | None, UUID | None]:
    """The next ticket and its pool in one statement, or nothing where the whole one has to decide.

    Errors: Conflict already_exists when this claim was made before.
    """
    actor, desk = tx.actor, _desks.get(tx.actor)
    if desk is None or not timedelta() <= tx.now - desk.at < REMEMBERED or not await overload.is_calm(tx):
        _desks.pop(actor, None)
        return None, None
    asked = (
        actor.agent_id, tx.now, desk.pools, desk.row, desk.pools_known,
        tx.new_id(), actor.kind.value, actor.id, actor.name, client_id, desk.told,
    )  # fmt: skip
    is_person = actor.kind is not ActorKind.API_KEY
    statement = STATEMENTS[is_person, FEW if len(desk.pools) <= _FEW_POOLS else MANY]
    found = await tx.connection.fetchrow(statement, *asked, *([silent] if is_person else []))
    if found is None:
        return None, None
    tx.recorded(found["id"], found["version"], "TicketAssigned", {})
    low_water.count(found["pool_id"])
    return Claimed.of(found), found["pool_id"]


def _told(tx: Transaction, name: str, capacity: int) -> str:
    agent_id = str(tx.actor.agent_id)
    candidate = {"id": agent_id, "name": name, "load": 0, "capacity": capacity, "chats": 0}
    data = {
        "assignee_id": agent_id,
        "assignee_name": name,
        "previous_id": None,
        "reason": "claim",
        "decision": {
            "mode": "pull",
            "take": "first",
            "chosen": agent_id,
            "next": None,
            "candidates": [candidate],
        },
    }
    return orjson.dumps(data).decode()
