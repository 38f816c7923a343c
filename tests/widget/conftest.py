"""A website of somebody else that embeds the chat of a real server, and Chromium."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from tests.browser.chromium import DESK, Visits
from tests.browser.served import Served, served
from tests.browser.shop import Shop
from tests.browser.windows import browser, visits

__all__ = ["browser", "served", "visits"]

SHOP = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>The shop</title>
<link rel="icon" href="data:,">
<script src="{help}/widget.js" data-inbox="{inbox}" async></script></head>
<body><main><h1>The shop</h1><p>Coffee grinders.</p><a href="#more">More</a></main></body></html>"""


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
