"""Where each pool's waiting tickets begin, so that a claim need not step over what was claimed before.

Claimed rows leave dead entries at the head of the index, and while some long report holds an old snapshot
PostgreSQL may not clear them away. So each pool remembers a rank below which none of its tickets waits.

It never hides one. Whoever makes a ticket wait holds the pool's row FOR KEY SHARE until the commit and reads
the mark under that lock (`keep`); the mark is raised only under FOR UPDATE, which no such transaction is
inside of, from what is waiting after that lock was got (`raise_it`). So each committed state, and with it
each snapshot that a claim reads by, has every waiting ticket at or above its pool's mark.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from helpdesk.storage.transaction import Transaction

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

_EACH = 64
"""Claims of this process after which a pool's mark is raised."""

_SLACK = timedelta(minutes=15)
"""A mark is lowered by so much more than it must, so that not every urgent arrival writes the pool's row."""

_HELD = "SELECT low_water FROM pools WHERE id = $1 FOR KEY SHARE"

_LOWER = "UPDATE pools SET low_water = $3 WHERE id = $1 AND low_water > $2"

_ALONE = "SELECT id FROM pools WHERE id = $1 FOR UPDATE SKIP LOCKED"

_RAISE = """
    UPDATE pools SET low_water = head.rank_at FROM (
      SELECT rank_at FROM tickets
      WHERE waiting AND pool_id = $1
        AND rank_at >= coalesce((SELECT low_water FROM pools WHERE id = $1), '-infinity')
      ORDER BY rank_at, id LIMIT (SELECT 1)
    ) AS head WHERE pools.id = $1 AND pools.low_water IS DISTINCT FROM head.rank_at
"""

"""`(SELECT 1)` as in claiming_alone: it must not look for one along the whole order."""

_claims: dict[UUID, int] = {}
_due: set[UUID] = set()


async def keep(tx: Transaction, pool_id: UUID, rank_at: datetime) -> None:
    """A ticket of this transaction begins to wait in the pool at this rank."""
    mark = await tx.connection.fetchval(_HELD, pool_id)
    if mark is not None and rank_at < mark:
        await tx.connection.execute(_LOWER, pool_id, rank_at, rank_at - _SLACK)


def count(pool_id: UUID) -> None:
    """A ticket of the pool was claimed."""
    _claims[pool_id] = claims = _claims.get(pool_id, 0) + 1
    if claims >= _EACH:
        _due.add(pool_id)


def is_due() -> bool:
    return bool(_due)


def due() -> list[UUID]:
    """Pools that were claimed from often enough; whoever is told raises their marks."""
    pools = list(_due)
    _due.clear()
    return pools


async def raise_it(tx: Transaction, pool_id: UUID) -> None:
    """Raises the mark of a pool, unless others are writing there. Nobody waits for the disk: what a crash
    takes back is a mark that stands lower again."""
    await tx.connection.execute("SET LOCAL synchronous_commit = off")
    if await tx.connection.fetchval(_ALONE, pool_id) is None:
        _claims[pool_id] = _EACH // 2  # soon again
        return
    _claims.pop(pool_id, None)
    await tx.connection.execute(_RAISE, pool_id)
