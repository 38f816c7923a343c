"""A real server on a loopback port, and sockets of agents and visitors to it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import uvicorn

from helpdesk import serving
from helpdesk.clock import FixedClock
from helpdesk.domain import agents
from helpdesk.realtime import broadcaster
from tests.conftest import NOON
from tests.desk import Desk, House, furnish, opened
from tests.realtime.client import Socket
from tests.waiting import until

NEVER = 3600.0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The test runner keeps its own."""
        yield


@dataclass
class Live:
    """A desk that is served."""

    desk: Desk
    sockets: list[Socket]

    @property
    def address(self) -> str:
        return self.desk.web.settings.address

    async def a_pass(self, client: httpx2.AsyncClient) -> str:
        path = "/widget/pass" if "vt_" in client.headers.get("authorization", "") else "/api/v1/realtime/pass"
        return str((await client.post(path)).json()["pass"])

    async def socket(self, namespace: str, connection_pass: object = None, **rest: Any) -> Socket:
        """Opened, and entered where a pass is given."""
        opened = await Socket.open(self.address, namespace, **rest)
        self.sockets.append(opened)
        return await opened.enter(connection_pass) if connection_pass is not None else opened

    async def agent(self, agent: agents.Agent, *scopes: str) -> Socket:
        client = await (self.desk.with_token(agent, *scopes) if scopes else self.desk.signed_in(agent))
        return await self.socket("/agent", await self.a_pass(client))

    async def visitor(self, client: httpx2.AsyncClient) -> Socket:
        return await self.socket("/widget", await self.a_pass(client))


@pytest.fixture(scope="module")
async def served(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """No sweep: what arrives, arrives by a hint."""
    sweep_every, broadcaster.SWEEP_EVERY = broadcaster.SWEEP_EVERY, NEVER
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    folder = tmp_path_factory.mktemp("desk")
    async with opened(shared_database_url, FixedClock(NOON), folder, port) as desk:
        config = serving.server_settings(desk.web.asgi)
        config.lifespan = "off"
        server = _Server(config)
        serve = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        yield desk
        server.should_exit = True
        await serve
    broadcaster.SWEEP_EVERY = sweep_every


@pytest.fixture
async def live(served: Desk) -> AsyncIterator[Live]:
    live = Live(served, [])
    yield live
    for one in live.sockets:
        await one.close()


@pytest.fixture
def hurried(served: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Once it is called, who does not enter is closed soon: nobody who wants to should be on the way."""
    return lambda: monkeypatch.setattr(served.web.sockets, "connect_within", 0.05)


@pytest.fixture
async def house(served: Desk) -> House:
    return await furnish(served)
