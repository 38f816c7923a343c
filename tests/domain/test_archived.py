"""What has been archived keeps what it has, and nothing more comes to it."""

from collections.abc import Awaitable, Callable

import pytest

from helpdesk.actors import Role
from helpdesk.domain import agents, contacts, inbox_setup, oncall, plans, tickets
from helpdesk.domain.inbox_setup import InboxDraft
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import TicketChange
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from tests.factories import a_company_of, a_contact, a_plan, a_team, a_ticket, an_agent, as_agent


@pytest.fixture
async def admin(tx: Transaction) -> Transaction:
    return as_agent(tx, await an_agent(tx, role=Role.ADMIN))


async def an_archived_team(admin: Transaction) -> agents.Team:
    return await agents.archive_team(admin, (await a_team(admin)).id)


async def an_archived_plan(admin: Transaction) -> plans.Plan:
    plan = await a_plan(admin)
    await plans.archive(admin, plan.id)
    return plan


async def _changes_a_ticket(admin: Transaction, team: agents.Team) -> None:
    ticket = await a_ticket(admin)
    await tickets.change_ticket(admin, ticket.id, TicketChange(frozenset({"team_id"}), team_id=team.id))


async def _hands_a_ticket_on(admin: Transaction, team: agents.Team) -> None:
    await tickets.transfer(admin, (await a_ticket(admin)).id, team.id, "Theirs")


async def _sets_an_inbox_up(admin: Transaction, team: agents.Team) -> None:
    await inbox_setup.save(admin, None, InboxDraft("Shop", Channel.CHAT, team_id=team.id))


async def _joins(admin: Transaction, team: agents.Team) -> None:
    await agents.change(admin, (await an_agent(admin)).id, {}, [team.id])


async def _wakes_for(admin: Transaction, team: agents.Team) -> None:
    target = {"kind": "person", "id": str(admin.actor.agent_id)}
    step = {"targets": [target], "delay_minutes": 5}
    policy = oncall.escalation.Policy.parse({"steps": [step]})
    await oncall.policies.add_policy(admin, "Night", policy, team.id)


@pytest.mark.parametrize(
    "act", [_changes_a_ticket, _hands_a_ticket_on, _sets_an_inbox_up, _joins, _wakes_for]
)
async def test_nothing_more_comes_to_an_archived_team(
    admin: Transaction, act: Callable[[Transaction, agents.Team], Awaitable[None]]
) -> None:
    with pytest.raises(Invalid, match="team_archived"):
        await act(admin, await an_archived_team(admin))


async def test_an_archived_plan_is_sold_no_more(admin: Transaction) -> None:
    company, plan = await a_company_of(admin, await a_contact(admin)), await an_archived_plan(admin)

    with pytest.raises(Invalid, match="plan_archived"):
        await contacts.sell(admin, company.id, plan.id)
    with pytest.raises(Invalid, match="plan_archived"):
        await inbox_setup.save(admin, None, InboxDraft("Shop", Channel.CHAT, plan_id=plan.id))


async def test_what_stood_before_it_was_archived_may_stay(admin: Transaction) -> None:
    team, plan = await a_team(admin), await a_plan(admin)
    draft = InboxDraft("Shop", Channel.CHAT, team_id=team.id, plan_id=plan.id)
    inbox = await inbox_setup.save(admin, None, draft)
    member = await an_agent(admin, team=team)
    ticket = await a_ticket(admin, inbox=inbox)
    company = await a_company_of(admin, await a_contact(admin))
    await contacts.sell(admin, company.id, plan.id)
    await agents.archive_team(admin, team.id)
    await plans.archive(admin, plan.id)

    await inbox_setup.save(admin, inbox.id, draft)
    await agents.change(admin, member.id, {}, [team.id])
    await tickets.change_ticket(admin, ticket.id, TicketChange(frozenset({"team_id"}), team_id=team.id))
    await contacts.sell(admin, company.id, plan.id)

    assert (inbox.team_id, inbox.plan_id, ticket.team_id, company.plan_id) == (
        team.id, plan.id, team.id, plan.id,
    )  # fmt: skip
