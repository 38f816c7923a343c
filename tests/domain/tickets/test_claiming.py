"""Claiming the next ticket: one agent, one ticket, always the first that this agent may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM, Actor, Role
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, tickets
from helpdesk.domain.inboxes import Channel, Inbox
from helpdesk.domain.tickets import Status, TicketChange
from helpdesk.errors import Conflict, Forbidden
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.storage.database import Database
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_team, a_ticket, an_agent, an_inbox, as_agent, as_contact, claim_next
from tests.waiting import PATIENCE


async def tickets_waiting(tx: Transaction, count: int, inbox: Inbox | None = None) -> list[tickets.Ticket]:
    """Oldest first, a minute apart, so in the order of the queue."""
    inbox, contact = inbox or await an_inbox(tx), await a_contact(tx)
    found = []
    for _ in range(count):
        tx.now += timedelta(minutes=1)
        found.append(await a_ticket(tx, inbox=inbox, contact=contact))
    return found


async def assigned_reasons(tx: Transaction, ticket: tickets.Ticket) -> list[str]:
    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name == "TicketAssigned")
    return [data["reason"] for data in await tx.session.scalars(query)]


async def test_the_first_of_the_queue_becomes_the_agents(tx: Transaction) -> None:
    first, second = await tickets_waiting(tx, 2)
    agent = await an_agent(tx)

    claimed = await claim_next(as_agent(tx, agent))

    assert claimed is first
    assert (first.assignee_id, first.waiting, first.status) == (agent.id, False, Status.OPEN)
    assert await assigned_reasons(tx, first) == ["claim"]
    assert second.waiting


async def test_the_order_is_that_of_rank_at_not_of_arrival(tx: Transaction) -> None:
    _, _, latest = await tickets_waiting(tx, 3)
    urgent = TicketChange(frozenset({"priority"}), priority=1)
    await tickets.change_ticket(tx, latest.id, urgent)

    claimed = await claim_next(as_agent(tx, await an_agent(tx)))

    assert claimed is latest


async def test_an_empty_queue_gives_nothing(tx: Transaction) -> None:
    agent = as_agent(tx, await an_agent(tx))
    assert await claim_next(agent) is None

    await tickets_waiting(tx, 1)

    assert await claim_next(agent) is not None
    assert await claim_next(agent) is None


@pytest.mark.parametrize("status", ["pending", "resolved", "closed", "snoozed"])
async def test_what_does_not_wait_is_not_claimed(tx: Transaction, status: str) -> None:
    [ticket] = await tickets_waiting(tx, 1)
    change = TicketChange(frozenset({"status"}), status=status, snooze_until=tx.now + timedelta(days=1))
    await tickets.change_ticket(tx, ticket.id, change)

    assert await claim_next(as_agent(tx, await an_agent(tx))) is None


async def test_an_inbox_that_is_not_granted_is_not_claimed_from(tx: Transaction) -> None:
    hers, his = await an_inbox(tx), await an_inbox(tx)
    await tickets_waiting(tx, 1, his)
    [own] = await tickets_waiting(tx, 1, hers)
    agent = as_agent(tx, await an_agent(tx, inboxes=[hers]), inbox_ids=frozenset({hers.id}))

    assert await claim_next(agent) is own
    assert await claim_next(agent) is None


async def test_no_inbox_granted_is_no_ticket(tx: Transaction) -> None:
    await tickets_waiting(tx, 1)

    assert await claim_next(as_agent(tx, await an_agent(tx), inbox_ids=frozenset())) is None


async def test_another_teams_ticket_is_not_claimed(tx: Transaction) -> None:
    technical, support = await a_team(tx, "Technical"), await a_team(tx, "Support")
    await tickets_waiting(tx, 1, await an_inbox(tx, team=technical))
    [own] = await tickets_waiting(tx, 1, await an_inbox(tx, team=support))
    [nobodys] = await tickets_waiting(tx, 1, await an_inbox(tx))
    agent = as_agent(tx, await an_agent(tx, team=support))

    claimed = [await claim_next(agent) for _ in range(3)]

    assert claimed == [own, nobodys, None]


async def test_an_agent_of_two_teams_takes_the_first_of_both(tx: Transaction) -> None:
    technical, support = await a_team(tx, "Technical"), await a_team(tx, "Support")
    [first] = await tickets_waiting(tx, 1, await an_inbox(tx, team=technical))
    [second] = await tickets_waiting(tx, 1, await an_inbox(tx, team=support))
    agent = await an_agent(tx, team=support)
    tx.session.add(agents.TeamMember(team_id=technical.id, agent_id=agent.id))
    await tx.session.flush()

    claimed = [await claim_next(as_agent(tx, agent)) for _ in range(2)]

    assert claimed == [first, second]


async def test_a_lead_of_no_team_claims_from_all_of_them(tx: Transaction) -> None:
    [ticket] = await tickets_waiting(tx, 1, await an_inbox(tx, team=await a_team(tx)))
    agent, lead = await an_agent(tx), await an_agent(tx, role=Role.LEAD)

    assert await claim_next(as_agent(tx, agent)) is None
    assert await claim_next(as_agent(tx, lead)) is ticket


async def test_a_ticket_moved_to_another_team_is_claimed_there(tx: Transaction) -> None:
    technical, support = await a_team(tx, "Technical"), await a_team(tx, "Support")
    [ticket] = await tickets_waiting(tx, 1, await an_inbox(tx, team=support))
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"team_id"}), team_id=technical.id))

    assert await claim_next(as_agent(tx, await an_agent(tx, team=support))) is None
    assert await claim_next(as_agent(tx, await an_agent(tx, team=technical))) is ticket


async def test_a_released_ticket_keeps_its_place(tx: Transaction) -> None:
    first, _ = await tickets_waiting(tx, 2)
    agent = as_agent(tx, await an_agent(tx))
    rank_at = first.rank_at
    await claim_next(agent)

    await tickets.change_ticket(agent, first.id, TicketChange(frozenset({"assignee_id"})))

    assert (first.waiting, first.rank_at) == (True, rank_at)
    assert await claim_next(as_agent(tx, await an_agent(tx))) is first


async def test_the_same_client_id_is_the_same_ticket(tx: Transaction) -> None:
    first, second = await tickets_waiting(tx, 2)
    agent = as_agent(tx, await an_agent(tx))
    client_id = uuid4()

    assert await claim_next(agent, client_id) is first
    assert await claim_next(agent, client_id) is first

    assert await assigned_reasons(tx, first) == ["claim"]
    assert second.waiting
    assert await claim_next(agent, uuid4()) is second


async def test_a_client_id_that_said_something_else_is_refused(tx: Transaction) -> None:
    first, _ = await tickets_waiting(tx, 2)
    agent = as_agent(tx, await an_agent(tx))
    client_id = uuid4()
    await tickets.reply(agent, first.id, "Hello", client_id=client_id)

    with pytest.raises(Conflict, match="client_id_reused"):
        await claim_next(agent, client_id)


async def test_contacts_and_light_agents_do_not_claim(tx: Transaction) -> None:
    [ticket] = await tickets_waiting(tx, 1)

    with pytest.raises(Forbidden, match="light_agent"):
        await claim_next(as_agent(tx, await an_agent(tx, role=Role.LIGHT)))
    with pytest.raises(Forbidden, match="staff_only"):
        await claim_next(as_contact(tx, ticket.contact_id, ticket.inbox_id))


# From here on for real: connections of their own, and commits.


@pytest.fixture
async def wide(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Connections enough for twenty agents at once."""
    database = Database(database_url, clock, REACTIONS, pool_size=20)
    yield database
    await database.close()


async def a_full_queue(database: Database, agent_count: int, count: int) -> tuple[list[Actor], list[UUID]]:
    """Agents, and tickets in the order of the queue."""
    async with database.transaction(SYSTEM) as tx:
        staff = [await agents.actor_of(tx, await an_agent(tx)) for _ in range(agent_count)]
        waiting = await tickets_waiting(tx, count)
    return staff, [ticket.id for ticket in waiting]


async def claim_until_empty(database: Database, actor: Actor) -> list[UUID]:
    claimed: list[UUID] = []
    while True:
        async with database.transaction(actor) as tx:
            ticket = await claim_next(tx)
        if ticket is None:
            return claimed
        claimed.append(ticket.id)


@pytest.mark.commits
async def test_two_agents_at_once_get_two_tickets_and_neither_waits(wide: Database) -> None:
    (one, other), (first, second) = await a_full_queue(wide, 2, 2)

    async with wide.transaction(one) as hers:
        taken = await claim_next(hers)
        async with asyncio.timeout(PATIENCE), wide.transaction(other) as his:
            left = await claim_next(his)

    assert taken is not None
    assert left is not None
    assert [taken.id, left.id] == [first, second]


@pytest.mark.commits
async def test_many_who_claim_before_anybody_has_committed_get_the_first_in_order(wide: Database) -> None:
    staff, waiting = await a_full_queue(wide, 18, 20)

    async with AsyncExitStack() as open_claims:
        claimed: list[UUID | None] = []
        for actor in staff:
            tx = await open_claims.enter_async_context(wide.transaction(actor))
            ticket = await claim_next(tx)
            claimed.append(ticket.id if ticket else None)

    assert claimed == waiting[:18]


@pytest.mark.commits
async def test_an_agent_who_fails_to_claim_leaves_the_ticket_to_the_next(wide: Database) -> None:
    (one, other), [only] = await a_full_queue(wide, 2, 1)

    async def claim_and_fail() -> None:
        async with wide.transaction(one) as tx:
            await claim_next(tx)
            raise RuntimeError("the browser is gone")

    with pytest.raises(RuntimeError):
        await claim_and_fail()

    assert await claim_until_empty(wide, other) == [only]


@pytest.mark.commits
async def test_twenty_agents_empty_a_queue_of_fifty_without_a_double_or_a_loss(wide: Database) -> None:
    staff, waiting = await a_full_queue(wide, 20, 50)

    claimed = await asyncio.gather(*(claim_until_empty(wide, actor) for actor in staff))

    taken = [ticket_id for some in claimed for ticket_id in some]
    assert len(taken) == len(set(taken)) == 50
    assert set(taken) == set(waiting)
    async with wide.transaction(SYSTEM) as tx:
        owners = {
            ticket.id: ticket.assignee_id for ticket in await tx.session.scalars(select(tickets.Ticket))
        }
    by_agent = {ticket_id: actor.id for actor, some in zip(staff, claimed, strict=True) for ticket_id in some}
    assert owners == by_agent


@pytest.mark.commits
async def test_a_claim_sent_twice_at_once_takes_one_ticket(wide: Database) -> None:
    [actor], _ = await a_full_queue(wide, 1, 3)
    client_id = uuid4()

    async def claim() -> UUID | None:
        async with wide.transaction(actor) as tx:
            ticket = await claim_next(tx, client_id)
        return ticket.id if ticket else None

    results = await asyncio.gather(*(claim() for _ in range(5)))

    assert len(set(results)) == 1
    assert results[0] is not None
    async with wide.transaction(SYSTEM) as tx:
        assert (await tickets.queries.counts(tx))["queue"] == 2


@pytest.mark.commits
async def test_a_reply_sent_twice_at_once_is_one_message(wide: Database) -> None:
    [actor], [ticket_id] = await a_full_queue(wide, 1, 1)
    client_id = uuid4()

    async def reply() -> tickets.Said:
        async with wide.transaction(actor) as tx:
            return await tickets.reply(tx, ticket_id, "Hello", client_id=client_id)

    results = await asyncio.gather(*(reply() for _ in range(5)))

    assert len({(said.message_id, said.version) for said in results}) == 1
    assert sorted(said.duplicate for said in results) == [False, True, True, True, True]


@pytest.mark.commits
async def test_a_mail_read_twice_at_once_is_one_ticket(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox, contact = await an_inbox(tx), await a_contact(tx)
    mail = tickets.InboundMessage(
        inbox_id=inbox.id, channel=Channel.EMAIL, contact_id=contact.id, body="Help", source_id="a@b.example"
    )

    async def receive() -> tickets.Said:
        async with wide.transaction(SYSTEM) as tx:
            return await tickets.receive_message(tx, mail)

    results = await asyncio.gather(*(receive() for _ in range(5)))

    assert len({said.ticket_id for said in results}) == 1
    assert sorted(said.duplicate for said in results) == [False, True, True, True, True]
