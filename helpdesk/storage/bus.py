"""How processes tell each other things that may be lost: PostgreSQL's NOTIFY, or Redis for many hosts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

import asyncpg
import redis.asyncio
import redis.exceptions

from helpdesk.errors import Unavailable
from helpdesk.storage import job_queue
from helpdesk.storage.database import Database

CHANNEL = "helpdesk"

Heard = Callable[[str], None]


class Line(Protocol):
    """An open connection. Errors of every method: Unavailable when it is lost."""

    async def publish(self, payloads: list[str]) -> None: ...

    async def wake_workers(self) -> None: ...

    async def check(self) -> None: ...


class Bus(Protocol):
    def open(self, heard: Heard) -> contextlib.AbstractAsyncContextManager[Line]: ...


class PostgresBus:
    """NOTIFY on a connection of its own, never inside a transaction: payloads stay under 8,000 bytes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def open(self, heard: Heard) -> AsyncIterator[Line]:
        connection = await self._database.connect()
        try:
            await connection.add_listener(CHANNEL, lambda _c, _pid, _channel, payload: heard(str(payload)))
            yield _PostgresLine(connection)
        finally:
            connection.terminate()


class _PostgresLine:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def publish(self, payloads: list[str]) -> None:
        with _lost():
            await self._connection.execute(
                "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", CHANNEL, payloads
            )

    async def wake_workers(self) -> None:
        with _lost():
            await job_queue.wake(self._connection)

    async def check(self) -> None:
        with _lost():
            await self._connection.execute("SELECT 1")


class RedisBus:
    """Redis or Valkey carries the hints; workers are still woken through PostgreSQL, where their jobs are."""

    def __init__(self, url: str, database: Database) -> None:
        self._url, self._database = url, database

    @asynccontextmanager
    async def open(self, heard: Heard) -> AsyncIterator[Line]:
        client = redis.asyncio.from_url(self._url, socket_connect_timeout=5)
        listener: asyncio.Task[None] | None = None
        try:
            with _lost():
                subscription = client.pubsub(ignore_subscribe_messages=True)
                await subscription.subscribe(CHANNEL)
            listener = asyncio.create_task(_listen(subscription, heard))
            async with PostgresBus(self._database).open(lambda _: None) as jobs:
                yield _RedisLine(client, jobs, listener)
        finally:
            if listener is not None:
                listener.cancel()
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                await client.aclose()


class _RedisLine:
    def __init__(self, client: redis.asyncio.Redis, jobs: Line, listener: asyncio.Task[None]) -> None:
        self._client, self._jobs, self._listener = client, jobs, listener

    async def publish(self, payloads: list[str]) -> None:
        with _lost():
            for payload in payloads:
                await self._client.publish(CHANNEL, payload)

    async def wake_workers(self) -> None:
        await self._jobs.wake_workers()

    async def check(self) -> None:
        if self._listener.done():
            raise Unavailable("bus_unavailable", "The subscription ended.")
        with _lost():
            await self._client.ping()
        await self._jobs.check()


def bus_for(database: Database, url: str | None) -> Bus:
    """PostgreSQL itself, unless a Redis or Valkey is configured."""
    return RedisBus(url, database) if url else PostgresBus(database)


def require_usable(url: str | None) -> None:
    """Whether its words are known, without asking anybody. Errors: TypeError, ValueError."""
    if url:
        redis.asyncio.ConnectionPool.from_url(url).make_connection()  # type: ignore[no-untyped-call]


async def _listen(subscription: redis.asyncio.client.PubSub, heard: Heard) -> None:
    async for message in subscription.listen():
        heard(message["data"].decode())


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except (redis.exceptions.RedisError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
        raise Unavailable("bus_unavailable", str(failure)) from failure
