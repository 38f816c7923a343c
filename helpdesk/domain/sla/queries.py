"""Reading clocks, calendars and targets."""

from datetime import datetime
from functools import lru_cache
from uuid import UUID

import orjson
from sqlalchemy import and_, not_, or_, select

from helpdesk.domain import plans
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.sla.clocks import priority_factor
from helpdesk.domain.sla.model import CalendarRevision, Metric, SlaClock, SlaPolicy
from helpdesk.domain.sla.terms import Standing, Terms, first_match, joined, joined_priorities
from helpdesk.storage.transaction import Transaction

_is_history = and_(
    SlaClock.metric.in_([Metric.NEXT_RESPONSE.value, Metric.UPDATE.value]),
    or_(SlaClock.met_at.is_not(None), SlaClock.stopped_at.is_not(None)),
    SlaClock.due_at.is_(None),
    SlaClock.next_step_at.is_(None),
    SlaClock.origin_id.is_(None),
)


async def clocks_of(tx: Transaction, ticket_id: UUID) -> list[SlaClock]:
    """A ticket's clocks, oldest first."""
    return list(
        await tx.session.scalars(
            select(SlaClock).where(SlaClock.ticket_id == ticket_id).order_by(SlaClock.started_at, SlaClock.id)
        )
    )


async def held_clocks(tx: Transaction, ticket_id: UUID) -> list[SlaClock]:
    """The clocks of a ticket this transaction has locked, read once with their calendars: nobody else may
    change them meanwhile. Whoever starts one adds it to the list. Left out are answers that were given, so
    that the hundredth message of a chat costs what the first did.
    """
    if ticket_id not in tx.held:
        query = (
            select(SlaClock, plans.CalendarRow)
            .join(plans.CalendarRow, plans.CalendarRow.id == SlaClock.calendar_id)
            .where(SlaClock.ticket_id == ticket_id, not_(_is_history))
            .order_by(SlaClock.started_at, SlaClock.id)
        )
        with tx.session.no_autoflush:
            found = (await tx.session.execute(query)).all()
        tx.known |= {(plans.CalendarRow, calendar.id): calendar for _, calendar in found}
        tx.held[ticket_id] = [clock for clock, _ in found]
    held: list[SlaClock] = tx.held[ticket_id]
    return held


async def awaits_answer(tx: Transaction, ticket_id: UUID) -> bool:
    """Whether what the contact writes now starts a clock of its own: the first response was given, or never
    promised, and no further one is awaited."""
    waited_for = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE)
    if ticket_id in tx.held:
        held: list[SlaClock] = tx.held[ticket_id]
        return not any(c.metric in waited_for and c.met_at is None and c.stopped_at is None for c in held)
    open_one = await (await tx.driver()).fetchval(
        "SELECT 1 FROM sla_clocks WHERE ticket_id = $1 AND metric = ANY($2) AND met_at IS NULL"
        " AND stopped_at IS NULL LIMIT 1",
        ticket_id,
        list(waited_for),
    )
    return open_one is None


async def open_calendar(tx: Transaction, calendar_id: UUID) -> Calendar:
    """The calendar as a value that can count."""
    return _parsed(orjson.dumps((await plans.calendar(tx, calendar_id)).hours))


async def calendar_at(tx: Transaction, calendar_id: UUID, at: datetime) -> Calendar:
    """Its hours as they were at a moment: a promise made then was made by them."""
    if calendar_id not in tx.held:
        query = select(CalendarRevision.until, CalendarRevision.hours)
        query = query.where(CalendarRevision.calendar_id == calendar_id).order_by(CalendarRevision.until)
        tx.held[calendar_id] = (await tx.session.execute(query)).all()
    for until, hours in tx.held[calendar_id]:
        if until > at:
            return _parsed(orjson.dumps(hours))
    return await open_calendar(tx, calendar_id)


@lru_cache(maxsize=256)
def _parsed(hours: bytes) -> Calendar:
    """Equal hours are read once, so the days a calendar has worked out stay worked out."""
    return Calendar.parse(orjson.loads(hours))


def target_for(terms: Terms, channel: str, metric: Metric, priority: int) -> int | None:
    """Seconds that the terms promise, or None where they promise nothing."""
    factor = priority_factor(priority)
    own = terms.priority_targets.get(channel, {}).get(metric.value, {}).get(f"P{priority}")
    if own is not None:
        return own
    seconds = terms.targets.get(channel, {}).get(metric.value)
    return None if seconds is None else max(1, round(seconds * factor))


def promised(terms: Terms, channel: str, priority: int) -> set[str]:
    """The metrics that have a target there."""
    return {metric.value for metric in Metric if target_for(terms, channel, metric, priority) is not None}


ALL_POLICIES = ("sla policies",)
"""Under this name a transaction has read them once."""


async def policies(tx: Transaction) -> list[SlaPolicy]:
    """In the order in which they are asked."""
    return list(await tx.session.scalars(select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)))


async def policy_for(tx: Transaction, ticket: Standing) -> SlaPolicy | None:
    return first_match(await tx.once(ALL_POLICIES, lambda: policies(tx)), ticket)


def terms_of(plan: plans.Plan | None, policy: SlaPolicy | None) -> Terms | None:
    """What is promised by a plan, a policy, or both; None where nothing is, or no calendar says when."""
    calendar_id = (policy.calendar_id if policy else None) or (plan.calendar_id if plan else None)
    if calendar_id is None:
        return None
    targets = joined(plan.targets if plan else {}, policy.targets if policy else {})
    own = (plan.priority_targets or {}) if plan else {}
    if policy is None:
        return Terms(calendar_id, targets, priority_targets=own)
    own = joined_priorities(own, policy.priority_targets or {}, policy.targets)
    return Terms(calendar_id, targets, policy.pauses_in, policy.steps, own)
