"""The queue, measured: its order against four rivals, and claims beside the bare SKIP LOCKED floor.

    python -m benchmarks.queue [--seeds 3] [--sizes 1000,20000] [--claimers 1,16] [--seconds 2]

The full run of the promise: --seeds 20 --sizes 1000,100000,1000000,5000000 --claimers 1,16,64 --seconds 10
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from benchmarks import queue_simulation
from helpdesk.actors import SYSTEM, Actor, ActorKind, Role
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, contacts, inboxes, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.tickets.queue import Take, claiming
from helpdesk.domain.tickets.queue.low_water import BEGINNING
from helpdesk.storage import migrations
from helpdesk.storage.database import Database
from helpdesk.storage.embedded import EmbeddedDatabase

_FILL = """
    INSERT INTO tickets SELECT (jsonb_populate_record(t, jsonb_build_object(
      'id', gen_random_uuid(), 'number', nextval('tickets_number_seq'),
      'rank_at', t.rank_at + n * interval '1 millisecond' + $3::interval,
      'start_by', t.start_by + n * interval '1 millisecond' + $3::interval))).*
    FROM tickets t, generate_series(1, $2::int) n WHERE t.id = $1
"""
FLOOR = """
    UPDATE floor SET waiting = false WHERE id = (
      SELECT id FROM floor WHERE waiting ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id
"""
_LATER = timedelta(days=365)
"""The second team's tickets stand behind all of the first's: the worst case of a filter along the order."""


@dataclass(frozen=True)
class Desk:
    database: Database
    plain: list[Actor]
    filtered: list[Actor]
    """Agents of the team whose tickets are last, with the skills they ask for."""
    pools: dict[str, list[UUID]]


@dataclass(frozen=True)
class Measured:
    rate: float
    p50: float
    p99: float


async def prepare(url: str, size: int, claimers: int) -> Desk:
    """`size` waiting tickets, a tenth of them of the last team, and a floor table of the same length."""
    database = Database(url, SystemClock(), pool_size=min(64, claimers + 2))
    await migrations.migrate(database.engine, database.clock.now())
    async with database.transaction(SYSTEM) as tx:
        made: dict[str, Any] = {"created_at": tx.now}
        first = agents.Team(id=tx.new_id(), name="First", push=False, **made)
        last = agents.Team(id=tx.new_id(), name="Last", push=False, **made)
        tx.session.add_all([first, last])
        await tx.session.flush()
        pools: dict[str, list[UUID]] = {}
        for team, settings, share, later in (
            (first, {}, 0.9, timedelta()),
            (last, {"skills": ["vpn"]}, 0.1, _LATER),
        ):
            inbox = inboxes.Inbox(
                id=tx.new_id(),
                key=team.name,
                name=team.name,
                channel="email",
                team_id=team.id,
                settings=settings,
                **made,
            )
            tx.session.add(inbox)
            await tx.session.flush()
            contact = await contacts.find_or_create(
                tx, IdentityKind.EMAIL, f"kim@{team.name}.example", name="Kim"
            )
            pattern = await tickets.open_ticket(tx, inbox=inbox, contact=contact, subject="Mill stuck")
            pools[team.name] = [pattern.pool_id]
            driver = await tx.driver()
            await driver.execute(_FILL, pattern.id, round(size * share), later, timeout=3600)
        staff = [[await _actor(tx, team, number) for number in range(claimers)] for team in (first, last)]
    connection = await database.connect()
    for statement in (
        "CREATE TABLE floor AS SELECT id, rank_at, waiting FROM tickets",
        "ALTER TABLE floor ADD PRIMARY KEY (id)",
        "CREATE INDEX ON floor (rank_at, id) WHERE waiting",
        "VACUUM ANALYZE floor",
        "VACUUM ANALYZE tickets",
        "ANALYZE",
    ):
        await connection.execute(statement, timeout=3600)
    await connection.close()
    return Desk(database, staff[0], staff[1], pools)


async def measure(claim: Callable[[int], Awaitable[bool]], claimers: int, seconds: float) -> Measured:
    """Each claimer claims again as soon as it has one; nothing left ends the run early."""
    waits: list[float] = []
    ends = time.monotonic() + seconds
    began = time.monotonic()

    async def work(number: int) -> None:
        while time.monotonic() < ends:
            start = time.perf_counter()
            if not await claim(number):
                return
            waits.append(time.perf_counter() - start)

    await asyncio.gather(*(work(number) for number in range(claimers)))
    spent = time.monotonic() - began
    ordered = sorted(waits) or [0.0]
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Measured(len(waits) / spent, statistics.median(ordered) * 1000, p99 * 1000)


async def product(desk: Desk, staff: list[Actor], claimers: int, seconds: float) -> Measured:
    async def claim(number: int) -> bool:
        actor = staff[number]
        async with desk.database.transaction(actor, alone=tickets.desk_of(actor)) as tx:
            return await tickets.claim_next(tx) is not None

    return await measure(claim, claimers, seconds)


async def floor(desk: Desk, claimers: int, seconds: float) -> Measured:
    connections = [await desk.database.connect() for _ in range(claimers)]

    async def claim(number: int) -> bool:
        return await connections[number].fetchval(FLOOR) is not None

    measured = await measure(claim, claimers, seconds)
    for connection in connections:
        await connection.close()
    return measured


async def buffers(desk: Desk, pools: list[UUID]) -> int:
    """Pages touched by the one statement that finds and locks the next ticket."""
    async with desk.database.transaction(SYSTEM) as tx:
        driver = await tx.driver()
        sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {claiming.CLAIMS[Take.FIRST]}"
        values = (pools, [BEGINNING] * len(pools), 8)
        await driver.fetchval(sql, *values)
        [found] = await driver.fetchval(sql, *values)
        return int(found["Plan"]["Shared Hit Blocks"]) + int(found["Plan"]["Shared Read Blocks"])


async def under_snapshot(desk: Desk, claimers: int, seconds: float) -> Measured:
    """While a long report holds an old snapshot, so that no dead row may be cleared away."""
    report: asyncpg.Connection = await desk.database.connect()
    async with report.transaction(isolation="repeatable_read"):
        await report.fetchval("SELECT count(*) FROM teams")
        measured = await product(desk, desk.plain, claimers, seconds)
    await report.close()
    return measured


async def run(url: str, size: int, claimers: list[int], seconds: float, table: Table) -> None:
    desk = await prepare(url, size, max(claimers))
    for count in claimers:
        bare = await floor(desk, count, seconds)
        plain = await product(desk, desk.plain, count, seconds)
        filtered = await product(desk, desk.filtered, count, min(seconds, size / 20_000 + 0.2))
        held = await under_snapshot(desk, count, seconds)
        table.add_row(
            f"{size:,}", str(count), _shown(bare), _shown(plain), f"{plain.rate / bare.rate:.0%}",
            _shown(filtered),
            f"{filtered.rate / plain.rate:.0%}", f"{held.p50 / plain.p50:.2f}x",
            f"{await buffers(desk, desk.pools['First'])} / {await buffers(desk, desk.pools['Last'])}",
        )  # fmt: skip
    await desk.database.close()


async def _actor(tx: Any, team: agents.Team, number: int) -> Actor:
    agent = await agents.add(
        tx,
        email=f"{team.name}{number}@bench.localhost",
        name=f"{team.name} {number}",
        role=Role.AGENT,
        password_hash=None,
    )
    agent.skills = ["vpn"]
    tx.session.add(agents.TeamMember(team_id=team.id, agent_id=agent.id))
    await tx.session.flush()
    return Actor(
        ActorKind.API_KEY,
        agent.id,
        agent.name,
        Role.AGENT,
        agent.id,
        inbox_ids=None,
        scopes=frozenset({"all"}),
    )


def _shown(one: Measured) -> str:
    return f"{one.rate:,.0f}/s {one.p50:.1f}/{one.p99:.1f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--sizes", default="1000,20000")
    options.add_argument("--claimers", default="1,16")
    options.add_argument("--seconds", type=float, default=2)
    given = options.parse_args()
    console = Console(width=150, highlight=False)
    shares = Table("breaches %, mean of the seeds", *queue_simulation.LOADS)
    for rule, by_load in queue_simulation.compare(given.seeds).items():
        shares.add_row(rule, *(f"{by_load[load]:.1f}" for load in queue_simulation.LOADS))
    console.print(shares)
    claims = Table(
        "tickets", "claimers", "floor: /s, p50/p99 ms", "plain", "of floor", "last team + skill", "of plain",
        "p50 under a held snapshot", "buffers: first / last team",
    )  # fmt: skip
    claimers = [int(one) for one in given.claimers.split(",")]
    for size in (int(one) for one in given.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder:
            Path(folder).chmod(0o755)
            server = EmbeddedDatabase(Path(folder) / "data", say=lambda _: None)
            try:
                asyncio.run(run(server.start(), size, claimers, given.seconds, claims))
            finally:
                server.stop()
    console.print(claims)


if __name__ == "__main__":
    main()
