"""How soon work finds its agent after what made it possible, with `helpdesk serve` as it is installed.

    python -m benchmarks.routing [--times 10]

Each row is an event at a team whose work is assigned: from the commit that another process answered to until
the ticket is seen with its agent. What is asked of each: two seconds.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.desk import Desk, found
from helpdesk.storage.database import driver_arguments, driver_dsn
from helpdesk.storage.embedded import EmbeddedDatabase

_GIVES_UP_AFTER = 60.0

_SETUP = """
    UPDATE agents SET role = 'admin';
    INSERT INTO calendars (id, name, hours, created_at)
    SELECT gen_random_uuid(), 'Another day', jsonb_build_object('time_zone', 'UTC', 'week',
      jsonb_build_object(lower(to_char(now() + interval '3 days', 'Dy')),
        '[["09:00", "10:00"]]'::jsonb)), now();
    UPDATE teams SET push = true, calendar_id = (SELECT id FROM calendars WHERE name = 'Another day');
"""
"""Nobody's shift is now: whoever closes their workspace has left."""

_ANEW = """
    UPDATE tickets SET waiting = false, status = 'closed';
    UPDATE agents SET capacity = 2, skills = '{}';
    UPDATE availability SET state = 'away', wanted = 'away', seen_at = now(), released = 'nothing'
"""
"""Nothing is open, nobody takes work, one mail fills an agent."""

_ASSIGNEE = "SELECT assignee_id FROM tickets WHERE id = $1"
_SILENT = """
    UPDATE availability SET seen_at = now() - interval '1 minute', since = now() - interval '1 minute',
      assigned_at = now() - interval '2 minutes' WHERE agent_id = $1
"""


@dataclass
class Room:
    """The desk, and what happens there."""

    http: httpx2.AsyncClient
    database: asyncpg.Connection
    tokens: list[str]
    agents: list[UUID]
    team_id: UUID

    async def ask(self, who: int, method: str, path: str, **wanted: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = await self.http.request(method, f"/api/v1{path}", json=wanted, headers=headers)
        return answer.raise_for_status().json()

    async def ticket(self) -> UUID:
        wanted = {"inbox": "support", "subject": "Mill", "body": "It is stuck.", "email": "kim@mill.example"}
        return UUID((await self.ask(0, "POST", "/tickets", **wanted))["id"])

    async def change(self, ticket: UUID, **fields: Any) -> None:
        await self.ask(0, "PATCH", f"/tickets/{ticket}", **fields)

    async def online(self, who: int) -> None:
        await self.ask(who, "PUT", "/availability", state="online")

    async def change_agent(self, who: int, **fields: Any) -> None:
        wanted = {"name": f"Agent {who}", "role": "admin", "capacity": 2, "team_ids": [str(self.team_id)]}
        await self.ask(0, "PUT", f"/agents/{self.agents[who]}", **(wanted | fields))

    async def is_with(self, ticket: UUID, who: int) -> None:
        began = time.monotonic()
        while await self.database.fetchval(_ASSIGNEE, ticket) != self.agents[who]:
            if time.monotonic() > began + _GIVES_UP_AFTER:
                raise RuntimeError("The ticket found nobody.")
            await asyncio.sleep(0.005)


Act = Callable[[], Awaitable[UUID]]
"""What happens; answers with the ticket that agent 1 gets by it."""


async def a_ticket_arrives(room: Room) -> Act:
    await room.online(1)
    return room.ticket


async def an_agent_comes_online(room: Room) -> Act:
    ticket = await room.ticket()

    async def act() -> UUID:
        await room.online(1)
        return ticket

    return act


async def a_ticket_is_resolved(room: Room) -> Act:
    first, second = await _two_where_one_fits(room)

    async def act() -> UUID:
        await room.change(first, status="resolved")
        return second

    return act


async def capacity_grows(room: Room) -> Act:
    _, second = await _two_where_one_fits(room)

    async def act() -> UUID:
        await room.change_agent(1, capacity=4)
        return second

    return act


async def a_skill_is_learnt(room: Room) -> Act:
    ticket = await room.ticket()
    await room.change(ticket, skills=["vpn"])
    await room.online(1)

    async def act() -> UUID:
        await room.change_agent(1, skills=["vpn"])
        return ticket

    return act


async def a_shift_is_over(room: Room) -> Act:
    """Agent 0 closed the workspace half a minute ago, and their team's hours are over."""
    await room.online(0)
    ticket = await room.ticket()
    await room.is_with(ticket, 0)
    await room.online(1)

    async def act() -> UUID:
        await room.database.execute(_SILENT, room.agents[0])
        return ticket

    return act


async def _two_where_one_fits(room: Room) -> tuple[UUID, UUID]:
    await room.online(1)
    first = await room.ticket()
    await room.is_with(first, 1)
    return first, await room.ticket()


HAPPENINGS = [
    a_ticket_arrives,
    an_agent_comes_online,
    a_ticket_is_resolved,
    capacity_grows,
    a_skill_is_learnt,
    a_shift_is_over,
]


async def run(url: str, folder: Path, times: int, table: Table) -> None:
    company = await found(url, 2)
    desk = Desk(url, folder, company)
    try:
        async with _room(url, desk) as room:
            for happening in HAPPENINGS:
                waits = [await _wait(room, desk, happening) for _ in range(times)]
                name = happening.__name__.replace("_", " ")
                table.add_row(name, f"{statistics.median(waits):.2f}", f"{max(waits):.2f}")
    finally:
        await desk.close()


async def _wait(room: Room, desk: Desk, happening: Callable[[Room], Awaitable[Act]]) -> float:
    await desk.forgive()
    await room.database.execute(_ANEW)
    act = await happening(room)
    await asyncio.sleep(random.random())  # the timetable comes by each second
    began = time.perf_counter()
    await room.is_with(await act(), 1)
    return time.perf_counter() - began


@asynccontextmanager
async def _room(url: str, desk: Desk) -> AsyncIterator[Room]:
    database = await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
    await database.execute(_SETUP)
    agents = [row["id"] for row in await database.fetch("SELECT id FROM agents ORDER BY name")]
    team_id = await database.fetchval("SELECT id FROM teams")
    address = f"http://127.0.0.1:{desk.port}"
    try:
        async with httpx2.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
            yield Room(http, database, desk.company.tokens, agents, team_id)
    finally:
        await database.close()


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--times", type=int, default=10)
    given = options.parse_args()
    table = Table("seconds until the ticket is with its agent", "median", "longest")
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedDatabase(Path(folder) / "data", say=lambda _: None)
        try:
            uvloop.run(run(server.start(), Path(folder) / "desk", given.times, table))
        finally:
            server.stop()
    Console(width=100, highlight=False).print(table)


if __name__ == "__main__":
    main()
