"""Nothing is lost and nothing doubled while processes are killed, PostgreSQL stops and the network is bad.

The long form is `make soak`.
"""

import asyncio
import random

from tests.soak.client import Client
from tests.soak.floods import kill_and_come_back, lives, nameless
from tests.soak.processes import gone
from tests.soak.run import Plan, cluster, soak
from tests.waiting import PATIENCE, until


async def test_a_short_storm_loses_and_doubles_nothing():
    plan = Plan(seconds=12, kill_every=2, stop_every=5, visitors=6, agents=3, readers=2)

    result = await soak(plan, workers=2)

    assert result.broken == []
    assert result.kills > 0
    assert result.stops > 0
    assert result.said > 0
    print(result)


async def test_processes_and_their_sockets_come_back_drain_and_never_outlive_their_supervisor():
    async with cluster(workers=2) as one:
        company = await one.start(1)
        (supervisor,) = one.supervisors()
        ticket = str(company.pattern)
        silent = await nameless(one.ports[0], 100)
        agents = [
            Client(f"agent{number}", one.ports[0], company.tokens[0], random.Random(1))
            for number in range(20)
        ]
        for agent in agents:
            agent.start()
            await agent.watch(ticket)
        await until(lambda: len(one.processes()) == 3)  # two that serve and one in the background

        assert await kill_and_come_back(one, agents, ticket, random.Random(1), PATIENCE)
        await until(lambda: len(one.ids()) == 3)
        assert len(await lives(silent, PATIENCE)) == 100

        await until(lambda: all(agent.live.is_set() for agent in agents))
        asked = one.processes()
        for process in asked:
            process.terminate()
        await until(lambda: len(one.ids() - {process.pid for process in asked}) == 3)
        await until(
            lambda: all("drain" in [control["type"] for control in agent.controls] for agent in agents)
        )
        await asyncio.wait_for(agents[0].say(ticket, "And now?", "note"), PATIENCE)

        everybody = one.processes()
        supervisor.kill()
        assert await gone(everybody, within=PATIENCE)
        await asyncio.gather(*(agent.stop() for agent in agents))
