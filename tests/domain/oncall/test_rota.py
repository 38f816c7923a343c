"""A stored rota: edited from now on, excepted, swapped, frozen as it passes, with its holes foreseen."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.rota import (
    calendars,
    drafts,
    exceptions,
    handovers,
    schedules,
    swaps,
    temporaries,
)
from helpdesk.domain.oncall.rota.coverage import now_and_next
from helpdesk.domain.oncall.rota.drafts import LayerDraft, ScheduleDraft
from helpdesk.domain.oncall.rota.exceptions import OverrideDraft
from helpdesk.domain.oncall.rota.ledger import Share
from helpdesk.domain.oncall.rota.model import RotaRevision
from helpdesk.domain.oncall.rota.overrides import Change
from helpdesk.domain.oncall.rota.shifts import final, on_call_at
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.transaction import Transaction
from tests.factories import an_agent, as_agent

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
HANDOFF = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # Monday 09:00 in Stockholm


def a_draft(*people: agents.Agent, **changes: object) -> ScheduleDraft:
    layer = LayerDraft(
        name="Week", slots=tuple((str(one.id),) for one in people), starts_on=NOON.date() - 2 * DAY
    )
    return ScheduleDraft(
        **{"name": "Technical", "time_zone": "Europe/Stockholm", "layers": (layer,), **changes}
    )  # type: ignore[arg-type]


async def a_rota(tx: Transaction) -> tuple[oncall.ScheduleRow, agents.Agent, agents.Agent, agents.Agent]:
    mikko, priya, oskar = [await an_agent(tx, name) for name in ("Mikko", "Priya", "Oskar")]
    return await schedules.create(tx, a_draft(mikko, priya, oskar)), mikko, priya, oskar


async def on_call(tx: Transaction, stored: oncall.ScheduleRow, at: datetime | None = None) -> list[UUID]:
    schedule = await schedules.load(tx, stored.id, at)
    return [UUID(one) for one in on_call_at(schedule, at or tx.now).people]


def again(schedule: oncall.coverage.Schedule, **changes: object) -> ScheduleDraft:
    """The draft an unchanged editor would send back, with some of it changed in its first layer."""
    [layer] = schedule.layers
    version = drafts.current_version(layer, NOON)
    assert version is not None
    kept = {
        "name": layer.name,
        "slots": version.slots,
        "id": layer.id,
        "unit": version.unit,
        "length": version.length,
    }
    draft = LayerDraft(**{**kept, "handoff": f"{version.anchor:%H:%M}", **changes})  # type: ignore[arg-type]
    return ScheduleDraft(schedule.name, schedule.time_zone, (draft,))


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


# Exceptions


async def test_an_override_acts_for_its_span_and_can_be_taken_back(tx: Transaction) -> None:
    stored, mikko, _, oskar = await a_rota(tx)
    draft = OverrideDraft(Change.REPLACE, NOON + HOUR, NOON + 3 * HOUR, oskar.id, mikko.id, "dentist")
    foresight = await exceptions.preview_override(tx, stored.id, draft)
    assert {one.person: (one.gained, one.lost) for one in foresight.comparison.people} == {
        str(oskar.id): (2 * HOUR, timedelta()),
        str(mikko.id): (timedelta(), 2 * HOUR),
    }

    made = await exceptions.add_override(tx, stored.id, draft)

    assert [await on_call(tx, stored, NOON + n * HOUR) for n in range(4)] == [
        [mikko.id], [oskar.id], [oskar.id], [mikko.id],
    ]  # fmt: skip
    tx.now += 2 * HOUR
    await exceptions.remove_override(tx, made.id)
    assert await on_call(tx, stored) == [mikko.id]
    assert await on_call(tx, stored, NOON + HOUR) == [oskar.id]


async def test_an_agent_may_take_over_but_not_put_others_on_call(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)
    mine = OverrideDraft(Change.REPLACE, NOON, NOON + HOUR, priya.id, mikko.id)

    await exceptions.add_override(as_agent(tx, priya), stored.id, mine)
    assert await on_call(tx, stored) == [priya.id]

    with pytest.raises(Forbidden):
        await exceptions.add_override(as_agent(tx, mikko), stored.id, mine)


async def test_an_override_of_no_length_is_refused(tx: Transaction) -> None:
    stored, mikko, _, _ = await a_rota(tx)

    with pytest.raises(Invalid, match="override_empty"):
        await exceptions.add_override(
            tx, stored.id, OverrideDraft(Change.ADD, NOON + HOUR, NOON + HOUR, mikko.id)
        )


async def test_time_off_passes_the_turn_to_the_next_person(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)

    off = await exceptions.add_time_off(as_agent(tx, mikko), mikko.id, NOON, NOON + DAY, "ill")

    assert await on_call(tx, stored) == [priya.id]
    assert await on_call(tx, stored, NOON + DAY) == [mikko.id]
    with pytest.raises(Forbidden):
        await exceptions.remove_time_off(as_agent(tx, priya), off.id)
    await exceptions.remove_time_off(as_agent(tx, mikko), off.id)
    assert await on_call(tx, stored) == [mikko.id]


async def test_who_leaves_the_company_is_followed_by_the_next(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)

    mikko.disabled_at = tx.now
    await tx.session.flush()

    assert await on_call(tx, stored) == [priya.id]


# Swaps


async def test_a_swap_that_is_taken_moves_both_shifts(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)
    mine, theirs = (NOON + HOUR, HANDOFF), (HANDOFF, HANDOFF + WEEK)
    asked = await swaps.request(
        as_agent(tx, mikko), stored.id, *mine, offered_to=priya.id, in_return=theirs, note="wedding"
    )

    await swaps.take(as_agent(tx, priya), asked.id)

    assert await on_call(tx, stored, NOON + 2 * HOUR) == [priya.id]
    assert await on_call(tx, stored, HANDOFF + HOUR) == [mikko.id]
    assert (asked.state, asked.taken_by) == ("taken", priya.id)
    assert [job.name for job in tx.jobs] == ["tell_swap", "tell_swap"]


async def test_a_shift_offered_to_all_goes_to_the_first_who_takes_it(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    asked = await swaps.request(as_agent(tx, mikko), stored.id, NOON + HOUR, NOON + 5 * HOUR)

    await swaps.take(as_agent(tx, oskar), asked.id)

    with pytest.raises(Conflict):
        await swaps.take(as_agent(tx, priya), asked.id)
    assert await on_call(tx, stored, NOON + 2 * HOUR) == [oskar.id]
    assert await on_call(tx, stored, NOON + 5 * HOUR) == [mikko.id]


async def test_only_who_was_asked_declines_and_the_shift_stays(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    asked = await swaps.request(as_agent(tx, mikko), stored.id, NOON + HOUR, HANDOFF, offered_to=priya.id)

    for act in (swaps.decline, swaps.take):
        with pytest.raises(Forbidden):
            await act(as_agent(tx, oskar), asked.id)
    await swaps.decline(as_agent(tx, priya), asked.id)

    assert asked.state == "declined"
    assert await on_call(tx, stored, NOON + 2 * HOUR) == [mikko.id]


async def test_a_request_nobody_takes_expires_when_the_shift_begins(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)
    asked = await swaps.request(as_agent(tx, mikko), stored.id, NOON + HOUR, HANDOFF)

    tx.now = NOON + HOUR
    assert [one.id for one in await swaps.expire_due(tx)] == [asked.id]

    assert asked.state == "expired"
    with pytest.raises(Conflict):
        await swaps.take(as_agent(tx, priya), asked.id)


async def test_nobody_offers_what_is_not_theirs(tx: Transaction) -> None:
    stored, _, priya, _ = await a_rota(tx)

    with pytest.raises(Invalid, match="not_on_call_then"):
        await swaps.request(as_agent(tx, priya), stored.id, NOON + HOUR, HANDOFF)


# What was, and what is to come


async def test_duty_is_frozen_as_it_passes_with_the_kind_of_time(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)
    start = tx.now

    for _ in range(12):
        tx.now += 12 * HOUR
        await handovers.pass_time(tx, stored.id)

    schedule = await schedules.load(tx, stored.id)
    by_person = {one.agent_id: one for one in await oncall.duty.carried(tx, schedule, start, tx.now)}
    assert by_person[mikko.id].total == (HANDOFF - start).total_seconds()
    assert by_person[mikko.id].seconds[Share.WEEKEND] == 48 * 3600
    assert by_person[mikko.id].seconds[Share.NIGHT] == (2 + 7 + 2 + 7 + 2 + 7) * 3600
    assert by_person[priya.id].total == (tx.now - HANDOFF).total_seconds()
    assert len(list(await tx.session.scalars(select(oncall.DutyRow)))) == 2


async def test_a_change_of_shift_is_handed_over_once_and_accepted_by_who_arrives(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    stored.wants_handover = True
    tx.now = HANDOFF + timedelta(seconds=3)

    begun, handover = await handovers.pass_time(tx, stored.id)
    assert (begun.leaving, begun.arriving) == ([], [mikko.id])
    tx.now += timedelta(seconds=10)
    assert await handovers.pass_time(tx, stored.id) == []

    assert (handover.at, handover.leaving, handover.arriving) == (HANDOFF, [mikko.id], [priya.id])
    with pytest.raises(Conflict, match="note_missing"):
        await handovers.accept(as_agent(tx, priya), handover.id)
    await handovers.write_note(as_agent(tx, mikko), handover.id, "Watch the mill in Umeå.")
    with pytest.raises(Forbidden):
        await handovers.accept(as_agent(tx, oskar), handover.id)
    await handovers.accept(as_agent(tx, priya), handover.id)
    assert (handover.accepted_by, handover.accepted_at) == (priya.id, tx.now)


async def test_the_passing_of_time_is_written_only_at_a_change_or_after_minutes(tx: Transaction) -> None:
    stored, *_ = await a_rota(tx)
    tx.now += timedelta(minutes=1)
    await handovers.pass_time(tx, stored.id)

    assert await handovers.due(tx) == []
    tx.now += timedelta(seconds=10)
    assert (await handovers.due(tx), await handovers.due(tx)) == ([], [])
    tx.now += timedelta(minutes=5)
    assert await handovers.due(tx) == [stored.id]

    tx.now = HANDOFF - timedelta(seconds=5)
    await handovers.pass_time(tx, stored.id)
    tx.now = HANDOFF + timedelta(seconds=5)
    assert await handovers.due(tx) == [stored.id]
    [handover] = await handovers.pass_time(tx, stored.id)
    assert handover.at == HANDOFF
    tx.now += timedelta(seconds=10)
    assert await handovers.due(tx) == []


async def test_a_gap_is_foreseen_and_told_once(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    for one in (mikko, priya, oskar):
        await exceptions.add_time_off(tx, one.id, HANDOFF, HANDOFF + DAY)

    [(schedule, found)] = await handovers.warn(tx)

    assert (schedule.id, found.problem, found.starts_at, found.ends_at) == (
        stored.id, "empty", HANDOFF, HANDOFF + DAY,
    )  # fmt: skip
    assert await handovers.warn(tx) == []


async def test_a_calendar_shows_a_shift_that_is_gone_as_cancelled(tx: Transaction) -> None:
    stored, mikko, priya, _ = await a_rota(tx)
    before = await calendars.publish(tx, stored)
    again = await calendars.publish(tx, stored)
    assert [(one.id, one.sequence) for one in again] == [(one.id, 0) for one in before]
    theirs = next(one for one in before if one.agent_id == priya.id)

    draft = OverrideDraft(Change.REPLACE, theirs.starts_at, theirs.ends_at, mikko.id, priya.id)
    await exceptions.add_override(tx, stored.id, draft)
    shown = {one.id: one for one in await calendars.publish(tx, stored)}

    assert shown[theirs.id].cancelled_at == tx.now
    assert shown[theirs.id].sequence == 1


async def test_a_thousand_schedules_are_read_with_few_questions(tx: Transaction) -> None:
    people = [await an_agent(tx, f"Agent{n}") for n in range(3)]
    for number in range(20):
        await schedules.create(tx, a_draft(*people, name=f"Schedule {number}"))

    found = await oncall.on_call_now(as_agent(tx, people[0], None))

    assert [one["agents"][0]["id"] for one in found] == [str(people[0].id)] * 20


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


async def test_on_call_now_is_remembered_until_anything_about_it_changes(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)

    async def now() -> str:
        [one] = [one for one in await oncall.on_call_now(tx) if one["schedule"]["id"] == stored.id]
        return str(one["agents"][0]["name"]).split()[0]

    assert [await now(), await now()] == ["Mikko", "Mikko"]
    draft = OverrideDraft(Change.REPLACE, NOON, NOON + HOUR, person=oskar.id, target=mikko.id)
    made = await exceptions.add_override(tx, stored.id, draft)
    assert await now() == "Oskar"
    await exceptions.remove_override(tx, made.id)
    off = await exceptions.add_time_off(tx, mikko.id, NOON, NOON + HOUR)
    assert await now() == "Priya"
    await exceptions.remove_time_off(tx, off.id)
    assert await now() == "Mikko"
    shorter = again(await schedules.load(tx, stored.id), slots=((str(oskar.id),), (str(priya.id),)))
    await schedules.change(tx, stored.id, shorter, stored.version)
    assert await now() == "Priya"
    tx.now = HANDOFF
    assert await now() == "Oskar"
    tx.now = NOON
    assert await now() == "Priya"


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
