"""Asks people's calendars when they are away; what was good last stays, what is wrong is shown to them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.channels import fetching
from helpdesk.domain import oncall
from helpdesk.domain.oncall.rota.absences import LARGEST, read_absences
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.sealing import Sealer

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(hours=1)
_SECONDS = 15.0
_READING = 10.0


async def fetch_absences(workshop: Workshop, job: dict[str, Any]) -> None:
    """One calendar, once. Nothing is guessed from one that cannot be read."""
    feed_id = UUID(job["feed_id"])
    async with workshop.database.transaction(SYSTEM) as tx:
        found = await oncall.absence_feeds.get_feed(tx, feed_id)
        if found is None:
            return
        (feed, zone), now = found, tx.now
        sealed = feed.address
    try:
        url = Sealer(workshop.settings.key).open_text(sealed, oncall.absence_feeds.SEALED_FOR)
        data = await fetching.fetch(
            url,
            accept="text/calendar, */*;q=0.1",
            seconds=_SECONDS,
            largest=LARGEST,
            networks=workshop.settings.private_networks,
        )
        reading = asyncio.to_thread(read_absences, data, zone, now)
        absences = await asyncio.wait_for(reading, _READING)
    except (HelpdeskError, TimeoutError) as failure:
        error = getattr(failure, "code", "") or type(failure).__name__
        log.warning("absences_not_fetched", feed_id=str(feed_id), error=error)
        async with workshop.database.transaction(SYSTEM) as tx:
            await oncall.absence_feeds.failed(tx, feed_id, sealed, error)
        return
    async with workshop.database.transaction(SYSTEM) as tx:
        await oncall.absence_feeds.told(tx, feed_id, sealed, absences)


async def ask_calendars(workshop: Workshop) -> None:
    """Each once an hour."""
    async with workshop.database.transaction(SYSTEM) as tx:
        for feed_id in await oncall.absence_feeds.feeds_due(tx, tx.now - AGAIN_AFTER):
            tx.enqueue("fetch_absences", feed_id=str(feed_id))
