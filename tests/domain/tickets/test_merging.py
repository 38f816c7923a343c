"""Merging, splitting and handing on: numbers, age and promises are kept, and a merge can be undone."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from helpdesk.domain import sla, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Message, Status, Ticket, TicketChange
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import (
    a_contact,
    a_plan,
    a_team,
    a_ticket,
    an_agent,
    an_inbox,
    as_agent,
    as_contact,
    claim_next,
)

HOUR = timedelta(hours=1)


async def two_tickets(tx: Transaction) -> tuple[Ticket, Ticket]:
    """Of one contact, an hour apart, each with an answer promised within four hours."""
    plan = await a_plan(tx, targets={"email": {"first_response": 4 * 3600, "resolution": 48 * 3600}})
    inbox, contact = await an_inbox(tx, plan=plan), await a_contact(tx)
    older = await a_ticket(tx, inbox=inbox, contact=contact)
    tx.now += HOUR
    return older, await a_ticket(tx, inbox=inbox, contact=contact)


async def names_of(tx: Transaction, ticket: Ticket) -> list[str]:
    await tx.session.flush()
    query = select(EventRow.name).where(EventRow.ticket_id == ticket.id)
    return list(await tx.session.scalars(query.order_by(EventRow.version)))


async def message_ids(tx: Transaction, ticket: Ticket) -> list[object]:
    query = select(Message.id).where(Message.ticket_id == ticket.id).order_by(Message.created_at, Message.id)
    return list(await tx.session.scalars(query))


async def test_a_merged_ticket_keeps_its_number_and_leaves_the_queue(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    numbers = older.number, newer.number

    assert await tickets.merge(tx, older.id, newer.id) is newer

    assert (older.status, older.merged_into, older.waiting) == (Status.MERGED, newer.id, False)
    assert (older.number, newer.number) == numbers
    assert "TicketMerged" in await names_of(tx, older)
    assert "MergeReceived" in await names_of(tx, newer)


async def test_the_other_takes_over_the_age_and_the_earlier_promise(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    due_at, since = older.due_at, older.waiting_since

    await tickets.merge(tx, older.id, newer.id)

    assert (newer.due_at, newer.waiting_since) == (due_at, since)


async def test_one_answer_keeps_the_promises_of_both(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    await tickets.merge(tx, older.id, newer.id)

    await tickets.reply(as_agent(tx, await an_agent(tx)), newer.id, "Both are solved.")

    first = [c for c in await sla.clocks_of(tx, newer.id) if c.metric == sla.Metric.FIRST_RESPONSE]
    assert [clock.met_at for clock in first] == [tx.now, tx.now]


async def test_a_waiting_ticket_wakes_the_resolved_one_it_is_merged_into(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    await tickets.change_ticket(tx, older.id, TicketChange(frozenset({"status"}), status="resolved"))

    await tickets.merge(tx, newer.id, older.id)

    assert (older.status, older.resolved_at, older.waiting) == (Status.OPEN, None, True)


async def test_a_promise_merged_into_a_pending_ticket_runs_on_where_pending_time_counts(
    tx: Transaction,
) -> None:
    policy = {"name": "Counts", "position": 1, "enabled": True, "conditions": {}, "pauses_in": ["snoozed"]}
    await sla.save_policy(tx, None, policy)
    older, newer = await two_tickets(tx)
    for ticket in (older, newer):
        await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"status"}), status="pending"))
    due_at = older.due_at

    await tickets.merge(tx, older.id, newer.id)

    assert due_at is not None
    assert newer.due_at == due_at


async def test_what_is_written_to_a_merged_ticket_arrives_in_the_other(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    await tickets.merge(tx, older.id, newer.id)
    more = tickets.InboundMessage(
        older.inbox_id, Channel.EMAIL, "One more thing", contact_id=older.contact_id, ticket_id=older.id
    )

    said = await tickets.receive_message(as_contact(tx, older.contact_id, older.inbox_id), more)

    assert said.ticket_id == newer.id
    assert newer.preview == "One more thing"


async def test_a_merge_undone_gives_both_back_what_was_theirs(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    before = [(one.status, one.due_at, one.rank_at, one.waiting_since) for one in (older, newer)]
    await tickets.merge(tx, older.id, newer.id)
    tx.now += HOUR

    await tickets.unmerge(tx, older.id)

    assert (older.status, older.due_at, older.rank_at, older.waiting_since) == before[0]
    assert newer.due_at == before[1][1]
    assert older.waiting
    assert "MergeUndone" in await names_of(tx, older)


async def test_a_merge_undone_gives_back_whether_it_waited(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    agent = as_agent(tx, await an_agent(tx))
    await tickets.reply(agent, older.id, "Which mill is it?")
    tx.held.clear()
    await tickets.merge(tx, older.id, newer.id)

    await tickets.unmerge(tx, older.id)

    assert older.waiting_since is None
    assert older.status == "pending"
    assert not older.waiting
    assert newer.waiting_since is not None


async def test_after_a_day_a_merge_stays(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)
    await tickets.merge(tx, older.id, newer.id)
    tx.now += timedelta(hours=25)

    with pytest.raises(Conflict, match="merge_too_old"):
        await tickets.unmerge(tx, older.id)


async def test_what_cannot_be_merged_is_refused(tx: Transaction) -> None:
    older, newer = await two_tickets(tx)

    with pytest.raises(Invalid, match="merge_into_itself"):
        await tickets.merge(tx, older.id, older.id)
    await tickets.merge(tx, older.id, newer.id)
    with pytest.raises(Conflict, match="merged"):
        await tickets.merge(tx, newer.id, older.id)
    with pytest.raises(Conflict, match="not_merged"):
        await tickets.unmerge(tx, newer.id)


async def test_a_split_ticket_is_as_old_as_its_first_message(tx: Transaction) -> None:
    _, ticket = await two_tickets(tx)
    written_at = tx.now + HOUR
    tx.now = written_at
    more = tickets.InboundMessage(
        ticket.inbox_id, Channel.EMAIL, "By the way, the invoice is wrong",
        contact_id=ticket.contact_id, ticket_id=ticket.id,
    )  # fmt: skip
    said = await tickets.receive_message(tx, more)
    tx.now += HOUR

    new = await tickets.split(tx, ticket.id, [said.message_id])

    assert (new.contact_id, new.inbox_id, new.team_id) == (ticket.contact_id, ticket.inbox_id, ticket.team_id)
    assert (new.subject, new.waiting_since) == ("By the way, the invoice is wrong", written_at)
    assert new.due_at == written_at + 4 * HOUR
    assert await message_ids(tx, new) == [said.message_id]
    assert "TicketSplit" in await names_of(tx, ticket)
    assert {"TicketSplit", "MessageReceived"} <= set(await names_of(tx, new))


async def an_answered_ticket(tx: Transaction) -> tuple[Ticket, list[object]]:
    """Answered once; then the contact wrote twice, half an hour apart; an answer is owed within an hour."""
    targets = {"email": {"first_response": 4 * 3600, "next_response": 3600, "resolution": 48 * 3600}}
    inbox, contact = await an_inbox(tx, plan=await a_plan(tx, targets=targets)), await a_contact(tx)
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Which mill?")
    tx.held.clear()
    said = []
    for body in ("The invoice is wrong", "It is the old mill"):
        tx.now += timedelta(minutes=30)
        more = tickets.InboundMessage(
            inbox.id, Channel.EMAIL, body, contact_id=contact.id, ticket_id=ticket.id
        )
        said.append((await tickets.receive_message(tx, more)).message_id)
    return ticket, list(said)


async def open_answers(tx: Transaction, ticket: Ticket) -> list[datetime]:
    await tx.flush()
    clocks = await sla.clocks_of(tx, ticket.id)
    wanted = (sla.Metric.NEXT_RESPONSE, sla.Metric.FIRST_RESPONSE)
    return [clock.due_at for clock in clocks if clock.metric in wanted and clock.due_at is not None]


async def test_a_split_leaves_the_next_answer_owed_to_what_stays(tx: Transaction) -> None:
    ticket, [first, _] = await an_answered_ticket(tx)
    assert await open_answers(tx, ticket) == [tx.now + HOUR / 2]

    new = await tickets.split(tx, ticket.id, [first])  # type: ignore[list-item]

    assert await open_answers(tx, ticket) == [tx.now + HOUR]
    assert ticket.waiting_since == tx.now
    assert await open_answers(tx, new) == [tx.now - HOUR / 2 + 4 * HOUR]


async def test_a_split_that_takes_all_that_waits_leaves_no_answer_owed(tx: Transaction) -> None:
    ticket, both = await an_answered_ticket(tx)

    await tickets.split(tx, ticket.id, both)  # type: ignore[arg-type]

    assert await open_answers(tx, ticket) == []
    assert ticket.waiting_since is None


async def test_a_split_keeps_the_other_clocks_of_both(tx: Transaction) -> None:
    ticket, [first, _] = await an_answered_ticket(tx)
    opened_at, written_at = ticket.created_at, tx.now - HOUR / 2

    new = await tickets.split(tx, ticket.id, [first])  # type: ignore[list-item]

    [kept] = [one for one in await sla.clocks_of(tx, ticket.id) if one.metric == sla.Metric.RESOLUTION]
    [own] = [one for one in await sla.clocks_of(tx, new.id) if one.metric == sla.Metric.RESOLUTION]
    assert kept.started_at == opened_at
    assert own.started_at == written_at


async def test_an_answer_that_moves_with_its_question_has_met_the_first_answer_there(tx: Transaction) -> None:
    ticket, [first, _] = await an_answered_ticket(tx)
    answer = await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "The old one is right.")
    tx.held.clear()

    new = await tickets.split(tx, ticket.id, [first, answer.message_id])  # type: ignore[list-item]

    [clock] = [one for one in await sla.clocks_of(tx, new.id) if one.metric == sla.Metric.FIRST_RESPONSE]
    assert clock.met_at == tx.now
    assert new.waiting_since is None


async def test_something_of_the_contact_must_stay(tx: Transaction) -> None:
    _, ticket = await two_tickets(tx)
    other, _ = await two_tickets(tx)

    with pytest.raises(Invalid, match="nothing_left"):
        await tickets.split(tx, ticket.id, await message_ids(tx, ticket))  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="messages_unknown"):
        await tickets.split(tx, ticket.id, await message_ids(tx, other))  # type: ignore[arg-type]


async def test_a_ticket_handed_to_the_second_line_keeps_its_place_and_its_clocks(tx: Transaction) -> None:
    _, ticket = await two_tickets(tx)
    second_line, agent = await a_team(tx, "Second line"), await an_agent(tx)
    await claim_next(as_agent(tx, agent))
    ticket = (await tx.session.scalars(select(Ticket).where(Ticket.assignee_id == agent.id))).one()
    before = ticket.due_at, ticket.rank_at

    await tickets.transfer(as_agent(tx, agent), ticket.id, second_line.id, "Needs the database people")

    assert (ticket.team_id, ticket.assignee_id, ticket.waiting) == (second_line.id, None, True)
    assert (ticket.due_at, ticket.rank_at) == before
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name == "TicketEscalated")
    [told] = await tx.session.scalars(query)
    assert (told["team_name"], told["reason"]) == (second_line.name, "Needs the database people")
    member = await an_agent(tx, team=second_line)
    assert await claim_next(as_agent(tx, member)) is ticket
