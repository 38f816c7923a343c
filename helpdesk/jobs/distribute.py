"""Work finds whoever is free: at every change that may free somebody or bring work."""

import asyncio
from typing import Any

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.domain import tickets
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.wakeups import Wakeups

log = structlog.get_logger(__name__)


async def distribute(workshop: Workshop, job: dict[str, Any] | None = None) -> None:
    """Safe to run at any time; does nothing where no team has its work assigned."""
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.distribute(tx)


async def release_unattended(workshop: Workshop) -> None:
    """What nobody is at any more returns to the queue."""
    async with workshop.database.transaction(SYSTEM) as tx:
        released = await tickets.release_unattended(tx)
    if released:
        await distribute(workshop)


async def watch_overload(workshop: Workshop) -> None:
    """Tells the lead once while more is late than people are there."""
    async with workshop.database.transaction(SYSTEM) as tx:
        await tickets.overload.alert(tx)


_BREATH = 0.1
"""Seconds between two runs: at a rush one run looks at what many commits brought."""


class Distributor:
    """Distributes after each commit that touched a ticket, in this process and others, however many came
    meanwhile at once. A hint that was lost is made good by the timetable within a second."""

    def __init__(self, workshop: Workshop, wakeups: Wakeups) -> None:
        self._workshop = workshop
        self._due = asyncio.Event()
        wakeups.on_hint(lambda ticket_ids: self._due.set())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await distribute(self._workshop)
            except HelpdeskError as failure:
                log.warning("distribution_delayed", error=str(failure))
            except Exception:
                log.exception("distribution_failed")
            await asyncio.sleep(_BREATH)
