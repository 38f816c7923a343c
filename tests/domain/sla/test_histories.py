"""Random histories of tickets: what their clocks came to step by step is what their facts lead to."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.domain import sla, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.sla import clocks
from helpdesk.domain.sla.rows import fact_of, value_of
from helpdesk.domain.tickets import InboundMessage, Ticket, TicketChange
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import OFFICE_HOURS, a_contact, a_plan, a_ticket, an_agent, an_inbox, as_agent

Act = Callable[[Transaction, Ticket, random.Random], Awaitable[object]]


async def contact_writes(tx: Transaction, ticket: Ticket, chance: random.Random) -> None:
    await tickets.receive_message(
        tx,
        InboundMessage(
            inbox_id=ticket.inbox_id,
            channel=Channel(ticket.channel),
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            body=f"Still broken {chance.random()}",
        ),
    )


async def agent_answers(tx: Transaction, ticket: Ticket, chance: random.Random) -> None:
    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, f"Try again {chance.random()}")


def changes(status: str) -> Act:
    async def change(tx: Transaction, ticket: Ticket, chance: random.Random) -> None:
        until = tx.now + timedelta(hours=chance.randint(1, 30))
        wanted = TicketChange(frozenset({"status"}), status=status, snooze_until=until)
        await tickets.change_ticket(tx, ticket.id, wanted)

    return change


async def priority_changes(tx: Transaction, ticket: Ticket, chance: random.Random) -> None:
    await tickets.change_ticket(
        tx, ticket.id, TicketChange(frozenset({"priority"}), priority=chance.randint(1, 5))
    )


async def time_passes(tx: Transaction, ticket: Ticket, chance: random.Random) -> None:
    await tickets.breach(tx, ticket.id)
    await tickets.wake(tx, ticket.id, "time")


ACTS: tuple[Act, ...] = (
    contact_writes, agent_answers, priority_changes, time_passes, time_passes,
    *(changes(status) for status in ("open", "pending", "snoozed", "resolved", "closed")),
)  # fmt: skip

DONE, WAITS = {"TicketResolved", "TicketClosed"}, {"TicketPending", "TicketSnoozed"}


@pytest.mark.parametrize("seed", range(10))
async def test_clocks_replayed_from_their_facts_are_the_clocks_that_grew(tx: Transaction, seed: int) -> None:
    chance = random.Random(seed)
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    ticket = await a_ticket(tx, inbox=inbox, contact=await a_contact(tx))

    for _ in range(14):
        tx.now += timedelta(minutes=chance.randint(1, 900))
        await chance.choice(ACTS)(tx, ticket, chance)

    await tx.flush()
    rows = await sla.clocks_of(tx, ticket.id)
    assert rows
    for row in rows:
        replayed = clocks.replay([await fact_of(tx, told) for told in row.facts])
        assert clocks.breach(replayed, tx.now) == clocks.breach(await value_of(tx, row), tx.now)
    due = [row.due_at for row in rows if row.due_at is not None]
    assert ticket.due_at == min(due, default=None)


STOPS = {"TicketPending", "TicketSnoozed", "TicketResolved", "TicketClosed"}
GOES_ON = {"TicketOpenedAgain", "TicketWoken", "TicketReopened"}


@pytest.mark.parametrize("seed", range(20, 26))
async def test_the_resolution_clock_is_what_the_events_of_the_ticket_add_up_to(
    tx: Transaction, seed: int
) -> None:
    """By a reckoning of its own: the hours between events while the ticket was ours, and what is left."""
    chance = random.Random(seed)
    targets = {"email": {"resolution": 40 * 3600}}
    inbox = await an_inbox(tx, plan=await a_plan(tx, hours=OFFICE_HOURS, targets=targets))
    ticket = await a_ticket(tx, inbox=inbox, contact=await a_contact(tx))
    for _ in range(12):
        tx.now += timedelta(minutes=chance.randint(1, 900))
        await chance.choice(ACTS)(tx, ticket, chance)
    await tx.flush()
    [row] = [one for one in await sla.clocks_of(tx, ticket.id) if one.metric == "resolution"]
    calendar = await sla.open_calendar(tx, row.calendar_id)
    query = select(EventRow).where(EventRow.ticket_id == ticket.id).order_by(EventRow.version)

    consumed, since = 0.0, ticket.created_at
    for event in await tx.session.scalars(query):
        if event.name in STOPS and since is not None:
            consumed, since = consumed + calendar.elapsed(since, event.at), None
        elif event.name in GOES_ON:
            since = since or event.at

    assert (row.consumed_seconds, row.running_since) == (pytest.approx(consumed), since)
    if since is not None and row.breached_at is None:
        assert row.due_at == calendar.add(since, row.target_seconds - consumed)


@pytest.mark.parametrize("seed", range(10, 14))
async def test_the_events_tell_when_each_clock_stood_still_and_nothing_waits_after_it_was_done(
    tx: Transaction, seed: int
) -> None:
    chance = random.Random(seed)
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=await a_plan(tx)))

    for _ in range(14):
        tx.now += timedelta(minutes=chance.randint(1, 900))
        await chance.choice(ACTS)(tx, ticket, chance)

    await tx.flush()
    query = select(EventRow).where(EventRow.ticket_id == ticket.id).order_by(EventRow.version)
    events = list(await tx.session.scalars(query))
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    is_done = False
    for event in events:
        is_done = event.name in DONE or (is_done and event.name != "TicketReopened")
        assert not (is_done and event.name in WAITS)
    started = [event for event in events if event.name == "TargetStarted"]
    assert len(started) == len(await sla.clocks_of(tx, ticket.id))
