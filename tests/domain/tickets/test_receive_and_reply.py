"""A contact writes, an agent answers."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Status
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_ticket, an_agent, as_agent, as_contact


async def events_of(tx: Transaction, ticket: tickets.Ticket) -> list[str]:
    await tx.session.flush()
    query = select(EventRow.name).where(EventRow.ticket_id == ticket.id).order_by(EventRow.version)
    return list(await tx.session.scalars(query))


async def test_the_first_message_opens_a_ticket_that_waits(tx: Transaction) -> None:
    ticket = await a_ticket(tx, subject="Mill stuck", body="It does not turn.")

    assert ticket.status == Status.OPEN
    assert ticket.waiting
    assert ticket.waiting_since == tx.now
    assert ticket.preview == "It does not turn."
    assert await events_of(tx, ticket) == ["TicketOpened", "MessageReceived"]
    assert (ticket.version, ticket.public_version) == (2, 2)


async def test_the_first_reply_takes_the_ticket_and_waits_for_the_contact(tx: Transaction) -> None:
    agent = await an_agent(tx)
    ticket = await a_ticket(tx)

    await tickets.reply(as_agent(tx, agent), ticket.id, "Hello, which mill is it?")

    assert ticket.assignee_id == agent.id
    assert ticket.status == Status.PENDING
    assert not ticket.waiting
    assert "ReplySent" in await events_of(tx, ticket)


async def test_a_reply_to_a_mail_is_queued_to_leave_in_the_same_transaction(tx: Transaction) -> None:
    contact = await a_contact(tx, email="kim@customer.example")
    ticket = await a_ticket(tx, contact=contact)

    await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Hello")

    mails = list(await tx.session.scalars(select(tickets.OutgoingMail)))
    assert [mail.recipients for mail in mails] == [["kim@customer.example"]]
    assert [job.name for job in tx.jobs if job.name == "send_mail"] == ["send_mail"]


async def test_the_same_client_id_is_one_message(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    agent = as_agent(tx, await an_agent(tx))
    client_id = uuid4()

    first = await tickets.reply(agent, ticket.id, "Hello", client_id=client_id)
    again = await tickets.reply(agent, ticket.id, "Hello", client_id=client_id)

    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.version, again.message_id) == (first.version, first.message_id)
    with pytest.raises(Conflict, match="client_id_reused"):
        await tickets.reply(agent, ticket.id, "Something else", client_id=client_id)


async def test_a_note_leaves_no_gap_in_what_the_contact_counts(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    agent = as_agent(tx, await an_agent(tx))

    await tickets.add_note(agent, ticket.id, "He rang before, be kind.")
    await tickets.reply(agent, ticket.id, "Hello")

    own = as_contact(tx, ticket.contact_id, ticket.inbox_id)
    events, head = await tickets.timeline.events_after(own, ticket.id, 0, 200)
    assert [event["version"] for event in events] == list(range(1, head + 1))
    assert "be kind" not in str(events)


async def test_a_contact_reads_nobody_elses_ticket(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    stranger = as_contact(tx, (await a_contact(tx)).id, ticket.inbox_id)

    with pytest.raises(NotFound, match="ticket_not_found"):
        await tickets.timeline.events_after(stranger, ticket.id, 0, 200)


async def test_a_contact_who_writes_again_reopens_the_ticket(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    agent = as_agent(tx, await an_agent(tx))
    await tickets.change_ticket(
        agent, ticket.id, tickets.TicketChange(frozenset({"status"}), status="resolved")
    )
    assert ticket.status == Status.RESOLVED

    await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=ticket.inbox_id,
            channel=Channel(ticket.channel),
            contact_id=ticket.contact_id,
            ticket_id=ticket.id,
            body="It is stuck again.",
        ),
    )

    assert ticket.status == Status.OPEN
    assert "TicketReopened" in await events_of(tx, ticket)


async def test_an_empty_or_endless_message_is_refused(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    agent = as_agent(tx, await an_agent(tx))

    with pytest.raises(Invalid, match="empty"):
        await tickets.reply(agent, ticket.id, "  \n")
    with pytest.raises(Invalid, match="too_large"):
        await tickets.reply(agent, ticket.id, "x" * 20_001)


async def test_a_ticket_in_a_foreign_inbox_does_not_exist(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    stranger = as_agent(tx, await an_agent(tx), inbox_ids=frozenset())

    with pytest.raises(NotFound, match="ticket_not_found"):
        await tickets.reply(stranger, ticket.id, "Hello")


async def test_a_contact_may_not_answer_as_an_agent(tx: Transaction) -> None:
    ticket = await a_ticket(tx)

    with pytest.raises(Forbidden):
        await tickets.reply(as_contact(tx, ticket.contact_id, ticket.inbox_id), ticket.id, "Hi")
