"""claim_next for an entrance: whoever claimed a moment ago is served with those who ask at the same time."""

from contextlib import suppress
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM, Actor
from helpdesk.domain import tickets
from helpdesk.domain.tickets.queue import claiming_together, known_claimers, low_water
from helpdesk.errors import Conflict, HelpdeskError
from helpdesk.storage.database import Database

log = structlog.get_logger(__name__)


async def claim(database: Database, actor: Actor, client_id: UUID | None = None) -> tickets.Claimed | None:
    """The first ticket of the order that the actor may take and has room for, now theirs; None when there is
    none. Errors: as tickets.claim_next."""
    claimed, claimer = None, known_claimers.known(actor)
    if claimer is not None:  # so they may; the whole statement decides about what does not fit the short way
        one = claiming_together.Claim(actor, client_id, claimer)
        with suppress(Conflict):  # that one was made before
            claimed = await database.together(claiming_together.claim_together, one, apart=claimer.kind)
    if claimed is None:
        async with database.transaction(actor, alone=tickets.desk_of(actor)) as tx:
            claimed = await tickets.claim_next(tx, client_id)
    if low_water.is_due():
        await _raise_marks(database)
    return claimed


async def _raise_marks(database: Database) -> None:
    """Now and then, and never what a claim could fail for."""
    for pool_id in low_water.due():
        try:
            async with database.transaction(SYSTEM) as tx:
                await low_water.raise_it(tx, pool_id)
        except HelpdeskError as failure:
            log.warning("mark_not_raised", pool_id=str(pool_id), error=str(failure))
