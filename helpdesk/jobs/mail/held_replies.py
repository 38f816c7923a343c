"""Says an answer that was held back until now."""

from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets import holding
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.jobs.workshop import Workshop


async def send_held(workshop: Workshop, job: dict[str, Any]) -> None:
    """Once, however often this runs; what cannot be said is shown on its ticket."""
    reply_id = UUID(job["reply_id"])
    try:
        async with workshop.database.transaction(SYSTEM) as tx:
            await holding.send_held(tx, reply_id)
    except (Conflict, Forbidden, Invalid, NotFound) as failure:
        async with workshop.database.transaction(SYSTEM) as tx:
            await holding.not_sent(tx, reply_id, failure.detail or failure.code)
