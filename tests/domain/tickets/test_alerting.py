"""A P1 outside staffed hours wakes who is on call, once, and goes on until somebody answers."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import oncall, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import TicketChange
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.night_watch import (
    MINUTE,
    NIGHT,
    SATURDAY,
    WEEK,
    a_p1,
    a_rota,
    events_of,
    raised,
    rung,
)
from tests.factories import OFFICE_HOURS, a_contact, a_plan, a_team, a_ticket, an_inbox


async def test_a_p1_at_night_rings_who_is_on_call(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)

    tx.now = NIGHT
    alert = await raised(tx, ticket)

    assert (alert.status, alert.raised_at, alert.policy_name) == ("open", NIGHT, "Technical on call")
    assert alert.reason == "P1 outside staffed hours, plan Enterprise"
    assert await rung(tx, alert) == [rota.mikko.id]
    assert [job.name for job in tx.jobs] == ["ring"]
    [told] = await events_of(tx, ticket, "AlertRaised")
    assert told["alert_id"] == str(alert.id)
    [notified] = await events_of(tx, ticket, "AlertNotified")
    assert (notified["agent_name"], notified["method"], notified["step"]) == ("Mikko", "email", 0)


async def test_in_staffed_hours_the_queue_is_enough(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)

    assert await tickets.raise_if_urgent(tx, ticket.id) is None
    assert await events_of(tx, ticket, "AlertRaised") == []
    assert tx.jobs == []


@pytest.mark.parametrize(
    ("at", "is_woken"),
    [
        (datetime(2026, 11, 18, 6, 59, 59, tzinfo=UTC), True),  # 07:59:59 in Stockholm
        (datetime(2026, 11, 18, 7, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 18, 15, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 18, 16, 0, tzinfo=UTC), True),
        (SATURDAY, True),
    ],
)
async def test_staffed_hours_are_the_teams_to_the_second(
    tx: Transaction, at: datetime, is_woken: bool
) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)

    tx.now = at

    assert (await tickets.raise_if_urgent(tx, ticket.id) is not None) is is_woken


async def test_a_holiday_is_not_staffed(tx: Transaction) -> None:
    await a_rota(tx)
    team = await a_team(tx, "Support", OFFICE_HOURS | {"holidays": {"2026-11-18": "A day off"}})
    ticket = await a_p1(tx, team)

    assert await tickets.raise_if_urgent(tx, ticket.id) is not None


async def test_a_team_without_hours_is_never_at_work(tx: Transaction) -> None:
    await a_rota(tx)

    assert await tickets.raise_if_urgent(tx, (await a_p1(tx, await a_team(tx))).id) is not None
    assert await tickets.raise_if_urgent(tx, (await a_p1(tx, None)).id) is not None


async def test_a_plan_that_may_not_page_wakes_nobody(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team, may_page=False)

    tx.now = NIGHT

    assert await tickets.raise_if_urgent(tx, ticket.id) is None


@pytest.mark.parametrize(
    "what",
    [{"priority": 2}, {"status": "pending"}, {"status": "resolved"}, {"status": "closed"}],
)
async def test_what_is_not_an_open_p1_wakes_nobody(tx: Transaction, what: dict[str, Any]) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset(what), **what))

    tx.now = NIGHT

    assert await tickets.raise_if_urgent(tx, ticket.id) is None


async def test_without_an_escalation_policy_nobody_can_be_woken(tx: Transaction) -> None:
    ticket = await a_p1(tx, None)

    assert await tickets.raise_if_urgent(tx, ticket.id) is None


async def test_next_week_it_is_somebody_elses_turn(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)

    tx.now = NIGHT + WEEK

    assert await rung(tx, await raised(tx, ticket)) == [rota.priya.id]


async def test_asking_again_raises_no_second_alert(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    assert await tickets.raise_if_urgent(tx, ticket.id) is None
    await tickets.acknowledge(tx, alert.id, rota.mikko.id)
    assert await tickets.raise_if_urgent(tx, ticket.id) is None

    assert len(await oncall.alerts_of(tx, ticket.id)) == 1


@pytest.mark.parametrize(("minutes", "is_raised"), [(4, False), (5, True)])
async def test_a_chat_nobody_takes_for_minutes_rings(tx: Transaction, minutes: int, is_raised: bool) -> None:
    rota = await a_rota(tx)
    inbox = await an_inbox(tx, Channel.CHAT, team=rota.team, untaken_chat_minutes=5)
    ticket = await a_ticket(tx, inbox=inbox)

    tx.now += minutes * MINUTE
    waiting = await tickets.raise_waiting(tx)
    alerts = [alert for one in waiting for alert in await tickets.raise_by_rule(tx, one)]

    assert [alert.ticket_id for alert in alerts] == ([ticket.id] if is_raised else [])
    assert await tickets.raise_waiting(tx) == []


async def test_a_promise_about_to_be_missed_rings_once(tx: Transaction) -> None:
    rota = await a_rota(tx)
    contact = await a_contact(tx, plan=await a_plan(tx, key="enterprise", may_page=True))
    inbox = await an_inbox(tx, team=rota.team, breach_alert_minutes=15)
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    assert ticket.due_at is not None

    tx.now = ticket.due_at - 16 * MINUTE
    assert await tickets.raise_waiting(tx) == []
    tx.now = ticket.due_at - 15 * MINUTE
    [waiting] = await tickets.raise_waiting(tx)
    [alert] = await tickets.raise_by_rule(tx, waiting)

    assert alert.reason == "A promise is about to be missed"
    assert await tickets.raise_by_rule(tx, waiting) == []


async def test_an_alert_about_no_ticket_is_raised_once_and_closed_by_its_key(tx: Transaction) -> None:
    rota = await a_rota(tx)

    first = await oncall.raise_alert(tx, None, "inbox:support", "An inbox has stopped")
    again = await oncall.raise_alert(tx, None, "inbox:support", "An inbox has stopped")

    assert first is not None
    assert again is None
    assert await rung(tx, first) == [rota.mikko.id]
    assert await oncall.close_key(tx, "inbox:support")
    assert (first.status, not await oncall.close_key(tx, "inbox:support")) == ("closed", True)
    assert await oncall.raise_alert(tx, None, "inbox:support", "An inbox has stopped") is not None


@pytest.mark.commits
async def test_two_workers_at_once_raise_one_alert(database: Database, clock: FixedClock) -> None:
    async with database.transaction(SYSTEM) as tx:
        rota = await a_rota(tx)
        ticket = await a_p1(tx, rota.team)
    clock.set(NIGHT)

    async def ask() -> bool:
        async with database.transaction(SYSTEM) as tx:
            return await tickets.raise_if_urgent(tx, ticket.id) is not None

    assert sorted(await asyncio.gather(*(ask() for _ in range(4)))) == [False, False, False, True]

    clock.advance(5 * MINUTE)
    async with database.transaction(SYSTEM) as tx:
        [(alert_id, ticket_id)] = await oncall.due_alerts(tx)

    async def escalate() -> None:
        async with database.transaction(SYSTEM) as tx:
            await tickets.escalate(tx, alert_id, ticket_id)

    await asyncio.gather(*(escalate() for _ in range(4)))
    async with database.transaction(SYSTEM) as tx:
        alert = await oncall.get_alert(tx, alert_id)
        assert await rung(tx, alert) == [rota.mikko.id, rota.priya.id]
