"""Fetches the holidays of calendars that take them from an address; what was good last stays."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.channels import fetching
from helpdesk.domain.sla import calendars, holiday_feeds
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.workshop import Workshop

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(days=1)
_SECONDS = 15.0
_READING = 10.0


async def fetch_holidays(workshop: Workshop, job: dict[str, Any]) -> None:
    """One address, once. What is wrong with it is shown beside it, and it is asked again the next day."""
    calendar_id = UUID(job["calendar_id"])
    async with workshop.database.transaction(SYSTEM) as tx:
        feed = await calendars.feed_of(tx, calendar_id)
        if feed is None:
            return
        url, year = feed.url, tx.now.year
    try:
        accept = "text/calendar, */*;q=0.1"
        data = await fetching.fetch(url, accept=accept, seconds=_SECONDS, largest=holiday_feeds.LARGEST)
        days = await asyncio.wait_for(asyncio.to_thread(holiday_feeds.days_off, data, year - 1), _READING)
    except (HelpdeskError, TimeoutError) as failure:
        error = getattr(failure, "code", "") or type(failure).__name__
        log.warning("holidays_not_fetched", calendar_id=str(calendar_id), error=error)
        async with workshop.database.transaction(SYSTEM) as tx:
            await calendars.feed_failed(tx, calendar_id, url, error)
        return
    async with workshop.database.transaction(SYSTEM) as tx:
        await calendars.feed_told(tx, calendar_id, url, days)


async def keep_holidays(workshop: Workshop) -> None:
    """Addresses are asked once a day; computed holidays never run out."""
    async with workshop.database.transaction(SYSTEM) as tx:
        for calendar_id in await calendars.feeds_due(tx, tx.now - AGAIN_AFTER):
            tx.enqueue("fetch_holidays", calendar_id=str(calendar_id))
        for calendar_id in await calendars.outdated(tx):
            await calendars.refresh(tx, calendar_id)
