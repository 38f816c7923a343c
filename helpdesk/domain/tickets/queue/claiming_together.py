"""Quick claims that come at the same time are one statement: each claimer gets the next ticket of the order.

While a statement is under way the claims that come stand in a line; the next statement serves as many of
them as reach the same pools, and PostgreSQL commits it by itself. Who asks is remembered (claiming_again.py).
The statement proves in its own snapshot that what was learnt still holds: the agent's row is unchanged
(whoever changes their teams writes it too) and no pool has come up. Load and room are read anew. Whoever it
does not fit is answered nothing, and the whole statement (taking.TAKE) decides.

Two claims of one person at once cannot both use the last room: they never share a statement, and each sets
their counter on from what its own snapshot held, so the second of them finds it moved and takes nothing.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

import orjson

from helpdesk.actors import SYSTEM, Actor, ActorKind
from helpdesk.domain.tickets.queue import claiming_again, low_water, overload
from helpdesk.domain.tickets.queue.claiming_again import Desk
from helpdesk.domain.tickets.queue.taking import LIVE_CHAT, Claimed, carried, units_in
from helpdesk.errors import Conflict, HelpdeskError
from helpdesk.storage.transaction import Transaction

_AT_ONCE = 2
"""Statements of one line under way: while PostgreSQL is at one, the next is made ready."""

_MOST = 32
"""Claims in a statement. The number stands in its text: a parameter in LIMIT would keep PostgreSQL from
planning it once for all, and without a number it expects a tenth of the table."""

_STATEMENT = """
    WITH asked AS MATERIALIZED (
      SELECT a.*, row_number() OVER (ORDER BY a.place) AS turn {standing}
      FROM jsonb_to_recordset($1) AS a(place int, row text, agent_id uuid, event_id uuid, actor_kind text,
        actor_id uuid, name text, client_id uuid, told jsonb)
      JOIN agents g ON g.id = a.agent_id AND g.xmin = a.row::xid {load}
      WHERE (SELECT count(*) FROM pools) = $4
    ), picked AS MATERIALIZED (
      SELECT id, inbox_id, row_number() OVER (ORDER BY rank_at, id) AS turn FROM (
        SELECT one.id, head.rank_at, head.inbox_id FROM (
          SELECT head.id, head.rank_at, p.inbox_id FROM pools p CROSS JOIN LATERAL (
            SELECT id, rank_at FROM tickets
            WHERE waiting AND pool_id = p.id AND rank_at >= coalesce(p.low_water, '-infinity')
            ORDER BY rank_at, id LIMIT (SELECT 16 + 4 * count(*) FROM asked)) AS head
          WHERE p.id IN (SELECT id::uuid FROM jsonb_array_elements_text($3) AS of_them(id)) {with_room}
          ORDER BY head.rank_at, head.id OFFSET 0) AS head
        CROSS JOIN LATERAL (
          SELECT id FROM tickets WHERE id = head.id AND waiting FOR NO KEY UPDATE SKIP LOCKED) AS one
        LIMIT (SELECT count(*) FROM asked)) AS locked LIMIT {most}
    ), served AS ({served}), claimed AS (
      UPDATE tickets SET assignee_id = s.agent_id, waiting = false, version = version + 1
      FROM served s WHERE tickets.id = s.ticket_id
      RETURNING s.*, tickets.number, tickets.version, tickets.pool_id
    ), recorded AS (
      INSERT INTO events
        (ticket_id, version, id, name, actor_kind, actor_id, actor_name, at, client_id, data)
      SELECT ticket_id, version, event_id, 'TicketAssigned', actor_kind, actor_id, name, $2, client_id, told
      FROM claimed
    )
    SELECT place, ticket_id AS id, number, version, pool_id FROM claimed
"""

_BY_PROGRAM = {
    "standing": "",
    "load": "",
    "with_room": "",
    "served": "SELECT a.*, picked.id AS ticket_id FROM picked JOIN asked a USING (turn)",
}

_BY_PERSON = {
    "standing": ", g.capacity, g.max_chats, w.units, w.chats, v.claims",
    "load": "JOIN availability v ON v.agent_id = g.id CROSS JOIN LATERAL ({carried}) AS w",
    "with_room": """
      AND EXISTS (SELECT FROM inboxes i CROSS JOIN asked a WHERE i.id = p.inbox_id AND {fits})""",
    "served": """
      UPDATE availability v SET claims = v.claims + 1, assigned_at = $2
      FROM picked JOIN asked a USING (turn) JOIN inboxes i ON i.id = picked.inbox_id
      WHERE v.agent_id = a.agent_id AND v.claims = a.claims AND {fits}
      RETURNING a.place, a.agent_id, a.event_id, a.actor_kind, a.actor_id, a.name, a.client_id,
        jsonb_set(jsonb_set(a.told, '{decision,candidates,0,load}', to_jsonb(a.units)),
          '{decision,candidates,0,chats}', to_jsonb(a.chats)) AS told, picked.id AS ticket_id""",
}


def _filled(parts: dict[str, str]) -> str:
    sql = _STATEMENT.replace("{most}", str(_MOST))
    for name, part in (parts | _PARTS).items():
        sql = sql.replace("{" + name + "}", part)
    return sql


_PARTS = {
    "carried": carried(who="a.agent_id", since="$5"),
    "fits": "a.units + {units} <= a.capacity AND (i.channel <> 'chat' OR a.chats < a.max_chats)",
    "units": units_in("i.channel"),
}

STATEMENTS = {False: _filled(_BY_PROGRAM), True: _filled(_BY_PERSON)}
"""By whether people ask: one row for each claim that was served. $1 the claims as `asking` writes them,
$2 now, $3 the pools they reach as JSON, $4 how many pools there are, of people $5 since when silent chats
weigh nothing. Of an array PostgreSQL would see how short it is, and plan anew each time to make use of it."""


class Opened(Protocol):
    """Database.transaction."""

    def __call__(
        self, actor: Actor, *, alone: tuple[object, ...] = (), is_autocommit: bool = False
    ) -> AbstractAsyncContextManager[Transaction]: ...


class Kind(NamedTuple):
    """What the claims of one line share."""

    opened: Opened
    is_person: bool
    pools: str
    pools_known: int


@dataclass(slots=True, eq=False)
class Claim:
    actor: Actor
    client_id: UUID | None
    desk: Desk
    answer: asyncio.Future[Claimed | None]


@dataclass
class _Line:
    claims: list[Claim] = field(default_factory=list)
    under_way: int = 0


_lines: dict[Kind, _Line] = {}
_tasks: set[asyncio.Task[None]] = set()


async def take(opened: Opened, actor: Actor, client_id: UUID | None, desk: Desk) -> Claimed | None:
    """The next ticket, or nothing where the whole statement has to decide."""
    kind = Kind(opened, actor.kind is not ActorKind.API_KEY, desk.pools, desk.pools_known)
    line = _lines.setdefault(kind, _Line())
    claim = Claim(actor, client_id, desk, asyncio.get_running_loop().create_future())
    line.claims.append(claim)
    if line.under_way < _AT_ONCE:
        line.under_way += 1
        # A task of its own: whoever asked may be cut off, and the others still get theirs.
        task = asyncio.create_task(_serve(kind, line))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    return await claim.answer


async def _serve(kind: Kind, line: _Line) -> None:
    """Until nobody stands in the line."""
    try:
        while line.claims:
            some = _first(line, kind.is_person)
            pools = await _answer(kind, some)
            await _raise_marks(kind.opened, pools)
    finally:
        line.under_way -= 1
        if not line.under_way:
            _lines.pop(kind, None)
            for claim in line.claims:
                claim.answer.cancel()


def _first(line: _Line, is_person: bool) -> list[Claim]:
    """The first of the line, each person once."""
    some: list[Claim] = []
    rest: list[Claim] = []
    people: set[UUID | None] = set()
    for claim in line.claims:
        is_next = len(some) < _MOST and not (is_person and claim.actor.agent_id in people)
        people.add(claim.actor.agent_id)
        (some if is_next else rest).append(claim)
    line.claims = rest
    return some


async def _answer(kind: Kind, some: list[Claim]) -> set[UUID]:
    """Which pools were taken from. Where one claim was made before, or there was a deadlock, nothing was
    written: each asks alone then, and who fails again is left to the whole statement, which knows."""
    found: dict[int, tuple[Claimed, UUID]] = {}
    try:
        found = await _served(kind, some)
    except Conflict:
        if len(some) > 1:
            return set().union(*[await _answer(kind, [claim]) for claim in some])
    except Exception as failure:  # noqa: BLE001 - whatever it is, those who asked hear it
        for claim in some:
            if not claim.answer.done():
                claim.answer.set_exception(failure)
        return set()
    except BaseException:  # cut off: the process ends
        for claim in some:
            claim.answer.cancel()
        raise
    for place, claim in enumerate(some):
        if not claim.answer.done():
            claim.answer.set_result(found[place][0] if place in found else None)
    return {pool_id for _, pool_id in found.values()}


async def _served(kind: Kind, some: list[Claim]) -> dict[int, tuple[Claimed, UUID]]:
    """By the place in the line: the ticket and its pool."""
    async with kind.opened(SYSTEM, is_autocommit=True) as tx:
        if not await overload.is_calm(tx):
            claiming_again.forget_desks()
            return {}
        silent = [tx.now - LIVE_CHAT] if kind.is_person else []
        rows = await tx.connection.fetch(
            STATEMENTS[kind.is_person], asking(tx, some), tx.now, kind.pools, kind.pools_known, *silent
        )
        for row in rows:
            tx.recorded(row["id"], row["version"], "TicketAssigned", {})
            low_water.count(row["pool_id"])
        return {row["place"]: (Claimed.of(row), row["pool_id"]) for row in rows}


def asking(tx: Transaction, claims: Sequence[Claim]) -> str:
    """Those whose desk is still known; the others are answered nothing."""
    found = [
        {
            "place": place,
            "row": claim.desk.row,
            "agent_id": claim.actor.agent_id,
            "event_id": tx.new_id(),
            "actor_kind": claim.actor.kind,
            "actor_id": claim.actor.id,
            "name": claim.actor.name,
            "client_id": claim.client_id,
            "told": claim.desk.told,
        }
        for place, claim in enumerate(claims)
        if claiming_again.holds(claim.desk, tx.now)
    ]
    return orjson.dumps(found, default=str).decode()  # the driver has a UUID of its own


async def _raise_marks(opened: Opened, pools: set[UUID]) -> None:
    """Only saves steps; where it fails, the next claims step over more."""
    for pool_id in pools:
        if low_water.is_due(pool_id):
            with suppress(HelpdeskError):
                async with opened(SYSTEM) as tx:
                    await low_water.raise_it(tx, pool_id)
