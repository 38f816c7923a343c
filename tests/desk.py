"""The whole web process around a database of its own, and clients of every kind for it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from helpdesk.actors import SYSTEM
from helpdesk.app import Web
from helpdesk.auth import api_keys, sessions
from helpdesk.clock import Clock
from helpdesk.domain import agents, inboxes
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import search
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from helpdesk.web.assets import Assets
from tests.factories import a_plan, a_ticket, an_agent, an_inbox
from tests.waiting import eventually

KEY = "a key that only these tests know 0123456789"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Desk:
    web: Web
    clock: Clock

    @property
    def database(self) -> Database:
        return self.web.database

    def system(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        return self.database.transaction(SYSTEM)

    def client(self, **headers: str) -> httpx2.AsyncClient:
        """Somebody without any credential."""
        transport = httpx2.ASGITransport(self.web.asgi)
        return httpx2.AsyncClient(transport=transport, base_url=self.web.settings.address, headers=headers)

    async def signed_in(self, agent: agents.Agent) -> httpx2.AsyncClient:
        """The agent's browser: session cookie, CSRF token, own origin."""
        async with self.system() as tx:
            cookie = await sessions.start(tx, agent.id, "127.0.0.1", "tests")
        session = await sessions.resume(self.database, cookie)
        client = self.client(**OWN_PAGE, **{"X-CSRF-Token": session.csrf})
        client.cookies.set("helpdesk", cookie)
        return client

    async def with_token(self, agent: agents.Agent, *scopes: str) -> httpx2.AsyncClient:
        """A program with an API token of the agent."""
        async with self.system() as tx:
            token = await api_keys.create(
                tx, name="tests", scopes=frozenset(scopes or {"all"}), agent_id=agent.id
            )
        return self.client(Authorization=f"Bearer {token}")

    async def index(self) -> None:
        """What was said so far can be found, as a second later."""

        async def is_through() -> bool:
            async with self.system() as tx:
                await search.look_through(tx)  # a test's clock stands still, or stood elsewhere before
                return not await search.index_new(tx, 1000)

        await eventually(is_through, every=0)

    async def visitor(self, inbox: inboxes.Inbox) -> httpx2.AsyncClient:
        """A new visitor's widget."""
        answer = await self.client().post("/widget/session", json={"inbox": inbox.key})
        return self.client(Authorization=f"Bearer {answer.json()['visitor_token']}")


@dataclass
class House:
    """An ordinary company: an inbox per channel, one agent for all of them, one ticket by mail."""

    mail: inboxes.Inbox
    chat: inboxes.Inbox
    phone: inboxes.Inbox
    agent: agents.Agent
    ticket: Any


async def furnish(desk: Desk) -> House:
    async with desk.system() as tx:
        plan = await a_plan(tx)
        mail = await an_inbox(tx, plan=plan)
        chat = await an_inbox(tx, Channel.CHAT)
        phone = await an_inbox(tx, Channel.PHONE)
        return House(mail, chat, phone, await an_agent(tx), await a_ticket(tx, inbox=mail))


@contextlib.asynccontextmanager
async def opened(database_url: str, clock: Clock, folder: Path, port: int = 8000) -> AsyncIterator[Desk]:
    """A web process without its worker, started as a server would start it."""
    settings = Settings(secret_key=KEY, data_dir=folder, port=port)
    web = Web(settings, database_url, clock=clock, with_worker=False, assets=_assets())
    async with web.starlette.router.lifespan_context(web.starlette):
        yield Desk(web, clock)


@cache
def _assets() -> Assets:
    """Compressed once per run."""
    return Assets()
