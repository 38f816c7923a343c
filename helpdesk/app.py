"""The web process, put together: routes, sockets, what starts and stops with it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import socketio
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from helpdesk.actors import SYSTEM
from helpdesk.api import answers, inbound
from helpdesk.api import routes as api_routes
from helpdesk.api.hints import Hints
from helpdesk.auth import requests
from helpdesk.channels.chat import epoch_of
from helpdesk.channels.email.child import Readers
from helpdesk.channels.email.s3 import Amazon
from helpdesk.clock import Clock, SystemClock
from helpdesk.demo import company
from helpdesk.domain.tickets import queue
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.dead_man import watch
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.workshop import open_workshop
from helpdesk.realtime.agents import Agents
from helpdesk.realtime.broadcaster import Broadcaster
from helpdesk.realtime.server import Server
from helpdesk.realtime.visitors import Visitors
from helpdesk.settings import Settings
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.giving_way import People
from helpdesk.storage.wakeups import Wakeups
from helpdesk.web import failures
from helpdesk.web import routes as web_routes
from helpdesk.web.assets import Assets
from helpdesk.web.callers import Caller
from helpdesk.web.security import Protection, protect
from helpdesk.web.sign_in import DemoAccount
from helpdesk.web.templating import Pages
from helpdesk.wire import encode
from helpdesk.worker import Background

log = structlog.get_logger(__name__)

_MACHINES = ("/health/", "/metrics", "/inbound/")
"""Who watches us and who brings mail: no person waits for the answer."""

UPLOAD_LIMIT = 26 * 1024 * 1024


class Web:
    """One web process. `asgi` is what a server runs; `drain` is called when it is told to stop."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        *,
        clock: Clock | None = None,
        with_worker: bool = True,
        assets: Assets | None = None,
    ) -> None:
        self.settings = settings
        queue.use(queue.QueueSettings(**settings.queue))
        self.database = Database(
            database_url, clock or SystemClock(), REACTIONS, pool_size=settings.pool_size
        )
        self.files = Files(settings.data_dir / "files", settings.key)
        self.wakeups = Wakeups(self.database, bus_for(self.database, settings.bus))
        self.sockets = Server(settings.address)
        self.broadcaster = Broadcaster(self.sockets, self.database, self.files, self.wakeups)
        self.people = People(self.wakeups)
        self.agents = Agents(self.database, self.files, self.broadcaster, self.people)
        self.visitors = Visitors(self.database, self.files, self.broadcaster, self.people)
        self.background = (
            Background(self.database, settings, self.files, self.wakeups, self.people)
            if with_worker
            else None
        )
        self._assets = assets or Assets()
        self._pages = Pages(self._assets, name=settings.company_name, demo=settings.demo)
        self.starlette = self._starlette()
        self.asgi = self._protected()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.asgi(scope, receive, send)

    async def drain(self) -> None:
        """Not ready any more; clients are told to come back elsewhere, spread over a few seconds."""
        self.starlette.state.draining = True
        told = {"type": "drain", "after_ms": 0, "jitter_ms": 3000}
        for namespace in ("/agent", "/widget"):
            await self.sockets.emit("control", told, namespace=namespace)

    def _starlette(self) -> Starlette:
        app = Starlette(
            routes=[*web_routes.routes(self._assets), *api_routes.routes()],
            exception_handlers={
                HelpdeskError: _refuse,
                HTTPException: _refuse,
                ClientDisconnect: _let_go,
                Exception: _refuse,
            },
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False  # a redirect would repeat whatever host was asked for
        state = app.state
        state.settings, state.database, state.files = self.settings, self.database, self.files
        state.assets, state.pages = self._assets, self._pages
        state.demo_accounts = _demo_accounts() if self.settings.demo else ()
        state.session_cookie = requests.session_cookie(https=self.settings.is_https)
        state.hints, state.draining, state.schema_checked = Hints(self.wakeups), False, False
        state.mail_in = lambda: {"ok": True, "port": self.settings.smtp_in_port or None}
        state.bus_lost_for = self.wakeups.lost_for
        state.sockets, state.amazon = lambda: len(self.sockets.environ), Amazon()
        state.mail_readers, state.mail_turn = Readers(1), asyncio.Lock()
        return app

    def _protected(self) -> ASGIApp:
        self.sockets.register_namespace(self.agents)
        self.sockets.register_namespace(self.visitors)
        protection = Protection(
            cookie=self.starlette.state.session_cookie,
            resume=requests.resuming(self.database),
            origin=self.settings.address,
            hosts=_hosts(self.settings),
            trusted_proxies=self.settings.trusted_proxies,
            body_limits={
                "/api/v1/uploads": UPLOAD_LIMIT,
                "/widget/uploads": UPLOAD_LIMIT,
                "/inbound/": inbound.LARGEST,
            },
            refuse=failures.refusal(self._pages),
        )
        guarded = protect(self.starlette, protection)
        served = _serving(self.people, guarded)
        return Caller(_with_sockets(self.sockets, served), self.settings.trusted_proxies)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Everything is opened here, never on first use."""
        async with self.database.transaction(SYSTEM) as tx:
            app.state.epoch = await epoch_of(tx)
        async with AsyncExitStack() as opened:  # what has begun ends, also when the rest does not begin
            opened.push_async_callback(self.database.close)
            opened.push_async_callback(app.state.mail_readers.close)
            await self.wakeups.start()
            opened.push_async_callback(self.wakeups.stop)
            await self.broadcaster.start()
            opened.push_async_callback(self.broadcaster.stop)
            if self.background is not None:
                opened.push_async_callback(self.background.stop)
                await self.background.start()
            for task in self._watches():
                opened.callback(task.cancel)
            gc.freeze()
            gc.set_threshold(100_000, 50, 100)
            yield

    def _watches(self) -> list[asyncio.Task[None]]:
        """What looks around every few seconds."""
        workshop = open_workshop(self.database, self.settings, self.files)
        return [
            asyncio.create_task(self.agents.watch_rights(), name="rights"),
            asyncio.create_task(self.visitors.watch_rights(), name="visitors-rights"),
            asyncio.create_task(self.agents.presence_of.run(), name="presence"),
            asyncio.create_task(watch(workshop), name="dead-man"),
        ]


def _demo_accounts() -> list[DemoAccount]:
    return [DemoAccount(agent.name, agent.email, agent.role, company.PASSWORD) for agent in company.AGENTS]


def _hosts(settings: Settings) -> frozenset[str]:
    """The names we answer to; none means any: bound to every address and told no name, we know none."""
    is_everywhere = settings.host in ("0.0.0.0", "::", "")  # noqa: S104
    if settings.public_url is None and is_everywhere:
        return frozenset()
    own = {urlsplit(settings.address).hostname or "", settings.host.lower(), "localhost", "127.0.0.1", "::1"}
    return frozenset(own - {"0.0.0.0", "::", ""})  # noqa: S104


def _with_sockets(server: Server, app: ASGIApp) -> ASGIApp:
    asgi: ASGIApp = socketio.ASGIApp(server, other_asgi_app=app)
    return asgi


def _serving(people: People, app: ASGIApp) -> ASGIApp:
    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_MACHINES):
            people.serve()
        await app(scope, receive, send)

    return asgi


async def _let_go(request: Request, failure: Exception) -> Response:
    """Whoever stopped an upload half-way or lost the network reads no answer, and is no fault of ours."""
    return Response(status_code=400)


async def _refuse(request: Request, failure: Exception) -> Response:
    """A page for people, problem+json for programs."""
    if not isinstance(failure, HelpdeskError | HTTPException):
        log.error("request_failed", path=request.url.path, exc_info=failure)
    if failures.wants_page(request):
        return failures.failure_page(request, failure)
    if isinstance(failure, HTTPException):
        return _http_problem(failure)
    return answers.problem(failure if isinstance(failure, HelpdeskError) else HelpdeskError("internal"))


def _http_problem(failure: HTTPException) -> Response:
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": failure.detail,
        "status": failure.status_code,
        "code": codes.get(failure.status_code, "invalid"),
    }
    headers = dict(failure.headers or {})
    return Response(encode(body), failure.status_code, headers, media_type="application/problem+json")
