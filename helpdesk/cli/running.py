"""What commands share: which database, a running loop, and errors as one line."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg
from rich.console import Console

from helpdesk.cli.exit_codes import FAILED, IN_THE_WAY, WRONG_SETTING
from helpdesk.clock import SystemClock
from helpdesk.domain.tickets import queue
from helpdesk.errors import Conflict, HelpdeskError, Invalid, Unavailable
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.bus import require_usable
from helpdesk.storage.database import NO_LIMITS, Database, driver_arguments, driver_dsn
from helpdesk.storage.embedded import EmbeddedDatabase, url_of_running

T = TypeVar("T")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_NOT_THE_FOLDERS_FAULT = {"disk_full", "no_database_account", "no_bundled_database", "database_stopping"}
"""Why the bundled database does not start although its folder is a good one."""


def read_settings(**given: object) -> Settings:
    """Errors: Invalid for a wrong value, naming the setting."""
    settings = Settings(**given)
    wanted = settings.data_dir.absolute()
    there = next(one for one in (wanted, *wanted.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise _wrong("DATA_DIR", f"{there} is no folder that can be written to")
    try:
        require_usable(settings.bus)
    except (TypeError, ValueError) as failure:
        raise _wrong("BUS_URL", str(failure)) from None
    return settings


@contextmanager
def database_url(settings: Settings, *, own: bool = False) -> Iterator[str]:
    """The configured database; else the bundled one that a server here runs; else our own for this command.

    `own` is for servers: they must keep the bundled database themselves.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        asyncio.run(_require_reachable(url))
        yield url
        return
    folder = settings.data_dir / "postgres"
    running = None if own else url_of_running(folder)
    if running is not None:
        yield running
        return
    embedded = EmbeddedDatabase(folder, port=settings.port, say=err.print)
    try:
        yield _started(embedded)
    finally:
        embedded.stop()


def with_database(settings: Settings, run: Callable[[Database], Awaitable[T]]) -> T:
    """Runs something against the migrated database."""

    queue.use(queue.QueueSettings(**settings.queue))

    async def connected(url: str) -> T:
        database = Database(url, SystemClock(), REACTIONS, pool_size=4, limits=NO_LIMITS)
        try:
            await migrations.migrate(database.engine, database.clock.now())
            return await run(database)
        finally:
            await database.close()

    with database_url(settings) as url:
        return asyncio.run(connected(url))


@contextmanager
def plain_errors() -> Iterator[None]:
    """What went wrong, in one line, without a traceback."""
    try:
        yield
    except HelpdeskError as failure:
        err.print(failure.detail or failure.code, style="bold", markup=False)
        sys.exit(exit_code(failure))
    except KeyboardInterrupt:
        sys.exit(130)


def is_of_settings(failure: HelpdeskError) -> bool:
    """Whether the configuration is to be mended, not what the command was asked to do."""
    return (failure.field or "").lower().startswith("helpdesk")


def exit_code(failure: HelpdeskError) -> int:
    """What a command that failed so ends with."""
    if is_of_settings(failure):
        return WRONG_SETTING
    return IN_THE_WAY if isinstance(failure, Conflict) else FAILED


def _started(embedded: EmbeddedDatabase) -> str:
    """Its URL. Errors: Invalid for a folder in which no database can live."""
    try:
        return embedded.start()
    except (Unavailable, Invalid) as failure:
        if failure.code in _NOT_THE_FOLDERS_FAULT:
            raise
        raise _wrong("DATA_DIR", failure.detail or failure.code) from None


async def _require_reachable(url: str) -> None:
    """Errors: Invalid, in the words of whoever refuses."""
    try:
        connection = await asyncpg.connect(driver_dsn(url), timeout=10, **driver_arguments(url))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        reason = str(failure) or "no answer within 10 seconds"
        raise _wrong("DATABASE_URL", f"the database cannot be reached ({reason})") from None
    await connection.close()
    database = Database(url, SystemClock(), pool_size=4, limits=NO_LIMITS)
    try:
        async with database.engine.connect():
            pass
    except TypeError:
        raise _wrong("DATABASE_URL", "what stands behind its ? is nothing the driver knows") from None
    finally:
        await database.close()


def _wrong(name: str, what: str) -> Invalid:
    return Invalid("setting_invalid", f"HELPDESK_{name}: {what}", field=f"HELPDESK_{name}")
