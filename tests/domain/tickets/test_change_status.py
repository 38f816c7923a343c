"""Snoozed, resolved, reopened, closed, pending: what each does to the clocks and to the queue."""

from datetime import timedelta

import pytest

from helpdesk.domain import tickets
from helpdesk.domain.sla import Metric
from helpdesk.domain.tickets import Status, TicketChange
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.changing import (
    DAY,
    HOUR,
    change,
    clock_of,
    events_of,
    names_of,
    promised,
    write_again,
)
from tests.factories import (
    OFFICE_HOURS,
    a_ticket,
    an_agent,
    as_agent,
)


async def test_a_snoozed_ticket_leaves_the_queue_and_its_clock_stands_still(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR

    await change(tx, ticket, snooze_until=tx.now + DAY)

    assert (ticket.status, ticket.waiting, ticket.due_at) == (Status.SNOOZED, False, None)
    assert ticket.snoozed_until == tx.now + DAY
    clock = await clock_of(tx, ticket, Metric.FIRST_RESPONSE)
    assert (clock.running_since, clock.consumed_seconds) == (None, 3600)
    assert await tickets.due_to_wake(tx) == []


async def test_it_wakes_with_what_was_left_of_its_time(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR
    await change(tx, ticket, status="snoozed", snooze_until=tx.now + DAY)

    tx.now += DAY
    assert await tickets.due_to_wake(tx) == [ticket.id]
    await tickets.wake(tx, ticket.id, "time")

    assert (ticket.status, ticket.waiting, ticket.snoozed_until) == (Status.OPEN, True, None)
    assert ticket.due_at == tx.now + 3 * HOUR
    assert "TicketWoken" in await names_of(tx, ticket)
    assert await tickets.due_to_wake(tx) == []


async def test_waking_twice_is_waking_once(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + HOUR)
    tx.now += HOUR
    await tickets.wake(tx, ticket.id, "time")
    version = ticket.version

    await tickets.wake(tx, ticket.id, "time")

    assert ticket.version == version


async def test_a_contact_who_writes_wakes_the_ticket(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + DAY)
    version = ticket.version

    await write_again(tx, ticket)

    assert (ticket.status, ticket.waiting, ticket.snoozed_until) == (Status.OPEN, True, None)
    assert "TicketWoken" in await names_of(tx, ticket, after=version)


async def test_an_agent_may_wake_it_earlier(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + DAY)

    await change(tx, ticket, status="open")

    assert (ticket.status, ticket.waiting, ticket.snoozed_until) == (Status.OPEN, True, None)
    assert ticket.due_at == ticket.created_at + 4 * HOUR


async def test_a_snooze_may_be_made_longer(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, snooze_until=tx.now + DAY)

    await change(tx, ticket, snooze_until=tx.now + 2 * DAY)

    assert ticket.snoozed_until == tx.now + 2 * DAY


@pytest.mark.parametrize("until", [None, -HOUR, 0 * HOUR])
async def test_snoozing_needs_a_moment_to_come(tx: Transaction, until: timedelta | None) -> None:
    ticket = await promised(tx)

    with pytest.raises(Invalid, match="snooze_in_past"):
        await change(tx, ticket, status="snoozed", snooze_until=None if until is None else tx.now + until)


async def test_a_resolved_ticket_has_kept_its_resolution_target(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR

    await change(tx, ticket, status="resolved")

    assert (ticket.status, ticket.waiting, ticket.unread) == (Status.RESOLVED, False, False)
    assert (ticket.resolved_at, ticket.due_at, ticket.waiting_since) == (tx.now, None, None)
    resolution = await clock_of(tx, ticket, Metric.RESOLUTION)
    assert (resolution.met_at, resolution.breached_at) == (tx.now, None)
    response = await clock_of(tx, ticket, Metric.FIRST_RESPONSE)
    assert (response.met_at, response.stopped_at, response.due_at) == (None, tx.now, None)


async def test_a_ticket_resolved_too_late_has_missed_its_target(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += 25 * HOUR

    await change(tx, ticket, status="resolved")

    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).breached_at == ticket.created_at + DAY
    breached = [e.data["metric"] for e in await events_of(tx, ticket) if e.name == "TargetBreached"]
    assert sorted(breached) == ["first_response", "resolution"]


async def test_resolving_twice_is_resolving_once(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, status="resolved")
    version, at = ticket.version, ticket.resolved_at

    tx.now += HOUR
    await change(tx, ticket, status="resolved")

    assert (ticket.version, ticket.resolved_at) == (version, at)


async def test_a_reopened_ticket_goes_on_where_its_resolution_clock_stood(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += 2 * HOUR
    await change(tx, ticket, status="resolved")

    tx.now += DAY
    await change(tx, ticket, status="open")

    assert (ticket.status, ticket.waiting, ticket.resolved_at) == (Status.OPEN, True, None)
    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).due_at == tx.now + 22 * HOUR
    [reopened] = [event for event in await events_of(tx, ticket) if event.name == "TicketReopened"]
    assert reopened.data == {"reason": "agent"}


async def test_a_contact_who_writes_to_a_resolved_ticket_is_owed_an_answer(tx: Transaction) -> None:
    ticket = await promised(tx)
    agent = as_agent(tx, await an_agent(tx))
    await tickets.reply(agent, ticket.id, "Turn it off and on again.")
    await change(agent, ticket, status="resolved")

    tx.now += HOUR
    await write_again(tx, ticket)

    assert (ticket.status, ticket.unread, ticket.waiting_since) == (Status.OPEN, True, tx.now)
    assert ticket.due_at == tx.now + 2 * HOUR  # the next answer
    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).met_at is None


async def test_what_was_resolved_too_soon_goes_on_as_if_it_had_not_been(tx: Transaction) -> None:
    """Its age, and the answer that is still owed to the message of then, with what was left of its time."""
    ticket = await promised(tx)
    agent = as_agent(tx, await an_agent(tx))
    await tickets.reply(agent, ticket.id, "Turn it off and on again.")
    agent.now = tx.now = tx.now + HOUR
    await write_again(tx, ticket)
    waited_since, due_at = ticket.waiting_since, ticket.due_at
    assert due_at == tx.now + 2 * HOUR  # the next answer

    agent.now += HOUR / 2
    await change(agent, ticket, status="resolved")
    agent.now += HOUR / 4
    await change(agent, ticket, status="open")

    assert (ticket.waiting_since, ticket.due_at) == (waited_since, due_at + HOUR / 4)
    await tickets.reply(agent, ticket.id, "And now?")
    assert (await clock_of(agent, ticket, Metric.NEXT_RESPONSE)).met_at == agent.now


async def test_a_ticket_resolved_before_its_first_answer_keeps_its_age_when_it_is_reopened(
    tx: Transaction,
) -> None:
    ticket = await promised(tx)
    waited_since, due_at = ticket.waiting_since, ticket.due_at

    await change(tx, ticket, status="resolved")
    await change(tx, ticket, status="open")

    assert (ticket.waiting_since, ticket.due_at) == (waited_since, due_at)


@pytest.mark.parametrize("status", ["pending", "snoozed"])
async def test_what_is_done_is_reopened_before_it_waits_again(tx: Transaction, status: str) -> None:
    ticket = await a_ticket(tx)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="resolved"))

    again = TicketChange(frozenset({"status"}), status=status, snooze_until=tx.now + timedelta(days=1))
    await tickets.change_ticket(tx, ticket.id, again)

    names = [event.name for event in await events_of(tx, ticket)]
    assert names[-2:] == ["TicketReopened", {"pending": "TicketPending", "snoozed": "TicketSnoozed"}[status]]
    assert ticket.resolved_at is None


async def test_a_closed_ticket_was_resolved_first(tx: Transaction) -> None:
    ticket = await promised(tx)
    version = ticket.version

    await change(tx, ticket, status="closed")

    assert ticket.status == Status.CLOSED
    assert ticket.resolved_at == tx.now
    assert [name for name in await names_of(tx, ticket, version) if name.startswith("Ticket")] == [
        "TicketResolved",
        "TicketClosed",
    ]


async def test_a_pending_ticket_waits_for_the_contact_and_costs_no_time(tx: Transaction) -> None:
    ticket = await promised(tx)
    tx.now += HOUR
    await change(tx, ticket, status="pending")

    tx.now += DAY
    await write_again(tx, ticket)

    assert ticket.status == Status.OPEN
    assert ticket.due_at == tx.now + 3 * HOUR


async def test_the_pause_counts_service_hours_only(tx: Transaction) -> None:
    ticket = await promised(tx, hours=OFFICE_HOURS)
    assert ticket.due_at == tx.now + 4 * HOUR  # 17:00 in Stockholm, at closing

    tx.now += HOUR
    await change(tx, ticket, status="pending")
    tx.now += 16 * HOUR + HOUR  # next morning at 07:00, an hour before opening
    await change(tx, ticket, status="open")

    assert ticket.due_at == tx.now + HOUR + 3 * HOUR


async def test_a_status_that_does_not_exist_is_refused(tx: Transaction) -> None:
    ticket = await promised(tx)

    with pytest.raises(Invalid, match="status_invalid"):
        await change(tx, ticket, status="merged")
    with pytest.raises(Invalid, match="status_invalid"):
        await change(tx, ticket, status="perhaps")
