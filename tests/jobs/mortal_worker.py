"""A worker that rings in its own process and kills itself at a marked point: python -m … URL POINT COUNT."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from helpdesk.clock import SystemClock
from helpdesk.domain.oncall.alerting import actions, ringing
from helpdesk.errors import HelpdeskError
from helpdesk.jobs import ring as ringer
from helpdesk.jobs import timetable
from helpdesk.jobs.handlers import handlers
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.job_queue import Worker
from helpdesk.storage.transaction import Transaction

KEY = "a key that only these tests know 0123456789"

POINTS: dict[str, tuple[Any, str, bool]] = {
    "locked": (actions, "_locked", True),
    "inserted": (actions, "_add_notification", True),
    "before commit": (Transaction, "finish", True),
    "leased": (ringing, "lease", True),
    "before send": (ringer, "_deliver", False),
    "after send": (ringer, "_deliver", True),
    "marked": (ringing, "sent", True),
}
"""Where it dies: (module, function, after it has returned rather than before it is called)."""


def mark(point: str, count: int) -> None:
    """The `count`-th time that point is passed is the last thing this process does."""
    owner, name, is_after = POINTS[point]
    inner: Callable[..., Any] = getattr(owner, name)
    left = [count]

    async def mortal(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if not left[0] and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await inner(*given, **named)
        if not left[0] and is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, mortal)


async def main(url: str, point: str, count: int) -> None:
    ringing.LEASE, ringing.BUNDLE = timedelta(seconds=2), timedelta(seconds=0.2)
    ringing._ASKED_AGAIN = timedelta(seconds=0.5)
    if point != "none":
        mark(point, count)
    settings = Settings(secret_key=KEY, demo=True)
    database = Database(url, SystemClock(), REACTIONS)
    workshop = open_workshop(database, settings, Files(Path(tempfile.mkdtemp()), settings.key))
    worker = Worker(dict(handlers(workshop)))
    await asyncio.gather(worker.run(database.connect), duties(workshop))


async def duties(workshop: Any) -> None:
    while True:
        for duty in (timetable.escalate_alerts, timetable.ring_due):
            with contextlib.suppress(HelpdeskError):  # the database is away; the next round tries again
                await duty(workshop)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
