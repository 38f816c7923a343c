"""Calendars of people, asked again and again when their owners are away; what was good last stays."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.rota import exceptions
from helpdesk.domain.oncall.rota.absences import Absence
from helpdesk.domain.oncall.rota.model import AbsenceFeed, TimeOff
from helpdesk.errors import Forbidden
from helpdesk.storage.transaction import Transaction

SEALED_FOR = "absence-feed"
"""What an address is sealed for."""

_PREFIX = "feed "


async def keep_feed(tx: Transaction, sealed: bytes | str) -> AbsenceFeed:
    """The acting agent's calendar address, sealed; it is asked at once. Another one takes its place."""
    agent_id = _own(tx)
    feed = await feed_of(tx, agent_id)
    if feed is None:
        feed = AbsenceFeed(id=tx.new_id(), agent_id=agent_id, created_at=tx.now, address="")
        tx.session.add(feed)
    feed.address, feed.tried_at, feed.fetched_at, feed.error = str(sealed), None, None, ""
    await tx.session.flush()
    tx.enqueue("fetch_absences", feed_id=str(feed.id))
    return feed


async def forget_feed(tx: Transaction) -> None:
    """The address goes, and what it told of days to come."""
    feed = await feed_of(tx, _own(tx))
    if feed is not None:
        await _keep_only(tx, feed.agent_id, set())
        await tx.session.delete(feed)


async def feed_of(tx: Transaction, agent_id: UUID) -> AbsenceFeed | None:
    found: AbsenceFeed | None = await tx.session.scalar(
        select(AbsenceFeed).where(AbsenceFeed.agent_id == agent_id)
    )
    return found


async def get_feed(tx: Transaction, feed_id: UUID) -> tuple[AbsenceFeed, str] | None:
    """With its owner's time zone; None once it or its owner is gone."""
    feed = await tx.session.get(AbsenceFeed, feed_id, populate_existing=True)
    if feed is None:
        return None
    owner = await agents.get(tx, feed.agent_id)
    return None if owner.disabled_at is not None else (feed, owner.time_zone)


async def feeds_due(tx: Transaction, before: datetime) -> list[UUID]:
    """Marked as asked, so that each is asked once. Of people who are still there."""
    query = (
        select(AbsenceFeed)
        .join(agents.Agent, AbsenceFeed.agent_id == agents.Agent.id)
        .where(
            agents.Agent.disabled_at.is_(None),
            or_(AbsenceFeed.tried_at.is_(None), AbsenceFeed.tried_at <= before),
        )
        .order_by(AbsenceFeed.tried_at.nulls_first())
        .limit(100)
        .with_for_update(of=AbsenceFeed, skip_locked=True)
    )
    found = list(await tx.session.scalars(query))
    for feed in found:
        feed.tried_at = tx.now
    return [feed.id for feed in found]


async def told(tx: Transaction, feed_id: UUID, address: str, absences: Sequence[Absence]) -> None:
    """What the calendar says now; what it says no more ends. Nothing when the address changed meanwhile."""
    feed = await tx.session.get(AbsenceFeed, feed_id, with_for_update=True, populate_existing=True)
    if feed is None or feed.address != address:
        return
    named = [(_PREFIX + uid, span, summary) for uid, span, summary in absences]
    await exceptions.import_time_off(tx, feed.agent_id, named)
    await _keep_only(tx, feed.agent_id, {uid for uid, _, _ in named})
    feed.tried_at = feed.fetched_at = tx.now
    feed.error = ""


async def failed(tx: Transaction, feed_id: UUID, address: str, error: str) -> None:
    """What is wrong is shown to its owner; the absences known so far count on."""
    feed = await tx.session.get(AbsenceFeed, feed_id, with_for_update=True, populate_existing=True)
    if feed is not None and feed.address == address:
        feed.tried_at, feed.error = tx.now, error[:300]


async def _keep_only(tx: Transaction, agent_id: UUID, uids: set[str]) -> None:
    query = select(TimeOff).where(
        TimeOff.agent_id == agent_id,
        TimeOff.source.startswith(_PREFIX),
        TimeOff.removed_at.is_(None),
        TimeOff.ends_at > tx.now,
    )
    for one in list(await tx.session.scalars(query)):
        if one.source not in uids:
            await exceptions.remove_time_off(tx, one.id)


def _own(tx: Transaction) -> UUID:
    permissions.require_writer(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("no_agent")
    return tx.actor.agent_id
