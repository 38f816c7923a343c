"""The whole desk at a glance: what waits, what is late or will be, what was missed, and who is at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from helpdesk.domain import permissions
from helpdesk.domain.tickets.queue import distributing, overload
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

_LOOKED_AT = 500
"""Tickets from the head of the order that are looked at for risk; what stands further back is not next."""

_RATE_OVER = timedelta(hours=1)

# Each pool's waiting tickets through its own index, a thousand at most of each priority of each pool.
_WAITING = """
    SELECT i.channel, t.priority, count(*) AS count, min(t.waiting_since) AS oldest
    FROM pools q JOIN inboxes i ON i.id = q.inbox_id CROSS JOIN LATERAL (
      SELECT priority, waiting_since FROM tickets WHERE waiting AND pool_id = q.id
      ORDER BY rank_at, id LIMIT 1000
    ) AS t
    WHERE $1::uuid[] IS NULL OR q.inbox_id = ANY($1)
    GROUP BY i.channel, t.priority ORDER BY i.channel, t.priority
"""

_NEXT = """
    SELECT head.* FROM pools q CROSS JOIN LATERAL (
      SELECT t.id, t.number, t.subject, t.priority, t.channel, t.rank_at, t.start_by, t.due_at,
        t.waiting_since,
        (SELECT c.target_seconds FROM sla_clocks c
          WHERE c.ticket_id = t.id AND c.due_at = t.due_at LIMIT 1) AS target
      FROM tickets t WHERE t.waiting AND t.pool_id = q.id ORDER BY t.rank_at, t.id LIMIT $2
    ) AS head
    WHERE $1::uuid[] IS NULL OR q.inbox_id = ANY($1) ORDER BY head.rank_at, head.id LIMIT $2
"""

_TAKEN = """
    SELECT count(*) FROM events
    WHERE at > $1 AND name = 'TicketAssigned' AND data->>'reason' IN ('claim', 'push', 'reply')
"""

_BREACHED = """
    SELECT count(*) FROM events e JOIN tickets t ON t.id = e.ticket_id
    WHERE e.at >= $2 AND e.name = 'TargetBreached' AND e.data->>'cause' = 'time'
      AND ($1::uuid[] IS NULL OR t.inbox_id = ANY($1))
"""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A waiting ticket as prediction sees it. `target` is the promise's budget in seconds, if any."""

    start_by: datetime
    due_at: datetime | None = None
    target: float | None = None


def expected_start(ahead: int, per_hour: float, now: datetime) -> datetime | None:
    """When a ticket with so many before it is taken at this pace; unknown while nobody takes any."""
    return now + timedelta(hours=(ahead + 1) / per_hour) if per_hour > 0 else None


def is_at_risk(ticket: Ahead, ahead: int, per_hour: float, now: datetime) -> bool:
    """Not late yet, but the work ahead is expected to outlast it, or under a fifth of its budget is left."""
    if ticket.start_by < now:
        return False
    start = expected_start(ahead, per_hour, now)
    if start is not None and start > ticket.start_by:
        return True
    if ticket.due_at is None or ticket.target is None:
        return False
    return (ticket.due_at - now).total_seconds() < 0.2 * ticket.target


async def wall(tx: Transaction, today: datetime) -> Json:
    """`today` is when the reader's day began."""
    permissions.require_reader(tx.actor)
    connection = await tx.driver()
    inboxes = list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None
    rate = await taken_per_hour(tx)
    upcoming = await connection.fetch(_NEXT, inboxes, _LOOKED_AT)
    late = [row for row in upcoming if row["start_by"] < tx.now]
    risky = _at_risk(tx, upcoming, rate)
    return {
        "as_of": tx.now,
        "waiting": [dict(row) for row in await connection.fetch(_WAITING, inboxes)],
        "oldest": _named(min(upcoming, key=lambda row: row["waiting_since"] or tx.now, default=None)),
        "late": {"count": len(late), "first": [_named(row) for row in late[:5]]},
        "at_risk": {"count": len(risky), "first": [_named(row) for row in risky[:5]]},
        "breached_today": await connection.fetchval(_BREACHED, inboxes, today),
        "taken_per_hour": round(rate, 1),
        "agents": await distributing.desks(tx),
        "overload": (await overload.shown(tx)).to_dict(),
    }


async def at_risk(tx: Transaction) -> set[UUID]:
    """Which of the next waiting tickets will probably not be started in time."""
    connection = await tx.driver()
    inboxes = list(tx.actor.inbox_ids) if tx.actor.inbox_ids is not None else None
    rows = await connection.fetch(_NEXT, inboxes, _LOOKED_AT)
    return {row["id"] for row in _at_risk(tx, rows, await taken_per_hour(tx))}


async def taken_per_hour(tx: Transaction) -> float:
    """The pace of the last hour."""
    taken = await (await tx.driver()).fetchval(_TAKEN, tx.now - _RATE_OVER)
    return float(taken) / (_RATE_OVER / timedelta(hours=1))


def _at_risk(tx: Transaction, rows: Sequence[Json], rate: float) -> list[Json]:
    return [
        row
        for ahead, row in enumerate(rows)
        if is_at_risk(Ahead(row["start_by"], row["due_at"], row["target"]), ahead, rate, tx.now)
    ]


def _named(row: Json | None) -> Json | None:
    if row is None:
        return None
    return {
        key: row[key] for key in ("id", "number", "subject", "priority", "channel", "waiting_since", "due_at")
    }
