"""Who is on call now on every schedule: worked out once, remembered until something about it changes."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.coverage import NowAndNext, now_and_next
from helpdesk.domain.oncall.rota.model import ScheduleRow
from helpdesk.domain.oncall.rota.overrides import Override
from helpdesk.domain.oncall.rota.shifts import Schedule
from helpdesk.storage.transaction import Transaction

_LONGEST = timedelta(days=1)
_BY_CALENDAR = timedelta(minutes=1)
"""Where the holidays are a calendar's, which may be written anew at any time."""
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, while it holds: from `since` on, for what it was worked out from."""

    version: int
    overrides: tuple[Override, ...]
    people: frozenset[str]
    absences: Hashable
    since: datetime
    until: datetime
    found: NowAndNext


_kept: dict[UUID, _Kept] = {}
"""By schedule. Versions of a schedule only count up, so an older answer is never taken for a newer one."""


async def now_on_all(tx: Transaction) -> list[tuple[UUID, str, NowAndNext]]:
    """(schedule, its name, who is on call), by name. Four questions to the database while nothing changes."""
    query = select(ScheduleRow.id, ScheduleRow.name, ScheduleRow.version).order_by(ScheduleRow.name)
    known = [(row.id, row.name, row.version) for row in await tx.session.execute(query)]
    exceptions = await schedules.exceptions_of(tx, [one for one, _, _ in known], tx.now)
    away = exceptions.by_person()
    stale = [
        schedule_id
        for schedule_id, _, version in known
        if not _holds(
            _kept.get(schedule_id), version, exceptions.overrides.get(schedule_id, ()), away, tx.now
        )
    ]
    if stale:
        await _work_out(tx, stale, away)
    return [(schedule_id, name, _kept[schedule_id].found) for schedule_id, name, _ in known]


async def _work_out(tx: Transaction, stale: list[UUID], away: Mapping[str, Hashable]) -> None:
    if len(_kept) > _MOST:
        _kept.clear()
        stale = list(await tx.session.scalars(select(ScheduleRow.id)))
    rows = list(await tx.session.scalars(select(ScheduleRow).where(ScheduleRow.id.in_(stale))))
    loaded = await schedules.load_all(tx, rows)
    for row in rows:
        schedule = loaded[row.id]
        found, people = now_and_next(schedule, tx.now), _everybody(schedule)
        longest = tx.now + (_BY_CALENDAR if schedule.calendar_id else _LONGEST)
        until = min(found.next_at or longest, longest)
        _kept[row.id] = _Kept(
            row.version, schedule.overrides, people, _absences(people, away), tx.now, until, found
        )


def _holds(
    kept: _Kept | None,
    version: int,
    overrides: tuple[Override, ...],
    away: Mapping[str, Hashable],
    now: datetime,
) -> bool:
    return (
        kept is not None
        and kept.version == version
        and kept.since <= now < kept.until
        and kept.overrides == overrides
        and kept.absences == _absences(kept.people, away)
    )


def _everybody(schedule: Schedule) -> frozenset[str]:
    """Everybody whose absence could matter here."""
    people = {person for one in schedule.overrides for person in (one.person, one.target) if person}
    people.update(person for one in schedule.temporaries for person, _, _ in one.shifts)
    for layer in schedule.layers:
        people.update(layer.people)
        for version in layer.rotation.versions if layer.rotation else ():
            people.update(person for slot in version.slots for person in slot)
    return frozenset(people)


def _absences(people: frozenset[str], away: Mapping[str, Hashable]) -> Hashable:
    return frozenset((person, away[person]) for person in people & away.keys())
