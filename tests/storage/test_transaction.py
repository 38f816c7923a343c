"""A transaction holds from its very first statement on."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy import text

from helpdesk.actors import SYSTEM
from helpdesk.domain.contacts import Company
from helpdesk.domain.events import OnCallWoken
from helpdesk.domain.tickets import Ticket
from helpdesk.errors import Unavailable
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from tests.waiting import until

pytestmark = pytest.mark.commits


async def test_a_statement_on_the_driver_is_part_of_the_transaction_even_as_the_first(
    database: Database,
) -> None:
    async with database.transaction(SYSTEM) as tx:
        connection: asyncpg.Connection = await tx.driver()

        assert connection.is_in_transaction()
        assert await connection.fetchval("SELECT pg_try_advisory_xact_lock(7)")
        async with database.transaction(SYSTEM) as other:
            assert not await (await other.driver()).fetchval("SELECT pg_try_advisory_xact_lock(7)")


async def test_what_the_driver_wrote_is_rolled_back_with_the_rest(database: Database) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012  the whole block is what fails
        async with database.transaction(SYSTEM) as tx:
            await (await tx.driver()).execute("UPDATE installation SET instance = 'lost'")
            raise RuntimeError("nothing of this stays")

    async with database.transaction(SYSTEM) as tx:
        assert await (await tx.driver()).fetchval("SELECT instance FROM installation") != "lost"


async def test_a_connection_that_died_in_the_pool_is_replaced_unseen(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        process = await (await tx.driver()).fetchval("SELECT pg_backend_pid()")
    await _end(database, process)

    async with database.transaction(SYSTEM) as tx:
        assert await (await tx.driver()).fetchval("SELECT pg_backend_pid()") != process


async def test_a_connection_that_dies_under_a_transaction_is_unavailable_once(database: Database) -> None:
    with pytest.raises(Unavailable):  # noqa: PT012
        async with database.transaction(SYSTEM) as tx:
            connection = await tx.driver()
            await _end(database, await connection.fetchval("SELECT pg_backend_pid()"))
            await connection.execute("UPDATE installation SET instance = 'lost'")

    async with database.transaction(SYSTEM) as tx:
        assert await (await tx.driver()).fetchval("SELECT instance FROM installation") != "lost"


async def test_a_connection_whose_end_the_session_notices_is_unavailable(database: Database) -> None:
    with pytest.raises(Unavailable):  # noqa: PT012
        async with database.transaction(SYSTEM) as tx:
            process = await tx.session.scalar(text("SELECT pg_backend_pid()"))
            await _end(database, process)
            await tx.session.execute(text("SELECT 1"))


async def test_an_end_told_between_two_statements_is_unavailable_however_far_it_has_come(
    database: Database,
) -> None:
    """The driver may know of it half: told by the server, and the socket not closed yet."""
    for turns in range(12):
        with pytest.raises(Unavailable):  # noqa: PT012
            async with database.transaction(SYSTEM) as tx:
                process = await (await tx.driver()).fetchval("SELECT pg_backend_pid()")
                administrator = await database.connect()
                await administrator.execute("SELECT pg_terminate_backend($1)", process)
                for _ in range(turns):
                    await asyncio.sleep(0)
        administrator.terminate()


async def _enqueues(tx: Transaction) -> None:
    tx.enqueue("ring")


async def _records(tx: Transaction) -> None:
    await tx.record(Ticket(id=tx.new_id(), version=1, public_version=1), OnCallWoken(tx.new_id(), "P1"))


async def _adds_two(tx: Transaction) -> None:
    tx.session.add_all(Company(id=tx.new_id(), name="Lost", created_at=tx.now) for _ in range(2))


async def _adds_to_what_a_statement_wrote(tx: Transaction) -> None:
    tx.touched[tx.new_id()] = 2
    tx.session.add(Company(id=tx.new_id(), name="Lost", created_at=tx.now))


async def _locks(tx: Transaction) -> None:
    await tx.one_at_a_time("setup")


@pytest.mark.parametrize("act", [_enqueues, _records, _adds_two, _adds_to_what_a_statement_wrote, _locks])
async def test_what_must_commit_together_is_refused_where_each_statement_commits_by_itself(
    database: Database, act: Callable[[Transaction], Awaitable[None]]
) -> None:
    with pytest.raises(RuntimeError, match="autocommit"):
        async with database.transaction(SYSTEM, is_autocommit=True) as tx:
            await act(tx)

    async with database.transaction(SYSTEM) as tx:
        assert await (await tx.driver()).fetchval("SELECT count(*) FROM companies WHERE name = 'Lost'") == 0


async def test_an_inserted_row_has_its_defaults_and_is_followed_like_one_that_was_read(
    tx: Transaction,
) -> None:
    company = Company(id=tx.new_id(), name="Nordkvarn", created_at=tx.now)

    await tx.insert(company)
    company.name = "Nordkvarn AB"
    await tx.flush()

    found = await (await tx.driver()).fetchrow("SELECT * FROM companies WHERE id = $1", company.id)
    assert company.domains == found["domains"] == []
    assert company.plan_id is None
    assert found["name"] == "Nordkvarn AB"


async def test_a_row_that_was_only_added_is_found(tx: Transaction) -> None:
    company = Company(id=tx.new_id(), name="Nordkvarn", domains=[], created_at=tx.now)
    tx.session.add(company)

    assert await tx.find(Company, company.id) is company


async def _end(database: Database, process: int) -> None:
    """As an administrator ends a server process; waits until it is gone."""
    administrator = await database.connect()
    await administrator.execute("SELECT pg_terminate_backend($1, 5000)", process)
    await administrator.close()


async def test_a_task_that_is_stopped_stops_whatever_its_connection_complains_of(database: Database) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with database.transaction(SYSTEM):
            entered.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise asyncpg.InterfaceError("another operation is in progress") from None

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_whoever_waits_for_a_connection_gets_the_next_that_is_given_back(database_url, clock):
    database = Database(database_url, clock, pool_size=2)

    async def ask():
        async with database.transaction(SYSTEM) as tx:
            return await tx.connection.fetchval("SELECT 1")

    async with database.transaction(SYSTEM):
        async with database.transaction(SYSTEM):
            waiting = asyncio.create_task(ask())
            await until(lambda: database._awaited > 0)
        assert await waiting == 1
    assert [await ask() for _ in range(3)] == [1, 1, 1]
    await database.close()
