"""What stands behind the mail listener: whose mail an address is, and keeping it before the 250."""

import time
from collections.abc import Sequence
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets import inlets, mail_intake
from helpdesk.errors import NotFound
from helpdesk.storage.database import Database

KNOWN_FOR = 10.0
"""Seconds an address is remembered as ours; what is not ours is asked about each time."""

_REMEMBERED = 1000


class Intake:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[UUID, float]] = {}

    async def accepts(self, address: str) -> bool:
        return await self._inbox_id(address) is not None

    async def receive(
        self, sender: str, recipients: Sequence[str], raw: bytes, peer: str = "", helo: str = "", path: str = "smtp"
    ) -> None:
        """Kept and committed for every recipient when this returns. Errors: NotFound, Unavailable."""
        found = [(one, await self._inbox_id(one)) for one in recipients]
        async with self._database.transaction(SYSTEM) as tx:
            for address, inbox_id in found:
                if inbox_id is None:
                    raise NotFound("inbox_not_found", f"{address} is no address of ours.")
                await mail_intake.keep(
                    tx, inbox_id=inbox_id, path=path, envelope_from=sender, envelope_to=address, raw=raw
                )

    async def _inbox_id(self, address: str) -> UUID | None:
        """An inbox that is removed meanwhile refuses by its foreign key: nothing is kept for nobody."""
        key, now = address.lower(), time.monotonic()
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        async with self._database.transaction(SYSTEM) as tx:
            inbox = await mail_intake.inbox_for(tx, address)
            if inbox is None:
                await inlets.refused(tx, "smtp", "no_such_recipient")
                return None
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (inbox.id, now + KNOWN_FOR)
        return inbox.id
