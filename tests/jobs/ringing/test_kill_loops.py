"""Workers die at marked points, two run at once, connections are cut: each alert rings, under one key."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from helpdesk.actors import SYSTEM
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall import AlertNotification
from helpdesk.domain.oncall.alerting import ringing
from helpdesk.domain.oncall.alerting.contact_methods import MethodKind
from helpdesk.domain.oncall.alerting.escalation import Policy, State
from helpdesk.errors import Unavailable
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.ring import ADDRESS_PURPOSE
from helpdesk.storage.database import Database
from helpdesk.storage.embedded import EmbeddedDatabase
from helpdesk.storage.migrations import migrate
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction
from tests.factories import an_agent, an_inbox, as_agent
from tests.jobs.receivers import Receiver, a_receiver
from tests.jobs.ringing.mortal_worker import KEY, POINTS, UNHURRIED, a_worker

pytestmark = pytest.mark.commits

ROOT = Path(__file__).parents[3]
PATIENCE = 240.0
"""Seconds until a test gives up; nothing that is asserted depends on how quick the machine is."""


@dataclass
class Night:
    database: Database
    url: str
    gateway: Receiver
    mikko: agents.Agent

    async def raise_alerts(self, count: int, name: str = "alert") -> None:
        for number in range(count):
            async with self.database.transaction(SYSTEM) as tx:
                assert await oncall.raise_alert(tx, None, f"{name}-{number}", name) is not None

    async def acknowledge(self, alert_id: UUID) -> None:
        """As somebody's tap does it, while the workers ring."""

        async def tap(tx: Transaction) -> None:
            await tickets.acknowledge(as_agent(tx, self.mikko), alert_id, self.mikko.id)

        await self.database.settle(SYSTEM, tap)

    async def open_alerts(self) -> list[oncall.Alert]:
        async with self.database.transaction(SYSTEM) as tx:
            return await oncall.alerts(tx, oncall.AlertStatus.OPEN, 200)

    async def let_time_pass(self) -> None:
        """Every open alert's next step is due now."""
        async with self.database.transaction(SYSTEM) as tx:
            for alert in await oncall.alerts(tx, oncall.AlertStatus.OPEN, 200):
                state = State.parse(alert.state)
                alert.state = {**state.to_dict(), "next_at": tx.now.isoformat()}
                alert.next_at = tx.now

    async def let_leases_run_out(self) -> None:
        async with self.database.transaction(SYSTEM) as tx:
            leased = AlertNotification.state == "leased"
            await tx.session.execute(update(AlertNotification).where(leased).values(due_at=tx.now))

    async def is_quiet(self) -> bool:
        """No step and no ring is due; in this order, for a step that is taken meanwhile leaves rings."""
        async with self.database.transaction(SYSTEM) as tx:
            if await oncall.due_alerts(tx):
                return False
            waiting = await tx.session.scalar(
                select(func.count())
                .select_from(AlertNotification)
                .where(AlertNotification.state.in_(["queued", "leased"]))
            )
            return not waiting

    async def until_quiet(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(Unavailable):  # our own connections may have been cut, too
                    if await self.is_quiet():
                        return
                await asyncio.sleep(0.05)

    async def keys(self) -> set[str]:
        async with self.database.transaction(SYSTEM) as tx:
            return set(await tx.session.scalars(select(AlertNotification.key)))

    def rung(self) -> Counter[str]:
        """In how many messages each alert came to the gateway."""
        return Counter(one["id"] for got in self.gateway.got for one in got.json["alerts"])


@pytest.fixture
async def night(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Night]:
    for name, value in UNHURRIED.items():
        monkeypatch.setattr(ringing, name, value)
    database = Database(database_url, SystemClock(), REACTIONS)
    async with a_receiver() as gateway:
        async with database.transaction(SYSTEM) as tx:
            mikko = await somebody_on_call(tx, gateway)
        yield Night(database, database_url, gateway, mikko)
    await database.close()


async def somebody_on_call(tx: Transaction, gateway: Receiver) -> agents.Agent:
    await an_inbox(tx)
    mikko = await an_agent(tx, "Mikko")
    mine = as_agent(tx, mikko)
    sealed = Sealer(KEY.encode()).seal_text(gateway.address, ADDRESS_PURPOSE)
    method, code = await oncall.contact_methods.add_method(mine, MethodKind.WEBHOOK, "", sealed)
    await oncall.contact_methods.verify(mine, method.id, code)
    step = {"delay_minutes": 5, "targets": [{"kind": "person", "id": str(mikko.id)}]}
    await oncall.policies.add_policy(tx, "Night", Policy.parse({"steps": [step], "repeats": 9}))
    return mikko


@pytest.fixture(scope="module")
async def mortal() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.ringing.mortal_worker", cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # with a worker that did not die, should there be one
    await process.wait()


async def a_death(mortal: asyncio.subprocess.Process, url: str, point: str) -> None:
    """A worker process lives until it passes that point for the first time."""
    assert mortal.stdin is not None
    assert mortal.stdout is not None
    mortal.stdin.write(f"{url} {point}\n".encode())
    async with asyncio.timeout(PATIENCE):
        assert int(await mortal.stdout.readline()) == signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_that_dies_anywhere_loses_no_ring_and_doubles_no_key(
    night: Night, mortal: asyncio.subprocess.Process, point: str
) -> None:
    await night.raise_alerts(3)
    await night.let_time_pass()

    await a_death(mortal, night.url, point)
    await night.let_leases_run_out()
    async with two_workers(night):
        await night.until_quiet()

    async with night.database.transaction(SYSTEM) as tx:
        rings = list(await tx.session.scalars(select(AlertNotification)))
        open_alerts = Counter(await tx.session.scalars(select(oncall.Alert.dedup_key)))
        assert await oncall.oldest_overdue(tx) == 0
    assert len({ring.key for ring in rings}) == 6, "a step's ring exists once for each alert and loop"
    assert {ring.state for ring in rings} == {"sent"}
    assert all(ring.attempts <= 2 for ring in rings), "a ring under way at the death goes out once more"
    assert open_alerts == {f"alert-{number}": 1 for number in range(3)}
    tried = Counter(str(ring.alert_id) for ring in rings for _ in range(ring.attempts))
    assert night.rung().keys() == tried.keys()
    assert night.rung() <= tried, "and nothing goes out that no lease stands for"


async def test_two_workers_ring_everything_once(night: Night) -> None:
    async with two_workers(night):
        await night.raise_alerts(12)
        await night.until_quiet()

    assert Counter(night.rung().values()) == {1: 12}
    assert len(await night.keys()) == 12


async def test_connections_that_are_cut_delay_and_lose_nothing(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ringing, "LEASE", timedelta(seconds=1))
    await night.raise_alerts(4)
    async with two_workers(night):
        for _ in range(3):
            await night.let_time_pass()
            await cut_connections(night)
            await night.until_quiet()

    assert len(await night.keys()) == 16
    assert len(night.rung()) == 4


async def test_nothing_leaves_once_acknowledgements_have_settled(night: Night) -> None:
    await night.raise_alerts(5)
    async with two_workers(night):
        for alert in await night.open_alerts():
            await night.acknowledge(alert.id)
        await night.until_quiet()
    before = len(night.gateway.got)

    await night.let_time_pass()
    async with two_workers(night):
        await night.raise_alerts(1, "another")
        await night.until_quiet()

    assert [one["what"] for got in night.gateway.got[before:] for one in got.json["alerts"]] == ["another"]


async def test_a_database_that_is_restarted_is_waited_for_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**UNHURRIED, "LEASE": timedelta(seconds=1)}.items():
        monkeypatch.setattr(ringing, name, value)
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-restart-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs under another account
    server = EmbeddedDatabase(folder / "data", say=print)
    try:
        url = await asyncio.to_thread(server.start)
        database = Database(url, SystemClock(), REACTIONS)
        await migrate(database.engine, SystemClock().now())
        async with a_receiver() as gateway:
            async with database.transaction(SYSTEM) as tx:
                night = Night(database, url, gateway, await somebody_on_call(tx, gateway))
            await night.raise_alerts(3)
            async with two_workers(night):
                await asyncio.to_thread(server.stop)
                assert await asyncio.to_thread(server.start) == url
                await night.until_quiet()
                await night.let_time_pass()
                await night.until_quiet()

            assert len(await night.keys()) == 6
            assert len(night.rung()) == 3
        await database.close()
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def two_workers(night: Night) -> AsyncIterator[None]:
    async with a_worker(night.url), a_worker(night.url):
        yield


async def cut_connections(night: Night) -> None:
    """As a restart of the database does."""
    async with night.database.transaction(SYSTEM) as tx:
        await tx.session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
