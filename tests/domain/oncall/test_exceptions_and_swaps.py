"""Overrides, time off, and shifts that are offered, asked for and taken."""

from datetime import timedelta

import pytest

from helpdesk.domain.oncall.rota import (
    exceptions,
    swaps,
)
from helpdesk.domain.oncall.rota.exceptions import OverrideDraft
from helpdesk.domain.oncall.rota.overrides import Change
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.transaction import Transaction
from tests.domain.oncall.schedules import DAY, HANDOFF, HOUR, NOON, WEEK, a_rota, on_call
from tests.factories import as_agent


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


async def test_a_swap_whose_return_has_become_somebody_elses_or_has_begun_is_not_taken(
    tx: Transaction,
) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    mine, theirs = (HANDOFF - HOUR, HANDOFF), (HANDOFF, HANDOFF + DAY)
    asking = as_agent(tx, mikko)
    with pytest.raises(Invalid, match="swap_return_invalid"):
        await swaps.request(
            asking, stored.id, *mine, offered_to=priya.id, in_return=(NOON - 2 * WEEK, NOON - 2 * WEEK + DAY)
        )
    asked = await swaps.request(asking, stored.id, *mine, offered_to=priya.id, in_return=theirs)

    given = await exceptions.add_override(
        tx, stored.id, OverrideDraft(Change.REPLACE, HANDOFF + HOUR, HANDOFF + 2 * HOUR, oskar.id, priya.id)
    )
    with pytest.raises(Invalid, match="not_on_call_then"):
        await swaps.take(as_agent(tx, priya), asked.id)
    assert await on_call(tx, stored, HANDOFF - HOUR) == [mikko.id]

    await exceptions.remove_override(tx, given.id)
    await swaps.take(as_agent(tx, priya), asked.id)
    assert await on_call(tx, stored, HANDOFF - HOUR) == [priya.id]


async def test_a_shift_that_was_handed_on_stays_so_when_its_owner_is_away_then(tx: Transaction) -> None:
    stored, mikko, priya, oskar = await a_rota(tx)
    asked = await swaps.request(as_agent(tx, mikko), stored.id, NOON + HOUR, NOON + 5 * HOUR)
    await swaps.take(as_agent(tx, oskar), asked.id)

    tx.now += timedelta(minutes=1)
    await exceptions.add_time_off(as_agent(tx, mikko), mikko.id, NOON + 2 * HOUR, NOON + 6 * HOUR, "wedding")

    found = [await on_call(tx, stored, NOON + n * HOUR) for n in (1, 2, 4, 5, 6)]
    assert found == [[oskar.id], [oskar.id], [oskar.id], [priya.id], [mikko.id]]
    oskar.disabled_at = NOON + 3 * HOUR
    await tx.session.flush()
    assert await on_call(tx, stored, NOON + 2 * HOUR) == [oskar.id]
    assert await on_call(tx, stored, NOON + 3 * HOUR) == [priya.id]


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
