"""Time passing over the rota: duty is frozen, changes of shift are noticed, holes are foreseen and told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import any_, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import permissions
from helpdesk.domain.oncall.rota import duty, rest, schedules
from helpdesk.domain.oncall.rota.coverage import Finding, Problem, findings, handoffs
from helpdesk.domain.oncall.rota.model import Foreseen, Handover, ScheduleRow
from helpdesk.domain.oncall.rota.shifts import final
from helpdesk.errors import Conflict, Forbidden, NotFound
from helpdesk.storage.transaction import Transaction

_BEFORE = timedelta(seconds=1)
_RECORD_EVERY = timedelta(minutes=5)
_NEWS_FOR = timedelta(hours=1)
"""A change of shift that is noticed later, after a long stop, is written down but told to nobody."""


@dataclass(frozen=True)
class Problems:
    """What one schedule's coming time lacks."""

    schedule: ScheduleRow
    zone: str
    findings: tuple[Finding, ...]


async def due(tx: Transaction) -> list[UUID]:
    """Schedules whose people changed since the record ends, or whose record is older than a few minutes."""
    stored = await schedules.rows(tx)
    since = {one.id: one.recorded_until or one.created_at for one in stored}
    fresh = [one for one in stored if tx.now - since[one.id] < _RECORD_EVERY]
    found = [one.id for one in stored if one not in fresh]
    if fresh:
        start = min(since[one.id] for one in fresh) - _BEFORE
        loaded = await schedules.load_all(tx, fresh, start)
        for one in fresh:
            spans = final(loaded[one.id], since[one.id] - _BEFORE, tx.now + _BEFORE)
            if any(since[one.id] <= change.at <= tx.now for change in handoffs(spans)):
                found.append(one.id)
    return found


async def pass_time(tx: Transaction, schedule_id: UUID) -> list[Handover]:
    """Freeze duty up to now; each change of people since the last time becomes a handover, once."""
    stored = await schedules.lock(tx, schedule_id)
    since = stored.recorded_until or stored.created_at
    if since >= tx.now:
        return []
    schedule = await schedules.load(tx, schedule_id, since - _BEFORE)
    spans = final(schedule, since - _BEFORE, tx.now + _BEFORE)
    await duty.record(tx, stored, await schedules.load(tx, schedule_id, since))
    made = []
    for change in handoffs(spans):
        if not since <= change.at <= tx.now:
            continue
        row = insert(Handover).values(
            id=tx.new_id(),
            schedule_id=schedule_id,
            at=change.at,
            leaving=[UUID(person) for person in change.leaving],
            arriving=[UUID(person) for person in change.arriving],
            created_at=tx.now,
        )
        fresh = await tx.session.scalar(row.on_conflict_do_nothing().returning(Handover.id))
        if fresh is not None:
            if change.at > tx.now - _NEWS_FOR:
                tx.enqueue("tell_shift", handover_id=str(fresh))
            made.append(await tx.session.get_one(Handover, fresh))
    return made


async def write_note(tx: Transaction, handover_id: UUID, note: str) -> Handover:
    """By somebody who leaves the shift: it is theirs to tell."""
    handover = await get(tx, handover_id)
    if _own(tx) not in handover.leaving:
        raise Forbidden("not_your_handover")
    handover.note, handover.written_by = note.strip()[:4000], tx.actor.agent_id
    return handover


async def accept(tx: Transaction, handover_id: UUID) -> Handover:
    """Somebody who arrives has read it. Where the schedule wants a note, not before there is one."""
    handover = await get(tx, handover_id)
    if _own(tx) not in handover.arriving:
        raise Forbidden("not_your_handover")
    stored = await schedules.row(tx, handover.schedule_id)
    if stored.wants_handover and handover.leaving and not handover.note:
        raise Conflict("note_missing", "The person before you has not written a note yet.")
    if handover.accepted_at is None:
        handover.accepted_by, handover.accepted_at = tx.actor.agent_id, tx.now
    return handover


async def get(tx: Transaction, handover_id: UUID) -> Handover:
    found = await tx.session.get(Handover, handover_id, with_for_update=True)
    if found is None:
        raise NotFound("handover_not_found")
    return found


async def handovers(
    tx: Transaction, *, agent_id: UUID | None = None, schedule_id: UUID | None = None, limit: int = 20
) -> list[Handover]:
    """The newest, of one person or schedule."""
    query = select(Handover).order_by(Handover.at.desc()).limit(limit)
    if agent_id is not None:
        query = query.where(
            or_(literal(agent_id) == any_(Handover.leaving), literal(agent_id) == any_(Handover.arriving))
        )
    if schedule_id is not None:
        query = query.where(Handover.schedule_id == schedule_id)
    return list(await tx.session.scalars(query))


async def problems(tx: Transaction, ahead: timedelta | None = None) -> list[Problems]:
    """Gaps, empty and short shifts and nights without rest within each schedule's horizon."""
    return await foreseen(tx, await schedules.rows(tx), ahead)


async def foreseen(
    tx: Transaction, stored: Sequence[ScheduleRow], ahead: timedelta | None = None
) -> list[Problems]:
    """The problems of some schedules; those without any are left out."""
    permissions.require_reader(tx.actor)
    counts_nights = any(one.rota.get("most_nights") for one in stored)
    since = tx.now - rest.LOOK_BACK if counts_nights else tx.now
    loaded = await schedules.load_all(tx, stored, since)
    found = []
    for one in stored:
        until = tx.now + (ahead or timedelta(days=one.horizon_days))
        schedule = loaded[one.id]
        lacking = tuple(findings(schedule, tx.now, until))
        if lacking:
            found.append(Problems(one, schedule.time_zone, lacking))
    return found


async def warn(tx: Transaction) -> list[tuple[ScheduleRow, Foreseen]]:
    """What is foreseen for the first time; the caller tells who can mend it, in the same transaction."""
    fresh = []
    for one in await problems(tx):
        for finding in one.findings:
            if finding.problem is Problem.REST and finding.start <= tx.now:
                continue  # told when it could still be helped
            row = insert(Foreseen).values(
                id=tx.new_id(),
                schedule_id=one.schedule.id,
                problem=finding.problem.value,
                starts_at=_stable(finding.start, tx.now),
                ends_at=finding.end,
                told_at=tx.now,
            )
            made = await tx.session.scalar(row.on_conflict_do_nothing().returning(Foreseen.id))
            if made is not None:
                fresh.append((one.schedule, await tx.session.get_one(Foreseen, made)))
    return fresh


def _stable(start: datetime, now: datetime) -> datetime:
    """One that has begun is told once a day, not once a minute."""
    return start if start > now else now.replace(hour=0, minute=0, second=0, microsecond=0)


def _own(tx: Transaction) -> UUID:
    permissions.require_writer(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("no_agent")
    return tx.actor.agent_id
