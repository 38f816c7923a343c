"""The storm, and the reckoning after it.

Visitors and agents talk through a bad network while processes are killed and PostgreSQL is stopped; then
everything that docs/protocol.md promises is checked.
"""

import asyncio
import contextlib
import itertools
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx2

from benchmarks.desk import Company, fill_queue
from helpdesk.storage.database import driver_arguments, driver_dsn
from tests.soak.client import Client
from tests.soak.invariants import broken, logs_differ
from tests.soak.line import LOST
from tests.soak.processes import Cluster
from tests.soak.proxy import Proxy
from tests.waiting import PATIENCE, eventually

CONVERGES_WITHIN = PATIENCE
"""Generous: the longest pause of a client that could not connect is thirty seconds."""


@dataclass(frozen=True)
class Plan:
    seconds: float
    kill_every: float
    stop_every: float
    visitors: int
    agents: int
    readers: int
    claimers: int = 2
    seed: int = 1


@dataclass
class Result:
    broken: list[str]
    kills: int
    stops: int
    said: int
    repeats: int
    claims: int
    outages: list[float]
    recovered: list[float]
    converged: float
    mischief: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"{self.kills} kills of a process, {self.stops} immediate stops of PostgreSQL",
            "network: " + (", ".join(f"{n} {kind}" for kind, n in sorted(self.mischief.items())) or "good"),
            f"{self.said} messages acknowledged, {self.repeats} said again on purpose, {self.claims} claims",
            f"{len(self.outages)} times a client came back and caught up, seconds: {_spread(self.outages)}",
            f"seconds from a kill to the next acknowledged message: {_spread(self.recovered)}",
            f"{self.converged:.1f} s after the storm every client knew what the database knows",
            *(f"BROKEN: {one}" for one in self.broken[:20]),
            "nothing lost, nothing doubled" if not self.broken else f"{len(self.broken)} promises broken",
        ]
        return "\n".join(lines)


class Storm:
    def __init__(self, cluster: Cluster, company: Company, proxy: Proxy, port: int, plan: Plan) -> None:
        self._cluster, self._company, self._proxy = cluster, company, proxy
        self._port, self._plan = port, plan
        self._chance = random.Random(plan.seed)
        self._stopping = asyncio.Event()
        self._recovered: list[float] = []
        self._visitors: list[Client] = []
        self._agents: list[Client] = []
        self._hits: list[float] = []
        self._claims = 0

    async def run(self) -> Result:
        await fill_queue(self._cluster.url, self._company.pattern, 60)
        async with asyncio.timeout(CONVERGES_WITHIN):
            await self._people()
        tasks = self._work()
        try:
            await self._rage(tasks)
            self._proxy.is_calm = True
            self._stopping.set()
            async with asyncio.timeout(CONVERGES_WITHIN):
                await asyncio.gather(*tasks)
            return await self._reckon()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for client in self._everybody():
                await client.stop()

    async def _people(self) -> None:
        plan = self._plan
        for number in range(plan.visitors):
            token = await _visitor_token(self._cluster.ports[0])
            self._visitors.append(self._client(f"visitor{number}", token))
        for number in range(plan.agents + plan.readers + plan.claimers):
            self._agents.append(self._client(f"agent{number}", self._company.tokens[number]))
        for reader in self._agents[plan.agents : plan.agents + plan.readers]:
            reader.rows = {}
        for client in self._everybody():
            client.start()
        for visitor in self._visitors:
            said = await visitor.say(None, f"{visitor.name} says 0")
            for client in (visitor, *self._agents[: plan.agents + plan.readers]):
                await client.watch(said.ticket)

    def _work(self) -> list[asyncio.Task[None]]:
        plan = self._plan
        talkers = [*self._visitors, *self._agents[: plan.agents]]
        claimers = self._agents[plan.agents + plan.readers :]
        return [
            *(asyncio.create_task(self._talk(one)) for one in talkers),
            *(asyncio.create_task(self._claim(one)) for one in claimers),
        ]

    async def _talk(self, client: Client) -> None:
        """A visitor stays under ten messages in ten seconds; an agent answers and notes everywhere."""
        tickets = list(client.logs)
        for number in itertools.count(1):
            if self._stopping.is_set():
                return
            kind = "note" if not client.is_visitor and self._chance.random() < 0.3 else "message"
            await client.say(self._chance.choice(tickets), f"{client.name} says {number}", kind)
            self._recovered += [time.monotonic() - hit_at for hit_at in self._hits]
            self._hits.clear()
            await asyncio.sleep(self._chance.uniform(0.8, 2.0) if client.is_visitor else 0.3)

    async def _claim(self, client: Client) -> None:
        """Takes what is next and is done with it; two never get the same."""
        while not self._stopping.is_set():
            claim = {"client_id": _new_id(self._chance)}
            answer = await client.insist(claim, "claim_next")
            if answer["ticket"] is not None:
                again = await client.insist(claim, "claim_next")
                assert again["ticket"] == answer["ticket"], "a claim that was repeated gave another ticket"
                self._claims += 1
                done = {"ticket": answer["ticket"], "client_id": _new_id(self._chance)}
                await client.insist({**done, "set": {"status": "resolved"}}, "change_ticket")
            await asyncio.sleep(0.5)

    async def _rage(self, tasks: list[asyncio.Task[None]]) -> None:
        plan, begun = self._plan, time.monotonic()
        next_kill, next_stop = begun + plan.kill_every, begun + plan.stop_every
        while (now := time.monotonic()) - begun < plan.seconds:
            await asyncio.sleep(0.05)
            self._look(tasks)
            if now >= next_stop:
                self._cluster.stop_postgresql()
                next_stop = now + plan.stop_every
            elif now >= next_kill:
                self._cluster.kill_somebody(self._chance)
                next_kill = now + self._chance.uniform(0.5, 1.5) * plan.kill_every
            else:
                continue
            self._hits.append(time.monotonic())

    def _look(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done():
                task.result()
        for client in self._everybody():
            client.check()

    async def _reckon(self) -> Result:
        begun = time.monotonic()
        connection = await self._connect()
        try:
            async with asyncio.timeout(CONVERGES_WITHIN):
                for client in self._everybody():
                    await client.live.wait()
        except TimeoutError:
            pass  # the comparison says who is missing
        while behind := await logs_differ(connection, self._everybody()):
            for client in self._everybody():
                client.check()
            if time.monotonic() - begun > CONVERGES_WITHIN:
                break
            await asyncio.sleep(0.2)
        converged = time.monotonic() - begun
        found = [*behind, *await broken(connection, self._everybody()), *await self._rows_differ()]
        await connection.close()
        return Result(
            broken=found,
            kills=self._cluster.kills,
            stops=self._cluster.stops,
            said=sum(len(client.said) for client in self._everybody()),
            repeats=sum(client.repeats for client in self._everybody()),
            claims=self._claims,
            outages=[outage for client in self._everybody() for outage in client.outages[1:]],
            recovered=self._recovered,
            converged=converged,
            mischief=dict(self._proxy.met),
        )

    async def _rows_differ(self) -> list[str]:
        """Rows as of the start plus every change since become the rows as of now."""
        readers = [one for one in self._agents if one.rows is not None]
        async with asyncio.timeout(CONVERGES_WITHIN):
            fresh = [await reader.rows_now() for reader in readers]
        until = time.monotonic() + CONVERGES_WITHIN
        while found := [
            f"{reader.name} kept other rows than a fresh look shows"
            for reader, rows in zip(readers, fresh, strict=True)
            if not reader.has_rows(rows)
        ]:
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.2)
        return found

    def _client(self, name: str, token: str) -> Client:
        return Client(name, self._port, token, random.Random(f"{self._plan.seed} {name}"))

    def _everybody(self) -> list[Client]:
        return [*self._visitors, *self._agents]

    async def _connect(self) -> asyncpg.Connection:
        url = self._cluster.url

        async def back() -> asyncpg.Connection | None:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                return await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
            return None

        return await eventually(back, every=0.2, failing=self._cluster.log)


@contextlib.asynccontextmanager
async def cluster(**options: object) -> AsyncIterator[Cluster]:
    """In a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-soak-") as name:
        Path(name).chmod(0o755)  # as root, PostgreSQL runs under another account
        one = Cluster(Path(name), **options)  # type: ignore[arg-type]
        try:
            yield one
        finally:
            await one.stop()


async def soak(plan: Plan, *, hosts: int = 1, workers: int = 3, bus_url: str | None = None) -> Result:
    async with cluster(hosts=hosts, workers=workers, bus_url=bus_url) as one:
        company = await one.start(plan.agents + plan.readers + plan.claimers)
        proxy = Proxy(one.ports, random.Random(plan.seed))
        port = await proxy.start()
        try:
            return await Storm(one, company, proxy, port, plan).run()
        finally:
            await proxy.stop()


async def _visitor_token(port: int) -> str:
    address = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(base_url=address, timeout=PATIENCE, trust_env=False) as http:

        async def token() -> str | None:
            with contextlib.suppress(*LOST):
                answer = await http.post("/widget/session", json={"inbox": "web"})
                return str(answer.json()["visitor_token"]) if answer.is_success else None
            return None

        return str(await eventually(token, every=0.2))


def _new_id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return ", ".join(f"{value:.1f}" for value in values) or "none"
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"p50 {cuts[49]:.2f}, p99 {cuts[98]:.2f}, longest {max(values):.2f}"
