"""Whose workspace is open: told to the database, which says who is there to take work."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from helpdesk.actors import SYSTEM, Actor, ActorKind
from helpdesk.domain import availability
from helpdesk.errors import HelpdeskError
from helpdesk.storage.database import Database
from helpdesk.storage.gathering import Gathering

log = structlog.get_logger(__name__)

SEEN_EVERY = 10.0
"""Seconds; three in a row must be lost before somebody counts as offline."""


class Presence:
    """`present` answers with everybody who has a socket of this process open."""

    def __init__(self, database: Database, present: Callable[[], list[Actor]]) -> None:
        self._database = database
        self._present = present
        self._entering = Gathering(self._enter)

    async def entered(self, actor: Actor) -> None:
        """A workspace was opened: its agent can be given work from now on."""
        if (agent_id := _person(actor)) is not None:
            await self._entering.add(agent_id)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(SEEN_EVERY)
            try:
                await self._seen([one for actor in self._present() if (one := _person(actor)) is not None])
            except HelpdeskError as failure:
                log.warning("presence_delayed", error=str(failure))
            except Exception:
                log.exception("presence_failed")

    async def _enter(self, agent_ids: Sequence[UUID]) -> list[None]:
        """When everybody comes back at once they are told of together."""
        await self._seen(agent_ids)
        return [None] * len(agent_ids)

    async def _seen(self, agent_ids: Sequence[UUID]) -> None:
        if not agent_ids:
            return
        async with self._database.transaction(SYSTEM) as tx:
            before = set(await availability.online(tx))
            await availability.seen(tx, list(dict.fromkeys(agent_ids)))
            if not before.issuperset(agent_ids):
                tx.enqueue("distribute")


def _person(actor: Actor) -> UUID | None:
    """An API token that holds a socket open is nobody who could be given work."""
    return actor.agent_id if actor.kind is ActorKind.AGENT else None
