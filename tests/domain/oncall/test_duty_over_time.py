"""What was, what is to come, and what is remembered of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.domain import oncall
from helpdesk.domain.oncall.rota import (
    calendars,
    exceptions,
    handovers,
    schedules,
)
from helpdesk.domain.oncall.rota.exceptions import OverrideDraft
from helpdesk.domain.oncall.rota.ledger import Share
from helpdesk.domain.oncall.rota.overrides import Change
from helpdesk.errors import Conflict, Forbidden
from helpdesk.storage.transaction import Transaction
from tests.domain.oncall.schedules import DAY, HANDOFF, HOUR, NOON, a_draft, a_rota, again
from tests.factories import an_agent, as_agent


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
