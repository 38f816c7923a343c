"""What stands behind the mail listener: whose mail an address is, and keeping it before the 250."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.errors import NotFound
from helpdesk.storage.database import Database
from helpdesk.storage.gathering import Gathering
from helpdesk.storage.giving_way import GivingWay, nobody

KNOWN_FOR = 10.0
"""Seconds an address is remembered as ours; what is not ours is asked about each time."""

KEPT_WITHIN = 300.0
"""Seconds for what arrives together: large mails take their time."""

_REMEMBERED = 1000


@dataclass(frozen=True)
class _Delivery:
    path: str
    sender: str
    recipients: list[tuple[str, UUID]]
    raw: bytes


class Intake:
    """Mails that arrive while a commit is under way share the next one: each still waits for its own."""

    def __init__(self, database: Database, giving_way: GivingWay | None = None) -> None:
        self._database, self._giving_way = database, giving_way or GivingWay(nobody)
        self._known: dict[str, tuple[UUID, float]] = {}
        self._kept = Gathering(self._keep, within=KEPT_WITHIN)

    async def accepts(self, address: str) -> bool:
        return await self._inbox_id(address) is not None

    async def receive(
        self,
        sender: str,
        recipients: Sequence[str],
        raw: bytes,
        peer: str = "",
        helo: str = "",
        path: str = "smtp",
    ) -> None:
        """Kept and committed for every recipient when this returns. Errors: NotFound, Unavailable."""
        found: list[tuple[str, UUID]] = []
        for address in recipients:
            inbox_id = await self._inbox_id(address)
            if inbox_id is None:
                raise NotFound("inbox_not_found", f"{address} is no address of ours.")
            found.append((address, inbox_id))
        await self._kept.add(_Delivery(path, sender, found, raw))

    async def refused(self, code: str) -> None:
        """One more in the day's count."""
        async with self._database.transaction(SYSTEM) as tx:
            await inlets.refused(tx, "smtp", code)

    async def _keep(self, deliveries: Sequence[_Delivery]) -> list[None]:
        mails = [
            intake.Arrived(inbox_id, one.path, one.sender, address, one.raw)
            for one in deliveries
            for address, inbox_id in one.recipients
        ]
        async with (
            self._giving_way.portion(),  # senders wait for minutes
            self._database.transaction(SYSTEM, is_autocommit=True) as tx,
        ):
            await intake.keep_all(tx, mails)
        return [None] * len(deliveries)

    async def _inbox_id(self, address: str) -> UUID | None:
        """An inbox that is removed meanwhile refuses by its foreign key: nothing is kept for nobody."""
        key, now = address.lower(), time.monotonic()
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        async with self._database.transaction(SYSTEM) as tx:
            inbox = await intake.inbox_for(tx, address)
            if inbox is None:
                await inlets.refused(tx, "smtp", "no_such_recipient")
                return None
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (inbox.id, now + KNOWN_FOR)
        return inbox.id
