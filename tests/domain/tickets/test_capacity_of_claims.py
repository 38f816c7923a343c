"""Claiming within free capacity, by skills, under the overload guard, from a remembered place on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from helpdesk.actors import SYSTEM, ActorKind
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, availability, tickets
from helpdesk.domain.availability import State
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Ticket, TicketChange, queue
from helpdesk.errors import Conflict
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.storage.database import Database
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_plan, a_team, a_ticket, an_agent, an_inbox, as_agent, claim_next


async def claim_all(tx: Transaction, agent: agents.Agent, most: int = 20) -> list[Ticket]:
    claimed = []
    while len(claimed) < most and (ticket := await claim_next(as_agent(tx, agent))):
        claimed.append(ticket)
    return claimed


async def some_tickets(
    tx: Transaction, count: int, channel: Channel = Channel.EMAIL, **settings: object
) -> list[Ticket]:
    inbox, contact = await an_inbox(tx, channel, **settings), await a_contact(tx)
    return [await a_ticket(tx, inbox=inbox, contact=contact) for _ in range(count)]


async def test_six_units_are_three_mails(tx: Transaction) -> None:
    await some_tickets(tx, 5)

    assert len(await claim_all(tx, await an_agent(tx))) == 3


async def test_an_inbox_that_asks_for_more_units_fills_an_agent_sooner(tx: Transaction) -> None:
    await some_tickets(tx, 3, units=6)

    assert len(await claim_all(tx, await an_agent(tx))) == 1


async def test_an_agent_with_more_capacity_takes_more(tx: Transaction) -> None:
    await some_tickets(tx, 8)
    agent = await an_agent(tx)
    agent.capacity = 14

    assert len(await claim_all(tx, agent)) == 7


async def test_chats_stop_at_their_number_and_leave_room_for_a_mail(tx: Transaction) -> None:
    chats, [mail] = await some_tickets(tx, 5, Channel.CHAT), await some_tickets(tx, 1)

    claimed = await claim_all(tx, await an_agent(tx))

    assert [one for one in claimed if one.channel == "chat"] == chats[:4]
    assert mail in claimed
    assert len(claimed) == 5


async def test_an_answered_mail_makes_room_a_chat_only_once_it_is_silent(tx: Transaction) -> None:
    await some_tickets(tx, 4)
    agent = await an_agent(tx)
    first, *_ = await claim_all(tx, agent)

    await tickets.reply(as_agent(tx, agent), first.id, "Done.")

    assert len(await claim_all(tx, agent)) == 1


async def test_a_program_with_a_token_knows_itself_how_much_it_can_take(tx: Transaction) -> None:
    await some_tickets(tx, 5)
    agent = await an_agent(tx)
    program = as_agent(tx, agent)
    program.actor = replace(program.actor, kind=ActorKind.API_KEY, scopes=frozenset({"all"}))

    claimed = [await claim_next(program) for _ in range(6)]

    assert [one is not None for one in claimed] == [True] * 5 + [False]


async def test_each_claim_tells_its_reasons(tx: Transaction) -> None:
    [ticket] = await some_tickets(tx, 1)
    agent = await an_agent(tx)

    await claim_all(tx, agent)

    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name == "TicketAssigned")
    [data] = list(await tx.session.scalars(query))
    assert data["decision"]["mode"] == "pull"
    assert data["decision"]["candidates"] == [
        {"id": str(agent.id), "name": agent.name, "load": 0, "capacity": 6, "chats": 0}
    ]


async def test_what_asks_for_a_skill_waits_for_somebody_who_has_it(tx: Transaction) -> None:
    [ticket] = await some_tickets(tx, 1, skills=["billing"])
    plain, able = await an_agent(tx), await an_agent(tx)
    able.skills = ["billing", "vpn"]

    assert await claim_all(tx, plain) == []
    assert await claim_all(tx, able) == [ticket]


async def test_a_ticket_that_asks_for_another_skill_is_claimed_by_those_who_have_it(tx: Transaction) -> None:
    [ticket] = await some_tickets(tx, 1)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"skills"}), skills=("VPN",)))
    able = await an_agent(tx)
    able.skills = ["vpn"]

    assert await claim_all(tx, await an_agent(tx)) == []
    assert await claim_all(tx, able) == [ticket]


async def test_a_language_is_kept_for_its_speakers_only_while_one_is_online(tx: Transaction) -> None:
    inbox, contact = await an_inbox(tx, by_language=True), await a_contact(tx)
    contact.locale = "sv"
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    swede, other = await an_agent(tx), await an_agent(tx)
    swede.skills = ["language:sv"]
    await tx.session.flush()

    await availability.seen(tx, [swede.id])
    assert await claim_all(tx, other) == []

    tx.now += availability.SILENT_AFTER + timedelta(seconds=1)
    assert await claim_all(tx, other) == [ticket]


async def test_a_language_is_not_kept_for_a_speaker_who_cannot_get_the_ticket(tx: Transaction) -> None:
    team, granted = await a_team(tx), await an_inbox(tx)
    inbox = await an_inbox(tx, team=team, skills=["language:sv"])
    first, second = [await a_ticket(tx, inbox=inbox) for _ in range(2)]
    of_another_team, elsewhere = await an_agent(tx), await an_agent(tx, team=team, inboxes=[granted])
    of_another_team.skills = elsewhere.skills = ["language:sv"]
    await availability.seen(tx, [of_another_team.id, elsewhere.id])

    assert await claim_all(tx, await an_agent(tx, team=team)) == [first, second]


async def test_nobody_is_made_responsible_for_an_inbox_they_may_not_see(tx: Transaction) -> None:
    [ticket] = await some_tickets(tx, 1)
    stranger = await an_agent(tx, inboxes=[await an_inbox(tx)])

    with pytest.raises(Conflict, match="inbox_not_granted"):
        await tickets.change_ticket(
            tx, ticket.id, TicketChange(frozenset({"assignee_id"}), assignee_id=stranger.id)
        )


# The guard: one agent is online, so two late tickets are an overload.


async def an_overload(tx: Transaction) -> tuple[agents.Agent, list[Ticket], list[Ticket]]:
    """An agent with room for everything; two tickets that are late, four that can still be met."""
    late = await some_tickets(tx, 2)
    tx.now += timedelta(hours=13)  # a mail without an SLA is due after twelve
    meetable = await some_tickets(tx, 4)
    agent = await an_agent(tx)
    agent.capacity = 100
    await tx.session.flush()
    await availability.seen(tx, [agent.id])
    return agent, late, meetable


async def test_in_an_overload_what_can_still_be_met_goes_first_and_each_fifth_claim_rescues(
    tx: Transaction,
) -> None:
    agent, late, meetable = await an_overload(tx)

    assert (await tickets.overload.shown(tx)).is_on
    assert await claim_all(tx, agent) == [*meetable, *late]


async def test_the_fifth_claim_is_a_rescue(tx: Transaction) -> None:
    agent, late, _ = await an_overload(tx)
    await tx.session.execute(update(availability.Availability).values(claims=4))

    assert await claim_next(as_agent(tx, agent)) is late[0]


async def test_with_as_many_agents_as_late_tickets_there_is_no_overload(tx: Transaction) -> None:
    agent, late, _ = await an_overload(tx)
    await availability.seen(tx, [(await an_agent(tx)).id])

    assert not (await tickets.overload.shown(tx)).is_on
    assert await claim_next(as_agent(tx, agent)) is late[0]


async def test_without_anybody_online_nothing_is_known_of_who_works_and_the_order_stays(
    tx: Transaction,
) -> None:
    agent, late, _ = await an_overload(tx)
    tx.now += availability.SILENT_AFTER * 2

    assert await claim_next(as_agent(tx, agent)) is late[0]


async def test_being_away_is_not_being_online(tx: Transaction) -> None:
    agent, _, _ = await an_overload(tx)

    await availability.choose(tx, agent.id, State.AWAY)
    await availability.seen(tx, [agent.id])

    assert (await availability.known_of(tx, agent.id)).state is State.AWAY
    assert await availability.online(tx) == []


# For real: the order of the whole against a brute-force oracle, and twenty workers at once.


@pytest.fixture
async def wide(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    database = Database(database_url, clock, REACTIONS, pool_size=20)
    yield database
    await database.close()


@pytest.mark.commits
async def test_the_claims_of_one_are_in_the_order_of_an_oracle(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        plans = [await a_plan(tx, head_start=minutes) for minutes in (0, 3, 10)]
        inboxes = [await an_inbox(tx, channel, skills=[skill] if skill else [])
                   for channel in (Channel.CHAT, Channel.EMAIL) for skill in ("", "vpn")]  # fmt: skip
        contacts = [await a_contact(tx, plan=plan) for plan in plans]
        for number in range(36):
            tx.now += timedelta(seconds=37)
            ticket = await a_ticket(tx, inbox=inboxes[number % 4], contact=contacts[number % 3])
            if number % 7 == 0:
                change = TicketChange(frozenset({"priority"}), priority=1 + number % 5)
                await tickets.change_ticket(tx, ticket.id, change)
        agent = await an_agent(tx)
        agent.capacity, agent.max_chats, agent.skills = 1000, 1000, ["vpn"]
        await tx.session.flush()
        oracle = sorted(await tx.session.scalars(select(Ticket)), key=queue.order)
    async with wide.transaction(SYSTEM) as tx:
        actor = await agents.actor_of(tx, await agents.get(tx, agent.id))

    claimed = []
    for _ in range(36):
        async with wide.transaction(actor) as tx:
            ticket = await claim_next(tx)
            claimed.append(ticket.id if ticket else None)

    assert claimed == [ticket.id for ticket in oracle]


@pytest.mark.commits
async def test_twenty_workers_with_other_skills_double_and_lose_nothing(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inboxes = [await an_inbox(tx, skills=[f"skill{number}"]) for number in range(4)]
        contact = await a_contact(tx)
        waiting = {(await a_ticket(tx, inbox=inboxes[n % 4], contact=contact)).id for n in range(40)}
        staff = []
        for number in range(20):
            agent = await an_agent(tx)
            agent.capacity = 1000
            agent.skills = [f"skill{number % 4}", f"skill{(number + 1) % 4}"]
            await tx.session.flush()
            staff.append(await agents.actor_of(tx, agent))

    async def work(actor: object) -> list[UUID]:
        taken = []
        while True:
            async with wide.transaction(actor) as tx:  # type: ignore[arg-type]
                ticket = await claim_next(tx)
            if ticket is None:
                return taken
            taken.append(ticket.id)

    claimed = [one for some in await asyncio.gather(*map(work, staff)) for one in some]

    assert len(claimed) == len(set(claimed)) == 40
    assert set(claimed) == waiting


@pytest.mark.commits
async def test_two_claims_at_once_do_not_both_take_the_last_room(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        await some_tickets(tx, 6)
        actor = await agents.actor_of(tx, await an_agent(tx))

    async def claim() -> bool:
        async with wide.transaction(actor) as tx:
            return await claim_next(tx) is not None

    assert sorted(await asyncio.gather(*(claim() for _ in range(6)))) == [False] * 3 + [True] * 3
