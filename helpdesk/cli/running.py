"""What commands share: which database, a running loop, and errors as one line."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console

from helpdesk.clock import SystemClock
from helpdesk.domain.tickets import queue
from helpdesk.errors import Conflict, HelpdeskError
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.database import NO_LIMITS, Database
from helpdesk.storage.embedded import EmbeddedDatabase, url_of_running

T = TypeVar("T")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def database_url(settings: Settings, *, own: bool = False) -> Iterator[str]:
    """The configured database; else the bundled one that a server here runs; else our own for this command.

    `own` is for servers: they must keep the bundled database themselves.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    folder = settings.data_dir / "postgres"
    running = None if own else url_of_running(folder)
    if running is not None:
        yield running
        return
    embedded = EmbeddedDatabase(folder, port=settings.port, say=err.print)
    try:
        yield embedded.start()
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
def plain_errors(exit_code: int = 1) -> Iterator[None]:
    """What went wrong, in one line, without a traceback."""
    try:
        yield
    except HelpdeskError as failure:
        err.print(f"[bold]{failure.detail or failure.code}[/bold]")
        sys.exit(exit_code if not isinstance(failure, Conflict) else 3)
    except KeyboardInterrupt:
        sys.exit(130)
