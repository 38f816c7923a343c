"""Workers die at marked points, two run at once, connections are cut: each alert rings, under one key."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from helpdesk.actors import SYSTEM
from helpdesk.auth.sealing import seal
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall.alerting.contact_methods import MethodKind
from helpdesk.domain.oncall.alerting.escalation import Policy, State
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.ring import ADDRESS_PURPOSE
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from tests.factories import an_agent, an_inbox, as_agent
from tests.jobs.mortal_worker import KEY, POINTS
from tests.jobs.receivers import Receiver, a_receiver

pytestmark = pytest.mark.commits

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0


DYING_AT = list(POINTS) if os.environ.get("HELPDESK_KILL_ROUNDS") else list(POINTS)[::3]
"""Every point in the long form; the everyday run takes some of them."""


@dataclass
class Night:
    database: Database
    url: str
    gateway: Receiver
    mikko: agents.Agent

    async def raise_alerts(self, count: int) -> None:
        for number in range(count):
            async with self.database.transaction(SYSTEM) as tx:
                assert await oncall.raise_alert(tx, None, f"alert-{number}", "It has stopped") is not None

    async def acknowledge(self, alert_id: UUID) -> None:
        """As somebody's tap does it, while the workers ring."""

        async def tap(tx: Transaction) -> None:
            await tickets.acknowledge(as_agent(tx, self.mikko), alert_id, self.mikko.id)

        await self.database.settle(SYSTEM, tap)

    async def let_time_pass(self) -> None:
        """Every open alert's next step is due now."""
        async with self.database.transaction(SYSTEM) as tx:
            for alert in await oncall.alerts(tx, oncall.AlertStatus.OPEN, 200):
                state = State.parse(alert.state)
                alert.state = {**state.to_dict(), "next_at": tx.now.isoformat()}
                alert.next_at = tx.now

    async def is_quiet(self) -> bool:
        """No step and no ring is due."""
        async with self.database.transaction(SYSTEM) as tx:
            waiting = await tx.session.scalar(
                select(func.count())
                .select_from(oncall.AlertNotification)
                .where(oncall.AlertNotification.state.in_(["queued", "leased"]))
            )
            return not waiting and not await oncall.due_alerts(tx)

    async def until_quiet(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self.is_quiet():
                await asyncio.sleep(0.2)

    async def keys_rung(self) -> tuple[set[str], Counter[str]]:
        """(keys in the database, how often each came to the gateway)."""
        async with self.database.transaction(SYSTEM) as tx:
            keys = set(await tx.session.scalars(select(oncall.AlertNotification.key)))
        by_id = {key.partition(":")[0]: key for key in keys}
        assert by_id
        rung: Counter[str] = Counter()
        for got in self.gateway.got:
            rung.update(one["id"] for one in got.json["alerts"])
        return keys, rung


@pytest.fixture
async def night(database_url: str) -> AsyncIterator[Night]:
    database = Database(database_url, SystemClock(), REACTIONS)
    async with a_receiver() as gateway:
        async with database.transaction(SYSTEM) as tx:
            await an_inbox(tx)
            mikko = await an_agent(tx, "Mikko")
            mine = as_agent(tx, mikko)
            sealed = seal(KEY.encode(), ADDRESS_PURPOSE, gateway.address)
            method, code = await oncall.contact_methods.add_method(mine, MethodKind.WEBHOOK, "", sealed)
            await oncall.contact_methods.verify(mine, method.id, code)
            step = {"delay_minutes": 5, "targets": [{"kind": "person", "id": str(mikko.id)}]}
            await oncall.policies.add_policy(tx, "Night", Policy.parse({"steps": [step], "repeats": 9}))
        yield Night(database, database_url, gateway, mikko)
    await database.close()


@asynccontextmanager
async def a_worker(
    url: str, point: str = "none", count: int = 1
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.mortal_worker", url, point, str(count),
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("point", DYING_AT)
async def test_a_worker_that_dies_anywhere_loses_no_ring_and_doubles_no_key(night: Night, point: str) -> None:
    await night.raise_alerts(5)
    await night.let_time_pass()

    for count in (1, 2):
        async with a_worker(night.url, point, count) as dying:
            async with asyncio.timeout(PATIENCE):
                while dying.returncode is None and not await night.is_quiet():
                    await asyncio.sleep(0.1)
    async with a_worker(night.url), a_worker(night.url):
        await night.until_quiet()

    keys, rung = await night.keys_rung()
    assert len(keys) == 10, "a step's ring exists once for each alert and loop"
    async with night.database.transaction(SYSTEM) as tx:
        states = Counter(await tx.session.scalars(select(oncall.AlertNotification.state)))
        open_keys = Counter(await tx.session.scalars(select(oncall.Alert.dedup_key)))
        late = await oncall.oldest_overdue(tx)
    assert states == {"sent": 10}
    assert set(open_keys.values()) == {1}
    assert len(rung) == 5
    assert all(2 <= times <= 2 + 2 for times in rung.values()), "twice at most once for each death"
    assert late < 2


async def test_two_workers_ring_everything_once(night: Night) -> None:
    async with a_worker(night.url), a_worker(night.url):
        await asyncio.sleep(0)
        await night.raise_alerts(20)
        await night.until_quiet()

    _, rung = await night.keys_rung()
    assert set(rung.values()) == {1}
    assert len(rung) == 20


async def test_connections_that_are_cut_delay_and_lose_nothing(night: Night) -> None:
    async with a_worker(night.url), a_worker(night.url):
        for round_ in range(3):
            await night.raise_alerts(0 if round_ else 10)
            await night.let_time_pass()
            await cut_connections(night)
            await night.until_quiet()

    keys, rung = await night.keys_rung()
    assert len(keys) == 40
    assert len(rung) == 10
    assert all(times >= 4 for times in rung.values())


async def test_nothing_leaves_more_than_five_seconds_after_an_acknowledgement(night: Night) -> None:
    arrived: list[datetime] = []
    night.gateway.on_request = lambda _: arrived.append(SystemClock().now())
    await night.raise_alerts(10)
    answered: dict[str, datetime] = {}

    async with a_worker(night.url), a_worker(night.url):
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            while not night.gateway.got:
                await asyncio.sleep(0.05)
        for alert in await open_alerts(night):
            await night.acknowledge(alert.id)
            answered[str(alert.id)] = SystemClock().now()
        await night.until_quiet()
        await asyncio.sleep(3)

    for got, at in zip(night.gateway.got, arrived, strict=True):
        for one in got.json["alerts"]:
            assert at - answered.get(one["id"], at) < timedelta(seconds=5)


async def open_alerts(night: Night) -> list[oncall.Alert]:
    async with night.database.transaction(SYSTEM) as tx:
        return await oncall.alerts(tx, oncall.AlertStatus.OPEN, 200)


async def cut_connections(night: Night) -> None:
    """As a restart of the database does."""
    async with night.database.transaction(SYSTEM) as tx:
        await tx.session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
