"""Keeps the index that tickets are found by: new messages every second, changed words by a job."""

from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets import search
from helpdesk.jobs.workshop import Workshop

AT_ONCE = 250
"""Messages in one transaction."""
_PORTIONS = 2
"""Transactions a second. So an import or the first index of an old database leaves the processors to those
who write; 500 a second is 43 million a day."""


async def index_messages(workshop: Workshop) -> None:
    for _ in range(_PORTIONS):
        async with workshop.database.transaction(SYSTEM) as tx:
            if not await search.index_new(tx, AT_ONCE):
                return


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
