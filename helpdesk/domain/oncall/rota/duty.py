"""What was: duty frozen as it passes, and how it is shared between people."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from helpdesk.domain.oncall.model import AlertNotification, RingState
from helpdesk.domain.oncall.rota import ledger
from helpdesk.domain.oncall.rota.coverage import Shift, shifts_of
from helpdesk.domain.oncall.rota.ledger import Share
from helpdesk.domain.oncall.rota.model import DutyRow, ScheduleRow, SwapRequest
from helpdesk.domain.oncall.rota.shifts import Schedule, final
from helpdesk.storage.transaction import Transaction

_SHARES = (
    (Share.DAY, "day_seconds"),
    (Share.NIGHT, "night_seconds"),
    (Share.WEEKEND, "weekend_seconds"),
    (Share.HOLIDAY, "holiday_seconds"),
)


@dataclass
class Carried:
    """One person's part in the rota over a while."""

    agent_id: UUID
    seconds: dict[Share, int] = field(default_factory=lambda: dict.fromkeys(Share, 0))
    alerts: int = 0
    night_alerts: int = 0
    swaps: int = 0

    @property
    def total(self) -> int:
        return sum(self.seconds.values())


async def record(tx: Transaction, stored: ScheduleRow, schedule: Schedule) -> None:
    """Freeze who was on call since the last time. The schedule's row is locked by the caller."""
    since = stored.recorded_until or stored.created_at
    if since >= tx.now:
        return
    for shift in shifts_of(final(schedule, since, tx.now)):
        await _add(tx, stored, schedule, shift)
    stored.recorded_until = tx.now


async def recent(tx: Transaction, schedule_id: UUID, start: datetime, end: datetime) -> list[DutyRow]:
    """Recorded shifts that overlap [start, end), whole."""
    query = select(DutyRow).where(
        DutyRow.schedule_id == schedule_id, DutyRow.ends_at > start, DutyRow.starts_at < end
    )
    return list(await tx.session.scalars(query.order_by(DutyRow.starts_at, DutyRow.id)))


async def carried(tx: Transaction, schedule: Schedule, start: datetime, end: datetime) -> list[Carried]:
    """The ledger between two moments: real hours by the kind of time, rings, rings at night, swaps taken."""
    stored = await recent(tx, UUID(schedule.id), start, end)
    shifts = [Shift(str(one.agent_id), max(one.starts_at, start), min(one.ends_at, end)) for one in stored]
    found: dict[UUID, Carried] = {}
    for person, entry in ledger.entries(shifts, schedule.zone, frozenset(schedule.holidays)).items():
        mine = found.setdefault(UUID(person), Carried(UUID(person)))
        mine.seconds = {share: round(seconds) for share, seconds in entry.seconds.items()}
    await _count_rings(tx, schedule, found, start, end)
    taken = (
        select(SwapRequest.taken_by, func.count())
        .where(
            SwapRequest.schedule_id == UUID(schedule.id),
            SwapRequest.taken_by.is_not(None),
            SwapRequest.decided_at >= start,
            SwapRequest.decided_at < end,
        )
        .group_by(SwapRequest.taken_by)
    )
    for agent_id, count in await tx.session.execute(taken):
        assert agent_id is not None
        found.setdefault(agent_id, Carried(agent_id)).swaps = count
    return sorted(found.values(), key=lambda one: -one.total)


async def _count_rings(
    tx: Transaction, schedule: Schedule, found: dict[UUID, Carried], start: datetime, end: datetime
) -> None:
    """An alert counts once for each person it rang, however often it rang them."""
    query = (
        select(AlertNotification.agent_id, AlertNotification.alert_id, func.min(AlertNotification.sent_at))
        .where(
            AlertNotification.agent_id.in_(list(found)),
            AlertNotification.state == RingState.SENT.value,
            AlertNotification.sent_at >= start,
            AlertNotification.sent_at < end,
        )
        .group_by(AlertNotification.agent_id, AlertNotification.alert_id)
    )
    for agent_id, _, at in await tx.session.execute(query):
        assert at is not None
        assert agent_id is not None
        found[agent_id].alerts += 1
        if ledger.is_night(at, schedule.zone):
            found[agent_id].night_alerts += 1


async def _add(tx: Transaction, stored: ScheduleRow, schedule: Schedule, shift: Shift) -> None:
    """One that goes on is made longer; otherwise a new row."""
    agent_id = UUID(shift.person)
    going_on = await tx.session.scalar(
        select(DutyRow).where(
            DutyRow.schedule_id == stored.id,
            DutyRow.agent_id == agent_id,
            DutyRow.ends_at == shift.start,
        )
    )
    if going_on is None:
        going_on = DutyRow(
            id=tx.new_id(),
            schedule_id=stored.id,
            agent_id=agent_id,
            starts_at=shift.start,
            ends_at=shift.start,
            day_seconds=0,
            night_seconds=0,
            weekend_seconds=0,
            holiday_seconds=0,
        )
        tx.session.add(going_on)
    going_on.ends_at = shift.end
    whole = Shift(shift.person, going_on.starts_at, shift.end)
    entry = ledger.entries([whole], schedule.zone, frozenset(schedule.holidays))[shift.person]
    for share, column in _SHARES:
        setattr(going_on, column, round(entry.seconds[share]))
