"""Quick claims that come at the same time are one statement: each claimer gets the next ticket of the order.

Claims that come while a statement is under way share the next (Database.together), apart by the pools they
reach; PostgreSQL commits it by itself. Who asks is remembered (known_claimers.py).
The statement proves in its own snapshot that what was learnt still holds: the agent's row is unchanged
(whoever changes their teams writes it too) and no pool has come up. Load and room are read anew. Whoever it
does not fit is answered nothing, and the whole statement (taking.TAKE) decides.

Two claims of one person at once cannot both use the last room: they never share a statement, and each sets
their counter on from what its own snapshot held, so the second of them finds it moved and takes nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import orjson

from helpdesk.actors import Actor
from helpdesk.domain.tickets.queue import claiming_alone, known_claimers, low_water, overload
from helpdesk.domain.tickets.queue.known_claimers import KnownClaimer
from helpdesk.domain.tickets.queue.taking import Claimed, carried, silent_since, units_in
from helpdesk.storage.gathering import MOST
from helpdesk.storage.transaction import Transaction

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
    sql = _STATEMENT.replace("{most}", str(MOST))
    for name, part in (parts | _PARTS).items():
        sql = sql.replace("{" + name + "}", part)
    return sql


_PARTS = {
    "carried": carried(who="a.agent_id", since=silent_since("$2")),
    "fits": "a.units + {units} <= a.capacity AND (i.channel <> 'chat' OR a.chats < a.max_chats)",
    "units": units_in("i.channel"),
}

STATEMENTS = {False: _filled(_BY_PROGRAM), True: _filled(_BY_PERSON)}
"""By whether people ask: one row for each claim that was served. $1 the claims as `asking` writes them,
$2 now, $3 the pools they reach as JSON, $4 how many pools there are. Of an array
PostgreSQL would see how short it is, and plan anew each time to make use of it."""


class Claim(NamedTuple):
    actor: Actor
    client_id: UUID | None
    claimer: KnownClaimer


async def claim_together(tx: Transaction, claims: Sequence[Claim]) -> list[Claimed | None]:
    """The next ticket for each, all of one kind: the only statement of its transaction. Nothing for whoever
    it does not fit, nor for the further claims of a person: the whole statement decides about those.

    Errors: Conflict for all, where one claim was made before.
    """
    kind = claims[0].claimer.kind
    if not overload.was_calm(tx.now) and not await overload.is_calm(tx):
        known_claimers.forget_everybody()
        return [None] * len(claims)
    if len(claims) == 1 and claims[0].claimer.is_quick:
        return [await claiming_alone.take(tx, claims[0].client_id, claims[0].claimer)]
    rows = await tx.connection.fetch(
        STATEMENTS[kind.is_person],
        asking(tx, claims),
        tx.now,
        kind.pools,
        kind.pools_known,
    )
    for row in rows:
        tx.recorded(row["id"], row["version"], "TicketAssigned", {})
        low_water.count(row["pool_id"])
    found = {row["place"]: Claimed.of(row) for row in rows}
    return [found.get(place) for place in range(len(claims))]


def asking(tx: Transaction, claims: Sequence[Claim]) -> str:
    """Those whose claimer is still known, of a person the first."""
    first: set[UUID | None] = set()
    found = []
    for place, claim in enumerate(claims):
        is_further = claim.claimer.kind.is_person and claim.actor.agent_id in first
        first.add(claim.actor.agent_id)
        if is_further or not known_claimers.holds(claim.claimer, tx.now):
            continue
        found.append(
            {
                "place": place,
                "row": claim.claimer.row,
                "agent_id": claim.actor.agent_id,
                "event_id": tx.new_id(),
                "actor_kind": claim.actor.kind,
                "actor_id": claim.actor.id,
                "name": claim.actor.name,
                "client_id": claim.client_id,
                "told": orjson.Fragment(claim.claimer.told),
            }
        )
    return orjson.dumps(found, default=str).decode()  # the driver has a UUID of its own
