"""Stored schedules as the pure functions want them, and how they are edited: from now on, never backwards."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, select

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions, plans
from helpdesk.domain.oncall.rota import drafts, duty
from helpdesk.domain.oncall.rota.comparison import Comparison, compare
from helpdesk.domain.oncall.rota.drafts import ScheduleDraft
from helpdesk.domain.oncall.rota.model import DutyRow, OverrideRow, RotaRevision, ScheduleRow, TimeOff
from helpdesk.domain.oncall.rota.overrides import Change, Duty, Override
from helpdesk.domain.oncall.rota.restrictions import Span, cut, united
from helpdesk.domain.oncall.rota.shifts import Record, Schedule, final
from helpdesk.errors import Conflict, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

PREVIEW = timedelta(days=62)
"""How far ahead an edit is compared with what was planned."""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What stands beside the rotas themselves; time off and who has left count on all of them."""

    overrides: dict[UUID, tuple[Override, ...]]
    time_off: tuple[Duty, ...]
    heard_at: tuple[datetime, ...]
    """When each time off was made known."""
    left: dict[str, datetime]

    def off_on(self, schedule_id: UUID) -> tuple[Duty, ...]:
        """Whoever had a stand-in before they said that they are away keeps that stand-in."""
        stood_in = [one for one in self.overrides.get(schedule_id, ()) if one.change is Change.REPLACE]
        if not stood_in:
            return self.time_off
        found: list[Duty] = []
        for off, heard_at in zip(self.time_off, self.heard_at, strict=True):
            spans = [
                (one.start, min(one.end, self.left.get(one.person or "", one.end)))
                for one in stood_in
                if one.target == off.person and one.created_at <= heard_at
            ]
            found += (
                [Duty(off.person, start, end) for start, end in _left_over(off, spans)] if spans else [off]
            )
        return tuple(found)

    def by_person(self) -> dict[str, tuple[datetime | Duty, ...]]:
        away: dict[str, tuple[datetime | Duty, ...]] = {person: (at,) for person, at in self.left.items()}
        for off in self.time_off:
            away[off.person] = (*away.get(off.person, ()), off)
        return away


async def load(tx: Transaction, schedule_id: UUID, start: datetime | None = None) -> Schedule:
    """The schedule with everything that decides who is on call from `start` (now) on."""
    found = await load_all(tx, [await row(tx, schedule_id)], start)
    return found[schedule_id]


async def load_all(
    tx: Transaction, rows: Sequence[ScheduleRow], start: datetime | None = None
) -> dict[UUID, Schedule]:
    """Many at once: four questions to the database, however many there are."""
    since = start or tx.now
    known = await exceptions_of(tx, [one.id for one in rows], since)
    asks_past = [one.id for one in rows if one.recorded_until is not None and one.recorded_until > since]
    recorded = await _recorded(tx, asks_past, since) if asks_past else {}
    days_off = await _days_off(tx, {one.rota["calendar_id"] for one in rows if one.rota.get("calendar_id")})
    found = {}
    for one in rows:
        schedule = Schedule.parse({**one.rota, "id": str(one.id), "name": one.name, "minimum": one.minimum})
        record = None
        if one.id in asks_past and one.recorded_until is not None:
            record = Record(one.recorded_until, tuple(recorded.get(one.id, ())))
        found[one.id] = replace(
            schedule,
            overrides=known.overrides.get(one.id, ()),
            time_off=known.off_on(one.id),
            left=known.left,
            record=record,
            holidays=days_off.get(schedule.calendar_id or "", schedule.holidays),
        )
    return found


async def exceptions_of(tx: Transaction, schedule_ids: Sequence[UUID], since: datetime) -> Exceptions:
    """Everything that is not over by then."""
    found = await _overrides(tx, schedule_ids, since)
    overrides = {schedule_id: tuple(own) for schedule_id, own in found.items()}
    away = await _time_off(tx, since)
    time_off = tuple(Duty(str(one.agent_id), one.starts_at, one.ends_at) for one in away)
    return Exceptions(overrides, time_off, tuple(one.created_at for one in away), await _left(tx))


async def rows(tx: Transaction) -> list[ScheduleRow]:
    return list(await tx.session.scalars(select(ScheduleRow).order_by(ScheduleRow.name)))


async def row(tx: Transaction, schedule_id: UUID) -> ScheduleRow:
    found = await tx.session.get(ScheduleRow, schedule_id)
    if found is None:
        raise NotFound("schedule_not_found")
    return found


async def create(
    tx: Transaction, draft: ScheduleDraft, team_id: UUID | None = None, *, wants_handover: bool = False
) -> ScheduleRow:
    """Leads and above."""
    permissions.require_role(tx.actor, Role.LEAD)
    await agents.require_open_team(tx, team_id)
    await _require_calendar(tx, draft)
    planned = drafts.drafted(Schedule(id="new", time_zone=draft.time_zone), draft, tx.now)
    made = ScheduleRow(
        id=tx.new_id(),
        name=planned.name,
        team_id=team_id,
        rota=drafts.rota_of(planned),
        minimum=planned.minimum,
        horizon_days=60,
        wants_handover=wants_handover,
        version=1,
        recorded_until=tx.now,
        created_at=tx.now,
    )
    tx.session.add(made)
    await tx.session.flush()
    keep_revision(tx, made.id, made.version, made.rota)
    return made


async def change(tx: Transaction, schedule_id: UUID, draft: ScheduleDraft, version: int) -> ScheduleRow:
    """Closes the rotations' versions that change and opens others; what has been is recorded before.

    Errors: Conflict when somebody else saved since `version` was read.
    """
    permissions.require_role(tx.actor, Role.LEAD)
    stored = await lock(tx, schedule_id)
    if stored.version != version:
        raise Conflict("version", "Somebody changed this schedule meanwhile.")
    await _require_calendar(tx, draft)
    await duty.record(tx, stored, await load(tx, schedule_id, stored.recorded_until or stored.created_at))
    planned = drafts.drafted(await load(tx, schedule_id), draft, tx.now)
    stored.name, stored.minimum = planned.name, planned.minimum
    stored.rota, stored.version = drafts.rota_of(planned), stored.version + 1
    keep_revision(tx, stored.id, stored.version, stored.rota)
    return stored


async def preview(tx: Transaction, schedule_id: UUID, draft: ScheduleDraft) -> Comparison:
    """Who would gain and lose which hours from now on."""
    current = await load(tx, schedule_id)
    after = drafts.drafted(current, draft, tx.now)
    if after.calendar_id != current.calendar_id and after.calendar_id is not None:
        days_off = await _days_off(tx, {after.calendar_id})
        after = replace(after, holidays=days_off.get(after.calendar_id, {}))
    return compared(current, after, tx.now, tx.now + PREVIEW)


def compared(before: Schedule, after: Schedule, start: datetime, end: datetime) -> Comparison:
    return compare(final(before, start, end), final(after, start, end))


async def lock(tx: Transaction, schedule_id: UUID) -> ScheduleRow:
    """One editor at a time."""
    found = await tx.session.get(ScheduleRow, schedule_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("schedule_not_found")
    return found


async def settle_past(tx: Transaction, schedule_id: UUID) -> ScheduleRow:
    """The schedule, locked, with its past recorded up to now: what every change begins with."""
    stored = await lock(tx, schedule_id)
    await duty.record(tx, stored, await load(tx, schedule_id, stored.recorded_until or stored.created_at))
    return stored


def keep_revision(tx: Transaction, subject_id: UUID, version: int, content: Json) -> None:
    tx.session.add(
        RotaRevision(
            id=tx.new_id(),
            subject_id=subject_id,
            version=version,
            content=content,
            by_id=tx.actor.agent_id or tx.actor.id,
            by_name=tx.actor.name,
            at=tx.now,
        )
    )


async def revisions(tx: Transaction, subject_id: UUID, limit: int = 20) -> list[RotaRevision]:
    query = select(RotaRevision).where(RotaRevision.subject_id == subject_id)
    return list(await tx.session.scalars(query.order_by(RotaRevision.version.desc()).limit(limit)))


def as_override(stored: OverrideRow) -> Override:
    return Override(
        id=str(stored.id),
        change=Change(stored.change),
        start=stored.starts_at,
        end=stored.ends_at,
        created_at=stored.created_at,
        person=str(stored.person_id) if stored.person_id else None,
        target=str(stored.target_id) if stored.target_id else None,
        reason=stored.reason,
    )


def _left_over(off: Duty, spans: Iterable[Span]) -> list[Span]:
    """The parts of a time off outside these spans."""
    end = off.end or datetime.max.replace(tzinfo=off.start.tzinfo)
    found, at = [], off.start
    for opens, closes in united(cut(spans, off.start, end)):
        found.append((at, opens))
        at = closes
    return [(opens, closes) for opens, closes in [*found, (at, end)] if opens < closes]


async def _require_calendar(tx: Transaction, draft: ScheduleDraft) -> None:
    """Errors: NotFound for a calendar that is not there."""
    if draft.calendar_id is not None:
        await plans.calendar(tx, UUID(draft.calendar_id))


async def _overrides(
    tx: Transaction, schedule_ids: Sequence[UUID], since: datetime
) -> dict[UUID, list[Override]]:
    query = select(OverrideRow).where(
        OverrideRow.schedule_id == any_(literal(list(schedule_ids), ARRAY(Uuid()))),
        OverrideRow.ends_at > since,
        OverrideRow.removed_at.is_(None),
        OverrideRow.person_id.is_distinct_from(
            OverrideRow.target_id
        ),  # such were taken once: they say nothing
    )
    found: dict[UUID, list[Override]] = {}
    for one in await tx.session.scalars(query.order_by(OverrideRow.created_at, OverrideRow.id)):
        found.setdefault(one.schedule_id, []).append(as_override(one))
    return found


async def _time_off(tx: Transaction, since: datetime) -> Sequence[TimeOff]:
    query = select(TimeOff).where(TimeOff.ends_at > since, TimeOff.removed_at.is_(None))
    return (await tx.session.scalars(query.order_by(TimeOff.starts_at))).all()


async def _days_off(tx: Transaction, calendar_ids: Collection[str]) -> dict[str, dict[date, str]]:
    """The days off of these calendars, each with its name."""
    if not calendar_ids:
        return {}
    query = select(plans.CalendarRow.id, plans.CalendarRow.hours["holidays"])
    wanted = [UUID(one) for one in calendar_ids]
    found: dict[str, dict[date, str]] = {}
    for calendar_id, days in await tx.session.execute(query.where(plans.CalendarRow.id.in_(wanted))):
        named = days.items() if isinstance(days, dict) else ((on, "") for on in days or ())
        found[str(calendar_id)] = {date.fromisoformat(on): name for on, name in named}
    return found


async def _left(tx: Transaction) -> dict[str, datetime]:
    query = select(agents.Agent.id, agents.Agent.disabled_at).where(agents.Agent.disabled_at.is_not(None))
    return {str(agent_id): at for agent_id, at in await tx.session.execute(query) if at is not None}


async def _recorded(tx: Transaction, schedule_ids: Sequence[UUID], since: datetime) -> dict[UUID, list[Duty]]:
    query = select(DutyRow).where(DutyRow.schedule_id.in_(schedule_ids), DutyRow.ends_at > since)
    found: dict[UUID, list[Duty]] = {}
    for one in await tx.session.scalars(query.order_by(DutyRow.starts_at)):
        found.setdefault(one.schedule_id, []).append(Duty(str(one.agent_id), one.starts_at, one.ends_at))
    return found
