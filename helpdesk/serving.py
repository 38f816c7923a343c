"""Runs the web process under uvicorn, with drain before the sockets are closed; alone or with siblings."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import FrameType

import structlog
import uvicorn
import uvloop

from helpdesk import logs
from helpdesk.app import Web
from helpdesk.clock import SystemClock
from helpdesk.errors import Conflict
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.realtime.websocket import WebSocket
from helpdesk.settings import Settings
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import JOB_LIMITS, Database
from helpdesk.storage.files import Files
from helpdesk.storage.giving_way import People
from helpdesk.storage.wakeups import Wakeups
from helpdesk.supervising import Companion, Program, Supervisor
from helpdesk.worker import Background, check, family_of, refuse_address

log = structlog.get_logger(__name__)

DRAIN_PAUSE = 0.3
"""Seconds the drain message gets to reach the clients."""

GRACE = 10
"""Seconds requests under way get to finish."""

START = 60.0
"""Seconds the background process gets to begin before browsers are served without it."""

NICENESS = 5


def background() -> Companion:
    """The background process that `serve` begins. To be called before a database or a loop is there."""
    return Companion("work", work_beside, grace=GRACE * 2)


def check_ports(settings: Settings, *, with_worker: bool = True) -> None:
    """Before anything that takes long. Errors: Conflict when a port is taken, Invalid for a wrong setting."""
    _listen(settings).close()
    if with_worker:
        check(settings)


def serve(
    settings: Settings, database_url: str, *, beside: Companion | None, ready: Callable[[], None]
) -> None:
    """One web process, until it is told to stop. Errors: Conflict when a port is taken."""
    listening = _listen(settings)
    # uvicorn ends by raising the signal once more; its default would end us before the database has stopped.
    signal.signal(signal.SIGTERM, _leave)
    if beside is not None and not beside.begin(settings, database_url, within=START):
        log.error("background_not_begun", within=START)
    web = Web(settings, database_url, with_worker=False)
    config = server_settings(web.asgi)
    try:
        _Server(config, web, ready, beside).run(sockets=[listening])
    finally:
        if beside is not None:
            beside.end()


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


def work_beside(settings: Settings, database_url: str, ready: Callable[[], None]) -> None:
    """Background work beside a web process: whoever waits for an answer goes first."""
    os.nice(NICENESS)
    work(settings, database_url, ready)


def work(settings: Settings, database_url: str, ready: Callable[[], None]) -> None:
    """Background work only, until a signal; then the jobs under way finish."""
    logs.configure(settings)
    uvloop.run(_work(settings, database_url, ready))


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
        files = Files(settings.data_dir / "files", settings.key)
        background = Background(database, settings, files, wakeups, People(wakeups))
        await wakeups.start()
        opened.push_async_callback(wakeups.stop)
        opened.push_async_callback(background.stop)
        await background.start()
        ready()
        await stop.wait()


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, web: Web, ready: Callable[[], None], beside: Companion | None = None
    ) -> None:
        super().__init__(config)
        self._web, self._ready, self._beside = web, ready, beside

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Without background work no alert would ring: rather all ends, and is started again from outside."""
        if self._beside is not None and counter % 10 == 0 and not self._beside.is_alive:
            log.critical("background_ended")
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._beside is not None:
            self._beside.ask_to_end()
        await self._web.drain()
        await asyncio.sleep(DRAIN_PAUSE)
        await super().shutdown(sockets)


def server_settings(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        loop="uvloop",
        http="httptools",
        ws=WebSocket,
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
            family=family_of(settings.host),
        )
    except (OSError, UnicodeError) as failure:
        refuse_address("HELPDESK_HOST", f"{settings.host}:{settings.port}", failure)
        raise Conflict(
            "port_taken",
            f"{settings.host}:{settings.port} cannot be used: another server may be running. "
            "HELPDESK_PORT chooses another port.",
        ) from None
    listening.set_inheritable(True)
    return listening
