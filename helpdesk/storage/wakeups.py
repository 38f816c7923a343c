"""Hints between processes that something was committed: ids only, lossy, never inside a transaction.

PostgreSQL's NOTIFY on a connection of its own, one coalesced call per tick. Whoever misses a hint is
healed by the sweep of its broadcaster.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from uuid import UUID

import asyncpg
import orjson
import structlog

from helpdesk.errors import HelpdeskError
from helpdesk.storage import job_queue
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

log = structlog.get_logger(__name__)

CHANNEL = "helpdesk"
_PER_NOTIFY = 150
"""Ids in one payload; PostgreSQL allows 8,000 bytes."""

Heard = Callable[[set[UUID]], None]


class Wakeups:
    """Tells this process at once and the others by NOTIFY which tickets changed, and workers of new jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[Heard] = []
        self._tickets: set[UUID] = set()
        self._has_jobs = False
        self._pending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        database.on_commit(self._committed)

    def on_hint(self, listener: Heard) -> None:
        """Called with the ids of changed tickets, from this process and others. Must not block."""
        self._listeners.append(listener)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="wakeups")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def flush(self) -> None:
        """Send what is pending on a connection for this once: for commands that end right after."""
        connection = await self._database.connect()
        try:
            await self._send_pending(connection)
        finally:
            await connection.close()

    def _committed(self, tx: Transaction) -> None:
        if tx.touched:
            self._tickets |= tx.touched.keys()
            self._tell(set(tx.touched))
        self._has_jobs = self._has_jobs or bool(tx.jobs)
        if tx.touched or tx.jobs:
            self._pending.set()

    def _tell(self, ticket_ids: set[UUID]) -> None:
        for listener in self._listeners:
            listener(ticket_ids)

    async def _run(self) -> None:
        while True:
            try:
                connection = await self._database.connect()
                try:
                    await connection.add_listener(CHANNEL, self._heard)
                    await self._forward(connection)
                finally:
                    connection.terminate()
            except (HelpdeskError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
                log.warning("wakeups_lost_database", error=str(failure))
                await asyncio.sleep(0.5)

    async def _forward(self, connection: asyncpg.Connection) -> None:
        while True:
            try:
                await asyncio.wait_for(self._pending.wait(), timeout=5)
            except TimeoutError:
                await connection.execute("SELECT 1")  # notices a connection that died silently
                continue
            await self._send_pending(connection)

    async def _send_pending(self, connection: asyncpg.Connection) -> None:
        self._pending.clear()
        tickets, self._tickets = self._tickets, set()
        has_jobs, self._has_jobs = self._has_jobs, False
        for payload in _payloads(connection.get_server_pid(), tickets):
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
        if has_jobs:
            await job_queue.wake(connection)

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        told = orjson.loads(str(payload))
        if isinstance(connection, asyncpg.Connection) and told["from"] == connection.get_server_pid():
            return  # our own; this process was told directly
        self._tell({UUID(ticket_id) for ticket_id in told["tickets"]})


def _payloads(pid: int, tickets: Iterable[UUID]) -> Iterable[str]:
    ids = [str(ticket_id) for ticket_id in tickets]
    for start in range(0, len(ids), _PER_NOTIFY):
        yield orjson.dumps({"from": pid, "tickets": ids[start : start + _PER_NOTIFY]}).decode()
