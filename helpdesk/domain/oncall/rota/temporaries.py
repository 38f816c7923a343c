"""Temporary schedules: for a while the shifts are written by hand, and the layers say nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.rota import drafts, schedules
from helpdesk.domain.oncall.rota.comparison import Comparison
from helpdesk.domain.oncall.rota.exceptions import LONGEST
from helpdesk.domain.oncall.rota.overrides import Temporary, without_span
from helpdesk.domain.oncall.rota.shifts import Schedule
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.transaction import Transaction

MOST_SHIFTS = 100

Written = tuple[UUID, datetime, datetime]
"""One shift: who, from, until."""


async def preview(
    tx: Transaction, schedule_id: UUID, start: datetime, end: datetime, shifts: Sequence[Written]
) -> Comparison:
    """Who would gain and lose which hours."""
    permissions.require_role(tx.actor, Role.LEAD)
    current = await schedules.load(tx, schedule_id)
    made = await _checked(tx, start, end, shifts)
    return schedules.compared(current, _with(current, made), made.start, made.end)


async def add(
    tx: Transaction, schedule_id: UUID, start: datetime, end: datetime, shifts: Sequence[Written]
) -> Temporary:
    """Leads and above. Inside its span the newest one counts; overrides made later act on it."""
    permissions.require_role(tx.actor, Role.LEAD)
    await schedules.settle_past(tx, schedule_id)
    made = await _checked(tx, start, end, shifts)
    await _store(tx, schedule_id, _with(await schedules.load(tx, schedule_id), made))
    return made


async def remove(tx: Transaction, schedule_id: UUID, temporary_id: str) -> None:
    """From now on the layers say again who is on call."""
    permissions.require_role(tx.actor, Role.LEAD)
    await schedules.settle_past(tx, schedule_id)
    current = await schedules.load(tx, schedule_id)
    kept = tuple(one for one in current.temporaries if one.id != temporary_id)
    if len(kept) == len(current.temporaries):
        raise NotFound("temporary_not_found")
    await _store(tx, schedule_id, replace(current, temporaries=kept))


def _with(current: Schedule, made: Temporary) -> Schedule:
    kept = without_span(current.temporaries, made.start, made.end)
    # Two halves of one that was cut in the middle are two from now on, each with a name of its own.
    named = [replace(one, id=uuid4().hex) for one in kept]
    return replace(current, temporaries=(*named, made))


async def _store(tx: Transaction, schedule_id: UUID, changed: Schedule) -> None:
    stored = await schedules.lock(tx, schedule_id)
    lasting = tuple(one for one in changed.temporaries if one.end > tx.now)
    stored.rota, stored.version = drafts.rota_of(replace(changed, temporaries=lasting)), stored.version + 1
    schedules.keep_revision(tx, stored.id, stored.version, stored.rota)


async def _checked(tx: Transaction, start: datetime, end: datetime, shifts: Sequence[Written]) -> Temporary:
    start = max(start, tx.now)
    if end - start > LONGEST:
        raise Invalid("temporary_too_long", "At most a year.", field="end")
    if not shifts or len(shifts) > MOST_SHIFTS:
        raise Invalid("temporary_without_shifts", f"1 to {MOST_SHIFTS} shifts.", field="person0")
    active = {one.id for one in await agents.active(tx)}
    for person, opens, closes in shifts:
        if person not in active:
            raise Invalid("agent_disabled", "That person has left.", field="person0")
        if closes <= opens:
            raise Invalid("temporary_empty", "A shift ends after it starts.", field="until0")
    named = tuple((str(person), opens, closes) for person, opens, closes in shifts)
    made = Temporary(uuid4().hex, start, end, tx.now, named)
    whole = made.within(start, end)
    assert whole is not None
    return whole
