"""The ORM's session of a transaction: made on first use, since the hot statements need none."""

from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession


class LazySession:
    """Writes on a connection that is inside a transaction of its own; never begins or ends one itself.

    `engine` is one whose connections are in AUTOCOMMIT, so that the ORM sends no BEGIN.
    """

    def __init__(self, engine: AsyncEngine, pooled: PoolProxiedConnection) -> None:
        self._engine = engine
        self._pooled = pooled
        self._session: AsyncSession | None = None

    @property
    def is_used(self) -> bool:
        return self._session is not None

    @property
    def session(self) -> AsyncSession:
        if self._session is None:
            connection = Connection(self._engine.sync_engine, self._pooled)
            bind = AsyncConnection(self._engine, connection)
            self._session = AsyncSession(bind, expire_on_commit=False)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
