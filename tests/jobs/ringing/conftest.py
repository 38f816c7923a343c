"""Mikko is on call, then Priya."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import oncall
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from tests.factories import an_agent, an_inbox
from tests.jobs.receivers import a_receiver, gateways_may_take_their_time
from tests.jobs.ringing.nights import NIGHT, Night

__all__ = ["gateways_may_take_their_time"]


@pytest.fixture(autouse=True)
def _unhurried(gateways_may_take_their_time: None) -> None:
    """Else somebody would be rung twice."""


@pytest.fixture
async def night(database: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Night]:
    clock.set(NIGHT)
    settings = Settings(
        secret_key="a key that only these tests know 0123456789",
        demo=True,
        private_networks=frozenset({"127.0.0.0/8"}),
    )
    workshop = open_workshop(database, settings, Files(tmp_path, settings.key))
    async with database.transaction(SYSTEM) as tx:
        await an_inbox(tx)
        mikko, priya = await an_agent(tx, "Mikko"), await an_agent(tx, "Priya")
        steps = [
            {"delay_minutes": 5, "targets": [{"kind": "person", "id": str(one.id)}]} for one in (mikko, priya)
        ]
        await oncall.policies.add_policy(tx, "Night", Policy.parse({"steps": steps, "repeats": 5}))
    async with a_receiver() as gateway:
        yield Night(workshop, database, clock, mikko, priya, gateway)
    await workshop.readers.close()
