"""From one step to the next: rules, bundles, acknowledgements, the owner, the dead man, clocks that jump."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.domain import oncall, tickets
from helpdesk.domain.oncall.alerting.contact_methods import MethodKind
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.domain.oncall.alerting.ringing import BUNDLE
from helpdesk.jobs import dead_man
from tests.factories import a_company_of, a_contact, a_plan, a_ticket, an_agent, as_agent
from tests.jobs.ringing.nights import MINUTE, SECOND, Night, acknowledge

pytestmark = pytest.mark.commits


async def test_later_rules_ring_later_and_not_after_an_acknowledgement(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address, after_minutes=3)
    first, second = await night.alert("one"), None
    await night.tick()
    assert night.gateway.got == []

    await night.tick(2 * MINUTE)
    second = await night.alert("two")
    await acknowledge(night, second)
    await night.tick(MINUTE)

    assert [one["what"] for one in night.gateway.got[0].json["alerts"]] == ["one"]
    await night.tick(MINUTE + 30 * SECOND)
    assert len(night.gateway.got) == 1
    assert first.id != second.id


async def test_whatever_happens_no_open_alert_waits_for_a_step_that_is_two_ticks_old(night: Night) -> None:
    """A night of it: alerts come, are answered, handed on, left alone; the worker ticks now and then."""
    chance = random.Random(6)
    alerts = [await night.alert("first")]
    for number in range(60):
        what = chance.choice(("nothing", "nothing", "new", "acknowledge", "hand on"))
        async with night.database.transaction(SYSTEM) as tx:
            one = chance.choice(alerts)
            if what == "acknowledge":
                await tickets.acknowledge(as_agent(tx, night.mikko), one.id, night.mikko.id)
            elif what == "hand on":
                await oncall.hand_on(tx, None, one.id)
        if what == "new":
            alerts.append(await night.alert(f"alert {number}"))
        await night.tick(chance.choice((1, 2, 60, 290, 1900)) * SECOND)

        async with night.database.transaction(SYSTEM) as tx:
            waiting = await oncall.alerts(tx, oncall.AlertStatus.OPEN, 200)
            assert all(one.next_at is not None and one.next_at > tx.now for one in waiting)
            assert (
                await oncall.oldest_overdue(tx) <= 2 + BUNDLE.total_seconds()
            )  # rings wait for their bundle


async def test_many_alerts_at_once_ring_in_bundles_and_none_is_left_out(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    raised = []
    for number in range(30):
        raised.append(str((await night.alert(f"alert-{number}")).id))
        await night.tick(SECOND / 3)
    for _ in range(12):
        await night.tick(SECOND)

    named = [one["id"] for got in night.gateway.got for one in got.json["alerts"]]
    assert sorted(named) == sorted(raised)
    assert len(night.gateway.got) <= 10 * SECOND / BUNDLE + 2


async def test_who_is_woken_reads_at_once_whom_it_is_about(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    async with night.database.transaction(SYSTEM) as tx:
        kim = await a_contact(tx, "Kim Berg")
        company = await a_company_of(tx, kim, await a_plan(tx, key="enterprise"))
        ticket = await a_ticket(tx, contact=kim, subject="All mills stand still")
        await oncall.raise_alert(tx, ticket, "p1", "Urgent")

    await night.tick()

    [told] = night.gateway.got[0].json["alerts"]
    assert told["who"] == f"Kim Berg, {company.name} · Enterprise"
    assert f"#{ticket.number} All mills stand still\n{told['who']}\n" in night.gateway.got[0].json["body"]


async def test_two_steps_of_one_alert_that_wait_together_are_told_once(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    alert = await night.alert()
    async with night.database.transaction(SYSTEM) as tx:
        await oncall.hand_on(tx, None, alert.id)
        await oncall.hand_on(tx, None, alert.id)

    await night.tick()

    [got] = night.gateway.got
    assert [one["id"] for one in got.json["alerts"]] == [str(alert.id)]


async def test_an_acknowledgement_runs_out_without_a_reply_and_holds_with_one(night: Night) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        ticket, other = await a_ticket(tx), await a_ticket(tx, subject="Other")
        raised = [await oncall.raise_alert(tx, one, f"p1:{one.id}", "Urgent") for one in (ticket, other)]
    for alert in raised:
        assert alert is not None
        await acknowledge(night, alert)
    night.clock.advance(MINUTE)
    async with night.database.transaction(SYSTEM) as tx:
        await tickets.reply(as_agent(tx, night.mikko), other.id, "On it.")

    await night.tick(30 * MINUTE)

    async with night.database.transaction(SYSTEM) as tx:
        states = [(await oncall.get_alert(tx, alert.id)).status for alert in raised if alert is not None]
        assert states == ["open", "acknowledged"]
        history = [entry.name for entry in await oncall.entries_of(tx, raised[0].id)]  # type: ignore[union-attr]
        assert history[-2:] == ["AlertUnanswered", "AlertNotified"]


async def test_a_reply_answers_the_alert_of_its_ticket(night: Night) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        ticket = await a_ticket(tx)
        alert = await oncall.raise_alert(tx, ticket, "p1", "Urgent")
        await tickets.reply(as_agent(tx, night.priya), ticket.id, "We are at it.")
        assert alert is not None
        assert (alert.status, alert.acknowledged_by, alert.next_at) == ("acknowledged", night.priya.id, None)


async def test_the_owner_hears_of_an_alert_nobody_answers_and_it_goes_on(night: Night) -> None:
    async with night.database.transaction(SYSTEM) as tx:
        owner = await an_agent(tx, "Maja")
        row = (await oncall.policies.policies(tx))[0]
        policy = Policy.parse({**row.policy, "repeats": 0, "owner": str(owner.id)})
        await oncall.policies.change_policy(tx, row.id, row.name, policy, row.version)
    alert = await night.alert()

    for _ in range(6):
        await night.tick(5 * MINUTE)

    async with night.database.transaction(SYSTEM) as tx:
        told = [one.agent_id for one in await oncall.rings_of(tx, alert.id)]
        now = await oncall.get_alert(tx, alert.id)
    assert owner.id in told
    assert now.next_at is not None
    assert now.next_at > night.clock.now()


async def test_the_dead_man_rings_by_itself_after_a_minute_without_a_worker(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.alert()

    night.clock.advance(60 * SECOND)
    assert not await dead_man.look(night.workshop)
    night.clock.advance(SECOND)
    assert await dead_man.look(night.workshop)

    assert len(night.gateway.got) == 1
    async with night.database.transaction(SYSTEM) as tx:
        assert await oncall.oldest_overdue(tx) == 0


async def test_a_clock_that_jumps_ahead_takes_one_step_and_rings_once(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address)
    await night.alert()
    await night.tick()

    await night.tick(timedelta(hours=6))
    await night.tick()

    assert len(night.gateway.got) == 1
    async with night.database.transaction(SYSTEM) as tx:
        assert len(list(await tx.session.scalars(select(oncall.AlertNotification)))) == 2


async def test_a_clock_that_is_put_back_delays_no_step_and_no_later_rule(night: Night) -> None:
    await night.method(night.mikko, MethodKind.WEBHOOK, night.gateway.address, after_minutes=3)
    alert = await night.alert()
    await night.tick()
    night.clock.advance(-timedelta(hours=2))

    await night.tick()
    await night.tick(3 * MINUTE)
    assert [one["id"] for one in night.gateway.got[0].json["alerts"]] == [str(alert.id)]
    await night.tick(2 * MINUTE)

    async with night.database.transaction(SYSTEM) as tx:
        rung = [one.agent_id for one in await oncall.rings_of(tx, alert.id)]
        assert night.priya.id in rung
        assert await oncall.oldest_overdue(tx) < 2
