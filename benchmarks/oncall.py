"""What the rota promises about speed: python -m benchmarks.oncall."""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall.alerting import contact_methods
from helpdesk.domain.oncall.alerting.contact_methods import MethodKind
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.drafts import LayerDraft, ScheduleDraft
from helpdesk.domain.oncall.rota.shifts import Schedule, final, on_call_at
from helpdesk.jobs import timetable
from helpdesk.jobs.handlers import handlers
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.ring import ADDRESS_PURPOSE
from helpdesk.jobs.workshop import Workshop, open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.embedded import EmbeddedDatabase
from helpdesk.storage.files import Files
from helpdesk.storage.job_queue import Worker
from helpdesk.storage.migrations import migrate
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.wakeups import Wakeups
from tests.factories import a_calendar, a_contact, a_plan, a_ticket, an_agent, an_inbox, as_agent
from tests.jobs.receivers import Receiver, a_receiver

KEY = "a key that only this benchmark knows 0123456"
START = datetime(2026, 1, 5, tzinfo=UTC)
YEARS = timedelta(days=730)


def a_schedule(people: int = 6) -> Schedule:
    """Hourly turns and a night layer over Stockholm's two changes of the clock a year."""
    hourly = {"anchor": "2026-01-05T00:00", "time_zone": "Europe/Stockholm", "unit": "hour", "slots": []}
    hourly["slots"] = [[f"p{number}"] for number in range(people)]
    night = {**hourly, "unit": "day", "anchor": "2026-01-05T20:00"}
    layers = [
        {"id": "hours", "rotation": {"id": "hours", "versions": [hourly]}},
        {
            "id": "nights",
            "priority": 1,
            "windows": [{"start": "20:00", "end": "08:00"}],
            "rotation": {"id": "nights", "versions": [night]},
        },
    ]
    return Schedule.parse({"id": "s", "time_zone": "Europe/Stockholm", "layers": layers})


def two_years_hourly() -> dict[str, float]:
    """As spans, and asked hour by hour for a month of it."""
    schedule = a_schedule()
    began = time.perf_counter()
    spans = final(schedule, START, START + YEARS)
    whole = time.perf_counter() - began
    began = time.perf_counter()
    for hour in range(24 * 31):
        on_call_at(schedule, START + timedelta(hours=hour))
    return {
        "final_two_years_ms": whole * 1000,
        "spans": len(spans),
        "one_instant_us": (time.perf_counter() - began) / (24 * 31) * 1e6,
    }


async def a_thousand_schedules(database: Database) -> dict[str, float]:
    """`GET /oncall/now` for all of them, as the workspace's header asks."""
    async with database.transaction(SYSTEM) as tx:
        people = [await an_agent(tx, f"Agent{number}") for number in range(12)]
        for number in range(1000):
            slots = tuple((str(people[(number + n) % 12].id),) for n in range(4))
            draft = ScheduleDraft(f"Schedule {number}", "Europe/Stockholm", (LayerDraft("Week", slots),))
            await schedules.create(tx, draft)
    times = []
    for _ in range(10):
        began = time.perf_counter()
        async with database.transaction(SYSTEM) as tx:
            found = await oncall.on_call_now(tx)
        times.append(time.perf_counter() - began)
    assert len(found) == 1000
    assert all(one["agents"] for one in found)
    return {
        "on_call_now_1000_first_ms": times[0] * 1000,
        "on_call_now_1000_ms": statistics.median(times[1:]) * 1000,
    }


async def a_storm(database: Database, gateway: Receiver, count: int) -> dict[str, float]:
    """Many alerts in 10 s to one person: how long until each one's first ring, in how many messages."""
    arrived: dict[str, float] = {}
    raised: dict[str, float] = {}

    def note(_: Any) -> None:
        for one in gateway.got[-1].json["alerts"]:
            arrived.setdefault(one["id"], time.perf_counter())

    gateway.got.clear()
    gateway.on_request = note
    began = time.perf_counter()
    for number in range(count):
        async with database.transaction(SYSTEM) as tx:
            alert = await oncall.raise_alert(tx, None, f"storm-{number}", "Storm")
        assert alert is not None
        raised[str(alert.id)] = time.perf_counter()
        await asyncio.sleep(max(0.0, began + (number + 1) * 10 / count - time.perf_counter()))
    raised_by = time.perf_counter()
    while len(arrived) < count and time.perf_counter() - raised_by < 60:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    waits = [arrived[one] - raised[one] for one in raised if one in arrived]
    return {
        "storm_alerts": count,
        "storm_first_ring_missing": count - len(waits),
        "storm_first_ring_worst_s": max(waits),
        "storm_messages": len(gateway.got),
    }


async def message_to_ring(database: Database, gateway: Receiver, count: int) -> dict[str, float]:
    """From the commit of an urgent message to the gateway's first byte; each to another person."""
    waits = []
    for _ in range(count):
        gateway.got.clear()
        gateway.on_request = None
        async with database.transaction(SYSTEM) as tx:
            ringers = list(await tx.session.scalars(select(contact_methods.ContactMethod)))
            for method in ringers:
                method.last_rang_at = None
            plan = await a_plan(tx, key="enterprise", may_page=True)
            ticket = await a_ticket(tx, inbox=await an_inbox(tx), contact=await a_contact(tx, plan=plan))
            change = tickets.TicketChange(frozenset({"priority"}), priority=1)
            await tickets.change_ticket(tx, ticket.id, change)
        began = time.perf_counter()
        while not gateway.got and time.perf_counter() - began < 30:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        waits.append(time.perf_counter() - began)
    waits.sort()
    return {
        "message_to_first_send_p50_ms": waits[len(waits) // 2] * 1000,
        "message_to_first_send_p99_ms": waits[min(len(waits) - 1, int(len(waits) * 0.99))] * 1000,
    }


async def duties(workshop: Workshop) -> None:
    while True:
        for duty in (timetable.escalate_alerts, timetable.ring_due):
            await duty(workshop)
        await asyncio.sleep(1)


async def measure(url: str, folder: Path, storm: int, messages: int) -> dict[str, float]:
    database = Database(url, SystemClock(), REACTIONS)
    await migrate(database.engine, SystemClock().now())
    found: dict[str, float] = two_years_hourly()
    found |= await a_thousand_schedules(database)
    settings = Settings(secret_key=KEY, demo=True, private_networks=frozenset({"127.0.0.0/8"}))
    workshop = open_workshop(database, settings, Files(folder / "files", settings.key))
    worker = Worker(dict(handlers(workshop)))
    wakeups = Wakeups(database, bus_for(database, None))
    await wakeups.start()
    async with a_receiver() as gateway:
        async with database.transaction(SYSTEM) as tx:
            await a_calendar(tx)
            await an_inbox(tx)
            await an_on_call(tx, gateway)
        running = [asyncio.create_task(worker.run(database.connect)), asyncio.create_task(duties(workshop))]
        await asyncio.sleep(1)
        found |= await message_to_ring(database, gateway, messages)
        await asyncio.sleep(11)
        found |= await a_storm(database, gateway, storm)
        await worker.stop()
        running[1].cancel()
        await asyncio.wait(running, timeout=5)
    await wakeups.stop()
    await workshop.readers.close()
    await database.close()
    return found


async def an_on_call(tx: Any, gateway: Receiver) -> agents.Agent:
    agent = await an_agent(tx, "Mikko")
    mine = as_agent(tx, agent)
    sealed = Sealer(KEY.encode()).seal_text(gateway.address, ADDRESS_PURPOSE)
    method, code = await contact_methods.add_method(mine, MethodKind.WEBHOOK, "", sealed)
    await contact_methods.verify(mine, method.id, code)
    step = {"delay_minutes": 60, "targets": [{"kind": "person", "id": str(agent.id)}]}
    await oncall.policies.add_policy(tx, "Night", Policy.parse({"steps": [step]}))
    return agent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--storm", type=int)
    options.add_argument("--messages", type=int)
    options.add_argument(
        "--full", action="store_true", help="500 alerts at once and 100 messages, not 100 and 10"
    )
    given = options.parse_args()
    storm, messages = (500, 100) if given.full else (100, 10)
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-bench-"))
    folder.chmod(0o755)
    server = EmbeddedDatabase(folder / "data", say=lambda _: None)
    try:
        found = asyncio.run(measure(server.start(), folder, given.storm or storm, given.messages or messages))
    finally:
        server.stop()
    print(json.dumps({name: round(value, 2) for name, value in found.items()}, indent=2))


if __name__ == "__main__":
    main()
