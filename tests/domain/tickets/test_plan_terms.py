"""What was bought begins and ends: clocks, order, paging and what is told go by what is in force."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.actors import Role
from helpdesk.domain import contacts, inbox_setup, inboxes, plans, tickets
from helpdesk.domain.inbox_setup import InboxDraft
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import TicketChange, expectations
from helpdesk.domain.tickets.replanning import Scope, replay, touched_by
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.changing import HOUR, write_again
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

QUICK = {"email": {"first_response": 1800}}


async def a_desk(tx: Transaction) -> tuple[inboxes.Inbox, plans.Plan, contacts.Contact]:
    """Everybody is answered within four office hours; what can be bought is half an hour, at any time."""
    everybodys = await a_plan(tx, hours=OFFICE_HOURS)
    contact = await a_contact(tx)
    await a_company_of(tx, contact)
    return await an_inbox(tx, plan=everybodys), await a_plan(tx, targets=QUICK, head_start=10), contact


def at(tx: Transaction, now: datetime) -> Transaction:
    """The same transaction at another time, with nothing remembered."""
    return replace(tx, now=now, held={}, known={}, jobs=[])


async def turned(tx: Transaction, ticket: tickets.Ticket) -> bool:
    """The duty of that moment, and the job it leads to; whether there was one."""
    await contacts.turn_plans(tx)
    for job in tx.jobs:
        assert job.payload == {"company_id": str(ticket.company_id)}
        await replay(tx, ticket.id, "company")
    return bool(tx.jobs)


async def test_a_plan_holds_from_its_first_moment_to_its_last(tx: Transaction) -> None:
    inbox, bought, contact = await a_desk(tx)
    begins_at, ends_at = tx.now + HOUR, tx.now + 3 * HOUR
    assert contact.company_id is not None
    await contacts.sell(tx, contact.company_id, bought.id, begins_at, ends_at)
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    first_due = ticket.due_at
    assert ticket.plan_id == inbox.plan_id

    tx = at(tx, begins_at - timedelta(seconds=1))
    assert not await turned(tx, ticket)

    tx = at(tx, begins_at)
    assert await turned(tx, ticket)
    assert (ticket.plan_id, ticket.due_at) == (bought.id, tx.now - HOUR / 2)
    assert ticket.place["head_start"][0]["minutes"] == 10
    assert not await turned(at(tx, begins_at + HOUR), ticket)  # it was seen

    tx = at(tx, ends_at)
    assert await turned(tx, ticket)
    assert ticket.plan_id == inbox.plan_id
    assert ticket.due_at != first_due  # missed by the change of plan: that stays so
    assert (await a_ticket(tx, inbox=inbox, contact=contact)).plan_id == inbox.plan_id


async def test_a_contact_is_told_the_hours_that_are_in_force(tx: Transaction) -> None:
    inbox, bought, contact = await a_desk(tx)
    assert contact.company_id is not None
    night = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
    await contacts.sell(tx, contact.company_id, bought.id, ends_at=night)

    before, after = at(tx, night - HOUR), at(tx, night)

    assert (await expectations.of_inbox(before, inbox, contact.id))["open"]
    assert not (await expectations.of_inbox(after, inbox, contact.id))["open"]


async def test_one_that_ends_before_it_begins_or_before_now_is_refused(tx: Transaction) -> None:
    _, bought, contact = await a_desk(tx)
    assert contact.company_id is not None

    for begins_at, ends_at in ((None, tx.now), (tx.now + HOUR, tx.now + HOUR)):
        with pytest.raises(Invalid, match="plan_ends_too_soon"):
            await contacts.sell(tx, contact.company_id, bought.id, begins_at, ends_at)


async def test_what_was_written_before_a_plan_began_is_answered_by_it(tx: Transaction) -> None:
    inbox, bought, contact = await a_desk(tx)
    assert contact.company_id is not None
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    await contacts.sell(tx, contact.company_id, bought.id, tx.now + timedelta(minutes=10))

    tx = at(tx, tx.now + timedelta(minutes=10))
    await turned(tx, ticket)

    assert ticket.due_at == tx.now + timedelta(minutes=20)
    await write_again(tx, ticket)
    assert ticket.plan_id == bought.id


@pytest.mark.parametrize("by_contact", [True, False])
async def test_what_is_reopened_is_measured_by_the_plan_that_was_bought_meanwhile(
    tx: Transaction, by_contact: bool
) -> None:
    inbox, bought, contact = await a_desk(tx)
    assert contact.company_id is not None
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    resolve, reopen = (TicketChange(frozenset({"status"}), status=to) for to in ("resolved", "open"))
    await tickets.change_ticket(tx, ticket.id, resolve)
    bought.targets = {"email": {"next_response": 600, "first_response": 600}}
    await contacts.sell(tx, contact.company_id, bought.id)

    tx = at(tx, tx.now + HOUR)
    if by_contact:
        await write_again(tx, ticket)
    else:
        await tickets.change_ticket(tx, ticket.id, reopen)

    assert (ticket.plan_id, ticket.due_at) == (bought.id, tx.now + timedelta(minutes=10))


async def test_another_plan_for_whoever_has_none_holds_for_open_tickets_too(tx: Transaction) -> None:
    inbox, better, stranger = await an_inbox(tx), await a_plan(tx, targets=QUICK), await a_contact(tx)
    ticket = await a_ticket(tx, inbox=inbox, contact=stranger)
    lead = as_agent(tx, await an_agent(tx, role=Role.ADMIN))

    draft = InboxDraft(inbox.name, Channel.EMAIL, inbox.address or "", plan_id=better.id)
    await inbox_setup.save(lead, inbox.id, draft)
    await replay(tx, ticket.id, "inbox")

    assert {"inbox_id": str(inbox.id)} in [job.payload for job in lead.jobs if job.name == "replay_clocks"]
    assert await touched_by(tx, Scope(inbox_id=inbox.id), None, 10) == [ticket.id]
    assert (ticket.plan_id, ticket.due_at) == (better.id, tx.now + HOUR / 2)
