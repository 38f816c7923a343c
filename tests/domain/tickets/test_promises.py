"""SLA policies at work: what they promise, when their clocks pause, and what they do before a breach."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import sla, tickets
from helpdesk.domain.sla import Metric, SlaPolicy
from helpdesk.domain.tickets import OutgoingMail, Ticket, TicketChange
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import ALWAYS as AROUND_THE_CLOCK
from tests.factories import a_calendar, a_contact, a_plan, a_team, a_ticket, an_agent, an_inbox, as_agent

HOUR = timedelta(hours=1)


async def a_policy(tx: Transaction, **values: Any) -> SlaPolicy:
    given = {
        "position": 1,
        "enabled": True,
        "conditions": {},
        "steps": [],
        "pauses_in": ["pending", "snoozed"],
    }
    given["targets"] = {"email": {"first_response": 3600}}
    policy = SlaPolicy(id=tx.new_id(), name=f"Policy {tx.new_id()}", created_at=tx.now, **(given | values))
    tx.session.add(policy)
    await tx.session.flush()
    return policy


async def clock_of(tx: Transaction, ticket: Ticket, metric: Metric = Metric.FIRST_RESPONSE) -> sla.SlaClock:
    await tx.session.flush()
    return next(clock for clock in await sla.clocks_of(tx, ticket.id) if clock.metric == metric)


async def steps_of(tx: Transaction, ticket: Ticket) -> list[dict[str, Any]]:
    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name == "SlaStepTaken")
    return list(await tx.session.scalars(query.order_by(EventRow.version)))


async def reasons_of(tx: Transaction, ticket: Ticket) -> list[dict[str, Any]]:
    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name == "PromiseChanged")
    return list(await tx.session.scalars(query.order_by(EventRow.version)))


async def test_a_policy_promises_more_than_the_plan(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    policy = await a_policy(tx, conditions={"inbox_ids": [str(inbox.id)]})

    ticket, other = await a_ticket(tx, inbox=inbox), await a_ticket(tx)

    assert (ticket.policy_id, ticket.due_at) == (policy.id, tx.now + HOUR)
    assert other.policy_id is None


async def test_a_policy_with_hours_of_its_own_needs_no_plan(tx: Transaction) -> None:
    calendar = await a_calendar(tx, AROUND_THE_CLOCK)
    await a_policy(tx, calendar_id=calendar.id)

    assert (await a_ticket(tx)).due_at == tx.now + HOUR


async def test_a_tag_that_brings_another_policy_replays_the_clocks_and_says_so(tx: Transaction) -> None:
    plan = await a_plan(tx)
    policy = await a_policy(tx, conditions={"tags": ["vip"]})
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=plan))
    before = ticket.due_at
    assert before == tx.now + 4 * HOUR

    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"tags"}), tags=("vip",)))

    assert ticket.due_at == tx.now + HOUR
    assert await reasons_of(tx, ticket) == [
        {
            "because": "tags", "due_before": "2026-11-18T16:00:00Z", "due_at": "2026-11-18T13:00:00Z",
            "plan_before": plan.name, "plan": plan.name, "policy_before": None, "policy": policy.name,
        }
    ]  # fmt: skip


async def test_every_change_of_a_ticket_that_moves_its_due_time_says_why(tx: Transaction) -> None:
    urgent = await a_policy(tx, conditions={"priorities": [1]}, targets={"email": {"first_response": 7200}})
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=await a_plan(tx)))

    for change in (
        TicketChange(frozenset({"priority"}), priority=2),
        TicketChange(frozenset({"priority"}), priority=1),
        TicketChange(frozenset({"tags"}), tags=("says nothing",)),
        TicketChange(frozenset({"priority"}), priority=3),
    ):
        await tickets.change_ticket(tx, ticket.id, change)

    told = [(one["because"], one["policy_before"], one["policy"]) for one in await reasons_of(tx, ticket)]
    assert told == [
        ("priority", None, None),
        ("priority", None, urgent.name),
        ("priority", urgent.name, None),
    ]


async def test_a_ticket_taken_up_again_under_another_plan_says_so(tx: Transaction) -> None:
    inbox, better = await an_inbox(tx, plan=await a_plan(tx)), await a_plan(tx, key="better")
    ticket = await a_ticket(tx, inbox=inbox)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="resolved"))
    inbox.plan_id = better.id

    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="open"))

    [told] = await reasons_of(tx, ticket)
    assert (told["because"], told["plan"]) == ("reopened", "Better")


async def test_a_preview_names_the_open_tickets_that_would_change_and_writes_nothing(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    ticket, _ = await a_ticket(tx, inbox=inbox), await a_ticket(tx)
    wanted = SlaPolicy(
        id=tx.new_id(), name="New", position=1, enabled=True, conditions={"inbox_ids": [str(inbox.id)]}
    )

    changed = await tickets.promises.would_change(tx, [wanted])

    assert [(one["id"], one["before"], one["after"]) for one in changed] == [(ticket.id, None, "New")]
    assert ticket.policy_id is None


async def test_clocks_go_on_in_a_status_that_does_not_pause_them(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    await a_policy(tx, pauses_in=["snoozed"])
    ticket = await a_ticket(tx, inbox=inbox)

    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="pending"))
    assert (await clock_of(tx, ticket)).running_since is not None

    until = tx.now + HOUR
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"snooze_until"}), snooze_until=until))
    assert (await clock_of(tx, ticket)).running_since is None


async def test_the_contact_hears_of_it_as_often_as_promised(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx, targets={"email": {"update": 24 * 3600}}))
    ticket, agent = await a_ticket(tx, inbox=inbox), as_agent(tx, await an_agent(tx))
    await tickets.reply(agent, ticket.id, "We are looking into it.")

    first = await clock_of(tx, ticket, Metric.UPDATE)
    assert first.due_at == tx.now + 24 * HOUR

    agent.now = tx.now = tx.now + 20 * HOUR
    agent.held.clear()
    await tickets.reply(agent, ticket.id, "Still at it.")
    clocks = [c for c in await sla.clocks_of(tx, ticket.id) if c.metric == Metric.UPDATE]
    assert [clock.met_at is not None for clock in clocks] == [True, False]
    assert clocks[-1].due_at == tx.now + 24 * HOUR


STEPS = [
    {"at_percent": 50, "do": "notify_assignee"},
    {"before_minutes": 10, "do": "raise_priority"},
    {"after_minutes": 5, "do": "notify_leads"},
]


async def test_steps_are_taken_as_their_moments_come(tx: Transaction) -> None:
    team = await a_team(tx)
    inbox = await an_inbox(tx, plan=await a_plan(tx), team=team)
    lead = await an_agent(tx, "Lea", role=Role.LEAD, team=team)
    await a_policy(tx, steps=STEPS)
    ticket = await a_ticket(tx, inbox=inbox)

    tx.now += timedelta(minutes=31)
    assert await sla.tickets_with_steps_due(tx) == [ticket.id]
    await tickets.promises.take_steps(tx, ticket.id)
    assert await sla.tickets_with_steps_due(tx) == []

    [told] = await steps_of(tx, ticket)
    assert (told["action"], told["agent_ids"]) == ("notify_assignee", [str(lead.id)])
    assert (await tx.session.scalars(select(OutgoingMail.recipients))).all() == [[lead.email]]

    tx.now += timedelta(minutes=20)
    await tickets.promises.take_steps(tx, ticket.id)
    assert ticket.priority == 2


async def test_an_answer_stops_the_steps(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    await a_policy(tx, steps=STEPS)
    ticket = await a_ticket(tx, inbox=inbox)
    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Here it is.")

    tx.now += 2 * HOUR

    assert await sla.tickets_with_steps_due(tx) == []
    await tickets.promises.take_steps(tx, ticket.id)
    assert await steps_of(tx, ticket) == []


async def test_an_answer_between_two_steps_stops_the_later(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    await a_policy(tx, steps=STEPS)
    ticket = await a_ticket(tx, inbox=inbox)
    tx.now += timedelta(minutes=31)
    await tickets.promises.take_steps(tx, ticket.id)

    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Here it is.")
    tx.now += 2 * HOUR

    assert await sla.tickets_with_steps_due(tx) == []
    await tickets.promises.take_steps(tx, ticket.id)
    assert [step["action"] for step in await steps_of(tx, ticket)] == ["notify_assignee"]
    assert ticket.priority == 3


@pytest.mark.parametrize("wait", ["pending", "snoozed"])
async def test_steps_stand_still_with_their_clock_and_come_when_it_runs_again(
    tx: Transaction, wait: str
) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    await a_policy(tx, steps=STEPS)
    ticket = await a_ticket(tx, inbox=inbox)
    tx.now += timedelta(minutes=20)
    if wait == "pending":
        change = TicketChange(frozenset({"status"}), status="pending")
    else:
        change = TicketChange(frozenset({"snooze_until"}), snooze_until=tx.now + 9 * HOUR)
    await tickets.change_ticket(tx, ticket.id, change)

    tx.now += 8 * HOUR
    assert await sla.tickets_with_steps_due(tx) == []
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="open"))
    assert await sla.tickets_with_steps_due(tx) == []

    tx.now += timedelta(minutes=10)
    assert await sla.tickets_with_steps_due(tx) == [ticket.id]


async def test_the_steps_of_a_merged_tickets_clock_are_taken_where_it_goes_on(tx: Transaction) -> None:
    inbox, contact = await an_inbox(tx, plan=await a_plan(tx)), await a_contact(tx)
    await a_policy(tx, steps=STEPS, targets={"email": {"first_response": 3600}})
    older = await a_ticket(tx, inbox=inbox, contact=contact)
    tx.now += timedelta(minutes=20)
    newer = await a_ticket(tx, inbox=inbox, contact=contact)

    await tickets.merge(tx, older.id, newer.id)
    tx.now += timedelta(minutes=11)

    assert await sla.tickets_with_steps_due(tx) == [newer.id]
    await tickets.promises.take_steps(tx, newer.id)
    assert [step["action"] for step in await steps_of(tx, newer)] == ["notify_assignee"]
    assert await steps_of(tx, older) == []


async def test_a_ticket_resolved_unanswered_and_opened_again_owes_its_first_answer(tx: Transaction) -> None:
    inbox = await an_inbox(tx, plan=await a_plan(tx))
    ticket = await a_ticket(tx, inbox=inbox)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="resolved"))
    assert ticket.due_at is None
    tx.now += HOUR

    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="open"))

    assert ticket.due_at == tx.now + 4 * HOUR


async def test_why_this_deadline_lists_what_counted(tx: Transaction) -> None:
    inbox, contact = await an_inbox(tx, plan=await a_plan(tx)), await a_contact(tx)
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    start = tx.now
    tx.now += HOUR
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="pending"))
    tx.now += HOUR
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="open"))

    lines = await sla.explained(tx, await clock_of(tx, ticket))

    assert [(line["kind"], line["from"], line["to"]) for line in lines] == [
        ("counted", start, start + HOUR),
        ("paused", start + HOUR, start + 2 * HOUR),
        ("counted", start + 2 * HOUR, start + 5 * HOUR),
    ]
