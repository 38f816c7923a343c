"""A clock's row as the value that clocks.py reckons with, and back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from helpdesk.domain.sla import steps
from helpdesk.domain.sla.clocks import Cause, Clock, Fact, Kind
from helpdesk.domain.sla.model import SlaClock
from helpdesk.domain.sla.queries import calendar_at, open_calendar
from helpdesk.storage.transaction import Transaction


def is_under_way(row: SlaClock) -> bool:
    return row.met_at is None and row.stopped_at is None


async def value_of(tx: Transaction, row: SlaClock) -> Clock:
    return Clock(
        target=row.target_seconds,
        calendar=await open_calendar(tx, row.calendar_id),
        started_at=row.started_at,
        consumed=row.consumed_seconds,
        running_since=row.running_since,
        due_at=row.due_at,
        met_at=row.met_at,
        breached_at=row.breached_at,
        cause=Cause(row.cause) if row.cause else None,
    )


def store(row: SlaClock, clock: Clock, fact: Fact, calendar_id: UUID | None) -> None:
    row.target_seconds, row.started_at = clock.target, clock.started_at
    row.consumed_seconds, row.running_since, row.due_at = clock.consumed, clock.running_since, clock.due_at
    row.met_at, row.breached_at = clock.met_at, clock.breached_at
    row.cause = clock.cause.value if clock.cause else None
    ordered = [dict(step) for step in steps.in_order(row.steps or (), row.steps_taken or 0, clock)]
    if ordered != row.steps:
        row.steps = ordered
    row.next_step_at = steps.next_at(ordered, row.steps_taken or 0, clock)
    told: dict[str, Any] = {"kind": fact.kind.value, "at": fact.at.astimezone(UTC).isoformat()}
    if fact.target is not None:
        told |= {"target": fact.target, "calendar_id": str(calendar_id)}
    row.facts = [*row.facts, told]


async def fact_of(tx: Transaction, told: dict[str, Any]) -> Fact:
    at = datetime.fromisoformat(told["at"])
    calendar = await calendar_at(tx, UUID(told["calendar_id"]), at) if "calendar_id" in told else None
    return Fact(Kind(told["kind"]), at, told.get("target"), calendar)
