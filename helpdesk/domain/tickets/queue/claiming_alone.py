"""The quick claim of one who asks alone: what claiming_together does for many, in the smallest statement.

Nobody waits beside them, so each step of it is felt. Starting a statement costs by the parts of its plan, not
by the rows it reads: so there are no lists in here, each pool they reach is a part of the text, and walks end
at the first ticket that nobody holds. What has to be proven is proven as there.
"""

from functools import cache
from uuid import UUID

from helpdesk.domain.tickets.queue import known_claimers, low_water
from helpdesk.domain.tickets.queue.known_claimers import KnownClaimer
from helpdesk.domain.tickets.queue.taking import Claimed, carried, silent_since, units_in
from helpdesk.storage import ids
from helpdesk.storage.transaction import Transaction

_BY_PROGRAM = """
    WITH claimed AS (
      UPDATE tickets SET assignee_id = $4, waiting = false, version = version + 1
      WHERE ctid = ({first}) AND (SELECT xmin FROM agents WHERE id = $4) = $9::xid
      RETURNING id, number, version, pool_id
    ), {recorded}
"""

_BY_PERSON = """
    WITH me AS MATERIALIZED (
      SELECT g.capacity - w.units AS room, w.chats < g.max_chats AS has_chats_left, w.units, w.chats, v.claims
      FROM agents g JOIN availability v ON v.agent_id = g.id CROSS JOIN LATERAL ({carried}) AS w
      WHERE g.id = $4 AND g.xmin = $9::xid AND (SELECT count(*) FROM pools) = $10
    ), reached AS MATERIALIZED (
      SELECT p.id, coalesce(p.low_water, '-infinity') AS low
      FROM me CROSS JOIN pools p JOIN inboxes i ON i.id = p.inbox_id
      WHERE p.id IN ({pools}) AND {units} <= me.room AND (i.channel <> 'chat' OR me.has_chats_left)
    ), picked AS MATERIALIZED ({first}), counted AS (
      UPDATE availability v SET claims = v.claims + 1, assigned_at = {now} FROM me
      WHERE v.agent_id = $4 AND v.claims = me.claims AND EXISTS (SELECT FROM picked)
      RETURNING v.agent_id
    ), claimed AS (
      UPDATE tickets SET assignee_id = $4, waiting = false, version = version + 1
      WHERE ctid = (SELECT ctid FROM picked) AND EXISTS (SELECT FROM counted)
      RETURNING id, number, version, pool_id
    ), {recorded}
"""

_RECORDED = """
    recorded AS (
      INSERT INTO events
        (ticket_id, version, id, name, actor_kind, actor_id, actor_name, at, client_id, data)
      SELECT id, version, $1, 'TicketAssigned', $5, $6, $7, {now}, $3, {told} FROM claimed
    )
    SELECT id, number, version, pool_id FROM claimed
"""

_TOLD_OF_PERSON = """
    jsonb_set(jsonb_set($8::text::jsonb, '{decision,candidates,0,load}', (SELECT to_jsonb(units) FROM me)),
      '{decision,candidates,0,chats}', (SELECT to_jsonb(chats) FROM me))
"""

# How many stands in a subselect: of a single one PostgreSQL would think that it soon comes along the whole
# order, and pass the tickets of every other pool on its way to the last.
# By ctid: who held and changed a row meanwhile has moved it, and then the whole statement decides.
_OF_ONE_POOL = """
    SELECT ctid FROM tickets WHERE waiting AND pool_id = {pool} AND rank_at >= ({low})
    ORDER BY rank_at, id LIMIT (SELECT 1) FOR NO KEY UPDATE SKIP LOCKED
"""

_OF_POOLS = """
    SELECT one.ctid FROM ({heads} ORDER BY rank_at, id OFFSET 0) AS head CROSS JOIN LATERAL (
      SELECT ctid FROM tickets WHERE ctid = head.ctid AND waiting FOR NO KEY UPDATE SKIP LOCKED) AS one
    LIMIT 1
"""

_HEADS = """
    (SELECT ctid, rank_at, id FROM tickets WHERE waiting AND pool_id = {pool} AND rank_at >= ({low})
     ORDER BY rank_at, id LIMIT 64)
"""

# Nothing where another pool has come up: then no ticket stands behind it.
_LOW_OF_PROGRAM = """
    SELECT min(coalesce(low_water, '-infinity')) FILTER (WHERE id = {pool}) FROM pools HAVING count(*) = $10
"""
_NOW = "('epoch'::timestamptz + $2::bigint * interval '1 microsecond')"
_LOW_OF_PERSON = "SELECT low FROM reached WHERE id = {pool}"


async def take(tx: Transaction, client_id: UUID | None, claimer: KnownClaimer) -> Claimed | None:
    """The next ticket, or nothing where the whole statement has to decide: the only one of its transaction.

    Errors: Conflict where it was made before.
    """
    if not known_claimers.holds(claimer, tx.now):
        return None
    sql, moment = statement(claimer.kind.is_person, len(claimer.pool_ids)), ids.microseconds(tx.now)
    row = await tx.connection.fetchrow(sql, tx.new_id(), moment, client_id, *claimer.asks)
    if row is None:
        return None
    ticket_id, number, version, pool_id = row
    tx.recorded(ticket_id, version, "TicketAssigned", {})
    low_water.count(pool_id)
    return Claimed(ticket_id, number, version)


@cache
def statement(is_person: bool, pool_count: int) -> str:
    """$1 the event's id, $2 now in microseconds, which the driver writes at a tenth of the cost of a moment,
    $3 client id or NULL, then KnownClaimer.asks: $4 the agent, $5 to $7 the actor's kind, id and name, $8 the
    event's data, $9 `xmin` of the agent, $10 how many pools there are, then the pools they reach."""
    pools = [f"${number}" for number in range(11, 11 + pool_count)]
    low = _LOW_OF_PERSON if is_person else _LOW_OF_PROGRAM
    heads = [_HEADS.replace("{low}", low).replace("{pool}", pool) for pool in pools]
    parts = {
        "first": _OF_POOLS.replace("{heads}", " UNION ALL ".join(heads)) if pool_count > 1 else _OF_ONE_POOL,
        "low": low,
        "pool": pools[0],
        "pools": ", ".join(pools),
        "carried": carried(who="$4", since=silent_since(_NOW)),
        "units": units_in("i.channel"),
        "recorded": _RECORDED,
        "told": _TOLD_OF_PERSON if is_person else "$8::text::jsonb",
        "now": _NOW,
    }
    sql = _BY_PERSON if is_person else _BY_PROGRAM
    for name, part in parts.items():
        sql = sql.replace("{" + name + "}", part)
    return sql
