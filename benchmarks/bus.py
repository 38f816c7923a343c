"""Commits of chat messages in one process with the hints on the bus, and without."""

import uuid

from benchmarks.desk import forgive
from benchmarks.load import closed_loop
from helpdesk.actors import SYSTEM
from helpdesk.auth import visitors
from helpdesk.channels import chat
from helpdesk.clock import SystemClock
from helpdesk.domain import inboxes
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.storage.bus import PostgresBus
from helpdesk.storage.database import Database
from helpdesk.storage.wakeups import Wakeups


async def commit_rate(url: str, *, is_on: bool, senders: int, seconds: float) -> float:
    database = Database(url, SystemClock(), REACTIONS)
    async with database.transaction(SYSTEM) as tx:
        inbox = await inboxes.by_key(tx, "web", inboxes.Channel.CHAT)
        people = [
            (await visitors.create_or_resume(tx, inbox, None, locale="en", time_zone="UTC")).actor
            for _ in range(senders)
        ]
    first = [
        await chat.send_message(database, one, {"client_id": str(uuid.uuid4()), "body": "Hello?"})
        for one in people
    ]
    wakeups = Wakeups(database, PostgresBus(database)) if is_on else None
    if wakeups is not None:
        await wakeups.start()
    await forgive(url)

    async def act(sender: int) -> None:
        words = {"ticket": str(first[sender]["ticket"]), "client_id": str(uuid.uuid4()), "body": "And?"}
        await chat.send_message(database, people[sender], words)

    sample = await closed_loop(senders, seconds, act)
    if wakeups is not None:
        await wakeups.stop()
    await database.close()
    return sample.rate
