"""A transaction holds from its very first statement on."""

import asyncpg
import pytest

from helpdesk.actors import SYSTEM
from helpdesk.storage.database import Database

pytestmark = pytest.mark.commits


async def test_a_statement_on_the_driver_is_part_of_the_transaction_even_as_the_first(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        connection: asyncpg.Connection = await tx.driver()

        assert connection.is_in_transaction()
        assert await connection.fetchval("SELECT pg_try_advisory_xact_lock(7)")
        async with database.transaction(SYSTEM) as other:
            assert not await (await other.driver()).fetchval("SELECT pg_try_advisory_xact_lock(7)")


async def test_what_the_driver_wrote_is_rolled_back_with_the_rest(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction(SYSTEM) as tx:
            await (await tx.driver()).execute("UPDATE installation SET instance = 'lost'")
            raise RuntimeError("nothing of this stays")

    async with database.transaction(SYSTEM) as tx:
        assert await (await tx.driver()).fetchval("SELECT instance FROM installation") != "lost"
