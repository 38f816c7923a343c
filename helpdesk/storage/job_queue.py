"""Work that must happen after a commit: job rows, and the loop that claims them.

pgqueuer does the queueing. Its own NOTIFY trigger is left out of our schema (it would notify inside the
writing transaction, which serialises commits); `wake` tells waiting workers after the commit instead.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson
import structlog
from pgqueuer.core.executors import EntrypointExecutor
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, TracebackRecord
from pgqueuer.domain.models import Job as QueuedJob
from pgqueuer.domain.types import JOB_STATUS
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.queries import Queries

from helpdesk.errors import Conflict, HelpdeskError, LimitReached, Unavailable

log = structlog.get_logger(__name__)

Handler = Callable[[dict[str, Any]], Awaitable[None]]

CHANNEL = "ch_pgqueuer"
PLACES = 20
"""Jobs that a worker runs at the same time beside those whose number is limited by name."""

PAUSES = [timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600)]
"""How long a failed job waits before each further try; after the last it is held for an administrator."""


@dataclass(frozen=True)
class Job:
    name: str
    payload: dict[str, Any] = field(default_factory=dict)
    after: timedelta | None = None


QUEUE = """
    queued AS (
      INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
      SELECT 0, entrypoint, payload, execute_after, 'queued' FROM job
      RETURNING id, entrypoint, priority)
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority FROM queued
"""
"""The end of a statement that writes jobs together with what they are about; before it stands `job`, of
entrypoint, payload and execute_after."""

_ENQUEUE = f"""
    WITH job AS (
      SELECT entrypoint, payload, now() + coalesce(pause, interval '0') AS execute_after
      FROM unnest($1::text[], $2::bytea[], $3::interval[]) WITH ORDINALITY
        AS given (entrypoint, payload, pause, place)
      ORDER BY place), {QUEUE}"""  # noqa: S608  words of our own


async def enqueue(connection: asyncpg.Connection, jobs: Sequence[Job]) -> None:
    """Insert job rows on the caller's connection, so inside the caller's transaction."""
    names, payloads = [job.name for job in jobs], [orjson.dumps(job.payload) for job in jobs]
    await connection.execute(_ENQUEUE, names, payloads, [job.after for job in jobs])


async def wake(connection: asyncpg.Connection) -> None:
    """Tell waiting workers that there are new jobs. A lost wake-up costs at most one poll (2 s)."""
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, _TABLE_CHANGED)


_TABLE_CHANGED = json.dumps(
    {
        "channel": CHANNEL,
        "operation": "insert",
        "sent_at": "2000-01-01T00:00:00+00:00",
        "table": "pgqueuer",
        "type": "table_changed_event",
    }
)


class Worker:
    """Claims jobs and runs them until told to stop; each job may be run more than once."""

    def __init__(self, handlers: dict[str, Handler], at_once: dict[str, int] | None = None) -> None:
        """`at_once` limits how many jobs of a name are under way, in all processes together."""
        self._handlers, self._at_once = handlers, at_once or {}
        self._manager: QueueManager | None = None
        self._stopping = False

    async def run(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        """Runs for ever; a lost database is waited for."""
        pause = 0.2
        while not self._stopping:
            try:
                await self._run_on(await connect())
                pause = 0.2
            # Whatever a connection that breaks off comes up with: a worker that ends leaves every job undone.
            except Exception as why:  # noqa: BLE001
                log.warning("job_worker_lost_database", error=str(why))
                pause = min(pause * 2, 5)
            if not self._stopping:
                await asyncio.sleep(pause)

    async def stop(self) -> None:
        """Finishes the jobs under way and claims no more."""
        self._stopping = True
        if self._manager is not None:
            self._manager.shutdown.set()

    async def _run_on(self, connection: asyncpg.Connection) -> None:
        try:
            manager = self._manager = QueueManager(_Queries(_Driver(connection), frozenset(self._at_once)))
            for name, handler in self._handlers.items():
                limit = self._at_once.get(name, 0)
                manager.entrypoint(
                    name, concurrency_limit=limit, on_failure="hold", executor_factory=_Executor
                )(_entrypoint(handler))
            await manager.run(
                dequeue_timeout=timedelta(seconds=2),
                batch_size=10,
                max_concurrent_tasks=PLACES + sum(self._at_once.values()),
                heartbeat_timeout=timedelta(seconds=10),
                log_aggregation_interval=timedelta(0),
                shutdown_on_listener_failure=True,
            )
        finally:
            self._manager = None
            await asyncio.shield(_close(connection))


class _Driver(AsyncpgDriver):
    def __init__(self, connection: asyncpg.Connection) -> None:
        super().__init__(connection)
        self._heard: NotifyCallback | None = None

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        self._heard = callback
        await super().add_listener(channel, callback)

    def hear(self) -> None:
        """As if there were new jobs, without asking PostgreSQL to say so."""
        if self._heard is not None:
            self._heard(_TABLE_CHANGED)


class _Queries(Queries):
    """A job of a limited number counts until its end is written. Then the next is picked up at once: pgqueuer
    by itself would wait for its next poll, and so hand out `at_once` jobs in each tenth of a second."""

    def __init__(self, driver: _Driver, limited: frozenset[str]) -> None:
        super().__init__(driver)
        self._own, self._limited = driver, limited

    async def log_jobs(self, job_status: list[tuple[QueuedJob, JOB_STATUS, TracebackRecord | None]]) -> None:
        await super().log_jobs(job_status)
        if any(job.entrypoint in self._limited for job, _, _ in job_status):
            self._own.hear()


class _Executor(EntrypointExecutor):
    """Turns our errors into retries with growing pauses; what can never work is given up."""

    async def execute(self, job: QueuedJob, context: Context) -> None:
        try:
            await super().execute(job, context)
        except asyncio.CancelledError as stopped:
            # The library would delete a job that is cancelled under way; at a shutdown it must come back.
            raise RetryRequested(reason="the worker stopped") from stopped
        except (Unavailable, Conflict, LimitReached) as failure:
            raise self._retry(job, failure) from failure
        except HelpdeskError:
            raise  # Unauthenticated, Forbidden, NotFound, Invalid: held at once, another try cannot help
        except Exception as failure:
            log.exception("job_failed", job=job.entrypoint, id=job.id, attempt=job.attempts)
            raise self._retry(job, failure) from failure

    def _retry(self, job: QueuedJob, failure: Exception) -> Exception:
        if job.attempts >= len(PAUSES):
            return failure
        pause = PAUSES[job.attempts]
        if isinstance(failure, LimitReached) and failure.retry_after:
            pause = max(pause, timedelta(seconds=failure.retry_after))
        return RetryRequested(delay=pause, reason=str(failure))


def _entrypoint(handler: Handler) -> Callable[[QueuedJob], Awaitable[None]]:
    async def run(job: QueuedJob) -> None:
        await handler(orjson.loads(job.payload or b"{}"))

    return run


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=2)
    except Exception:  # noqa: BLE001  it is gone either way
        connection.terminate()


@dataclass(frozen=True)
class HeldJob:
    """A job that was given up. `why` is the last line of what went wrong, `detail` all of it."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int
    created: datetime
    held_at: datetime
    why: str
    detail: str


async def held_jobs(connection: asyncpg.Connection, limit: int = 100) -> list[HeldJob]:
    """The newest that wait for an administrator."""
    rows = await connection.fetch(
        """SELECT q.id, q.entrypoint, q.payload, q.attempts, q.created, q.updated, (
             SELECT l.traceback FROM pgqueuer_log l WHERE l.job_id = q.id AND l.traceback IS NOT NULL
             ORDER BY l.id DESC LIMIT 1) AS traceback
           FROM pgqueuer q WHERE q.status = 'failed' ORDER BY q.updated DESC LIMIT $1""",
        limit,
    )
    return [_held(row) for row in rows]


async def retry_held(connection: asyncpg.Connection, job_id: int | None = None) -> int:
    """Give one, or all, another try with all its pauses. How many there were."""
    done = await connection.fetch(
        """UPDATE pgqueuer SET status = 'queued', attempts = 0, execute_after = now(), updated = now(),
             heartbeat = now(), queue_manager_id = NULL, slot = NULL
           WHERE status = 'failed' AND ($1::bigint IS NULL OR id = $1) RETURNING id""",
        job_id,
    )
    return len(done)


async def discard_held(connection: asyncpg.Connection, job_id: int | None = None) -> int:
    """Let one, or all, go for good. How many there were."""
    gone = await connection.fetch(
        "DELETE FROM pgqueuer WHERE status = 'failed' AND ($1::bigint IS NULL OR id = $1) RETURNING id",
        job_id,
    )
    return len(gone)


def _held(row: asyncpg.Record) -> HeldJob:
    found = row["traceback"] or {}
    told = orjson.loads(found) if isinstance(found, str) else found  # as the driver was told to read JSON
    detail = str(told.get("traceback") or "")
    last = [line.strip() for line in detail.splitlines() if line.strip()][-1:]
    why = str(told.get("exception_message") or "") or "".join(last)
    kind = str(told.get("exception_type") or "")
    return HeldJob(
        row["id"],
        row["entrypoint"],
        orjson.loads(row["payload"] or b"{}"),
        row["attempts"],
        row["created"],
        row["updated"],
        f"{kind}: {why}" if kind and not why.startswith(kind) else why or kind,
        detail,
    )


async def held(connection: asyncpg.Connection) -> int:
    """How many jobs were given up and wait for an administrator."""
    return int(await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'failed'"))


async def oldest_age(connection: asyncpg.Connection) -> float:
    """Seconds the oldest job that could run has been waiting; 0 when none waits."""
    age = await connection.fetchval(
        "SELECT extract(epoch FROM clock_timestamp() - min(execute_after))"
        " FROM pgqueuer WHERE status = 'queued' AND execute_after <= clock_timestamp()"
    )
    return float(age or 0)
