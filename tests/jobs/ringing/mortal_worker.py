"""Workers that ring in a process of their own and kill themselves at a marked point: python -m … with lines
`URL POINT` on its standard input, each answered with the signal that ended that worker. One process loads the
product and is copied for each of them."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from helpdesk.clock import SystemClock
from helpdesk.domain.oncall.alerting import actions, notifying, ringing
from helpdesk.jobs import ring as ringer
from helpdesk.jobs.handlers import handlers
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.timetable import DUTIES, TURNS, Timetable
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.job_queue import Worker
from helpdesk.storage.transaction import Transaction

KEY = "a key that only these tests know 0123456789"

POINTS: dict[str, tuple[Any, str, bool]] = {
    "locked": (actions, "_locked", True),
    "inserted": (notifying, "_add_notification", True),
    "before commit": (Transaction, "finish", True),
    "leased": (ringing, "lease", True),
    "before send": (ringer, "_deliver", False),
    "after send": (ringer, "_deliver", True),
    "marked": (ringing, "sent", True),
}
"""Where it dies: (module, function, after it has returned rather than before it is called)."""

UNHURRIED = {"LEASE": timedelta(hours=1), "BUNDLE": timedelta(), "_ASKED_AGAIN": timedelta(seconds=0.5)}
"""No lease ends because a machine is slow: tests say when one has run out. Nothing waits for a bundle."""


def mark(point: str) -> None:
    """The first time that point is passed is the last thing this process does."""
    owner, name, is_after = POINTS[point]
    inner: Callable[..., Any] = getattr(owner, name)

    async def mortal(*given: Any, **named: Any) -> Any:
        if is_after:
            await inner(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, mortal)


@asynccontextmanager
async def a_worker(url: str) -> AsyncIterator[None]:
    """Jobs and the duties that wake people, as `helpdesk work` runs them, only oftener."""
    settings = Settings(secret_key=KEY, demo=True, private_networks=frozenset({"127.0.0.0/8"}))
    database = Database(url, SystemClock(), REACTIONS)
    workshop = open_workshop(database, settings, Files(Path(tempfile.gettempdir()), settings.key))
    worker = Worker(dict(handlers(workshop)))
    waking = [replace(duty, every=0.3) for duty in DUTIES if TURNS.get(duty.name) == "wakes people"]
    running = [
        asyncio.create_task(worker.run(database.connect)),
        asyncio.create_task(Timetable(workshop, waking).run()),
    ]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await workshop.readers.close()
        await database.close()


async def until_killed(url: str, point: str) -> None:
    for name, value in UNHURRIED.items():
        setattr(ringing, name, value)
    mark(point)
    async with a_worker(url):
        await asyncio.Event().wait()


def main() -> None:
    for line in sys.stdin:
        url, point = line.split(" ", 1)
        child = os.fork()
        if child == 0:
            asyncio.run(until_killed(url, point.strip()))
            os._exit(1)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


if __name__ == "__main__":
    main()
