"""Runs the web process under uvicorn: with drain before the sockets are closed, alone or with siblings."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from helpdesk import logs
from helpdesk.app import Web
from helpdesk.errors import Conflict
from helpdesk.settings import Settings

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


def serve_many(settings: Settings, database_url: str, *, workers: int, with_worker: bool) -> None:
    """Several web processes on one port and, unless told otherwise, a background process beside them."""
    listening = _listen(settings)
    beside = None
    if with_worker:
        beside = subprocess.Popen([sys.executable, "-m", "helpdesk", "work"])
    config = server_settings("helpdesk.serving:from_environment", workers=workers)
    try:
        Multiprocess(config, sockets=[listening]).run()
    finally:
        if beside is not None:
            _end(beside)


def from_environment() -> object:
    """What each of several web processes runs; the parent has put the database's address into settings."""
    settings = Settings()
    logs.configure(settings)
    if settings.database_url is None:
        raise Conflict("database_url_missing")
    return Web(settings, settings.database_url.get_secret_value(), with_worker=False)


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


def server_settings(app: object, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=isinstance(app, str),
        workers=workers,
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
        timeout_worker_healthcheck=30,  # a sibling that is still starting on a busy machine is not dead
        lifespan="on",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asked first; what it has not finished by then it takes up again at its next start."""
    process.terminate()
    try:
        process.wait(GRACE * 2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
