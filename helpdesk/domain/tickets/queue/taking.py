"""The one statement that takes the next ticket: who asks, what they may take, which is first, and its record.

It runs once in an ordinary claim. All that it reads is cheap whatever waits: an agent's pools are few rows,
each pool is looked at through its own index from its low-water mark, and counting stops where the answer
is known. Heads are read without a lock and then tried in the order of the queue, so one row is locked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from helpdesk.domain.tickets.queue.capacity import LANGUAGE, UNITS
from helpdesk.domain.tickets.queue.low_water import BEGINNING

LIVE_CHAT = timedelta(minutes=10)
"""A chat that waits for its contact still holds the agent's attention for so long."""

END = datetime(9999, 1, 1, tzinfo=UTC)


def units_in(channel: str) -> str:
    """SQL for the units of one ticket: the inbox `i`'s own, else the channel's."""
    each = " ".join(f"WHEN '{name}' THEN {units}" for name, units in UNITS.items())
    return f"coalesce((i.settings->>'units')::int, CASE {channel} {each} ELSE {UNITS['email']} END)"


def _filled(sql: str, **parts: str) -> str:
    for name, part in parts.items():
        sql = sql.replace("{" + name + "}", part)
    return sql


# By status, so that each half is a walk of its own in the index of assignees: never all they ever had.
_CARRIED = """
    SELECT t.assignee_id, t.channel, {units} AS units
    FROM tickets t JOIN inboxes i ON i.id = t.inbox_id WHERE t.assignee_id = {who} AND t.status = 'open'
    UNION ALL
    SELECT t.assignee_id, t.channel, {units} AS units
    FROM tickets t JOIN inboxes i ON i.id = t.inbox_id WHERE t.assignee_id = {who} AND t.status = 'pending'
      AND t.channel = 'chat' AND t.last_message_at > {since}
"""


def carried(who: str, since: str) -> str:
    """SQL for what one agent carries, in units and in chats; chats silent since are left out."""
    return _filled(_CARRIED_BY_ONE, work=_CARRIED, units=units_in("t.channel"), who=who, since=since)


def silent_since(now: str) -> str:
    """SQL for when a chat must have been silent since, to hold nobody's attention."""
    return f"{now}::timestamptz - interval '{LIVE_CHAT.total_seconds():.0f} s'"


_CARRIED_BY_ONE = """
    SELECT coalesce(sum(units), 0)::int AS units, count(*) FILTER (WHERE channel = 'chat')::int AS chats
    FROM ({work}) AS work
"""

WORK = """
    SELECT assignee_id, channel, units, count(*) AS count
    FROM unnest($1::uuid[]) AS who(id) CROSS JOIN LATERAL ({work}) AS work
    GROUP BY assignee_id, channel, units
"""
WORK = _filled(WORK, work=_CARRIED, who="who.id", since="$2", units=units_in("t.channel"))
"""What each agent of $1 carries, chats silent since $2 left out."""

DESK = """
    desk AS MATERIALIZED (
      SELECT g.id, g.name, g.capacity, g.max_chats, g.skills, coalesce(v.claims, 0) AS claims,
        coalesce(v.state = 'online' AND v.seen_at >= $3, false) AS is_online,
        EXISTS (SELECT FROM team_members m JOIN teams t ON t.id = m.team_id AND t.push
          WHERE m.agent_id = g.id) AS is_pushed,
        array(SELECT m.team_id FROM team_members m WHERE m.agent_id = g.id) AS teams
      FROM agents g LEFT JOIN availability v ON v.agent_id = g.id WHERE g.id = $1 AND g.disabled_at IS NULL
    ), carried AS MATERIALIZED (
      {carried} WHERE NOT $7
    ), judged AS MATERIALIZED (
      SELECT p.id, coalesce(p.low_water, '-infinity') AS low,
        p.team_id IS NULL OR p.team_id = ANY(d.teams) OR ($6 AND cardinality(d.teams) = 0) AS is_ours,
        p.skills <@ d.skills OR NOT EXISTS (
          SELECT FROM unnest(p.skills) AS asked(skill)
          WHERE skill <> ALL(d.skills) AND (NOT starts_with(skill, '{language}') OR EXISTS (
            SELECT FROM availability v JOIN agents s ON s.id = v.agent_id
            WHERE v.state = 'online' AND v.seen_at >= $3 AND skill = ANY(s.skills)
              AND {may_get}))) AS is_able,
        $7 OR (w.units + {units_of_pool} <= d.capacity
          AND (i.channel <> 'chat' OR w.chats < d.max_chats)) AS has_room
      FROM desk d CROSS JOIN carried w CROSS JOIN pools p JOIN inboxes i ON i.id = p.inbox_id
      WHERE $5::uuid[] IS NULL OR p.inbox_id = ANY($5)
    )
"""
_MAY_GET = """s.disabled_at IS NULL AND s.role <> 'light'
              AND (p.team_id IS NULL OR p.team_id IN (SELECT team_id FROM team_members WHERE agent_id = s.id)
                OR s.role IN ('lead', 'admin', 'owner')
                  AND NOT EXISTS (SELECT FROM team_members WHERE agent_id = s.id))
              AND (s.all_inboxes OR s.role IN ('admin', 'owner')
                OR p.inbox_id IN (SELECT inbox_id FROM agent_inboxes WHERE agent_id = s.id))"""
"""Whether the speaker `s` could be given the tickets of pool `p` at all: a language is kept for no other."""

DESK = _filled(
    DESK,
    carried=carried("$1", "$4"),
    language=LANGUAGE,
    units_of_pool=units_in("i.channel"),
    may_get=_MAY_GET,
)
"""An agent as a claimer. $1 the agent, $2 now, $3 silent since, $4 silent chats since, $5 inboxes or NULL,
$6 whether they see every team's while in none, $7 whether a program asks (which has no capacity)."""

_LATE = """
    SELECT count(*) FROM (
      SELECT FROM pools CROSS JOIN LATERAL (
        SELECT FROM tickets
        WHERE waiting AND pool_id = pools.id AND rank_at >= coalesce(pools.low_water, '-infinity')
          AND rank_at < {now} AND start_by < {now}
        ORDER BY rank_at, id LIMIT {upto}
      ) AS late LIMIT {upto}
    ) AS counted
"""


def late(now: str, upto: str) -> str:
    """SQL that counts late tickets, no further than it must. A late ticket's rank lies before now, and the
    furthest back are late for certain, so the walk in each pool is short."""
    return _filled(_LATE, now=now, upto=upto)


TAKE = """
    WITH {desk}, again AS MATERIALIZED (
      SELECT t.id, t.number, t.version, e.name FROM events e JOIN tickets t ON t.id = e.ticket_id
      WHERE e.actor_id = $8 AND e.client_id = $9
    ), guard AS MATERIALIZED (
      SELECT agents AS online, CASE WHEN agents = 0 THEN 0 ELSE ({late}) END AS late
      FROM (SELECT count(*) AS agents FROM availability WHERE state = 'online' AND seen_at >= $3) AS present
    ), able AS MATERIALIZED (
      SELECT id, greatest(low, $14) AS low FROM judged, guard
      WHERE is_ours AND is_able AND has_room AND NOT EXISTS (SELECT FROM again)
        AND ($13 <> '' OR guard.late <= guard.online)
    ), span AS MATERIALIZED (
      SELECT $17 * greatest(2, 8 / greatest(1, count(*) / 6)) AS heads FROM able
    ), heads AS MATERIALIZED (
      SELECT head.id, head.rank_at FROM able CROSS JOIN LATERAL (
        SELECT id, rank_at FROM tickets
        WHERE waiting AND pool_id = able.id AND rank_at >= able.low AND start_by >= $15 AND start_by < $16
        ORDER BY rank_at, id LIMIT (SELECT span.heads FROM span)
      ) AS head
    ), picked AS MATERIALIZED (
      SELECT one.id FROM (SELECT id FROM heads ORDER BY rank_at, id OFFSET 0) AS head CROSS JOIN LATERAL (
        SELECT id FROM tickets WHERE id = head.id AND waiting FOR NO KEY UPDATE SKIP LOCKED
      ) AS one LIMIT 1
    ), counted AS (
      INSERT INTO availability AS known (agent_id, state, wanted, since, claims, assigned_at)
      SELECT d.id, 'offline', 'online', $2, d.claims + 1, $2 FROM picked CROSS JOIN desk d CROSS JOIN guard
      WHERE NOT $7 OR d.is_pushed OR NOT d.is_online OR guard.late > guard.online
      ON CONFLICT (agent_id) DO UPDATE SET claims = known.claims + 1, assigned_at = $2
        WHERE known.claims = excluded.claims - 1 OR $7
      RETURNING agent_id
    ), claimed AS (
      UPDATE tickets SET assignee_id = $1, waiting = false, version = version + 1
      FROM picked WHERE tickets.id = picked.id AND ($7 OR EXISTS (SELECT FROM counted))
      RETURNING tickets.id, tickets.number, tickets.version, tickets.pool_id
    ), told AS (
      INSERT INTO events
        (ticket_id, version, id, name, actor_kind, actor_id, actor_name, at, client_id, data)
      SELECT c.id, c.version, $10, 'TicketAssigned', $11, $8, $12, $2, $9, jsonb_build_object(
        'assignee_id', d.id, 'assignee_name', d.name, 'previous_id', NULL, 'reason', 'claim',
        'decision', jsonb_build_object(
          'mode', 'pull', 'take', coalesce(nullif($13, ''), 'first'), 'chosen', d.id, 'next', NULL,
          'candidates', jsonb_build_array(jsonb_build_object('id', d.id, 'name', d.name,
            'load', w.units, 'capacity', d.capacity, 'chats', w.chats)))
          || CASE WHEN guard.late > guard.online
            THEN jsonb_build_object('late', guard.late, 'online', guard.online) ELSE '{}' END)
      FROM claimed c CROSS JOIN desk d CROSS JOIN carried w CROSS JOIN guard
    )
    SELECT coalesce(c.id, again.id) AS id, coalesce(c.number, again.number) AS number,
      coalesce(c.version, again.version) AS version, c.pool_id, again.name AS done_before,
      guard.online, guard.late, coalesce((SELECT claims FROM desk), 0) AS claims,
      c.id IS NULL AND EXISTS (SELECT FROM picked) AS is_beaten,
      (SELECT count(*) FROM heads) >= (SELECT span.heads FROM span) AS is_more
    FROM guard LEFT JOIN claimed c ON true LEFT JOIN again ON true
"""
TAKE = _filled(TAKE, desk=DESK, late=late(now="$2", upto="agents + 1"))
"""One row always. `is_beaten`: another claim of this agent took its room meanwhile.

$8 the actor, $9 client id or NULL, $10 the event's id, $11 and $12 the actor's kind and name, $13 what to
take (empty: the first, unless there is an overload), $14 the rank to begin at, $15 and $16 the bounds of
start_by, $17 how much wider to look than at first."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which of the waiting tickets a claim looks at."""

    rank_from: datetime = BEGINNING
    start_from: datetime = BEGINNING
    start_before: datetime = END


class Claimed(NamedTuple):
    """A ticket that was taken, and the version it is at."""

    id: UUID
    number: int
    version: int

    @classmethod
    def of(cls, row: Mapping[str, object]) -> "Claimed":
        return cls(row["id"], row["number"], row["version"])  # type: ignore[arg-type]
