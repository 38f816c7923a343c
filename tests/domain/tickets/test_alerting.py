"""A P1 outside staffed hours wakes who is on call, once, and goes on until somebody answers."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, oncall, plans, tickets
from helpdesk.domain.events import public_data
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Ticket, TicketChange
from helpdesk.errors import NotFound
from helpdesk.storage.database import Database
from helpdesk.storage.tables import EventRow, Json
from helpdesk.storage.transaction import Transaction
from tests.factories import OFFICE_HOURS, a_contact, a_plan, a_team, a_ticket, an_agent, an_inbox, as_agent

NIGHT = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
"""A Wednesday, 23:00 in Stockholm."""

SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE, WEEK = timedelta(minutes=1), timedelta(weeks=1)


@dataclass(frozen=True)
class Rota:
    """Mikko and Priya take weeks in turn; Priya is asked next, then the whole team; Maja owns it."""

    mikko: agents.Agent
    priya: agents.Agent
    maja: agents.Agent
    team: agents.Team


async def a_rota(tx: Transaction, *, repeats: int = 0) -> Rota:
    team = await a_team(tx, "Technical", OFFICE_HOURS)
    mikko, priya = await an_agent(tx, "Mikko", team=team), await an_agent(tx, "Priya", team=team)
    maja = await an_agent(tx, "Maja")
    schedule = a_schedule(tx, [mikko, priya], anchor="2026-11-16T09:00")
    a_policy(
        tx,
        [[("schedule", schedule.id)], [("person", priya.id)], [("team", team.id)]],
        delays=[5, 10, 10],
        repeats=repeats,
        owner=str(maja.id),
    )
    await tx.session.flush()
    return Rota(mikko, priya, maja, team)


def a_schedule(tx: Transaction, people: list[agents.Agent], anchor: str) -> oncall.ScheduleRow:
    version = {
        "anchor": anchor,
        "time_zone": "Europe/Stockholm",
        "unit": "week",
        "slots": [[str(person.id)] for person in people],
    }
    layers = [{"id": "week", "rotation": {"id": "week", "versions": [version]}}]
    rota: Json = {"time_zone": "Europe/Stockholm", "layers": layers if people else []}
    row = oncall.ScheduleRow(id=tx.new_id(), name="Technical", rota=rota, created_at=tx.now)
    tx.session.add(row)
    return row


def a_policy(
    tx: Transaction, steps: list[list[tuple[str, UUID]]], delays: list[int], **rest: Any
) -> oncall.EscalationPolicyRow:
    stored = [
        {"delay_minutes": delay, "targets": [{"kind": kind, "id": str(who)} for kind, who in step]}
        for step, delay in zip(steps, delays, strict=True)
    ]
    row = oncall.EscalationPolicyRow(
        id=tx.new_id(),
        name="Technical on call" if len(steps) > 1 else "Own",
        policy={"steps": stored, **rest},
        created_at=tx.now,
    )
    tx.session.add(row)
    return row


async def a_p1(tx: Transaction, team: agents.Team | None, *, may_page: bool = True) -> Ticket:
    """Open, urgent, of a contact whose plan (unless told otherwise) may wake people."""
    contact = await a_contact(tx, plan=await a_plan(tx, key="enterprise", may_page=may_page))
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, team=team), contact=contact)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"priority"}), priority=1))
    tx.jobs.clear()
    return ticket


async def raised(tx: Transaction, ticket: Ticket) -> oncall.Alert:
    alert = await tickets.raise_if_urgent(tx, ticket.id)
    assert alert is not None
    return alert


async def rung(tx: Transaction, alert: oncall.Alert) -> list[UUID]:
    """Whom it has rung so far, in order."""
    query = select(oncall.AlertNotification).where(oncall.AlertNotification.alert_id == alert.id)
    rings = await tx.session.scalars(query.order_by(oncall.AlertNotification.id))
    return [ring.agent_id for ring in rings]


async def events_of(tx: Transaction, ticket: Ticket, *names: str) -> list[Json]:
    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name.in_(names))
    return list(await tx.session.scalars(query.order_by(EventRow.version)))


# Whom it wakes, and when


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


# Going on until somebody answers


async def test_after_five_minutes_the_next_one_is_rung(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    tx.now = NIGHT + 5 * MINUTE - timedelta(seconds=1)
    assert await oncall.due_alerts(tx) == []
    await tickets.escalate(tx, alert.id, ticket.id)
    assert await rung(tx, alert) == [rota.mikko.id]

    tx.now = NIGHT + 5 * MINUTE
    assert await oncall.due_alerts(tx) == [(alert.id, ticket.id)]
    await tickets.escalate(tx, alert.id, ticket.id)
    assert await rung(tx, alert) == [rota.mikko.id, rota.priya.id]
    assert alert.next_at == tx.now + 10 * MINUTE


async def test_a_step_is_taken_once_however_often_it_is_asked_for(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    tx.now = NIGHT + 5 * MINUTE
    await tickets.escalate(tx, alert.id, ticket.id)
    await tickets.escalate(tx, alert.id, ticket.id)

    assert await rung(tx, alert) == [rota.mikko.id, rota.priya.id]


async def test_after_an_outage_one_step_is_taken_and_not_all_of_them(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    tx.now = NIGHT + 60 * MINUTE
    await tickets.escalate(tx, alert.id, ticket.id)

    assert await rung(tx, alert) == [rota.mikko.id, rota.priya.id]


async def test_a_team_is_rung_as_a_whole(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    for _ in range(2):
        tx.now = alert.next_at or tx.now
        await tickets.escalate(tx, alert.id, ticket.id)

    assert sorted((await rung(tx, alert))[2:]) == sorted([rota.mikko.id, rota.priya.id])


async def test_when_nobody_has_answered_the_owner_is_told_and_it_goes_on(tx: Transaction) -> None:
    rota = await a_rota(tx, repeats=0)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    for _ in range(3):
        tx.now = alert.next_at or tx.now
        await tickets.escalate(tx, alert.id, ticket.id)

    assert rota.maja.id in await rung(tx, alert)
    assert len(await events_of(tx, ticket, "AlertExhausted")) == 1
    assert (alert.status, alert.next_at) == ("open", tx.now + 5 * MINUTE)


async def test_a_step_without_anybody_is_passed_over_and_told(tx: Transaction) -> None:
    priya = await an_agent(tx, "Priya")
    empty = a_schedule(tx, [], anchor="2026-11-16T09:00")
    a_policy(tx, [[("schedule", empty.id)], [("person", priya.id)]], delays=[5, 5])
    await tx.session.flush()
    ticket = await a_p1(tx, None)

    alert = await raised(tx, ticket)

    assert await rung(tx, alert) == [priya.id]
    assert [event["step"] for event in await events_of(tx, ticket, "CoverageMissing")] == [0]


async def test_somebody_who_has_left_is_not_rung(tx: Transaction) -> None:
    rota = await a_rota(tx)
    rota.mikko.disabled_at = tx.now
    ticket = await a_p1(tx, rota.team)

    tx.now = NIGHT

    assert await rung(tx, await raised(tx, ticket)) == [rota.priya.id]


# Answering


async def test_who_acknowledges_stops_the_escalation(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)
    [ring] = await tx.session.scalars(select(oncall.AlertNotification))

    tx.now = NIGHT + MINUTE
    await tickets.acknowledge(as_agent(tx, rota.mikko), alert.id, rota.mikko.id)

    assert (alert.status, alert.acknowledged_by) == ("acknowledged", rota.mikko.id)
    assert ring.state == "cancelled"
    assert await oncall.ringing.lease(tx, ring.method_id) is None
    tx.now = NIGHT + 30 * MINUTE
    assert await oncall.due_alerts(tx) == []
    await tickets.escalate(tx, alert.id, ticket.id)
    assert await rung(tx, alert) == [rota.mikko.id]


async def test_acknowledging_again_changes_nothing(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)
    await tickets.acknowledge(as_agent(tx, rota.mikko), alert.id, rota.mikko.id)
    version = ticket.version

    tx.now = NIGHT + 5 * MINUTE
    again = await tickets.acknowledge(as_agent(tx, rota.priya), alert.id, rota.priya.id)

    assert again.id == alert.id
    assert (again.acknowledged_by, again.acknowledged_at) == (rota.mikko.id, NIGHT)
    assert ticket.version == version
    [told] = await events_of(tx, ticket, "AlertAcknowledged")
    assert told["agent_name"] == "Mikko"


async def test_a_ring_that_nobody_has_answered_is_still_to_be_sent(tx: Transaction) -> None:
    rota = await a_rota(tx)
    tx.now = NIGHT
    alert = await raised(tx, await a_p1(tx, rota.team))
    [ring] = await tx.session.scalars(select(oncall.AlertNotification))

    bundle = await oncall.ringing.lease(tx, ring.method_id)

    assert bundle is not None
    assert [(one.notification_id, one.alert) for one in bundle.rings] == [(ring.id, alert)]


async def test_a_resolved_ticket_needs_nobody_and_a_reopened_one_may_again(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)

    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="resolved"))
    assert (alert.status, alert.closed_at, alert.next_at) == ("closed", NIGHT, None)

    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="open"))
    assert (await raised(tx, ticket)).id != alert.id


async def test_an_alert_of_an_inbox_one_may_not_see_cannot_be_acknowledged(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)
    stranger = await an_agent(tx)

    with pytest.raises(NotFound):
        await tickets.acknowledge(as_agent(tx, stranger, inbox_ids=frozenset()), alert.id, stranger.id)

    assert alert.status == "open"


async def test_the_contact_hears_nothing_of_alerts(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    before = ticket.public_version

    tx.now = NIGHT
    alert = await raised(tx, ticket)
    await tickets.acknowledge(tx, alert.id, rota.mikko.id)

    assert ticket.public_version == before


async def test_a_contact_hears_of_it_where_the_plan_says_so(tx: Transaction) -> None:
    rota = await a_rota(tx)
    ticket = await a_p1(tx, rota.team)
    assert ticket.plan_id is not None
    (await plans.get(tx, ticket.plan_id)).tells_contact = True
    before = ticket.public_version

    tx.now = NIGHT
    await raised(tx, ticket)

    assert ticket.public_version == before + 1
    [told] = await events_of(tx, ticket, "OnCallWoken")
    assert public_data("OnCallWoken", told) == {"reason": "P1 outside staffed hours, plan Enterprise"}


async def test_a_ticket_takes_its_teams_own_policy(tx: Transaction) -> None:
    rota = await a_rota(tx)
    own = await an_agent(tx, "Oskar")
    a_policy(tx, [[("person", own.id)]], delays=[5]).team_id = rota.team.id
    ticket = await a_p1(tx, rota.team)

    tx.now = NIGHT

    assert await rung(tx, await raised(tx, ticket)) == [own.id]


# By a rule of the inbox


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
