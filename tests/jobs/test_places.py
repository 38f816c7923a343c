"""Who gets a place when much is to be done: the next of a kind at once, and who is on call before anybody."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from pgqueuer.core.qm import QueueManager

from helpdesk.jobs import handlers
from helpdesk.storage import job_queue
from helpdesk.storage.database import Database
from helpdesk.storage.job_queue import Job, Worker
from tests.mail_desk import MailDesk
from tests.waiting import until


@asynccontextmanager
async def working(database: Database, *workers: Worker) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(worker.run(database.connect)) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            await worker.stop()
        await asyncio.gather(*tasks)


async def queue(database: Database, *jobs: Job) -> None:
    connection = await database.connect()
    await job_queue.enqueue(connection, jobs)
    await job_queue.wake(connection)
    await connection.close()


async def test_where_the_number_is_limited_the_next_follows_without_a_poll(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_an_hour(*_: Any) -> timedelta:
        return timedelta(hours=1)

    monkeypatch.setattr(QueueManager, "_effective_dequeue_timeout", in_an_hour)
    under_way, most, done, all_done = 0, 0, Counter[int](), asyncio.Event()

    async def act(job: dict[str, Any]) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done[job["number"]] += 1
        if len(done) == 11:
            all_done.set()

    await queue(database, *(Job("act", {"number": number}) for number in range(11)))
    async with working(database, Worker({"act": act}, {"act": 2})):
        await until(all_done.is_set)

    assert (set(done.values()), most) == ({1}, 2)


async def test_an_alert_rings_while_a_flood_waits_and_everything_else_hangs(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed, hanging, rung = asyncio.Event(), asyncio.Event(), Counter[str]()
    is_rung = asyncio.Event()
    names = set(handlers.handlers(desk.workshop))

    async def hang(_: Any) -> None:
        hanging.set()
        await freed.wait()

    def ring(name: str) -> job_queue.Handler:
        async def act(_: Any) -> None:
            rung[name] += 1
            if len(rung) == len(handlers.URGENT):
                is_rung.set()

        return act

    acting = {name: ring(name) if name in handlers.URGENT else hang for name in names}
    monkeypatch.setattr(handlers, "handlers", lambda _: dict(acting))
    await queue(desk.database, *(Job(name) for name in sorted(names - handlers.URGENT) for _ in range(60)))
    async with working(desk.database, *handlers.workers(desk.workshop)):
        try:
            await until(hanging.is_set)
            await queue(desk.database, *(Job(name) for name in handlers.URGENT))
            await until(is_rung.is_set)
            connection = await desk.database.connect()
            await connection.execute("DELETE FROM pgqueuer WHERE status = 'queued'")
            await connection.close()
        finally:
            freed.set()

    assert set(rung) == {"ring", "raise_alert_if_urgent", "send_urgent_mail"}
