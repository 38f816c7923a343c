"""One real PostgreSQL for the whole run, a database per worker, a rolled-back transaction per test."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from xdist.scheduler import LoadScopeScheduling

from helpdesk.actors import SYSTEM
from helpdesk.auth import passwords
from helpdesk.clock import FixedClock, SystemClock
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.storage.database import Database, driver_arguments, driver_dsn
from helpdesk.storage.embedded import EmbeddedDatabase
from helpdesk.storage.migrations import migrate
from helpdesk.storage.transaction import Transaction

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
"""A Wednesday, 13:00 in Stockholm, when offices there are open."""

_TEMPLATE = "helpdesk_template"
_LONG = ("scenarios", "pages", "soak", "widget", "workspace")
_MOST_PROCESSES = 8
"""However many cores there are: together these have up to fifty of PostgreSQL's hundred connections."""
_running: dict[str, Any] = {}

# Hypothesis makes up the same examples everywhere, and no slow machine is a failure.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """The run's controller starts PostgreSQL and migrates the template; workers are told the address."""
    if hasattr(config, "workerinput"):
        _running["url"] = config.workerinput["database_url"]
        return
    if config.option.collectonly:
        return
    given = os.environ.get("HELPDESK_TEST_DATABASE_URL")
    if given:
        url = given
    else:
        folder = Path(tempfile.mkdtemp(prefix="helpdesk-tests-", dir=_quick_folder()))
        folder.chmod(0o755)  # as root, PostgreSQL runs under another account
        server = EmbeddedDatabase(folder / "data", say=print)
        _running["server"], _running["folder"] = server, folder
        url = server.start()
    _running["url"] = url
    asyncio.run(_make_template(url))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first, so that nobody waits for them at the end."""
    items.sort(key=lambda item: (*_LONG, _together(item.nodeid)).index(_together(item.nodeid)))


def _together(nodeid: str) -> str:
    """What shares a server or a browser: a whole folder, else a file."""
    file = nodeid.split("::", maxsplit=1)[0]
    folder = file.split("/")[1]
    return folder if folder in _LONG else file


class _Scheduling(LoadScopeScheduling):
    """Hands whole groups to one process, so that what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return _together(nodeid)


class _Workers:
    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_auto_num_workers(self) -> int:
        """Two more than there are cores: tests wait for others as long as they work."""
        return min((os.cpu_count() or 1) + 2, _MOST_PROCESSES)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> _Scheduling:
        return _Scheduling(config, log)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["database_url"] = _running["url"]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.register(_Workers())


def pytest_unconfigure(config: pytest.Config) -> None:
    if "server" in _running:
        _running["server"].stop()
        shutil.rmtree(_running["folder"], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _passwords_cost_little() -> None:
    """The same argon2id with its least work; what people's passwords cost has a test of its own."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture(scope="session")
async def _worker_database() -> AsyncIterator[str]:
    """The URL of this worker's own database, for tests that roll back."""
    async with _Copy() as url:
        yield url


@pytest.fixture(scope="session")
async def _worker_engine(_worker_database: str) -> AsyncIterator[Database]:
    database = Database(_worker_database, FixedClock(NOON), REACTIONS)
    yield database
    await database.close()


@pytest.fixture
async def tx(_worker_engine: Database, clock: FixedClock) -> AsyncIterator[Transaction]:
    """A transaction of the system at noon, rolled back after the test."""
    with contextlib.suppress(_RolledBack):
        async with _worker_engine.transaction(SYSTEM) as tx:
            tx.now = clock.now()
            yield tx
            raise _RolledBack


@pytest.fixture
async def database_url() -> AsyncIterator[str]:
    """A database of the test's own, for tests that must commit."""
    async with _Copy() as url:
        yield url


@pytest.fixture(scope="module")
async def shared_database_url() -> AsyncIterator[str]:
    """One database for all tests of a file, for those that commit but do not mind each other."""
    async with _Copy() as url:
        yield url


@pytest.fixture(scope="session")
def new_database() -> Callable[[], AbstractAsyncContextManager[str]]:
    """A database for a server that several files of tests share; each call is another one."""
    return _Copy


@pytest.fixture
async def database(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Commits for real, into a database of its own, on a clock the test moves."""
    database = Database(database_url, clock, REACTIONS)
    yield database
    await database.close()


class _RolledBack(Exception):
    pass


class _Copy:
    """A fresh copy of the migrated template, dropped at the end."""

    _count = 0

    def __init__(self) -> None:
        _Copy._count += 1
        self._name = f"helpdesk_test_{os.getpid()}_{_Copy._count}"

    async def __aenter__(self) -> str:
        await _administer(f'CREATE DATABASE "{self._name}" TEMPLATE "{_TEMPLATE}" STRATEGY FILE_COPY')
        return _url(self._name)

    async def __aexit__(self, *_: object) -> None:
        # Not WITH (FORCE): that fails where autovacuum, another role's, happens to be at work there.
        await _administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self._name}' AND usename = current_user",
            f'DROP DATABASE IF EXISTS "{self._name}"',
        )


def _quick_folder() -> str | None:
    """Memory where there is plenty of it: what these databases hold is thrown away anyway."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    return str(memory) if has_room and os.access(memory, os.W_OK) else None


async def _make_template(url: str) -> None:
    await _administer(f'DROP DATABASE IF EXISTS "{_TEMPLATE}" WITH (FORCE)')
    await _administer(f'CREATE DATABASE "{_TEMPLATE}"')
    engine = create_async_engine(_url(_TEMPLATE))
    await migrate(engine, SystemClock().now())
    await engine.dispose()


async def _administer(*statements: str) -> None:
    connection = await asyncpg.connect(driver_dsn(_running["url"]), **driver_arguments(_running["url"]))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _url(name: str) -> str:
    return make_url(_running["url"]).set(database=name).render_as_string(hide_password=False)
