"""A real server that can be stopped, a website of somebody else that embeds its chat, and Chromium."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Page

from helpdesk import serving
from helpdesk.clock import SystemClock
from helpdesk.domain.inboxes import Channel
from tests.browser.chromium import DESK, Visits
from tests.browser.shop import Shop
from tests.browser.windows import browser, visits
from tests.desk import Desk, House, furnish, opened, until
from tests.factories import an_inbox

__all__ = ["browser", "visits"]

SHOP = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>The shop</title>
<link rel="icon" href="data:,">
<script src="{help}/widget.js" data-inbox="{inbox}" async></script></head>
<body><main><h1>The shop</h1><p>Coffee grinders.</p><a href="#more">More</a></main></body></html>"""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The test runner keeps its own."""
        yield


@dataclass
class Served:
    """A desk on a port. `stop` and `start` again as a deploy does; `blocked`: no websocket gets through."""

    desk: Desk
    house: House
    port: int
    coloured: str = ""
    """The key of an inbox with a yellow theme, there before the first visitor came."""
    blocked: bool = False
    visitors_from: str = ""
    """Where everybody calls from, when that is not this machine, which no limit holds for."""
    upgrades: int = 0
    _server: _Server | None = None
    _serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sockets(self) -> int:
        return len(self.desk.web.sockets.environ)

    async def start(self, listening: socket.socket | None = None) -> None:
        config = serving.server_settings(self._guarded)
        config.lifespan = "off"
        config.interface, config.timeout_graceful_shutdown = "asgi3", 1
        self._server = server = _Server(config)
        listening = listening or socket.create_server(("127.0.0.1", self.port))
        self._serving = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)

    async def stop(self) -> None:
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving

    def cut(self) -> None:
        """Every socket loses its other end, as when a phone changes networks."""
        for environ in list(self.desk.web.sockets.environ.values()):
            environ["asgi.send"].__self__.transport.abort()

    async def _guarded(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            self.upgrades += 1
            if self.blocked:
                await send({"type": "websocket.close", "code": 1008})
                return
        if self.visitors_from and scope["type"] != "lifespan":
            scope = {**scope, "client": (self.visitors_from, 4711)}
        await self.desk.web.asgi(scope, receive, send)

    async def answers(self, ticket_id: Any, text: str) -> None:
        """The agent does, from another program."""
        client = await self.desk.with_token(self.house.agent)
        answer = await client.post(f"/api/v1/tickets/{ticket_id}/messages", json={"body": text})
        assert answer.is_success, answer.text

    async def ticket_of(self, text: str) -> Any:
        """The one ticket that a visitor opened with these words."""
        async with self.desk.system() as tx:
            connection = await tx.driver()
            found = await connection.fetch("SELECT ticket_id FROM messages WHERE body = $1", text)
        assert len(found) == 1, found
        return found[0]["ticket_id"]

    async def stored(self, ticket_id: Any) -> list[str]:
        """Every message of a ticket, in order."""
        async with self.desk.system() as tx:
            connection = await tx.driver()
            query = """SELECT m.body FROM events e JOIN messages m ON m.id = e.message_id
                       WHERE e.ticket_id = $1 ORDER BY e.version"""
            return [record["body"] for record in await connection.fetch(query, ticket_id)]


@dataclass
class Site:
    """A website of another origin: `pages` by path, each with headers of its own. It is the same site to a
    browser, since Chromium without a profile refuses storage to frames of other sites."""

    port: int
    pages: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            headers, body = self.pages.get(urlsplit(line).path, ({}, ""))
            kind = "text/javascript" if urlsplit(line).path.endswith(".js") else "text/html; charset=utf-8"
            given = {"Content-Type": kind, "Connection": "close", **headers}
            head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
            status = "200 OK" if body else "404 Not Found"
            writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n{body}".encode())
            await writer.drain()
        writer.close()


@pytest.fixture(scope="session")
async def served(
    new_database: Callable[[], AbstractAsyncContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    folder = tmp_path_factory.mktemp("desk")
    async with new_database() as url, opened(url, SystemClock(), folder, port) as desk:
        served = Served(desk, await furnish(desk), port)
        async with desk.system() as tx:
            served.coloured = (await an_inbox(tx, Channel.CHAT, theme={"accent": "#ffd400"})).key
        await served.start(listening)
        yield served
        await served.stop()


@pytest.fixture(scope="session")
async def site() -> AsyncIterator[Site]:
    site = Site(0)
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()


@dataclass
class Street:
    """Opens shops for visitors: each call is a browser that nobody has used before."""

    served: Served
    site: Site
    visits: Visits

    async def shop(
        self, *, lang: str = "en", right_to_left: bool = False, inbox: str = "", **window: Any
    ) -> Shop:
        page = await self.visits.visitor(self.site.address, **{"size": DESK, **window})
        return await self.enter(page, lang=lang, right_to_left=right_to_left, inbox=inbox)

    async def enter(
        self, page: Page, *, lang: str = "en", right_to_left: bool = False, inbox: str = ""
    ) -> Shop:
        """The shop's page in a tab."""
        key = inbox or self.served.house.chat.key
        text_direction = "rtl" if right_to_left else "ltr"
        text = SHOP.format(lang=lang, dir=text_direction, help=self.served.address, inbox=key)
        self.site.pages[f"/{lang}-{key}"] = ({}, text)
        await page.goto(f"/{lang}-{key}")
        shop = Shop(page)
        await shop.launcher.wait_for()
        return shop


@pytest.fixture
def street(served: Served, site: Site, visits: Visits) -> Street:
    return Street(served, site, visits)
