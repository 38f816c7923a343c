"""Reading clocks, calendars and targets."""

from functools import lru_cache
from uuid import UUID

import orjson
from sqlalchemy import select

from helpdesk.domain import plans
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.sla.clocks import priority_factor
from helpdesk.domain.sla.model import Metric, SlaClock
from helpdesk.storage.transaction import Transaction


async def clocks_of(tx: Transaction, ticket_id: UUID) -> list[SlaClock]:
    """A ticket's clocks, oldest first."""
    return list(
        await tx.session.scalars(
            select(SlaClock).where(SlaClock.ticket_id == ticket_id).order_by(SlaClock.started_at, SlaClock.id)
        )
    )


async def open_calendar(tx: Transaction, calendar_id: UUID) -> Calendar:
    """The calendar as a value that can count."""
    return _parsed(orjson.dumps((await plans.calendar(tx, calendar_id)).hours))


@lru_cache(maxsize=256)
def _parsed(hours: bytes) -> Calendar:
    """Equal hours are read once, so the days a calendar has worked out stay worked out."""
    return Calendar.parse(orjson.loads(hours))


def target_for(plan: plans.Plan, channel: str, metric: Metric, priority: int) -> int | None:
    """Seconds that the plan promises, or None where it promises nothing."""
    seconds = plan.targets.get(channel, {}).get(metric.value)
    return None if seconds is None else max(1, round(seconds * priority_factor(priority)))
