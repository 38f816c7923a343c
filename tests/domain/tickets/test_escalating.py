"""From one step to the next until somebody answers; what an answer stops."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.domain import oncall, plans, tickets
from helpdesk.domain.events import public_data
from helpdesk.domain.tickets import TicketChange
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.night_watch import (
    MINUTE,
    NIGHT,
    a_p1,
    a_policy,
    a_rota,
    a_schedule,
    events_of,
    raised,
    rung,
)
from tests.factories import OFFICE_HOURS, a_team, an_agent, as_agent


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


async def test_where_each_acknowledges_every_one_of_them_can(tx: Transaction) -> None:
    team = await a_team(tx, "Technical", OFFICE_HOURS)
    people = [await an_agent(tx, name, team=team) for name in ("Mikko", "Priya")]
    a_policy(tx, [[("person", one.id) for one in people]], delays=[5], each_acknowledges=True)
    ticket = await a_p1(tx, team)
    tx.now = NIGHT
    alert = await raised(tx, ticket)
    rings = list(await tx.session.scalars(select(oncall.AlertNotification)))
    for ring in rings:
        ring.mail_id = tx.new_id()
    mails = {ring.agent_id: ring.mail_id for ring in rings}

    seen = []
    for one in people:
        await tickets.acknowledge(as_agent(tx, one), alert.id, one.id)
        await tx.session.flush()
        seen.append([await oncall.ringing.is_wanted(tx, mails[other.id]) for other in people])
        seen.append([ring.state for ring in sorted(rings, key=lambda ring: ring.agent_id != people[0].id)])

    assert seen == [[False, True], ["cancelled", "queued"], [False, False], ["cancelled", "cancelled"]]
    assert alert.acknowledged_by == people[0].id
    told = await events_of(tx, ticket, "AlertAcknowledged")
    assert [one["agent_name"] for one in told] == ["Mikko", "Priya"]


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
