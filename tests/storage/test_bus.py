"""Processes hear of each other's commits: over PostgreSQL alone, and over a real Redis."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.giving_way import People
from helpdesk.storage.wakeups import Wakeups
from tests.factories import a_ticket
from tests.ports import free_port
from tests.waiting import PATIENCE, eventually, until

pytestmark = pytest.mark.commits


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    port = free_port()
    with _redis_at(port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _redis_at(port: int) -> Iterator[None]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server or valkey-server installed")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(params=["postgres", "redis"])
def bus_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("redis_url") if request.param == "redis" else None


async def test_a_commit_is_heard_in_another_process(
    database: Database, database_url: str, bus_url: str | None
) -> None:
    heard: asyncio.Queue[set[UUID]] = asyncio.Queue()
    async with _listening(database, database_url, bus_url, heard) as told_directly:
        async with database.transaction(SYSTEM) as tx:
            ticket = await a_ticket(tx)

        assert ticket.id in await asyncio.wait_for(heard.get(), PATIENCE)
        assert told_directly == [{ticket.id}]


async def test_that_the_bus_is_lost_is_known_until_it_is_back(database: Database) -> None:
    port = free_port()
    wakeups = Wakeups(database, bus_for(database, f"redis://127.0.0.1:{port}/0"))
    await wakeups.start()

    async def is_lost() -> bool:
        return wakeups.lost_for() > 0

    async def is_back() -> bool:
        return wakeups.lost_for() == 0

    await eventually(is_lost)
    with _redis_at(port):
        await eventually(is_back)
        await wakeups.stop()


@pytest.mark.parametrize("turns", range(6))
async def test_it_stops_also_at_the_moment_when_there_is_something_to_tell(
    database: Database, turns: int
) -> None:
    wakeups = Wakeups(database, bus_for(database, None))
    await wakeups.start()
    await asyncio.sleep(0.1)  # connected and waiting

    wakeups.spread({"told": "something"})
    for _ in range(turns):
        await asyncio.sleep(0)

    await asyncio.wait_for(wakeups.stop(), PATIENCE)


async def test_a_commit_of_many_tickets_fits_the_bus(
    database: Database, database_url: str, bus_url: str | None
) -> None:
    heard: asyncio.Queue[set[UUID]] = asyncio.Queue()
    async with _listening(database, database_url, bus_url, heard):
        async with database.transaction(SYSTEM) as tx:
            ticket = await a_ticket(tx)
            tx.touched |= {UUID(int=number): 1 for number in range(1000)}

        missing = {ticket.id, *(UUID(int=number) for number in range(1000))}
        while missing:
            missing -= await asyncio.wait_for(heard.get(), PATIENCE)


async def test_that_people_are_served_is_heard_in_another_process(
    database: Database, database_url: str, bus_url: str | None
) -> None:
    async with _connected(database, database_url, bus_url) as (here, there):
        elsewhere = People(
            there, lambda: 0.0
        )  # a clock that stands: however late it is heard, it still holds
        assert not elsewhere.are_served()

        People(here).serve()

        await until(elsewhere.are_served)


@asynccontextmanager
async def _listening(
    database: Database, url: str, bus_url: str | None, heard: asyncio.Queue[set[UUID]]
) -> AsyncIterator[list[set[UUID]]]:
    """Yields what the first process was told directly."""
    told: list[set[UUID]] = []
    async with _connected(database, url, bus_url) as (here, there):
        here.on_hint(told.append)
        there.on_hint(heard.put_nowait)
        yield told


@asynccontextmanager
async def _connected(
    database: Database, url: str, bus_url: str | None
) -> AsyncIterator[tuple[Wakeups, Wakeups]]:
    """Two processes' worth of wake-ups on one database."""
    other = Database(url, database.clock)
    here, there = Wakeups(database, bus_for(database, bus_url)), Wakeups(other, bus_for(other, bus_url))
    ready: asyncio.Event = asyncio.Event()
    there.on_word(lambda _: ready.set())
    await here.start()
    await there.start()

    async def is_heard() -> bool:
        here.spread({"hello": True})
        return ready.is_set()

    try:
        await eventually(is_heard)  # until both are connected, words are lost by design
        yield here, there
    finally:
        await here.stop()
        await there.stop()
        await other.close()
