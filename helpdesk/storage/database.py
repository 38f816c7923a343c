"""Connections to PostgreSQL, and the only place where a transaction begins and commits."""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import PoolProxiedConnection, make_url
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from helpdesk.actors import SYSTEM, Actor
from helpdesk.clock import Clock
from helpdesk.errors import Conflict, Unavailable
from helpdesk.storage.failures import CONNECTION_LOST, IN_OUR_WORDS
from helpdesk.storage.gathering import Gathering
from helpdesk.storage.sessions import LazySession
from helpdesk.storage.transaction import Reactions, Transaction, lock_key

Listener = Callable[[Transaction], None]
T = TypeVar("T")
R = TypeVar("R")

LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""What a request may cost: one that hangs must not keep its connection, nor its locks, for ever."""

JOB_LIMITS = {**LIMITS, "statement_timeout": "10min", "lock_timeout": "30s"}
NO_LIMITS: dict[str, str] = {}
"""For commands: migrations and imports take what they take."""

ANSWERS_WITHIN = 60.0
"""Seconds for a statement on a connection of one's own: nothing else would end it when the network has."""

_NOTHING: frozenset[str] = frozenset()

_GATHERINGS = 64
"""So many kinds of what goes together are remembered, beside those under way."""


class Database:
    def __init__(
        self,
        url: str,
        clock: Clock,
        reactions: Reactions | None = None,
        *,
        pool_size: int = 8,
        limits: Mapping[str, str] = LIMITS,
    ) -> None:
        self.url = url
        self.clock = clock
        self._reactions = reactions or {}
        self._engine = _engine(url, pool_size, limits)
        # Sessions write inside the driver's own transaction, which `transaction` begins and ends.
        self._writing = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._pool_size = self._perhaps_broken = pool_size
        self._at_hand: list[tuple[PoolProxiedConnection, asyncpg.Connection]] = []
        self._awaited = 0
        self._listeners: list[Listener] = []
        self._gatherings: dict[Any, Gathering[Any, Any]] = {}

    @asynccontextmanager
    async def transaction(
        self, actor: Actor, *, alone: tuple[object, ...] = (), is_autocommit: bool = False
    ) -> AsyncIterator[Transaction]:
        """Commits at the end of the block, or rolls everything back. `alone` names what no other transaction
        may be at meanwhile, as Transaction.one_at_a_time; asked for here it costs no round trip.
        `is_autocommit`: PostgreSQL commits each statement by itself, which costs no round trips more; for
        one single statement that writes, or for reading alone. More than that is a RuntimeError.

        Errors: Unavailable when PostgreSQL does not answer, Conflict on a deadlock or serialisation
        failure (the caller may try the whole block again), and whatever the block raises.
        """
        with IN_OUR_WORDS:
            async with _Opened(self._opened, self._closed, actor, alone, is_autocommit) as tx:
                if is_autocommit:
                    yield tx
                    await tx.finish()
                else:
                    async with _begun(tx.connection, [*tx.alone]):
                        yield tx
                        await tx.finish()
        self._tell(tx)

    async def _by_one_statement(
        self, act: Callable[[Transaction, Sequence[T]], Awaitable[Sequence[R]]], items: Sequence[T]
    ) -> Sequence[R]:
        """A `transaction` in autocommit, of the system, around nothing but `act`: it costs half."""
        with IN_OUR_WORDS:
            pooled, tx = self._opened_at_hand() or await self._opened(SYSTEM, (), True)
            is_broken = False
            try:
                answers = await act(tx, items)
                if tx.is_to_finish:
                    await tx.finish()
            except asyncpg.InternalClientError:
                is_broken = True
                raise
            finally:
                if is_broken or not self._laid_at_hand(pooled, tx):
                    await self._closed(pooled, tx, is_broken)
        for listener in self._listeners:
            listener(tx)
        return answers

    def _tell(self, tx: Transaction) -> None:
        for listener in self._listeners:
            listener(tx)

    def together(
        self,
        act: Callable[[Transaction, Sequence[T]], Awaitable[Sequence[R]]],
        item: T,
        *,
        apart: Hashable = None,
    ) -> Awaitable[R]:
        """`act`, which writes by a single statement, for this and whatever else it is asked for meanwhile:
        group commit, as Gathering. Items `apart` share no statement. Its actor is the system; whose an item
        is, the item says."""
        gathering: Gathering[T, R] | None = self._gatherings.get((act, apart))
        if gathering is None:
            if len(self._gatherings) >= _GATHERINGS:
                kept = self._gatherings.items()
                self._gatherings = {key: one for key, one in kept if not one.is_idle}
            gathering = Gathering(partial(self._by_one_statement, act))
            self._gatherings[act, apart] = gathering
        return gathering.add(item)

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
            return await asyncpg.connect(
                driver_dsn(self.url), command_timeout=ANSWERS_WITHIN, **driver_arguments(self.url)
            )
        except (OSError, *CONNECTION_LOST) as failure:
            raise Unavailable("database_unavailable", str(failure)) from failure

    async def close(self) -> None:
        while self._at_hand:
            self._at_hand.pop()[0].close()
        await self._engine.dispose()

    async def _opened(
        self, actor: Actor, alone: tuple[object, ...], is_autocommit: bool
    ) -> tuple[PoolProxiedConnection, Transaction]:
        """A living connection until it is `_closed`, and what is to happen on it."""
        if self._at_hand:
            pooled, driver = self._at_hand.pop()
        else:
            driver = _driver(pooled := await self._connection())
        while driver.is_closed():  # it died while it lay in the pool
            await self._invalidate(pooled)
            driver = _driver(pooled := await self._connection())
        return pooled, self._transaction(pooled, driver, actor, alone, is_autocommit)

    def _opened_at_hand(self) -> tuple[PoolProxiedConnection, Transaction] | None:
        """As `_opened` for a statement of the system, where that takes no waiting."""
        if not self._at_hand or self._at_hand[-1][1].is_closed():
            return None
        pooled, driver = self._at_hand.pop()
        return pooled, self._transaction(pooled, driver, SYSTEM, (), True)

    def _transaction(
        self,
        pooled: PoolProxiedConnection,
        driver: asyncpg.Connection,  # the pool's own handle forgets it when a session notices that it broke
        actor: Actor,
        alone: tuple[object, ...],
        is_autocommit: bool,
    ) -> Transaction:
        return Transaction(
            LazySession(self._writing, pooled),
            driver,
            self.clock.now(),
            actor,
            self._reactions,
            alone=frozenset([lock_key(alone)]) if alone else _NOTHING,
            is_autocommit=is_autocommit,
        )

    async def _closed(self, pooled: PoolProxiedConnection, tx: Transaction, is_broken: bool) -> None:
        """One that broke never goes back to the pool, nor does one whose ROLLBACK was cut off."""
        if not is_broken and self._laid_at_hand(pooled, tx):
            return
        driver = tx.connection
        try:
            if tx.opened.is_used:
                await tx.opened.close()
        finally:
            if is_broken or driver.is_closed() or driver.is_in_transaction():
                await self._invalidate(pooled)
            pooled.close()  # outside a transaction there is nothing to wait for

    def _laid_at_hand(self, pooled: PoolProxiedConnection, tx: Transaction) -> bool:
        """Some stay at hand, since going through the pool costs more than a small statement's own work; not
        while somebody waits at the pool, and not those a session has marked, which the pool has to wipe."""
        driver = tx.connection
        if (
            tx.opened.is_used
            or self._awaited
            or len(self._at_hand) >= self._pool_size // 2
            or driver.is_closed()
            or driver.is_in_transaction()
        ):
            return False
        self._at_hand.append((pooled, driver))
        return True

    async def _connection(self) -> PoolProxiedConnection:
        """At once where one lies in the pool; making one anew, or waiting for one, needs a greenlet."""
        if self._perhaps_broken == 0 and self._engine.pool.checkedin():  # type: ignore[attr-defined]
            with suppress(MissingGreenlet):
                return self._engine.sync_engine.raw_connection()
        self._perhaps_broken = max(0, self._perhaps_broken - 1)
        self._awaited += 1
        try:
            return await self._engine.raw_connection()
        finally:
            self._awaited -= 1

    async def _invalidate(self, pooled: PoolProxiedConnection) -> None:
        """Its place goes back to the pool empty; when one broke, others have, too."""
        self._perhaps_broken = self._pool_size
        if pooled.is_valid:
            await greenlet_spawn(pooled.invalidate)

    @property
    def engine(self) -> AsyncEngine:
        return self._engine


class _Opened:
    """What is to happen on a connection that is closed in any case. A class: a generator costs as much as a
    small statement's way through the driver."""

    def __init__(
        self,
        opened: Callable[
            [Actor, tuple[object, ...], bool], Awaitable[tuple[PoolProxiedConnection, Transaction]]
        ],
        closed: Callable[[PoolProxiedConnection, Transaction, bool], Awaitable[None]],
        *given: *tuple[Actor, tuple[object, ...], bool],
    ) -> None:
        self._opened, self._closed, self._given = opened, closed, given

    async def __aenter__(self) -> Transaction:
        self._pooled, self._tx = await self._opened(*self._given)
        return self._tx

    async def __aexit__(self, kind: object, failure: BaseException | None, trace: object) -> None:
        await self._closed(self._pooled, self._tx, isinstance(failure, asyncpg.InternalClientError))


@asynccontextmanager
async def _begun(driver: asyncpg.Connection, locks: list[str]) -> AsyncIterator[None]:
    """BEGIN with the first locks in one message, then COMMIT or ROLLBACK."""
    try:
        await driver.execute("; ".join(["BEGIN", *_first(locks)]))
        yield
    except BaseException:
        await driver.execute("ROLLBACK")
        raise
    if await driver.execute("COMMIT") != "COMMIT":
        raise Conflict("try_again", "A statement had failed, so nothing was written.")


def _first(locks: list[str]) -> list[str]:
    """The locks; and what is so hot that its lock is taken here is planned once, not anew for its values."""
    taken = [_LOCK.format(key.replace("'", "''")) for key in locks]
    return ["SET LOCAL plan_cache_mode = force_generic_plan", *taken] if taken else []


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('{}', 0))"


def _driver(pooled: PoolProxiedConnection) -> asyncpg.Connection:
    connection: asyncpg.Connection = pooled.driver_connection
    return connection


def driver_dsn(url: str) -> str:
    """A SQLAlchemy URL as the driver wants it, without its query."""
    return make_url(url).set(drivername="postgresql", query={}).render_as_string(hide_password=False)


def driver_arguments(url: str) -> dict[str, Any]:
    """What stands in the URL's query: `host` for a socket directory."""
    query = make_url(url).query
    return {"host": query["host"]} if "host" in query else {}


def _engine(url: str, pool_size: int, limits: Mapping[str, str]) -> AsyncEngine:
    address = make_url(url)
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+asyncpg")
    return create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_reset_on_return=None,  # `_begun` and whoever else begins a transaction end it
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={"server_settings": {"application_name": "helpdesk", "jit": "off", **limits}},
    )


__all__ = ["Database", "driver_arguments", "driver_dsn"]
