"""What a preview says of open tickets is what happens to them, whatever has happened to them before."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.domain import contacts, plans, sla, tickets
from helpdesk.domain.sla import CalendarHours, Metric, calendars
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.tickets.model import Ticket
from helpdesk.domain.tickets.replanning import Foreseen, Proposal, Scope, replay, would_move
from helpdesk.storage.transaction import Transaction
from tests.domain.sla.test_histories import ACTS
from tests.domain.tickets.changing import HOUR, TARGETS, change, clock_of, promised, write_again
from tests.factories import (
    OFFICE_HOURS,
    a_company_of,
    a_contact,
    a_plan,
    a_ticket,
    an_agent,
    an_inbox,
    as_agent,
)

MORNINGS = CalendarHours(
    "Europe/Stockholm", week={day: [["08:00", "11:00"]] for day in ("mon", "wed", "fri")}
)


def after(tx: Transaction, span: timedelta) -> Transaction:
    """The same transaction later, with nothing remembered."""
    return replace(tx, now=tx.now + span, held={}, known={})


async def sold(tx: Transaction, ticket: Ticket, plan: plans.Plan) -> Foreseen:
    """The company buys a plan; what was foreseen of it."""
    assert ticket.company_id is not None
    proposal = Proposal(company_plans={ticket.company_id: plan.id})
    foreseen = await would_move(tx, Scope(company_id=ticket.company_id), proposal)
    await contacts.sell(tx, ticket.company_id, plan.id)
    await replay(tx, ticket.id, "company")
    return foreseen


async def an_unpromised_ticket(tx: Transaction) -> Ticket:
    contact = await a_contact(tx)
    await a_company_of(tx, contact)
    return await a_ticket(tx, inbox=await an_inbox(tx), contact=contact)


async def test_a_plan_that_is_bought_promises_an_answer_to_what_waits_from_then_on(tx: Transaction) -> None:
    ticket = await an_unpromised_ticket(tx)
    tx = after(tx, HOUR)

    foreseen = await sold(tx, ticket, await a_plan(tx, targets=TARGETS))

    assert [(move.before, move.after) for move in foreseen.moves] == [(None, tx.now + 4 * HOUR)]
    assert ticket.due_at == tx.now + 4 * HOUR
    assert (await clock_of(tx, ticket, Metric.RESOLUTION)).due_at == tx.now + 24 * HOUR


async def test_who_was_answered_before_is_promised_the_next_answer(tx: Transaction) -> None:
    ticket = await an_unpromised_ticket(tx)
    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Turn it off and on again.")
    await write_again(tx, ticket)
    tx = after(tx, HOUR)

    foreseen = await sold(tx, ticket, await a_plan(tx, targets=TARGETS))

    assert [move.after for move in foreseen.moves] == [ticket.due_at] == [tx.now + 2 * HOUR]


async def test_another_time_for_one_priority_moves_only_what_has_it(tx: Transaction) -> None:
    plan = await a_plan(tx, targets=TARGETS)
    urgent, usual = [await a_ticket(tx, contact=await a_contact(tx, plan=plan)) for _ in range(2)]
    await change(tx, urgent, priority=1)
    assert urgent.due_at == tx.now + HOUR
    values = {name: getattr(plan, name) for name in ("key", "name", "calendar_id", "head_start_minutes")}
    values |= {"targets": TARGETS, "priority_targets": {"email": {"first_response": {"P1": 1800}}}}

    proposed = plans.Plan(id=plan.id, created_at=plan.created_at, **values)
    foreseen = await would_move(tx, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))
    await plans.save(tx, plan.id, values)
    for one in (urgent, usual):
        await replay(tx, one.id, "plan")

    assert [(move.id, move.after) for move in foreseen.moves] == [(urgent.id, urgent.due_at)]
    assert (urgent.due_at, usual.due_at) == (tx.now + HOUR / 2, tx.now + 4 * HOUR)


async def test_another_plan_of_an_inbox_moves_who_has_none_of_their_own(tx: Transaction) -> None:
    inbox, plan = await an_inbox(tx), await a_plan(tx, targets=TARGETS)
    ticket = await a_ticket(tx, inbox=inbox)
    served = await a_contact(tx, "Bo Ek")
    await a_company_of(tx, served, plan=await a_plan(tx, key="business", targets=TARGETS))
    own = await a_ticket(tx, inbox=inbox, contact=served)
    tx = after(tx, HOUR)

    foreseen = await would_move(tx, Scope(inbox_id=inbox.id), Proposal(inbox_plans={inbox.id: plan.id}))
    inbox.plan_id = plan.id
    for one in (ticket, own):
        await replay(tx, one.id, "inbox")

    assert [(move.id, move.after) for move in foreseen.moves] == [(ticket.id, ticket.due_at)]
    assert ticket.due_at == tx.now + 4 * HOUR


async def test_what_waits_for_the_contact_gets_no_due_time_by_a_new_plan(tx: Transaction) -> None:
    ticket = await an_unpromised_ticket(tx)
    await change(tx, ticket, status="pending")
    tx = after(tx, HOUR)

    foreseen = await sold(tx, ticket, await a_plan(tx, targets=TARGETS))
    assert (foreseen.moves, ticket.due_at) == ([], None)

    await change(tx, ticket, status="open")
    assert ticket.due_at == tx.now + 4 * HOUR


async def test_a_policy_that_counts_pending_time_starts_clocks_of_what_is_pending(
    tx: Transaction,
) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, status="pending")
    policy = {"name": "On", "position": 1, "enabled": True, "conditions": {}, "targets": {}, "pauses_in": []}
    tx = after(tx, HOUR)

    proposed = sla.SlaPolicy(id=tx.new_id(), created_at=tx.now, steps=[], calendar_id=None, **policy)
    foreseen = await would_move(tx, Scope(), Proposal(policies=[proposed]))
    await sla.save_policy(tx, None, policy)
    await replay(tx, ticket.id, "policy")

    assert [move.after for move in foreseen.moves] == [ticket.due_at] == [tx.now + 4 * HOUR]


async def test_a_head_start_moves_nothing_but_the_place_and_that_is_foreseen(tx: Transaction) -> None:
    plan = await a_plan(tx, targets=TARGETS)
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=plan))
    names = ("key", "name", "calendar_id", "may_page", "tells_contact", "targets")
    values = {name: getattr(plan, name) for name in names} | {"head_start_minutes": 20}
    before = ticket.rank_at

    proposed = plans.Plan(id=plan.id, created_at=tx.now, **values)
    foreseen = await would_move(tx, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))
    await plans.save(tx, plan.id, values)
    await replay(tx, ticket.id, "plan")

    assert foreseen.moves == []
    assert [one.ahead for one in foreseen.reranked] == [20]
    assert before - ticket.rank_at == timedelta(minutes=20)


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happened_before_the_preview_says_what_the_change_does(
    tx: Transaction, seed: int
) -> None:
    chance = random.Random(seed)
    plan, ticket = await a_lived_ticket(tx, chance)
    tx = after(tx, HOUR)
    before = ticket.due_at

    foreseen = await (other_hours, other_targets, another_plan)[seed % 3](tx, ticket, plan)

    moved = [(move.before, move.after) for move in foreseen.moves]
    is_open = ticket.status in ("open", "pending", "snoozed")
    assert moved == ([(before, ticket.due_at)] if is_open and ticket.due_at != before else [])


async def a_lived_ticket(tx: Transaction, chance: random.Random) -> tuple[plans.Plan, Ticket]:
    plan = await a_plan(tx, hours=OFFICE_HOURS, targets=TARGETS)
    ticket = await a_ticket(tx, contact=await a_contact(tx, plan=plan))
    for _ in range(8):
        tx.now += timedelta(minutes=chance.randint(1, 900))
        await chance.choice(ACTS)(tx, ticket, chance)
    await tx.flush()
    return plan, ticket


async def other_hours(tx: Transaction, ticket: Ticket, plan: plans.Plan) -> Foreseen:
    hours = Calendar.parse(calendars.stored(MORNINGS, tx.now))
    proposal = Proposal(calendars={plan.calendar_id: hours})
    foreseen = await would_move(tx, Scope(calendar_id=plan.calendar_id), proposal)
    await calendars.save_calendar(tx, plan.calendar_id, "Mornings", MORNINGS)
    await replay(tx, ticket.id, "calendar")
    return foreseen


async def other_targets(tx: Transaction, ticket: Ticket, plan: plans.Plan) -> Foreseen:
    names = ("key", "name", "calendar_id", "head_start_minutes", "may_page", "tells_contact")
    values = {name: getattr(plan, name) for name in names}
    values["targets"] = {"email": {"first_response": 1800, "next_response": 9 * 3600, "resolution": 7200}}
    proposed = plans.Plan(id=plan.id, created_at=tx.now, **values)
    foreseen = await would_move(tx, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))
    await plans.save(tx, plan.id, values)
    await replay(tx, ticket.id, "plan")
    return foreseen


async def another_plan(tx: Transaction, ticket: Ticket, plan: plans.Plan) -> Foreseen:
    return await sold(tx, ticket, await a_plan(tx, targets={"email": {"resolution": 3600}}))
