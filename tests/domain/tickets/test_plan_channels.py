"""A plan for some channels only: what comes another way has the plan of its inbox, and says so."""

from dataclasses import replace

import pytest

from helpdesk.actors import Role
from helpdesk.domain import contacts, inboxes, plans
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Ticket, alerting, expectations, queries
from helpdesk.domain.tickets.chatting import waking
from helpdesk.domain.tickets.replanning import Foreseen, Proposal, Scope, replay, would_move
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.changing import HOUR, change, names_of
from tests.factories import OFFICE_HOURS, a_contact, a_plan, a_ticket, an_agent, an_inbox, as_agent

USUAL = {"email": {"first_response": 4 * 3600}, "chat": {"first_response": 3600}}
QUICK = {"email": {"first_response": 1800}, "chat": {"first_response": 60}}


async def bought(tx: Transaction, *channels: str) -> plans.Plan:
    return await a_plan(tx, key="enterprise", targets=QUICK, head_start=10, may_page=True, channels=channels)


async def a_mail(tx: Transaction, plan: plans.Plan) -> tuple[Ticket, inboxes.Inbox]:
    inbox = await an_inbox(tx, plan=await a_plan(tx, targets=USUAL))
    return await a_ticket(tx, inbox=inbox, contact=await a_contact(tx, plan=plan)), inbox


async def told(tx: Transaction, ticket: Ticket) -> dict[str, object]:
    lead = as_agent(tx, await an_agent(tx, role=Role.LEAD))
    return await queries.ticket(lead, ticket.id)


async def test_what_comes_by_a_channel_of_the_plan_has_it(tx: Transaction) -> None:
    plan = await bought(tx, "email", "api")

    ticket, _ = await a_mail(tx, plan)

    assert (ticket.plan_id, ticket.left_out_plan_id) == (plan.id, None)
    assert ticket.due_at == tx.now + HOUR / 2
    assert "PlanLeftOut" not in await names_of(tx, ticket)


async def test_what_comes_another_way_has_the_plan_of_its_inbox_and_says_so(tx: Transaction) -> None:
    plan = await bought(tx, "chat")

    ticket, inbox = await a_mail(tx, plan)

    assert (ticket.plan_id, ticket.left_out_plan_id) == (inbox.plan_id, plan.id)
    assert (ticket.due_at, ticket.place["head_start"]) == (tx.now + 4 * HOUR, [])
    assert "PlanLeftOut" in await names_of(tx, ticket)
    seen = await told(tx, ticket)
    assert seen["left_out_plan"] == {"id": plan.id, "name": "Enterprise"}
    assert str(seen["why"]).endswith("; Enterprise does not include email")


async def test_without_a_plan_of_the_inbox_nothing_is_promised_to_it(tx: Transaction) -> None:
    contact = await a_contact(tx, plan=await bought(tx, "chat"))

    ticket = await a_ticket(tx, inbox=await an_inbox(tx), contact=contact)

    assert (ticket.plan_id, ticket.due_at) == (None, None)


async def test_a_plan_that_is_the_inboxs_own_leaves_nothing_of_it_out(tx: Transaction) -> None:
    plan = await bought(tx, "chat")

    ticket = await a_ticket(tx, inbox=await an_inbox(tx, plan=plan), contact=await a_contact(tx, plan=plan))

    assert (ticket.plan_id, ticket.left_out_plan_id) == (plan.id, None)


async def test_nobody_is_woken_by_a_channel_the_plan_does_not_include(tx: Transaction) -> None:
    ticket, _ = await a_mail(tx, await bought(tx, "chat"))
    await change(tx, ticket, priority=1)

    assert await alerting.raise_if_urgent(tx, ticket.id) is None


@pytest.mark.parametrize(("channels", "may"), [(["chat"], True), (["email"], False)])
async def test_the_widget_offers_what_holds_for_the_chat(
    tx: Transaction, channels: list[str], *, may: bool
) -> None:
    inbox = await an_inbox(tx, Channel.CHAT, plan=await a_plan(tx, hours=OFFICE_HOURS, targets=USUAL))
    contact = await a_contact(tx, plan=await bought(tx, *channels))
    night = replace(tx, now=tx.now + 10 * HOUR, held={}, known={})

    assert await waking.may_wake(night, contact.id, inbox) is may
    assert (await expectations.of_inbox(night, inbox, contact.id))["open"] is may


async def saved(tx: Transaction, plan: plans.Plan, ticket: Ticket, channels: list[str]) -> Foreseen:
    """The plan gets these channels; what was foreseen of it."""
    names = ("key", "name", "calendar_id", "head_start_minutes", "may_page", "tells_contact", "targets")
    values = {name: getattr(plan, name) for name in names} | {"channels": channels}
    proposed = plans.Plan(id=plan.id, created_at=plan.created_at, **values)
    foreseen = await would_move(tx, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))
    await plans.save(tx, plan.id, values)
    await replay(tx, ticket.id, "plan")
    return foreseen


async def test_open_tickets_follow_when_the_channels_change_as_it_was_foreseen(tx: Transaction) -> None:
    plan = await bought(tx)
    ticket, inbox = await a_mail(tx, plan)

    [leaves] = (await saved(tx, plan, ticket, ["chat"])).moves
    assert (leaves.before, leaves.after) == (tx.now + HOUR / 2, ticket.due_at)
    assert (ticket.plan_id, ticket.due_at) == (inbox.plan_id, tx.now + 4 * HOUR)

    [returns] = (await saved(tx, plan, ticket, [])).moves
    assert (returns.after, ticket.due_at) == (tx.now + HOUR / 2, tx.now + HOUR / 2)
    assert (ticket.plan_id, ticket.left_out_plan_id) == (plan.id, None)


async def test_a_company_that_gets_such_a_plan_is_foreseen_by_it(tx: Transaction) -> None:
    ticket, _ = await a_mail(tx, await bought(tx))
    other = await bought(tx, "chat")
    assert ticket.company_id is not None

    foreseen = await would_move(
        tx, Scope(company_id=ticket.company_id), Proposal(company_plans={ticket.company_id: other.id})
    )
    await contacts.sell(tx, ticket.company_id, other.id)
    await replay(tx, ticket.id, "company")

    assert [move.after for move in foreseen.moves] == [ticket.due_at] == [tx.now + 4 * HOUR]
    assert ticket.left_out_plan_id == other.id
