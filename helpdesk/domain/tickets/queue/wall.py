"""The whole desk at a glance: what waits, what is late or will be, what was missed, and who is at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from helpdesk.domain import permissions, sla
from helpdesk.domain.tickets.queue import distributing, overload
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_LOOKED_AT = 500
"""Tickets from the head of the order that are looked at for risk; what stands further back is not next."""

_COUNTED = 2_000
"""Tickets of each pool that are counted, and looked through for the oldest."""

_RATE_OVER = timedelta(hours=1)

# Each pool's waiting tickets through its own index, so many at most that a screen may ask every few seconds.
_WAITING = """
    SELECT i.channel, t.priority, count(*) AS count, min(t.waiting_since) AS oldest
    FROM pools q JOIN inboxes i ON i.id = q.inbox_id CROSS JOIN LATERAL (
      SELECT priority, waiting_since FROM tickets WHERE waiting AND pool_id = q.id
      ORDER BY rank_at, id LIMIT $2
    ) AS t
    WHERE $1::uuid[] IS NULL OR q.inbox_id = ANY($1)
    GROUP BY i.channel, t.priority ORDER BY i.channel, t.priority
"""

_OLDEST = """
    SELECT t.* FROM pools q CROSS JOIN LATERAL (
      SELECT id, number, subject, priority, channel, due_at, waiting_since
      FROM tickets WHERE waiting AND pool_id = q.id ORDER BY rank_at, id LIMIT $2
    ) AS t
    WHERE $1::uuid[] IS NULL OR q.inbox_id = ANY($1) ORDER BY t.waiting_since, t.id LIMIT 1
"""

_NEXT = """
    SELECT n.*, c.calendar_id, c.target_seconds, c.started_at, c.consumed_seconds, c.running_since FROM (
      SELECT head.* FROM pools q CROSS JOIN LATERAL (
        SELECT t.id, t.number, t.subject, t.priority, t.channel, t.rank_at, t.start_by, t.due_at,
          t.waiting_since
        FROM tickets t WHERE t.waiting AND t.pool_id = q.id ORDER BY t.rank_at, t.id LIMIT $2
      ) AS head
      WHERE $1::uuid[] IS NULL OR q.inbox_id = ANY($1) ORDER BY head.rank_at, head.id LIMIT $2
    ) AS n LEFT JOIN LATERAL (
      SELECT * FROM sla_clocks WHERE ticket_id = n.id AND due_at = n.due_at LIMIT 1
    ) AS c ON true ORDER BY n.rank_at, n.id
"""

_TAKEN = """
    SELECT count(*) FROM events e
    WHERE e.at > $2 AND e.name = 'TicketAssigned' AND e.data->>'reason' IN ('claim', 'push', 'reply')
      AND ($1::uuid[] IS NULL
        OR EXISTS (SELECT FROM tickets t WHERE t.id = e.ticket_id AND t.inbox_id = ANY($1)))
"""

_BREACHED = """
    SELECT count(*) FROM events e JOIN tickets t ON t.id = e.ticket_id
    WHERE e.at >= $2 AND e.name = 'TargetBreached' AND e.data->>'cause' = 'time'
      AND ($1::uuid[] IS NULL OR t.inbox_id = ANY($1))
"""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A waiting ticket as prediction sees it. `clock` is that of the promise that is due first, if any."""

    start_by: datetime
    clock: sla.Clock | None = None


def expected_start(ahead: int, per_hour: float, now: datetime) -> datetime | None:
    """When all that is before a ticket is taken at this pace, and it is next; unknown while nobody takes any,
    but the first is next in any case."""
    if ahead == 0:
        return now
    return now + timedelta(hours=ahead / per_hour) if per_hour > 0 else None


def is_at_risk(ticket: Ahead, ahead: int, per_hour: float, now: datetime) -> bool:
    """Not late yet, but the work ahead is expected to outlast it, or under a fifth of its budget is left."""
    if ticket.start_by < now:
        return False
    start = expected_start(ahead, per_hour, now)
    if start is not None and start > ticket.start_by:
        return True
    return ticket.clock is not None and sla.clocks.runs_short(ticket.clock, now)


async def wall(tx: Transaction, today: datetime) -> Json:
    """`today` is when the reader's day began."""
    permissions.require_reader(tx.actor)
    connection, inboxes = await tx.driver(), _seen(tx)
    rate = await taken_per_hour(tx)
    upcoming = await connection.fetch(_NEXT, inboxes, _LOOKED_AT)
    late = [row for row in upcoming if row["start_by"] < tx.now]
    risky = await _at_risk(tx, upcoming, rate)
    oldest = await connection.fetchrow(_OLDEST, inboxes, _COUNTED)
    return {
        "as_of": tx.now,
        "waiting": [dict(row) for row in await connection.fetch(_WAITING, inboxes, _COUNTED)],
        "oldest": _named(oldest),
        "late": {"count": len(late), "first": [_named(row) for row in late[:5]]},
        "at_risk": {"count": len(risky), "first": [_named(row) for row in risky[:5]]},
        "breached_today": await connection.fetchval(_BREACHED, inboxes, today),
        "taken_per_hour": round(rate, 1),
        "agents": await distributing.desks(tx),
        "overload": (await overload.shown(tx)).to_dict(),
    }


async def at_risk(tx: Transaction) -> set[UUID]:
    """Which of the next waiting tickets will probably not be started in time."""
    rows = await (await tx.driver()).fetch(_NEXT, _seen(tx), _LOOKED_AT)
    return {row["id"] for row in await _at_risk(tx, rows, await taken_per_hour(tx))}


async def taken_per_hour(tx: Transaction) -> float:
    """The pace of the last hour, of what the reader sees."""
    taken = await (await tx.driver()).fetchval(_TAKEN, _seen(tx), tx.now - _RATE_OVER)
    return float(taken) / (_RATE_OVER / timedelta(hours=1))


def _seen(tx: Transaction) -> list[UUID] | None:
    return list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None


async def _at_risk(tx: Transaction, rows: Sequence[Json], rate: float) -> list[Json]:
    return [
        row
        for ahead, row in enumerate(rows)
        if is_at_risk(Ahead(row["start_by"], await _clock(tx, row)), ahead, rate, tx.now)
    ]


async def _clock(tx: Transaction, row: Json) -> sla.Clock | None:
    if row["calendar_id"] is None:
        return None
    return sla.Clock(
        target=row["target_seconds"],
        calendar=await sla.open_calendar(tx, row["calendar_id"]),
        started_at=row["started_at"],
        consumed=row["consumed_seconds"],
        running_since=row["running_since"],
        due_at=row["due_at"],
    )


def _named(row: Json | None) -> Json | None:
    if row is None:
        return None
    return {
        key: row[key] for key in ("id", "number", "subject", "priority", "channel", "waiting_since", "due_at")
    }
