"""Connections to PostgreSQL, and the only place where a transaction begins and commits."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from helpdesk.actors import Actor
from helpdesk.clock import Clock
from helpdesk.errors import Conflict, HelpdeskError, Invalid, Unavailable
from helpdesk.storage.transaction import Reactions, Transaction, driver_of

Listener = Callable[[Transaction], None]
T = TypeVar("T")

_CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # told of its end and asked again before the socket closed
    ConnectionError,
    TimeoutError,
)


class Database:
    def __init__(
        self, url: str, clock: Clock, reactions: Reactions | None = None, *, pool_size: int = 8
    ) -> None:
        self.url = url
        self.clock = clock
        self._reactions = reactions or {}
        self._engine = _engine(url, pool_size)
        # Sessions write inside the driver's own transaction, which `transaction` begins and ends.
        writing = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._sessions = async_sessionmaker(writing, expire_on_commit=False, autoflush=True)
        self._listeners: list[Listener] = []

    @asynccontextmanager
    async def transaction(self, actor: Actor) -> AsyncIterator[Transaction]:
        """Commits at the end of the block, or rolls everything back.

        Errors: Unavailable when PostgreSQL does not answer, Conflict on a deadlock or serialisation
        failure (the caller may try the whole block again), and whatever the block raises.
        """
        async with self._sessions() as session:
            try:
                driver = await _living_connection(session)
                tx = Transaction(session, self.clock.now(), actor, self._reactions, connection=driver)
                async with _discarded_when_lost(session, driver), driver.transaction():
                    yield tx
                    await tx.finish()
            except HelpdeskError:
                raise
            except Exception as failure:
                ours = _in_our_words(failure)
                if ours is failure:
                    raise
                raise ours from failure
        for listener in self._listeners:
            listener(tx)

    async def settle(self, actor: Actor, act: Callable[[Transaction], Awaitable[T]]) -> T:
        """One transaction, and again where PostgreSQL ended it to break a deadlock: for what people press."""
        for _ in range(2):
            try:
                async with self.transaction(actor) as tx:
                    return await act(tx)
            except Conflict as conflict:
                if conflict.code != "try_again":
                    raise
        async with self.transaction(actor) as tx:
            return await act(tx)

    def on_commit(self, listener: Listener) -> None:
        """Called in this process after each commit, with the finished transaction. Must not block."""
        self._listeners.append(listener)

    async def connect(self) -> asyncpg.Connection:
        """A connection of one's own, outside the pool (LISTEN, the job queue)."""
        try:
            return await asyncpg.connect(driver_dsn(self.url), **driver_arguments(self.url))
        except (OSError, *_CONNECTION_LOST) as failure:
            raise Unavailable("database_unavailable", str(failure)) from failure

    async def close(self) -> None:
        await self._engine.dispose()

    @property
    def engine(self) -> AsyncEngine:
        return self._engine


async def _living_connection(session: AsyncSession) -> asyncpg.Connection:
    """The session's driver connection; one that died while it lay in the pool is replaced."""
    while True:
        driver = await driver_of(session)
        if not driver.is_closed():
            return driver
        await session.invalidate()


@asynccontextmanager
async def _discarded_when_lost(session: AsyncSession, driver: asyncpg.Connection) -> AsyncIterator[None]:
    """A connection that broke never goes back to the pool, nor does one whose ROLLBACK was cut off."""
    is_broken = False
    try:
        yield
    except asyncpg.InternalClientError:
        is_broken = True
        raise
    finally:
        if is_broken or driver.is_closed() or driver.is_in_transaction():
            await session.invalidate()


def driver_dsn(url: str) -> str:
    """A SQLAlchemy URL as the driver wants it, without its query."""
    return make_url(url).set(drivername="postgresql", query={}).render_as_string(hide_password=False)


def driver_arguments(url: str) -> dict[str, Any]:
    """What stands in the URL's query: `host` for a socket directory."""
    query = make_url(url).query
    return {"host": query["host"]} if "host" in query else {}


def _engine(url: str, pool_size: int) -> AsyncEngine:
    address = make_url(url)
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+asyncpg")
    return create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={"server_settings": {"application_name": "helpdesk", "jit": "off"}},
    )


def _in_our_words(failure: Exception) -> Exception:
    """Driver errors become ours; anything else stays what it was."""
    cause: BaseException | None = failure
    if isinstance(failure, DBAPIError):
        if failure.connection_invalidated:
            return Unavailable("database_unavailable")
        cause = failure.orig.__cause__ if failure.orig is not None else failure
    if isinstance(failure, PoolTimeout):
        return Unavailable("database_busy", "Every connection is in use.")
    if isinstance(cause, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
        return Conflict("try_again")
    if isinstance(cause, asyncpg.UniqueViolationError):
        return Conflict("already_exists")  # somebody was a moment faster
    if isinstance(cause, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError):
        return Invalid("text_invalid", "Text may not hold the character U+0000.")
    if isinstance(cause, asyncpg.DiskFullError):
        return Unavailable("database_disk_full")
    if isinstance(failure, OperationalError | InterfaceError | OSError) or isinstance(
        cause, _CONNECTION_LOST
    ):
        return Unavailable("database_unavailable")
    return failure


__all__ = ["AsyncSession", "Database", "driver_arguments", "driver_dsn"]
