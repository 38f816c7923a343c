"""Runs the web process under uvicorn, with drain before the sockets are closed; alone or with siblings."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import FrameType

import uvicorn

from helpdesk import logs
from helpdesk.app import Web
from helpdesk.clock import SystemClock
from helpdesk.errors import Conflict
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.settings import Settings
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import JOB_LIMITS, Database
from helpdesk.storage.files import Files
from helpdesk.storage.wakeups import Wakeups
from helpdesk.supervising import Program, Supervisor
from helpdesk.worker import Background

DRAIN_PAUSE = 0.3
"""Seconds the drain message gets to reach the clients."""

GRACE = 10
"""Seconds requests under way get to finish."""


def serve(settings: Settings, database_url: str, *, with_worker: bool, ready: Callable[[], None]) -> None:
    """One process, until it is told to stop. Errors: Conflict when the port is taken."""
    listening = _listen(settings)
    # uvicorn ends by raising the signal once more; its default would end us before the database has stopped.
    signal.signal(signal.SIGTERM, _leave)
    web = Web(settings, database_url, with_worker=with_worker)
    config = server_settings(web.asgi)
    _Server(config, web, ready).run(sockets=[listening])


def serve_many(
    settings: Settings, database_url: str, *, workers: int, with_worker: bool, ready: Callable[[], None]
) -> None:
    """Several web processes on one port and, unless told otherwise, a background process beside them.
    Errors: Conflict when the port is taken."""
    with _listen(settings) as listening:
        shared = (settings, database_url)
        programs = [
            Program(f"web {number + 1}", serve_beside, (*shared, listening)) for number in range(workers)
        ]
        if with_worker:
            programs.append(Program("work", work, shared))
        Supervisor(programs, [__name__], grace=GRACE * 2).run(ready)


def serve_beside(
    settings: Settings, database_url: str, listening: socket.socket, ready: Callable[[], None]
) -> None:
    """One of several web processes."""
    logs.configure(settings)
    web = Web(settings, database_url, with_worker=False)
    _Server(server_settings(web.asgi), web, ready).run(sockets=[listening])


def work(settings: Settings, database_url: str, ready: Callable[[], None]) -> None:
    """Background work only, until a signal; then the jobs under way finish."""
    logs.configure(settings)
    asyncio.run(_work(settings, database_url, ready))


async def _work(settings: Settings, database_url: str, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as opened:
        database = Database(
            database_url, SystemClock(), REACTIONS, pool_size=settings.pool_size, limits=JOB_LIMITS
        )
        opened.push_async_callback(database.close)
        wakeups = Wakeups(database, bus_for(database, settings.bus))
        background = Background(database, settings, Files(settings.data_dir / "files", settings.key))
        await wakeups.start()
        opened.push_async_callback(wakeups.stop)
        opened.push_async_callback(background.stop)
        await background.start()
        ready()
        await stop.wait()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, web: Web, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._web, self._ready = web, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._web.drain()
        await asyncio.sleep(DRAIN_PAUSE)
        await super().shutdown(sockets)


def server_settings(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        ws_ping_interval=None,  # Engine.IO has its own heartbeat
        proxy_headers=False,  # callers.py believes forwarded headers only from trusted proxies
        access_log=False,
        server_header=False,
        date_header=True,
        log_config=None,
        timeout_graceful_shutdown=GRACE,
        lifespan="on",
    )


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _listen(settings: Settings) -> socket.socket:
    try:
        listening = socket.create_server(
            (settings.host, settings.port),
            backlog=2048,
            family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET,
        )
    except OSError as failure:
        raise Conflict(
            "port_taken",
            f"{settings.host}:{settings.port} cannot be used ({failure.strerror}). "
            "Another server may be running; HELPDESK_PORT chooses another port.",
        ) from None
    listening.set_inheritable(True)
    return listening
