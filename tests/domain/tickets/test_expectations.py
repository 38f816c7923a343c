"""What a contact is told of the wait, and what the wall calls at risk: no more than is known."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.domain import tickets
from helpdesk.domain.tickets import expectations
from helpdesk.domain.tickets.queue.wall import Ahead, expected_start, is_at_risk
from helpdesk.storage.transaction import Transaction
from tests.conftest import NOON
from tests.factories import (
    OFFICE_HOURS,
    a_contact,
    a_plan,
    a_ticket,
    an_agent,
    an_inbox,
    as_agent,
    claim_next,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("usual", "slow", "told"),
    [
        (30, 40, [1, 2]),
        (4 * 60, 9 * 60, [4, 9]),
        (12 * 60, 34 * 60, [15, 35]),
        (70 * 60, 200 * 60, [75, 210]),
    ],
)
def test_a_range_is_two_round_numbers(usual: float, slow: float, told: list[int]) -> None:
    assert expectations.honest_range(usual, slow) == told


async def test_the_place_in_line_counts_everybody_before(tx: Transaction) -> None:
    inbox = await an_inbox(tx)
    first = await a_ticket(tx, inbox=await an_inbox(tx))
    tx.now += MINUTE
    second = await a_ticket(tx, inbox=inbox)

    assert (await expectations.in_line(tx, first, inbox))["position"] == 1
    assert (await expectations.in_line(tx, second, inbox))["position"] == 2

    await claim_next(as_agent(tx, await an_agent(tx)))
    assert (await expectations.in_line(tx, second, inbox))["position"] == 1
    assert (await expectations.in_line(tx, first, inbox))["position"] is None
    assert (await expectations.in_line(tx, None, inbox))["position"] is None


async def test_while_we_are_closed_only_the_next_opening_is_told(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx, hours=OFFICE_HOURS))
    ticket = await a_ticket(tx, inbox=inbox)

    by_day = await expectations.told(tx, ticket, inbox, "en", "Europe/Stockholm")
    tx.now += timedelta(hours=8)
    by_night = await expectations.told(tx, ticket, inbox, "en", "Europe/Stockholm")
    elsewhere = await expectations.told(tx, ticket, inbox, "en", "Europe/London")
    by_our_clock = await expectations.told(tx, ticket, inbox, "en", expectations.UNHEARD)

    assert by_day == "You are number 1 in line."
    assert by_night == by_our_clock == "We are closed now and back on Thursday 19 November 08:00."
    assert elsewhere == "We are closed now and back on Thursday 19 November 07:00."


async def test_who_has_a_plan_of_their_own_hears_its_hours(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx, hours=OFFICE_HOURS))
    round_the_clock = await a_contact(tx, plan=await a_plan(tx, key="enterprise"))
    ticket = await a_ticket(tx, inbox=inbox, contact=round_the_clock)

    tx.now += timedelta(hours=8)

    assert await expectations.next_opening(tx, ticket, inbox) is None
    assert await expectations.told(tx, ticket, inbox, "en", "Europe/Stockholm") == "You are number 1 in line."


async def test_the_chat_tells_each_contact_the_hours_of_their_own_plan_to_the_minute(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx, key="enterprise"))
    office = await a_contact(tx, plan=await a_plan(tx, key="office", hours=OFFICE_HOURS))
    stranger = await a_contact(tx)
    tx.now += timedelta(hours=8, minutes=3)

    told = await expectations.of_inbox(tx, inbox, office.id)

    assert (told["open"], told["next_opening"]) == (False, datetime(2026, 11, 19, 7, 0, tzinfo=UTC))
    assert (await expectations.of_inbox(tx, inbox, stranger.id))["open"]
    assert (await expectations.of_inbox(tx, inbox))["open"]


async def test_a_range_is_told_once_three_were_answered_and_forgotten_after_a_week(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    contact, agent = await a_contact(tx), await an_agent(tx)
    for minutes in (4, 5, 8):
        ticket = await a_ticket(tx, inbox=inbox, contact=contact)
        assert (await expectations.in_line(tx, None, inbox))["range_minutes"] is None
        tx.now += timedelta(minutes=minutes)
        await tickets.reply(as_agent(tx, agent), ticket.id, "Here you are.")
    await tx.flush()

    told = await expectations.in_line(tx, None, inbox)
    assert told["range_minutes"] == [5, 8]
    assert expectations.in_words(told | {"position": 3}, "en") == (
        "You are number 3 in line. Most people are answered within 5 to 8 minutes."
    )

    tx.now += timedelta(days=8)
    assert (await expectations.in_line(tx, None, inbox))["range_minutes"] is None


async def test_who_still_waits_counts_for_the_range_too(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    contact, agent = await a_contact(tx), await an_agent(tx)
    asked = [await a_ticket(tx, inbox=inbox, contact=contact) for _ in range(8)]
    for minutes, ticket in zip((2, 1, 1, 1, 1), asked, strict=False):
        tx.now += minutes * MINUTE
        await tickets.reply(as_agent(tx, agent), ticket.id, "Here you are.")
    await tx.flush()
    assert (await expectations.in_line(tx, None, inbox))["range_minutes"] == [5, 6]

    tx.now += 60 * MINUTE
    assert (await expectations.in_line(tx, None, inbox))["range_minutes"] == [5, 75]

    for _ in range(6):  # who has just asked says nothing of how long it takes
        await a_ticket(tx, inbox=inbox, contact=contact)
    assert (await expectations.in_line(tx, None, inbox))["range_minutes"] == [5, 75]

    tx.now += 60 * MINUTE
    assert (await expectations.in_line(tx, None, inbox))["range_minutes"] is None


def test_at_risk_is_what_the_work_ahead_will_outlast() -> None:
    ticket = Ahead(start_by=NOON + 60 * MINUTE)

    assert expected_start(6, 12, NOON) == NOON + 30 * MINUTE
    assert expected_start(6, 0, NOON) is None
    assert expected_start(0, 0, NOON) == NOON
    assert not is_at_risk(ticket, 5, 12, NOON)
    assert is_at_risk(ticket, 20, 12, NOON)
    assert not is_at_risk(ticket, 20, 0, NOON)
    assert not is_at_risk(Ahead(start_by=NOON + MINUTE), 0, 1, NOON)  # on a quiet desk the first is next


def test_what_is_late_is_not_at_risk_any_more() -> None:
    assert not is_at_risk(Ahead(NOON - MINUTE), 50, 1, NOON)


async def test_at_risk_is_also_what_has_under_a_fifth_of_its_service_time_left(tx: Transaction) -> None:
    """Fifty minutes of 290, though a night lies before the due time."""
    plan = await a_plan(tx, hours=OFFICE_HOURS, targets={"email": {"first_response": 290 * 60}})
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=plan))
    assert await tickets.wall.at_risk(tx) == set()

    tx.now += 230 * MINUTE
    assert ticket.due_at is not None
    assert ticket.due_at - tx.now > 15 * 60 * MINUTE
    assert await tickets.wall.at_risk(tx) == set()

    tx.now += 15 * MINUTE
    assert await tickets.wall.at_risk(tx) == {ticket.id}


async def test_the_wall_shows_what_waits_and_who_is_at_it(tx: Transaction) -> None:
    inbox = await an_inbox(tx)
    ticket, agent = await a_ticket(tx, inbox=inbox), await an_agent(tx)

    told = await tickets.wall.wall(tx, tx.now)

    [waiting] = [one for one in told["waiting"] if one["channel"] == "email"]
    assert (waiting["count"], waiting["oldest"]) == (1, ticket.waiting_since)
    assert told["oldest"]["number"] == ticket.number
    assert [one["agent"]["id"] for one in told["agents"]] == [agent.id]
    assert told["overload"] == {"on": False, "late": 0, "online": 0}
