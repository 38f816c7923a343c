"""What agents change on a ticket besides priority and status; what is no longer so, and twice the same."""

from uuid import uuid4

import pytest

from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Inbox
from helpdesk.domain.tickets import Status, Ticket, TicketChange
from helpdesk.errors import Conflict, Forbidden, NotFound
from helpdesk.storage.transaction import Transaction
from tests.domain.tickets.changing import change, events_of, promised
from tests.factories import (
    a_team,
    an_agent,
    an_inbox,
    as_agent,
    as_contact,
)


async def test_an_assigned_ticket_stands_in_no_queue(tx: Transaction) -> None:
    ticket, agent = await promised(tx), await an_agent(tx, "Jonas")

    await change(tx, ticket, assignee_id=agent.id)

    assert (ticket.assignee_id, ticket.waiting) == (agent.id, False)
    assert (await events_of(tx, ticket))[-1].data == {
        "assignee_id": str(agent.id),
        "assignee_name": "Jonas",
        "previous_id": None,
        "reason": "manual",
        "decision": None,
    }


async def test_an_agent_who_left_is_given_nothing(tx: Transaction) -> None:
    ticket, agent = await promised(tx), await an_agent(tx)
    agent.disabled_at = tx.now

    with pytest.raises(Conflict, match="agent_disabled"):
        await change(tx, ticket, assignee_id=agent.id)
    with pytest.raises(NotFound, match="agent_not_found"):
        await change(tx, ticket, assignee_id=uuid4())


async def test_another_team_takes_the_ticket_with_its_age(tx: Transaction) -> None:
    ticket, team = await promised(tx), await a_team(tx, "Technical")
    rank_at, pool_id = ticket.rank_at, ticket.pool_id

    await change(tx, ticket, team_id=team.id)

    assert (ticket.team_id, ticket.rank_at) == (team.id, rank_at)
    assert ticket.pool_id != pool_id


async def test_tags_are_told_by_what_was_added_and_removed(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, tags=("Grinder", "E7"))

    await change(tx, ticket, tags=("e7", " warranty ", "e7", ""))

    assert ticket.tags == ["e7", "warranty"]
    assert (await events_of(tx, ticket))[-1].data == {"added": ["warranty"], "removed": ["grinder"]}


async def test_the_same_tags_are_no_change(tx: Transaction) -> None:
    ticket = await promised(tx)
    await change(tx, ticket, tags=("a", "b"))
    version = ticket.version

    await change(tx, ticket, tags=("A", "b"))

    assert ticket.version == version


async def test_a_subject_becomes_one_line(tx: Transaction) -> None:
    ticket = await promised(tx)

    await change(tx, ticket, subject="  Mill\nstuck \x00again ")

    assert ticket.subject == "Mill stuck again"
    assert (await events_of(tx, ticket))[-1].data == {"subject": "Mill stuck again", "previous": "Mill stuck"}


async def test_a_change_of_what_is_no_longer_so_is_refused(tx: Transaction) -> None:
    ticket = await promised(tx)
    seen = ticket.version
    await change(tx, ticket, tags=("grinder",))

    with pytest.raises(Conflict, match="version"):
        await tickets.change_ticket(
            tx, ticket.id, TicketChange(frozenset({"priority"}), priority=1), if_version=seen
        )

    assert ticket.priority == 3


async def test_a_change_of_what_is_still_so_is_made(tx: Transaction) -> None:
    ticket = await promised(tx)

    await tickets.change_ticket(
        tx, ticket.id, TicketChange(frozenset({"priority"}), priority=1), if_version=ticket.version
    )

    assert ticket.priority == 1


async def test_the_same_client_id_changes_once(tx: Transaction) -> None:
    ticket = await promised(tx)
    agent, client_id = as_agent(tx, await an_agent(tx)), uuid4()
    wanted = TicketChange(frozenset({"status"}), status="resolved")
    before = ticket.version

    await tickets.change_ticket(agent, ticket.id, wanted, if_version=before, client_id=client_id)
    after = ticket.version
    await tickets.change_ticket(agent, ticket.id, wanted, if_version=before, client_id=client_id)

    assert ticket.version == after
    marked = [event.version for event in await events_of(tx, ticket) if event.client_id == client_id]
    assert marked == [before + 1]


async def test_a_client_id_of_another_ticket_is_refused(tx: Transaction) -> None:
    ticket, other = await promised(tx), await promised(tx)
    agent, client_id = as_agent(tx, await an_agent(tx)), uuid4()
    wanted = TicketChange(frozenset({"status"}), status="resolved")
    await tickets.change_ticket(agent, ticket.id, wanted, client_id=client_id)

    with pytest.raises(Conflict, match="client_id_reused"):
        await tickets.change_ticket(agent, other.id, wanted, client_id=client_id)

    assert other.status == Status.OPEN


async def test_several_fields_change_together(tx: Transaction) -> None:
    ticket, agent = await promised(tx), await an_agent(tx)

    await change(tx, ticket, assignee_id=agent.id, priority=2, tags=("grinder",), status="pending")

    assert (ticket.assignee_id, ticket.priority, ticket.tags) == (agent.id, 2, ["grinder"])
    assert (ticket.status, ticket.due_at) == (Status.PENDING, None)


async def test_only_agents_who_see_the_inbox_change_a_ticket(tx: Transaction) -> None:
    ticket: Ticket = await promised(tx)
    elsewhere: Inbox = await an_inbox(tx)
    stranger = as_agent(tx, await an_agent(tx), inbox_ids=frozenset({elsewhere.id}))

    with pytest.raises(NotFound, match="ticket_not_found"):
        await change(stranger, ticket, priority=1)
    with pytest.raises(Forbidden):
        await change(as_contact(tx, ticket.contact_id, ticket.inbox_id), ticket, priority=1)
