"""Where each pool's waiting tickets begin, remembered for a moment.

Claimed rows leave dead entries at the head of the index, and while some long report holds an old snapshot
PostgreSQL may not clear them away: every claim would step over all of them. So a claim starts at the first
rank that was seen waiting. That is only ever a place to start from: it is forgotten after two seconds,
lowered when this process puts a ticket below it, and left aside when nothing is found from there on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_BELIEVED = timedelta(seconds=2)
_POOLS = 10_000

EVERYTHING = UUID(int=0)
"""Stands for the whole queue, all pools together."""

_marks: dict[UUID, tuple[datetime, datetime]] = {}


def starts(pools: Sequence[UUID], now: datetime) -> list[datetime]:
    """For each pool the rank from which to look."""
    return [_start(pool, now) for pool in pools]


def remember(pool: UUID, first_rank: datetime, now: datetime) -> None:
    """The first waiting ticket of the pool was seen at this rank. When it was first remembered counts, so
    that a full look follows in time."""
    if len(_marks) > _POOLS:
        _marks.clear()
    _, since = _marks.get(pool, (first_rank, now))
    _marks[pool] = first_rank, since if timedelta() <= now - since < _BELIEVED else now


def lower(pool: UUID, rank_at: datetime) -> None:
    """A ticket was put at this rank."""
    for one in (pool, EVERYTHING):
        mark = _marks.get(one)
        if mark is not None and rank_at < mark[0]:
            del _marks[one]


def _start(pool: UUID, now: datetime) -> datetime:
    mark = _marks.get(pool)
    if mark is None or not timedelta() <= now - mark[1] < _BELIEVED:
        return BEGINNING
    return mark[0]
