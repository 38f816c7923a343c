"""Shifts as calendar applications read them: secret addresses, shifts that are gone shown as cancelled."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import permissions
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.coverage import shifts
from helpdesk.domain.oncall.rota.model import CalendarFeed, PublishedShift, ScheduleRow
from helpdesk.errors import Forbidden, NotFound
from helpdesk.storage.transaction import Transaction

AHEAD = timedelta(days=120)
BEHIND = timedelta(days=30)


async def new_feed(tx: Transaction, schedule_id: UUID | None = None) -> tuple[CalendarFeed, str]:
    """An address for the acting agent: of a schedule, or of their own shifts. The secret is told once."""
    permissions.require_writer(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("no_agent")
    token = secrets.token_urlsafe(32)
    made = CalendarFeed(
        id=tx.new_id(),
        token_hash=_hash(token),
        agent_id=tx.actor.agent_id,
        schedule_id=schedule_id,
        created_at=tx.now,
    )
    tx.session.add(made)
    await tx.session.flush()
    return made, token


async def revoke_feed(tx: Transaction, feed_id: UUID) -> None:
    feed = await tx.session.get(CalendarFeed, feed_id)
    if feed is None or feed.agent_id != tx.actor.agent_id:
        raise NotFound("feed_not_found")
    feed.revoked_at = feed.revoked_at or tx.now


async def feeds_of(tx: Transaction, agent_id: UUID) -> list[CalendarFeed]:
    query = select(CalendarFeed).where(CalendarFeed.agent_id == agent_id, CalendarFeed.revoked_at.is_(None))
    return list(await tx.session.scalars(query.order_by(CalendarFeed.created_at)))


async def feed_by(tx: Transaction, token: str) -> CalendarFeed:
    """Errors: NotFound for an address nobody made, or whose owner revoked it."""
    query = select(CalendarFeed).where(
        CalendarFeed.token_hash == _hash(token), CalendarFeed.revoked_at.is_(None)
    )
    feed: CalendarFeed | None = await tx.session.scalar(query)
    if feed is None:
        raise NotFound("feed_not_found")
    return feed


async def publish(tx: Transaction, stored: ScheduleRow) -> list[PublishedShift]:
    """What feeds show of a schedule now. A shift keeps its row from its first showing on: changed ones count
    up, those that are gone (or were before) stay as cancelled."""
    start, end = tx.now - BEHIND, tx.now + AHEAD
    await schedules.lock(tx, stored.id)
    schedule = await schedules.load(tx, stored.id, start)
    planned = {(UUID(one.person), one.start): one for one in shifts(schedule, start, end)}
    query = select(PublishedShift).where(
        PublishedShift.schedule_id == stored.id, PublishedShift.ends_at > start
    )
    known = {(one.agent_id, one.starts_at): one for one in await tx.session.scalars(query)}
    for place, shift in planned.items():
        shown = known.get(place)
        if shown is None:
            shown = known[place] = PublishedShift(
                id=tx.new_id(),
                schedule_id=stored.id,
                agent_id=place[0],
                starts_at=place[1],
                ends_at=shift.end,
                sequence=0,
                changed_at=tx.now,
            )
            tx.session.add(shown)
        elif (shown.ends_at != shift.end and not shift.truncated) or shown.cancelled_at is not None:
            _count_up(tx, shown)
            shown.ends_at, shown.cancelled_at = shift.end, None
    for place, shown in known.items():
        if place not in planned and shown.cancelled_at is None and shown.starts_at >= start:
            _count_up(tx, shown)
            shown.cancelled_at = tx.now
    await tx.session.flush()
    return sorted(known.values(), key=lambda one: (one.starts_at, one.id))


def _count_up(tx: Transaction, shown: PublishedShift) -> None:
    shown.sequence, shown.changed_at = shown.sequence + 1, tx.now


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
