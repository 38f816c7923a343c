"""The remembered beginning of each pool: it saves steps and never hides a ticket."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM, Actor, ActorKind
from helpdesk.channels import claiming
from helpdesk.clock import FixedClock
from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Inbox
from helpdesk.domain.tickets import TicketChange
from helpdesk.domain.tickets.queue import known_claimers, low_water
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_ticket, an_agent, an_inbox, as_agent

pytestmark = pytest.mark.commits

URGENT = TicketChange(frozenset({"priority"}), priority=1)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised after every second claim."""
    monkeypatch.setattr(low_water, "_EACH", 2)
    low_water._claims.clear()
    known_claimers.forget()


@pytest.fixture
async def wide(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    database = Database(database_url, clock, REACTIONS, pool_size=12)
    yield database
    await database.close()


async def a_queue(database: Database, count: int) -> tuple[Inbox, Actor, list[UUID]]:
    """Tickets a minute apart, and a program that may claim as many as it likes."""
    async with database.transaction(SYSTEM) as tx:
        inbox, contact = await an_inbox(tx), await a_contact(tx)
        agent = await an_agent(tx)
        waiting = []
        for _ in range(count):
            tx.now += timedelta(minutes=1)
            waiting.append((await a_ticket(tx, inbox=inbox, contact=contact)).id)
    actor = replace(as_agent(tx, agent).actor, kind=ActorKind.API_KEY, scopes=frozenset({"all"}))
    return inbox, actor, waiting


async def claim(database: Database, actor: Actor) -> UUID | None:
    claimed = await claiming.claim(database, actor)
    return claimed.id if claimed else None


async def mark_of(database: Database, inbox: Inbox) -> datetime | None:
    async with database.transaction(SYSTEM) as tx:
        mark: datetime | None = await tx.connection.fetchval(
            "SELECT low_water FROM pools WHERE inbox_id = $1", inbox.id
        )
    return mark


async def an_urgent_one(tx: Transaction, inbox: Inbox) -> UUID:
    """It ranks before everything that has waited so far."""
    ticket = await a_ticket(tx, inbox=inbox)
    ticket.created_at -= timedelta(days=2)
    await tickets.change_ticket(tx, ticket.id, URGENT)
    return ticket.id


async def test_the_mark_follows_what_was_claimed(wide: Database) -> None:
    inbox, actor, waiting = await a_queue(wide, 6)
    assert await mark_of(wide, inbox) is None

    claimed = [await claim(wide, actor) for _ in range(4)]

    assert claimed == waiting[:4]
    async with wide.transaction(SYSTEM) as tx:
        assert await mark_of(wide, inbox) == (await tickets.get(tx, waiting[4])).rank_at


async def test_what_is_put_below_the_mark_is_taken_next(wide: Database) -> None:
    inbox, actor, _ = await a_queue(wide, 6)
    for _ in range(4):
        await claim(wide, actor)

    async with wide.transaction(SYSTEM) as tx:
        urgent = await an_urgent_one(tx, inbox)

    assert await claim(wide, actor) == urgent


async def test_what_is_released_below_the_mark_is_taken_next(wide: Database) -> None:
    _, actor, waiting = await a_queue(wide, 6)
    for _ in range(4):
        await claim(wide, actor)

    async with wide.transaction(SYSTEM) as tx:
        await tickets.change_ticket(tx, waiting[0], TicketChange(frozenset({"assignee_id"})))

    assert await claim(wide, actor) == waiting[0]


async def test_the_mark_is_not_raised_over_a_ticket_that_is_not_committed_yet(wide: Database) -> None:
    inbox, actor, _ = await a_queue(wide, 8)

    async with wide.transaction(SYSTEM) as tx:
        urgent = await an_urgent_one(tx, inbox)
        for _ in range(4):
            assert await claim(wide, actor) != urgent
        assert await mark_of(wide, inbox) is None

    assert await claim(wide, actor) == urgent


async def test_among_many_writers_no_waiting_ticket_is_ever_below_its_mark(wide: Database) -> None:
    inbox, actor, waiting = await a_queue(wide, 30)
    chance, taken = random.Random(5), list[UUID]()

    async def place(number: int) -> None:
        async with wide.transaction(SYSTEM) as tx:
            waiting.append((await a_ticket(tx, inbox=inbox)).id)
            await asyncio.sleep(0)
            if number % 2:
                await an_urgent_one(tx, inbox)

    async def release() -> None:
        if taken:
            async with wide.transaction(SYSTEM) as tx:
                free = TicketChange(frozenset({"assignee_id"}))
                await tickets.change_ticket(tx, chance.choice(taken), free)

    async def take() -> None:
        found = await claim(wide, actor)
        if found is not None:
            taken.append(found)
        async with wide.transaction(SYSTEM) as tx:
            assert await tx.connection.fetchval(_HIDDEN) == 0

    for number in range(12):
        await asyncio.gather(take(), place(number), take(), release(), take())

    while await claim(wide, actor) is not None:
        pass
    async with wide.transaction(SYSTEM) as tx:
        assert await tx.connection.fetchval("SELECT count(*) FROM tickets WHERE waiting") == 0


_HIDDEN = """
    SELECT count(*) FROM tickets t JOIN pools p ON p.id = t.pool_id
    WHERE t.waiting AND t.rank_at < p.low_water
"""
