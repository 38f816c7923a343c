"""Nothing is lost and nothing doubled while processes are killed, PostgreSQL stops and the network is bad.

The long form is `make soak`.
"""

import asyncio
import random

import pytest

from tests.soak.client import Client
from tests.soak.processes import gone
from tests.soak.run import Plan, cluster, soak

PATIENCE = 90.0
"""Seconds, generous: machines that run tests do other things beside."""

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]


async def test_a_short_storm_loses_and_doubles_nothing():
    plan = Plan(seconds=12, kill_every=2, stop_every=5, visitors=6, agents=3, readers=2)

    result = await soak(plan, workers=2)

    assert result.broken == []
    assert result.kills > 0
    assert result.stops > 0
    assert result.said > 0
    print(result)


async def test_processes_come_back_drain_before_they_end_and_never_outlive_their_supervisor():
    async with cluster(workers=2) as one:
        company = await one.start(1)
        (supervisor,) = one.supervisors()
        agent = Client("agent", one.ports[0], company.tokens[0], random.Random(1))
        agent.start()
        await agent.watch(str(company.pattern))
        assert len(one.processes()) == 3  # two that serve and one in the background

        killed = one.kill_somebody(random.Random(1))
        await _until(lambda: len(one.ids() - {killed}) == 3)
        await asyncio.wait_for(agent.say(str(company.pattern), "Still there?", "note"), PATIENCE)

        asked = one.processes()
        for process in asked:
            process.terminate()
        await _until(lambda: len(one.ids() - {process.pid for process in asked}) == 3)
        assert "drain" in [control["type"] for control in agent.controls]
        await asyncio.wait_for(agent.say(str(company.pattern), "And now?", "note"), PATIENCE)

        everybody = one.processes()
        supervisor.kill()
        assert await gone(everybody, within=PATIENCE)
        await agent.stop()


async def _until(is_so):
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.1)
