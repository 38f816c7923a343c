"""A real server on a port, that can be stopped and started again."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from helpdesk import serving
from helpdesk.clock import SystemClock
from helpdesk.domain.inboxes import Channel
from tests.desk import Desk, House, furnish, opened
from tests.factories import an_inbox
from tests.ports import free_port
from tests.waiting import until


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

    def listeners(self, ticket_id: Any) -> set[str]:
        """The sockets of the visitor who is told of this ticket as it happens."""
        watched = self.desk.web.broadcaster._watched.get(ticket_id)
        return set(watched.contacts) if watched else set()

    async def start(self) -> None:
        config = serving.server_settings(self._guarded)
        config.lifespan = "off"
        config.interface, config.timeout_graceful_shutdown = "asgi3", 1
        self._server = server = _Server(config)
        listening = socket.create_server(("127.0.0.1", self.port))
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


@pytest.fixture(scope="session")
async def served(
    new_database: Callable[[], AbstractAsyncContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    port = free_port()
    folder = tmp_path_factory.mktemp("desk")
    async with new_database() as url, opened(url, SystemClock(), folder, port) as desk:
        served = Served(desk, await furnish(desk), port)
        async with desk.system() as tx:
            served.coloured = (await an_inbox(tx, Channel.CHAT, theme={"accent": "#ffd400"})).key
        await served.start()
        yield served
        await served.stop()
