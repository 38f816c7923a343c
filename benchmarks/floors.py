"""The floors: the same work with nothing of ours in between, in the same layout of processes.

Run as a program it is their server: bare python-socketio and bare aiosmtpd on our uvicorn settings.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import socketio
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import make_url

from benchmarks.load import Act
from helpdesk.serving import server_settings
from helpdesk.settings import Settings
from helpdesk.storage.database import driver_arguments, driver_dsn

POOL = Settings.model_fields["pool_size"].default
"""As many connections as our server has."""

CONVERSATIONS = 32
QUEUE = 100_000

_SCHEMA = f"""
    CREATE TABLE mails (id uuid PRIMARY KEY, sender text, raw bytea);
    CREATE TABLE conversations (id uuid PRIMARY KEY, version bigint, last_at timestamptz);
    CREATE TABLE messages (id uuid PRIMARY KEY, talk_id uuid, version bigint, body text, at timestamptz);
    CREATE TABLE queue (id bigint PRIMARY KEY, rank_at timestamptz, waiting bool DEFAULT true, agent_id uuid);
    CREATE INDEX ON queue (rank_at, id) WHERE waiting;
    INSERT INTO queue SELECT n, clock_timestamp() + n * interval '1 s' FROM generate_series(1, {QUEUE}) AS n;
"""

_SAY = """
    WITH moved AS (
      UPDATE conversations SET version = version + 1, last_at = clock_timestamp() WHERE id = $1
      RETURNING version, last_at
    )
    INSERT INTO messages SELECT $2, $1, version, $3, last_at FROM moved RETURNING version
"""

_CLAIM = """
    UPDATE queue SET waiting = false, agent_id = $1
    WHERE id = (SELECT id FROM queue WHERE waiting ORDER BY rank_at, id FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING id
"""


async def prepare(url: str) -> str:
    """A database of their own in the same cluster; answers with its URL."""
    administrator = await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
    await administrator.execute("CREATE DATABASE floors")
    await administrator.close()
    floors = make_url(url).set(database="floors").render_as_string(hide_password=False)
    connection = await asyncpg.connect(driver_dsn(floors), **driver_arguments(floors))
    await connection.execute(_SCHEMA)
    await connection.executemany(
        "INSERT INTO conversations VALUES ($1, 0, clock_timestamp())",
        [(conversation(number),) for number in range(CONVERSATIONS)],
    )
    await connection.execute("ANALYZE")
    await connection.close()
    return floors


def conversation(number: int) -> UUID:
    return UUID(int=number + 1)


class Driver:
    """Bare asyncpg, called by the load itself."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> "Driver":
        pool = await asyncpg.create_pool(
            driver_dsn(url), min_size=POOL, max_size=POOL, **driver_arguments(url)
        )
        return cls(pool)

    async def close(self) -> None:
        await self._pool.close()

    def insert(self, body: bytes) -> Act:
        async def act(sender: int) -> None:
            await keep(self._pool, f"sender{sender}", body)

        return act

    async def say(self, sender: int) -> None:
        await say(self._pool, conversation(sender), "Is anybody there?")

    async def claim(self, sender: int) -> None:
        assert await self._pool.fetchval(_CLAIM, conversation(sender)) is not None


async def keep(pool: asyncpg.Pool, sender: str, raw: bytes) -> None:
    await pool.execute("INSERT INTO mails (id, sender, raw) VALUES ($1, $2, $3)", uuid4(), sender, raw)


async def say(pool: asyncpg.Pool, conversation_id: UUID, body: str) -> int:
    return int(await pool.fetchval(_SAY, conversation_id, uuid4(), body))


class _Sockets(socketio.AsyncNamespace):  # type: ignore[misc]
    """`echo` passes a message on and acknowledges it; `write` commits it before."""

    def __init__(self, pools: list[asyncpg.Pool]) -> None:
        super().__init__("/floor")
        self._pools = pools

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        pass

    async def on_watch(self, sid: str, data: Any) -> Any:
        await self.enter_room(sid, "watchers")
        return {"ok": True}

    async def on_echo(self, sid: str, data: Any) -> Any:
        await self.emit("events", data, room="watchers", skip_sid=sid)
        return {"ok": True}

    async def on_write(self, sid: str, data: Any) -> Any:
        version = await say(self._pools[0], UUID(data["ticket"]), data["body"])
        await self.emit("events", data, room="watchers", skip_sid=sid)
        return {"ok": True, "version": version}


class _Mails:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await keep(self._pool, str(envelope.mail_from), bytes(envelope.original_content or b""))
        return "250 OK"


def main(url: str, port: int, smtp_port: int) -> None:
    pools: list[asyncpg.Pool] = []
    sockets = socketio.AsyncServer(async_mode="asgi", async_handlers=False, transports=["websocket"])
    sockets.register_namespace(_Sockets(pools))

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        dsn, arguments = driver_dsn(url), driver_arguments(url)
        async with asyncpg.create_pool(dsn, min_size=POOL, max_size=POOL, **arguments) as pool:
            pools.append(pool)
            mails = _Mails(pool)
            smtp = await loop.create_server(lambda: SMTP(mails, loop=loop), "127.0.0.1", smtp_port)
            gc.freeze()
            gc.set_threshold(100_000, 50, 100)
            async with smtp:
                yield

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        async with opened():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def both(scope: Any, receive: Any, send: Any) -> None:
        await (app if scope["type"] == "lifespan" else asgi)(scope, receive, send)

    asgi = socketio.ASGIApp(sockets)
    config = server_settings(both)
    config.ws, config.host, config.port = "websockets-sansio", "127.0.0.1", port  # stock, not ours
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
