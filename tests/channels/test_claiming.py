"""The quick claim of whoever claimed a moment ago: same order, same reasons, same limits as the whole one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM, Actor, ActorKind, Role
from helpdesk.channels import claiming
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, availability, tickets
from helpdesk.domain.tickets.queue import claiming_together, known_claimers, low_water
from helpdesk.errors import Unavailable
from helpdesk.storage.database import Database
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import a_team, a_ticket, an_agent, an_inbox, as_agent

pytestmark = pytest.mark.commits


@pytest.fixture
async def wide(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    database = Database(database_url, clock, pool_size=20)
    known_claimers.forget()
    yield database
    await database.close()


async def an_actor(tx: Transaction, **values: object) -> Actor:
    """An agent at an open workspace, with room for everything unless told otherwise."""
    team = values.pop("team", None)
    agent = await an_agent(tx, team=team)  # type: ignore[arg-type]
    for name, value in ({"capacity": 1000} | values).items():
        setattr(agent, name, value)
    await tx.flush()
    await availability.seen(tx, [agent.id])
    return await agents.actor_of(tx, agent)


async def claim(database: Database, actor: Actor) -> UUID | None:
    claimed = await claiming.claim(database, actor)
    return claimed.id if claimed else None


async def test_the_quick_claims_go_on_in_the_order_of_the_queue(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inboxes = [await an_inbox(tx) for _ in range(3)]
        waiting = []
        for number in range(9):
            tx.now += timedelta(minutes=1)
            waiting.append((await a_ticket(tx, inbox=inboxes[number % 3])).id)
        actor = await an_actor(tx)

    claimed = [await claim(wide, actor) for _ in range(10)]

    assert claimed == [*waiting, None]


@pytest.mark.parametrize("pool_count", [1, 3, known_claimers.MOST_POOLS + 1])
@pytest.mark.parametrize("kind", [ActorKind.AGENT, ActorKind.API_KEY])
async def test_one_alone_is_served_in_order_from_however_many_pools(
    wide: Database, kind: ActorKind, pool_count: int
) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inboxes = [await an_inbox(tx) for _ in range(pool_count)]
        waiting = []
        for number in range(pool_count + 3):
            tx.now += timedelta(minutes=1)
            waiting.append((await a_ticket(tx, inbox=inboxes[-number % pool_count])).id)
        actor = replace(await an_actor(tx), kind=kind, scopes=frozenset({"all"}))

    assert [await claim(wide, actor) for _ in range(pool_count + 4)] == [*waiting, None]


@pytest.mark.parametrize("at_once", [1, 3], ids=["alone", "together"])
async def test_a_programs_claim_counts_for_the_turns_of_its_agent_once_they_are_not_heard_of(
    wide: Database, clock: FixedClock, at_once: int
) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        for _ in range(3 * at_once):
            await a_ticket(tx, inbox=inbox)
        people = [await an_actor(tx) for _ in range(at_once)]
    programs = [replace(one, kind=ActorKind.API_KEY, scopes=frozenset({"all"})) for one in people]

    async def counted() -> list[int]:
        assert all(await asyncio.gather(*(claim(wide, program) for program in programs)))
        async with wide.transaction(SYSTEM) as tx:
            return [row[0] for row in await tx.connection.fetch("SELECT claims FROM availability")]

    assert [await counted(), await counted()] == [[0] * at_once] * 2
    clock.advance(timedelta(seconds=31))
    assert await counted() == [1] * at_once


async def test_one_alone_takes_the_next_while_somebody_holds_the_first(wide: Database) -> None:
    [actor], [first, second] = await some_who_claimed(wide, 1)

    async with wide.transaction(SYSTEM) as tx:
        await tx.connection.execute("SELECT FROM tickets WHERE id = $1 FOR UPDATE", first)
        assert await claim(wide, actor) == second


async def test_only_the_first_claim_asks_who_claims(wide: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        waiting = [(await a_ticket(tx, inbox=inbox)).id for _ in range(3)]
        actor = await an_actor(tx)
    whole, claim_next = [], tickets.claim_next

    async def noted(tx: Transaction, client_id: UUID | None = None) -> tickets.Claimed | None:
        whole.append(client_id)
        return await claim_next(tx, client_id)

    monkeypatch.setattr(tickets, "claim_next", noted)

    assert [await claim(wide, actor) for _ in range(3)] == waiting
    assert len(whole) == 1


async def test_a_quick_claim_tells_the_same_reasons(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        waiting = [(await a_ticket(tx, inbox=inbox)).id for _ in range(2)]
        actor = await an_actor(tx)

    for _ in waiting:
        await claim(wide, actor)

    async with wide.transaction(SYSTEM) as tx:
        query = select(EventRow.data).where(
            EventRow.name == "TicketAssigned", EventRow.ticket_id.in_(waiting)
        )
        first, second = await tx.session.scalars(query.order_by(EventRow.id))
    assert first["decision"]["candidates"][0].pop("load") == 0
    assert second["decision"]["candidates"][0].pop("load") == 2
    assert first == second


async def test_quick_claims_at_once_do_not_take_more_than_there_is_room_for(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        for _ in range(12):
            await a_ticket(tx, inbox=inbox)
        actor = await an_actor(tx, capacity=12)
    await claim(wide, actor)

    claimed = await asyncio.gather(*(claim(wide, actor) for _ in range(10)))

    assert len([one for one in claimed if one]) == 5


async def test_twenty_quick_workers_double_and_lose_nothing(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inboxes = [await an_inbox(tx, skills=[f"skill{number}"]) for number in range(4)]
        waiting = {(await a_ticket(tx, inbox=inboxes[number % 4])).id for number in range(60)}
        skills = [[f"skill{number % 4}", f"skill{(number + 1) % 4}"] for number in range(20)]
        staff = [await an_actor(tx, skills=some) for some in skills]

    async def work(actor: Actor) -> list[UUID]:
        taken = []
        while (one := await claim(wide, actor)) is not None:
            taken.append(one)
        return taken

    claimed = [one for some in await asyncio.gather(*map(work, staff)) for one in some]

    assert len(claimed) == len(set(claimed)) == 60
    assert set(claimed) == waiting


@pytest.mark.parametrize("kind", [ActorKind.AGENT, ActorKind.API_KEY])
async def test_what_waits_in_a_new_pool_is_seen_by_the_next_claim(wide: Database, kind: ActorKind) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        first = await a_ticket(tx, inbox=inbox)
        tx.now += timedelta(hours=1)
        later = await a_ticket(tx, inbox=inbox)
        actor = replace(await an_actor(tx), kind=kind, scopes=frozenset({"all"}))
    assert await claim(wide, actor) == first.id

    async with wide.transaction(SYSTEM) as tx:
        urgent = await a_ticket(tx, inbox=await an_inbox(tx))

    assert [await claim(wide, actor), await claim(wide, actor)] == [urgent.id, later.id]


async def test_who_lost_a_skill_or_left_the_team_is_not_served_from_memory(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        team, other = await a_team(tx), await a_team(tx)
        inbox = await an_inbox(tx, team=team, skills=["vpn"])
        for _ in range(4):
            await a_ticket(tx, inbox=inbox)
        able = await an_actor(tx, team=team, skills=["vpn"])
        member = await an_actor(tx, team=team, skills=["vpn"])
    assert await claim(wide, able)
    assert await claim(wide, member)

    async with wide.transaction(SYSTEM) as tx:
        assert able.agent_id
        assert member.agent_id
        (await agents.get(tx, able.agent_id)).skills = []
        await agents.save_team(
            tx, team.id, {"name": team.name, "calendar_id": None, "push": False}, [able.agent_id]
        )
        await agents.save_team(
            tx, other.id, {"name": other.name, "calendar_id": None, "push": False}, [member.agent_id]
        )

    assert await claim(wide, able) is None
    assert await claim(wide, member) is None


async def test_a_claim_made_again_is_the_same_ticket(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        for _ in range(3):
            await a_ticket(tx, inbox=inbox)
        actor = await an_actor(tx)
    await claim(wide, actor)
    client_id = uuid4()

    once = await claiming.claim(wide, actor, client_id)
    again = await claiming.claim(wide, actor, client_id)

    assert once is not None
    assert again is not None
    assert once.id == again.id


async def some_who_claimed(database: Database, count: int) -> tuple[list[Actor], list[UUID]]:
    """People who have claimed one each, and what waits after that: two for each of them."""
    async with database.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        waiting = []
        for _ in range(3 * count):
            tx.now += timedelta(minutes=1)
            waiting.append((await a_ticket(tx, inbox=inbox)).id)
        staff = [await an_actor(tx) for _ in range(count)]
    for actor in staff:
        await claim(database, actor)
    return staff, waiting[count:]


async def test_among_many_claims_of_a_moment_are_one_statement_and_served_in_their_order(
    wide: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, waiting = await some_who_claimed(wide, 6)
    statements = []
    asking = claiming_together.asking
    monkeypatch.setattr(
        claiming_together, "asking", lambda tx, claims: statements.append(claims) or asking(tx, claims)
    )

    first = await asyncio.gather(*(claim(wide, actor) for actor in staff))
    assert set(first) == set(waiting[:6])

    statements.clear()
    assert await asyncio.gather(*(claim(wide, actor) for actor in staff)) == waiting[6:]
    assert len(statements) == 1


async def test_one_that_fits_nowhere_hinders_nobody_who_claims_at_the_same_time(wide: Database) -> None:
    staff, waiting = await some_who_claimed(wide, 4)
    async with wide.transaction(SYSTEM) as tx:
        assert staff[1].agent_id
        (await agents.get(tx, staff[1].agent_id)).capacity = 0

    claimed = await asyncio.gather(*(claim(wide, actor) for actor in staff))

    assert claimed[1] is None
    assert set(claimed) - {None} <= set(waiting[:4])
    assert len(set(claimed)) == 4


async def test_a_claim_made_before_hinders_nobody_who_claims_at_the_same_time(wide: Database) -> None:
    staff, waiting = await some_who_claimed(wide, 4)
    client_id = uuid4()
    before = await claiming.claim(wide, staff[0], client_id)
    assert before is not None

    again, *others = await asyncio.gather(
        claiming.claim(wide, staff[0], client_id), *(claim(wide, actor) for actor in staff[1:])
    )

    assert again is not None
    assert again.id == before.id
    assert set(others) == set(waiting[1:4])


async def test_who_is_cut_off_does_not_keep_the_others_waiting(wide: Database) -> None:
    staff, waiting = await some_who_claimed(wide, 4)

    claims = [asyncio.create_task(claim(wide, actor)) for actor in staff]
    await asyncio.sleep(0)
    claims[0].cancel()
    first, *others = await asyncio.gather(*claims, return_exceptions=True)

    assert isinstance(first, asyncio.CancelledError)
    assert len(set(others) & set(waiting)) == 3


async def test_where_the_database_is_busy_all_are_told_at_once_and_claim_again_later(
    wide: Database, database_url: str, clock: FixedClock
) -> None:
    hurried = Database(database_url, clock, pool_size=8, limits={"lock_timeout": "1s"})
    staff, waiting = await some_who_claimed(hurried, 4)

    async with wide.transaction(SYSTEM) as tx:
        await tx.connection.execute("LOCK TABLE events")
        refused = await asyncio.gather(*(claim(hurried, actor) for actor in staff), return_exceptions=True)

    assert [type(one) for one in refused] == [Unavailable] * 4
    assert set(await asyncio.gather(*(claim(hurried, actor) for actor in staff))) == set(waiting[:4])
    await hurried.close()


async def test_a_mark_that_cannot_be_raised_costs_nobody_their_claim(
    wide: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, waiting = await some_who_claimed(wide, 4)

    async def held_up(tx: Transaction, pool_id: UUID) -> None:
        raise Unavailable("database_unavailable")

    monkeypatch.setattr(low_water, "raise_it", held_up)
    monkeypatch.setattr(low_water, "_EACH", 1)

    assert set(await asyncio.gather(*(claim(wide, actor) for actor in staff))) == set(waiting[:4])


async def test_when_more_is_late_than_people_are_there_the_guard_decides_at_the_latest_a_second_later(
    wide: Database, clock: FixedClock
) -> None:
    async with wide.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx)
        late = [(await a_ticket(tx, inbox=inbox)).id for _ in range(4)]
        actor = await an_actor(tx)
        soon = tx.now + timedelta(milliseconds=500)
        await tx.connection.execute("UPDATE tickets SET start_by = $1, rank_at = $1", soon)
        fresh = await a_ticket(tx, inbox=inbox)
    assert [await claim(wide, actor), await claim(wide, actor)] == late[:2]

    clock.advance(timedelta(seconds=1))

    assert await claim(wide, actor) == fresh.id
    assert await claim(wide, actor) == late[2]


async def test_a_light_agent_claims_nothing_quickly_either(wide: Database) -> None:
    async with wide.transaction(SYSTEM) as tx:
        light = as_agent(tx, await an_agent(tx, role=Role.LIGHT)).actor

    with pytest.raises(Exception, match="light"):
        await claiming.claim(wide, light)
