"""Keeps the index that tickets are found by: new messages every second, changed words by a job."""

import asyncio
from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets import search
from helpdesk.jobs.workshop import Workshop

AT_ONCE = 100
"""Messages in one transaction."""
_SHARE = 0.1
"""Seconds of each second: what is quick on an idle machine, some 400 messages, is less on a busy one. So
neither an import nor the first index of an old database takes the processors from those who write."""


async def index_messages(workshop: Workshop) -> None:
    clock = asyncio.get_running_loop()
    ends = clock.time() + _SHARE
    is_left = True
    while is_left and clock.time() < ends:
        async with workshop.database.transaction(SYSTEM) as tx:
            is_left = await search.index_new(tx, AT_ONCE)


async def look_through_index(workshop: Workshop) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        await search.look_through(tx)


async def index_again(workshop: Workshop, job: dict[str, Any]) -> None:
    """A ticket by `ticket_id`, or all of a contact's by `contact_id`. `done_to` is the last message of the
    job before."""
    after = UUID(job["done_to"]) if job.get("done_to") else None
    async with workshop.database.transaction(SYSTEM) as tx:
        if "contact_id" in job:
            done = await search.index_contact(tx, UUID(job["contact_id"]), after, AT_ONCE)
        else:
            done = await search.index_ticket(tx, UUID(job["ticket_id"]), after, AT_ONCE)
        if done is not None:
            tx.enqueue("index_again", **job | {"done_to": str(done)})
