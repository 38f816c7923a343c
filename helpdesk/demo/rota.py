"""What makes Nordkvarn's rota a living one: three months of duty behind it, exceptions and a hole ahead."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID

from helpdesk.demo import company
from helpdesk.domain import agents, oncall, wall_clock
from helpdesk.domain.oncall.alerting import contact_methods
from helpdesk.domain.oncall.rota import exceptions, schedules, swaps
from helpdesk.domain.oncall.rota.coverage import Shift, shifts
from helpdesk.domain.oncall.rota.exceptions import OverrideDraft
from helpdesk.domain.oncall.rota.overrides import Change
from helpdesk.storage.transaction import Transaction

_BEHIND, _AHEAD = timedelta(days=90), timedelta(days=60)
_LUNCH = time(12), time(16)


async def furnish(tx: Transaction) -> None:
    """The schedule is written already; its owner is rung once more after three minutes."""
    [stored] = await schedules.rows(tx)
    people = {agent.email: agent for agent in await agents.active(tx)}
    staff = {one.key: people[one.email] for one in company.AGENTS}
    stored.recorded_until = tx.now - _BEHIND
    stored.wants_handover = True
    await tx.session.flush()
    await schedules.settle_past(tx, stored.id)
    schedule = await schedules.load(tx, stored.id)
    coming = [one for one in shifts(schedule, tx.now, tx.now + _AHEAD) if one.start > tx.now]
    await _hand_over_an_evening(tx, stored, coming[0], staff)
    await _ask_for_a_swap(tx, stored, coming[2], staff)
    await _leave_a_hole(tx, schedule.time_zone, staff)
    await _be_reached(tx, staff["maja"])


async def _hand_over_an_evening(
    tx: Transaction, stored: oncall.ScheduleRow, shift: Shift, staff: Mapping[str, agents.Agent]
) -> None:
    """Oskar (or who is not on call anyway) takes an evening."""
    stand_in = next(staff[key] for key in ("oskar", "jonas") if str(staff[key].id) != shift.person)
    evening = shift.start + timedelta(days=2, hours=9)
    draft = OverrideDraft(
        Change.REPLACE,
        evening,
        evening + timedelta(hours=5),
        stand_in.id,
        UUID(shift.person),
        "Choir practice",
    )
    await exceptions.add_override(tx, stored.id, draft)


async def _ask_for_a_swap(
    tx: Transaction, stored: oncall.ScheduleRow, shift: Shift, staff: Mapping[str, agents.Agent]
) -> None:
    asker = next(one for one in staff.values() if str(one.id) == shift.person)
    theirs = replace(tx, actor=await agents.actor_of(tx, asker))
    await swaps.request(theirs, stored.id, shift.start, shift.end, note="My sister gets married.")
    tx.jobs[:] = [job for job in tx.jobs if job.name != "tell_swap"]  # it was asked for before today


async def _leave_a_hole(tx: Transaction, zone: str, staff: Mapping[str, agents.Agent]) -> None:
    """Everybody goes to the same lunch, which nobody has noticed yet."""
    on = wall_clock.reading(tx.now + timedelta(days=12), wall_clock.zone(zone)).date()
    start, end = (wall_clock.first_instant(datetime.combine(on, at), wall_clock.zone(zone)) for at in _LUNCH)
    for key in ("mikko", "priya", "oskar", "jonas"):
        await exceptions.add_time_off(tx, staff[key].id, start, end, "Christmas lunch")


async def _be_reached(tx: Transaction, agent: agents.Agent) -> None:
    """By mail at once, and once more three minutes later."""
    mine = replace(tx, actor=await agents.actor_of(tx, agent))
    method = await contact_methods.own_email(tx, agent.id)
    for minutes in (0, 3):
        await contact_methods.add_rule(mine, method.id, minutes)
