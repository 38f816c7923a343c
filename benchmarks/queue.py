"""The queue, measured: its order against four rivals, claims beside two floors, and the page of the queue.

    python -m benchmarks.queue             quick: 2 seeds, 1,000 and 20,000 tickets, 1 and 16 claimers
    python -m benchmarks.queue --full      20 seeds; 1 k, 100 k, 1 M and 5 M tickets; 1, 16 and 64 claimers

Two floors, both one statement of bare asyncpg with the same durability: `bare` picks and marks a row of a
table of three columns by SKIP LOCKED; `rows` writes what a claim must write, the ticket and its event.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import queue_simulation
from benchmarks.queue_desk import Desk, prepare
from helpdesk.actors import Actor
from helpdesk.channels import claiming
from helpdesk.domain import tickets
from helpdesk.domain.tickets.queue import taking
from helpdesk.domain.tickets.queue.claiming import who_asks
from helpdesk.domain.tickets.queue.low_water import BEGINNING
from helpdesk.storage.embedded import EmbeddedDatabase

_FEW = 200_000
"""Of so few tickets those that were claimed are given back before each round."""

_BARE = """
    UPDATE floor SET waiting = false WHERE id = (
      SELECT id FROM floor WHERE waiting ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id
"""
_ROWS = """
    WITH claimed AS (
      UPDATE tickets SET waiting = false, assignee_id = $1, version = version + 1 WHERE id = (
        SELECT id FROM tickets WHERE waiting ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING id, version)
    INSERT INTO events (ticket_id, version, id, name, actor_kind, actor_id, actor_name, at, data)
    SELECT id, version, $2, 'TicketAssigned', 'agent', $1, 'Maja', $3, $4 FROM claimed RETURNING ticket_id
"""
_PUT_DOWN = "UPDATE tickets SET assignee_id = NULL WHERE assignee_id IS NOT NULL"
"""Before each round nobody carries what was claimed in the last."""

_EVENT = orjson.dumps(
    {"assignee_id": str(uuid4()), "assignee_name": "Maja", "decision": {"a": "b" * 250}}
).decode()


@dataclass
class Measured:
    """Samples of several short rounds."""

    rates: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    cpu: float = 0.0
    """Seconds of processor time, ours and PostgreSQL's: much the same on a busy machine and a quiet one."""

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def at(self, share: float) -> float:
        ordered = sorted(self.waits) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    @property
    def cpu_each(self) -> float:
        """Microseconds."""
        return self.cpu / max(1, len(self.waits)) * 1_000_000

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s {self.at(0.5):.1f}/{self.at(0.99):.1f}"


Claim = Callable[[int], Awaitable[bool]]


async def measure(into: Measured, claim: Claim, claimers: int, seconds: float) -> None:
    """Each claimer claims again as soon as it has one. When nothing is left the round is over: who then looks
    in vain has made no claim, and their time does not count."""
    began, cpu = time.monotonic(), _processor_time()
    before, last, is_left = len(into.waits), began, True

    async def work(number: int) -> None:
        nonlocal last, is_left
        while is_left and time.monotonic() < began + seconds:
            start = time.perf_counter()
            if not await claim(number):
                is_left = False
                return
            into.waits.append(time.perf_counter() - start)
            last = time.monotonic()

    await asyncio.gather(*(work(number) for number in range(claimers)))
    into.rates.append((len(into.waits) - before) / max(last - began, 0.001))
    into.cpu += _processor_time() - cpu


def _processor_time() -> float:
    """Of this process, and of the PostgreSQL below it."""
    spent = time.process_time()
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent += sum(one.cpu_times()[:2])
    return spent


def product(desk: Desk, staff: list[Actor]) -> Claim:
    async def claim(number: int) -> bool:
        return await claiming.claim(desk.database, staff[number]) is not None

    return claim


def people(desk: Desk) -> Claim:
    """They take turns, whoever's claimer it is."""
    turns = cycle(desk.people)

    async def claim(number: int) -> bool:
        return await claiming.claim(desk.database, next(turns)) is not None

    return claim


def bare(connections: list[asyncpg.Connection]) -> Claim:
    async def claim(number: int) -> bool:
        return await connections[number].fetchval(_BARE) is not None

    return claim


def rows(desk: Desk, connections: list[asyncpg.Connection]) -> Claim:
    async def claim(number: int) -> bool:
        agent, now = desk.plain[number].agent_id, desk.database.clock.now()
        return await connections[number].fetchval(_ROWS, agent, uuid4(), now, _EVENT) is not None

    return claim


async def buffers(desk: Desk, actor: Actor) -> int:
    """Pages touched by a whole claim, its writing included, once its plan is warm."""
    async with desk.database.transaction(actor) as tx:
        now = (*who_asks(tx), actor.id, None)
        rest = (
            actor.kind.value,
            actor.name,
            "",
            BEGINNING,
            BEGINNING,
            taking.END,
            1,
        )
        for _ in range(2):
            [told] = await tx.connection.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {taking.TAKE}", *now, uuid4(), *rest
            )
    return int(told["Plan"]["Shared Hit Blocks"]) + int(told["Plan"]["Shared Read Blocks"])


async def page(desk: Desk) -> tuple[float, float, float]:
    """The queue page of somebody who sees all: p50 and p95 in ms, and our own CPU for each in ms."""
    waits, cpu = [], resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(60):
        start = time.perf_counter()
        async with desk.database.transaction(desk.both[0]) as tx:
            found, _ = await tickets.queries.queue_page(tx)
            orjson.dumps({"items": found, "counts": await tickets.queries.counts(tx)}, default=str)
        waits.append((time.perf_counter() - start) * 1000)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    in_order = sorted(waits)
    return (
        in_order[30],
        in_order[56],
        (spent.ru_utime + spent.ru_stime - cpu.ru_utime - cpu.ru_stime) / 60 * 1000,
    )


async def run(url: str, size: int, claimers: list[int], seconds: float, rounds: int, table: Table) -> None:
    desk = await prepare(url, size, max(claimers))
    at_rest = [await buffers(desk, one[0]) for one in (desk.plain, desk.filtered, desk.both)]
    shown = await page(desk)
    for count in claimers:
        connections = [await desk.database.connect() for _ in range(count)]
        cells = {
            "bare": (Measured(), bare(connections)),
            "rows": (Measured(), rows(desk, connections)),
            "plain": (Measured(), product(desk, desk.plain)),
            "last": (Measured(), product(desk, desk.filtered)),
            "both": (Measured(), product(desk, desk.both)),
            "people": (Measured(), people(desk)),
        }
        for _, claim in cells.values():  # every connection has its plans before anything is measured
            await measure(Measured(), claim, count, 0.3)
        held, touched = Measured(), 0
        for _ in range(rounds):
            for name, (measured, claim) in cells.items():
                if size < _FEW:
                    await _give_back(connections[0])
                await connections[0].execute(_PUT_DOWN)
                short = min(seconds, size / 60_000 + 0.05) if name == "last" else seconds
                await measure(measured, claim, count, short)
            if size < _FEW:
                await _give_back(connections[0])
            async with old_snapshot(desk):
                await measure(held, product(desk, desk.plain), count, seconds)
                touched = await buffers(desk, desk.plain[0])
        one = {name: measured for name, (measured, _) in cells.items()}
        for connection in connections:
            await connection.close()
        table.add_row(
            f"{size:,}", str(count), str(one["bare"]), str(one["rows"]), str(one["plain"]),
            f"{_of(one['plain'], one['bare'])} / {_of(one['plain'], one['rows'])}",
            " / ".join(f"{one[name].cpu_each:.0f}" for name in ("bare", "rows", "plain", "people")),
            f"{one['last']} ({_of(one['last'], one['plain'])})",
            f"{one['both']} ({_of(one['both'], one['plain'])})",
            f"{one['people']} ({_of(one['people'], one['plain'])})",
            " / ".join(str(pages) for pages in at_rest),
            f"{held.at(0.5) / one['plain'].at(0.5):.2f}x {touched / at_rest[0]:.2f}x",
            " / ".join(f"{part:.1f}" for part in shown),
        )  # fmt: skip
    await desk.database.close()


@asynccontextmanager
async def old_snapshot(desk: Desk) -> AsyncIterator[None]:
    """A long report holds it, so that no dead row may be cleared away."""
    report: asyncpg.Connection = await desk.database.connect()
    async with report.transaction(isolation="repeatable_read"):
        await report.fetchval("SELECT count(*) FROM teams")
        yield
    await report.close()


async def _give_back(connection: asyncpg.Connection) -> None:
    for statement in (
        "UPDATE tickets SET waiting = true, assignee_id = NULL WHERE NOT waiting",
        "UPDATE floor SET waiting = true WHERE NOT waiting",
        "UPDATE pools SET low_water = NULL",
        "VACUUM tickets",
        "VACUUM floor",
    ):
        await connection.execute(statement)


def _of(one: Measured, floor: Measured) -> str:
    """The median of the ratios of each round, since the machine is not the same from round to round."""
    pairs = zip(one.rates, floor.rates, strict=True)
    return f"{statistics.median(ours / theirs for ours, theirs in pairs if theirs):.0%}"


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--full", action="store_true")
    options.add_argument("--seeds", type=int)
    options.add_argument("--sizes")
    options.add_argument("--claimers")
    options.add_argument("--seconds", type=float, help="of a round")
    options.add_argument("--rounds", type=int)
    given = options.parse_args()
    sizes = given.sizes or ("1000,100000,1000000,5000000" if given.full else "1000,20000")
    claimers = given.claimers or ("1,16,64" if given.full else "1,16")
    console = Console(width=220, highlight=False)
    seeds = (20 if given.full else 2) if given.seeds is None else given.seeds
    if seeds:
        _simulate(console, seeds)
    for size in (int(one) for one in sizes.split(",")):
        claims = _claims_table()
        with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder:
            Path(folder).chmod(0o755)
            server = EmbeddedDatabase(Path(folder) / "data", say=lambda _: None)
            try:
                counts = [int(one) for one in claimers.split(",")]
                seconds, rounds = given.seconds or (1.0 if given.full else 0.5), given.rounds or 5
                uvloop.run(run(server.start(), size, counts, seconds, rounds, claims))
            finally:
                server.stop()
        console.print(claims)  # at once: the next size may take long


def _claims_table() -> Table:
    return Table(
        "tickets", "claimers", "bare floor\n/s p50/p99 ms", "floor of the\nsame rows", "plain",
        "of bare /\nof rows", "CPU µs: bare / rows\n/ plain / people",
        "last team + skill\n(of plain)", "both teams\n(of plain)",
        "by people\n(of plain)",
        "pages: first /\nlast / both",
        "held snapshot:\np50, pages", "page p50 / p95\n/ CPU ms",
    )  # fmt: skip


def _simulate(console: Console, seeds: int) -> None:
    shares = Table(
        f"breaches %: of all / of Enterprise, P1, P2\nmean of {seeds} seeds", *queue_simulation.LOADS
    )
    for rule, by_load in queue_simulation.compare(seeds).items():
        shares.add_row(rule, *(f"{by_load[load].all:.1f} / {by_load[load].first:.1f}" for load in by_load))
    console.print(shares)


if __name__ == "__main__":
    main()
