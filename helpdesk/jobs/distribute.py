"""Work finds whoever is free: at every change that may free somebody or bring work."""

import asyncio
from typing import Any

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.domain import tickets
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction

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


class Distributor:
    """Distributes after each commit in this process that touched a ticket, however many came meanwhile at
    once. What other processes commit is seen by the timetable within a second."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._due = asyncio.Event()
        workshop.database.on_commit(self._committed)

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

    def _committed(self, tx: Transaction) -> None:
        if tx.touched:
            self._due.set()
