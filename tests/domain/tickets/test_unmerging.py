"""A merge undone after more has happened: each ticket owes its own, and is as old as its own messages."""

from datetime import timedelta

from helpdesk.domain import tickets
from helpdesk.domain.tickets import Status, Ticket
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.changing import HOUR, TARGETS, change, write_again
from tests.domain.tickets.test_merging import message_ids
from tests.factories import a_contact, a_plan, a_ticket, an_agent, an_inbox, as_agent


async def three_tickets(tx: Transaction) -> list[Ticket]:
    """Of one contact, an hour apart."""
    inbox, contact = await an_inbox(tx, plan=await a_plan(tx, targets=TARGETS)), await a_contact(tx)
    made = []
    for _ in range(3):
        tx.now += HOUR
        made.append(await a_ticket(tx, inbox=inbox, contact=contact))
    return made


async def test_the_first_of_two_merges_undone_takes_its_promise_from_where_it_went(tx: Transaction) -> None:
    first, second, third = await three_tickets(tx)
    due = [ticket.due_at for ticket in (first, second)]
    await tickets.merge(tx, first.id, second.id)
    await tickets.merge(tx, second.id, third.id)
    assert third.due_at == due[0]

    await tickets.unmerge(tx, first.id)

    assert [first.due_at, third.due_at] == due
    assert (first.waiting_since, third.waiting_since) == (first.created_at, second.created_at)


async def test_a_promise_stopped_by_the_end_of_the_other_goes_on(tx: Transaction) -> None:
    first, second, _ = await three_tickets(tx)
    await tickets.merge(tx, first.id, second.id)
    await change(tx, second, status="resolved")

    tx.now += HOUR
    await tickets.unmerge(tx, first.id)

    assert (first.status, second.status) == (Status.OPEN, Status.RESOLVED)
    assert first.due_at == tx.now + timedelta(hours=2)  # two of its four were used


async def test_what_was_written_meanwhile_is_owed_its_answer_where_it_stays(tx: Transaction) -> None:
    first, second, _ = await three_tickets(tx)
    agent = as_agent(tx, await an_agent(tx))
    for ticket in (first, second):
        await tickets.reply(agent, ticket.id, "Turn it off and on again.")
    await write_again(tx, first)
    await tickets.merge(tx, first.id, second.id)
    tx.now += HOUR
    await write_again(tx, second)

    await tickets.unmerge(tx, first.id)

    assert (first.due_at, second.due_at) == (tx.now + HOUR, tx.now + 2 * HOUR)
    assert second.waiting_since == tx.now


async def test_where_the_answer_moves_away_the_question_that_stays_is_owed_one(tx: Transaction) -> None:
    ticket, *_ = await three_tickets(tx)
    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Turn it off and on again.")
    await change(tx, ticket, status="open")
    _, answer = await message_ids(tx, ticket)

    await tickets.split(tx, ticket.id, [answer])

    assert ticket.waiting_since == ticket.created_at
    assert ticket.due_at == ticket.created_at + 2 * HOUR
