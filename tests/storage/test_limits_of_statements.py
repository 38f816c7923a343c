"""A statement or a lock that hangs ends, and its connection serves others."""

import asyncio

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.errors import Unavailable
from helpdesk.storage.database import LIMITS, Database
from tests.waiting import until

pytestmark = pytest.mark.commits

HURRY = "3s"
"""Longer than a busy machine holds up what is to end well under the same limit."""


async def test_a_statement_that_takes_too_long_is_ended_and_the_next_works(
    database_url: str, clock: FixedClock
) -> None:
    database = Database(database_url, clock, pool_size=1, limits=LIMITS | {"statement_timeout": HURRY})

    with pytest.raises(Unavailable, match="database_busy"):
        async with database.transaction(SYSTEM) as tx:
            await (await tx.driver()).execute("SELECT pg_sleep(60)")

    async with database.transaction(SYSTEM) as tx:
        assert await (await tx.driver()).fetchval("SELECT 1") == 1
    await database.close()


async def test_who_waits_too_long_for_a_lock_is_told_to_come_again(
    database_url: str, clock: FixedClock
) -> None:
    database = Database(database_url, clock, limits=LIMITS | {"lock_timeout": "500ms"})

    async with database.transaction(SYSTEM) as tx:
        await tx.one_at_a_time("the same thing")
        with pytest.raises(Unavailable, match="database_busy"):
            async with database.transaction(SYSTEM) as other:
                await other.one_at_a_time("the same thing")

    await database.close()


async def test_a_transaction_that_is_forgotten_gives_its_locks_back(
    database_url: str, clock: FixedClock
) -> None:
    database = Database(database_url, clock, limits=LIMITS | {"idle_in_transaction_session_timeout": HURRY})
    others = Database(database_url, clock)
    forgotten = asyncio.Event()

    async def forget() -> None:
        async with database.transaction(
            SYSTEM, alone=("the same thing",)
        ):  # held from its first statement on
            forgotten.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(forget())
    await until(forgotten.is_set)
    async with others.transaction(SYSTEM) as tx:
        await tx.one_at_a_time("the same thing")

    task.cancel()
    await asyncio.wait([task])
    await database.close()
    await others.close()
