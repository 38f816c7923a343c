"""The second path: when ringing is a minute late, the web process rings by itself, without the job queue."""

import asyncio

import structlog

from helpdesk.actors import SYSTEM
from helpdesk.domain import oncall, tickets
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.ring import ring
from helpdesk.jobs.workshop import Workshop

log = structlog.get_logger(__name__)

PATIENCE = 60.0
"""Seconds an alert's step or ring may be overdue before somebody else takes over."""

EVERY = 10.0


async def watch(workshop: Workshop) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            await look(workshop)
        except HelpdeskError as failure:
            log.warning("dead_man_blind", error=str(failure))
        except Exception:
            log.exception("dead_man_failed")


async def look(workshop: Workshop) -> bool:
    """Whether it had to ring. What the worker does meanwhile is not done twice: both take the same locks."""
    async with workshop.database.transaction(SYSTEM) as tx:
        late = await oncall.oldest_overdue(tx)
        due = await oncall.due_alerts(tx) if late > PATIENCE else []
    if late <= PATIENCE:
        return False
    log.error("dead_man_rings", overdue_seconds=round(late))
    for alert_id, ticket_id in due:
        try:
            async with workshop.database.transaction(SYSTEM) as tx:
                await tickets.escalate(tx, alert_id, ticket_id)
        except Exception:
            log.exception("dead_man_failed_on_one", alert=str(alert_id))
    async with workshop.database.transaction(SYSTEM) as tx:
        methods = await oncall.ringing.methods_due(tx)
    for method_id in methods:
        await ring(workshop, {"method_id": str(method_id)})
    return True
