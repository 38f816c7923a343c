"""What jobs work with: handed to each of them, nothing ambient."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.carriers import Carriers
from helpdesk.channels.email.child import Readers
from helpdesk.channels.email.sending import Relays
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.gathering import Gathering
from helpdesk.storage.giving_way import GivingWay, nobody
from helpdesk.storage.tables import Installation

READ_AT_ONCE = 3
"""Mails in memory with all their bytes: one for each reader, and the next."""


@dataclass
class Workshop:
    database: Database
    settings: Settings
    files: Files
    readers: Readers
    carriers: Carriers
    relays: Relays = field(default_factory=Relays)
    giving_way: GivingWay = field(default_factory=lambda: GivingWay(nobody))
    """Mail that comes in gives way to people."""
    escalated_at: datetime | None = None
    """When alerts were looked at last: a clock that reads less has been put back."""
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READ_AT_ONCE), init=False)
    placing: Gathering[Any, bool] | None = field(default=None, init=False)
    """Mails that were read meanwhile; jobs/mail/read.py makes it."""
    _instance: str | None = None

    @property
    def authserv_ids(self) -> frozenset[str]:
        """Names of our own mail servers, whose word on a sender counts."""
        return frozenset(name.lower() for name in self.settings.authserv_ids)

    @property
    def arc_sealers(self) -> frozenset[str]:
        """Domains whose word on what a mail was before they passed it on counts."""
        return frozenset(name.lower() for name in self.settings.arc_sealers)

    async def instance(self) -> str:
        """The name of this installation in the loop header of its mails."""
        if self._instance is None:
            async with self.database.transaction(SYSTEM) as tx:
                self._instance = (await tx.session.scalars(select(Installation.instance))).one()
        return self._instance


def open_workshop(database: Database, settings: Settings, files: Files) -> Workshop:
    ring = settings.mail_key_ring
    return Workshop(
        database=database,
        settings=settings,
        files=files,
        readers=Readers(checks=_checks(settings)),
        carriers=Carriers(ring, current=max(ring)),
    )


def _checks(settings: Settings) -> tuple[str, ...]:
    if settings.demo or not settings.verify_dkim:
        return ()
    return ("dkim", "arc") if settings.arc_sealers else ("dkim",)
