"""A stored rota is edited from now on, and a temporary schedule takes its place for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.domain import sla
from helpdesk.domain.oncall.rota import (
    drafts,
    schedules,
    temporaries,
)
from helpdesk.domain.oncall.rota.coverage import now_and_next
from helpdesk.domain.oncall.rota.model import RotaRevision
from helpdesk.domain.oncall.rota.restrictions import Holidays
from helpdesk.domain.oncall.rota.shifts import final
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.transaction import Transaction
from tests.domain.oncall.schedules import DAY, HANDOFF, HOUR, NOON, WEEK, a_draft, a_rota, again, on_call
from tests.factories import OFFICE_HOURS, a_calendar, an_agent, as_agent


async def test_a_new_schedule_is_in_force_at_once(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)

    now = now_and_next(await schedules.load(tx, stored.id), tx.now)

    assert (now.people, now.next_people, now.next_at) == ((str(mikko.id),), (str(priya.id),), HANDOFF)


async def test_only_leads_edit_a_schedule(tx: Transaction) -> None:
    stored, mikko, _, _ = await a_rota(tx)

    with pytest.raises(Forbidden):
        await schedules.change(as_agent(tx, mikko), stored.id, a_draft(mikko), stored.version)


async def test_saving_without_a_change_changes_nobodys_turn(tx: Transaction) -> None:
    stored, *_ = await a_rota(tx)
    before = await schedules.load(tx, stored.id)

    tx.now += HOUR
    await schedules.change(tx, stored.id, again(before), stored.version)

    after = await schedules.load(tx, stored.id)
    assert final(after, tx.now, tx.now + 8 * WEEK) == final(before, tx.now, tx.now + 8 * WEEK)
    assert [len(layer.rotation.versions) for layer in after.layers if layer.rotation] == [1]


async def test_a_new_person_keeps_who_is_on_call_and_the_next_handoff(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    jonas = await an_agent(tx, "Jonas")
    before = await schedules.load(tx, stored.id)
    slots = tuple((str(one.id),) for one in (mikko, jonas, priya, oskar))

    await schedules.change(tx, stored.id, again(before, slots=slots), stored.version)

    now = now_and_next(await schedules.load(tx, stored.id), tx.now)
    assert (now.people, now.next_people, now.next_at) == ((str(mikko.id),), (str(jonas.id),), HANDOFF)
    [layer] = (await schedules.load(tx, stored.id)).layers
    assert layer.rotation is not None
    old, new = layer.rotation.versions
    assert (old.effective_to, new.effective_from) == (tx.now, tx.now)


async def test_removing_who_is_on_call_hands_off_at_once_to_the_next(tx: Transaction) -> None:
    stored, _, priya, oskar = await a_rota(tx)
    before = await schedules.load(tx, stored.id)

    slots = tuple((str(one.id),) for one in (priya, oskar))
    await schedules.change(tx, stored.id, again(before, slots=slots), stored.version)

    assert await on_call(tx, stored) == [priya.id]


async def test_a_zone_change_keeps_the_current_handoff_as_an_instant(tx: Transaction) -> None:
    stored, *_ = await a_rota(tx)
    before = await schedules.load(tx, stored.id)

    draft = again(before, time_zone="America/New_York", handoff="09:00")
    await schedules.change(tx, stored.id, draft, stored.version)

    assert now_and_next(await schedules.load(tx, stored.id), tx.now).next_at == HANDOFF


async def test_the_holidays_of_a_calendar_are_those_of_its_schedules(tx: Transaction) -> None:
    mikko, priya = await an_agent(tx, "Mikko"), await an_agent(tx, "Priya")
    calendar = await a_calendar(tx, {**OFFICE_HOURS, "holidays": {"2026-11-19": "Day of rest"}})
    draft = a_draft(mikko, calendar_id=str(calendar.id))
    [usual] = draft.layers
    layers = (
        replace(usual, holidays=Holidays.NEVER),
        replace(usual, holidays=Holidays.ONLY, slots=((str(priya.id),),)),
    )
    stored = await schedules.create(tx, replace(draft, layers=layers))

    assert [await on_call(tx, stored, NOON + n * DAY) for n in range(3)] == [
        [mikko.id],
        [priya.id],
        [mikko.id],
    ]
    calendar.hours = {**calendar.hours, "holidays": {"2026-11-20": "Another"}}
    await tx.session.flush()
    assert [await on_call(tx, stored, NOON + n * DAY) for n in range(3)] == [
        [mikko.id],
        [mikko.id],
        [priya.id],
    ]
    assert await sla.calendars.uses(tx, calendar.id) == ["Technical"]
    assert stored.rota["holidays"] == {}


async def test_two_people_who_edit_at_once_do_not_overwrite_each_other(tx: Transaction) -> None:
    stored, *_ = await a_rota(tx)
    draft = again(await schedules.load(tx, stored.id))
    await schedules.change(tx, stored.id, draft, 1)

    with pytest.raises(Conflict, match="version"):
        await schedules.change(tx, stored.id, draft, 1)

    kept = await tx.session.scalars(select(RotaRevision.version).where(RotaRevision.subject_id == stored.id))
    assert sorted(kept) == [1, 2]


async def test_an_edit_tells_beforehand_who_gains_and_loses(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    before = await schedules.load(tx, stored.id)

    slots = tuple((str(one.id),) for one in (mikko, oskar))
    found = await schedules.preview(tx, stored.id, again(before, slots=slots))

    by_person = {one.person: one for one in found.people}
    assert by_person[str(priya.id)].gained == timedelta()
    assert by_person[str(priya.id)].lost > 2 * WEEK
    assert by_person[str(oskar.id)].gained > timedelta()
    assert await on_call(tx, stored, HANDOFF) == [priya.id]


async def test_the_past_stays_what_it_was_after_an_edit(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    tx.now += 6 * DAY
    before = await schedules.load(tx, stored.id)

    slots = ((str(oskar.id),),)
    await schedules.change(tx, stored.id, again(before, slots=slots), stored.version)

    assert await on_call(tx, stored, NOON) == [mikko.id]
    assert await on_call(tx, stored, HANDOFF) == [priya.id]
    assert await on_call(tx, stored) == [oskar.id]


@pytest.mark.parametrize(
    ("text", "days", "clocks"),
    [
        ("mon-fri 17:00-08:00", {0, 1, 2, 3, 4}, (1020, 480)),
        ("sat, sun 00:00-24:00", {5, 6}, (0, 1440)),
        ("fri-mon 22:00–06:00", {4, 5, 6, 0}, (1320, 360)),
        ("08:00-08:00", set(range(7)), (480, 480)),
    ],
)
def test_hours_are_written_as_people_write_them(text: str, days: set[int], clocks: tuple[int, int]) -> None:
    [window] = drafts.windows_from(text)

    assert (window.days, (window.start, window.end)) == (days, clocks)
    assert drafts.windows_from(drafts.windows_text([window])) == (window,)


async def test_inside_a_temporary_schedule_its_shifts_count_and_an_edit_keeps_it(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    start, end = NOON + DAY, NOON + 3 * DAY
    shifts = [(oskar.id, start, start + DAY)]

    found = await temporaries.preview(tx, stored.id, start, end, shifts)
    made = await temporaries.add(tx, stored.id, start, end, shifts)
    longer = again(await schedules.load(tx, stored.id), length=2)
    await schedules.change(tx, stored.id, longer, stored.version)

    assert found.new_gaps == ((start + DAY, end),)
    assert await on_call(tx, stored, start) == [oskar.id]
    assert await on_call(tx, stored, start + DAY) == []
    assert await on_call(tx, stored, end) == [mikko.id]
    await temporaries.remove(tx, stored.id, made.id)
    assert await on_call(tx, stored, start) == [mikko.id]
    assert priya.id != mikko.id


async def test_a_newer_temporary_schedule_takes_its_part_of_an_older_one(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    start = NOON + DAY
    await temporaries.add(tx, stored.id, start, start + 3 * DAY, [(oskar.id, start, start + 3 * DAY)])

    newer = [(priya.id, start + DAY, start + 2 * DAY)]
    await temporaries.add(tx, stored.id, start + DAY, start + 2 * DAY, newer)

    people = [(await on_call(tx, stored, start + n * DAY))[0] for n in range(4)]
    assert people == [oskar.id, priya.id, oskar.id, mikko.id]


@pytest.mark.parametrize("shifts", ["none", "backwards", "of somebody who left"])
async def test_a_temporary_schedule_that_makes_no_sense_is_refused(tx: Transaction, shifts: str) -> None:
    stored, mikko, _, _ = await a_rota(tx)
    gone = await an_agent(tx, "Gone")
    gone.disabled_at = NOON
    written = {
        "none": [],
        "backwards": [(mikko.id, NOON + HOUR, NOON)],
        "of somebody who left": [(gone.id, NOON, NOON + HOUR)],
    }

    with pytest.raises(Invalid):
        await temporaries.add(tx, stored.id, NOON, NOON + DAY, written[shifts])
