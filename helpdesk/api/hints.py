"""Lets a long poll sleep until something was committed about its ticket."""

import asyncio
import contextlib
from collections.abc import Iterator
from uuid import UUID

from helpdesk.storage.wakeups import Wakeups


class Hints:
    def __init__(self, wakeups: Wakeups) -> None:
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        wakeups.on_hint(self._tell)

    @contextlib.contextmanager
    def listening(self, ticket_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set at each hint about the ticket. Listen before reading, so none is missed."""
        event = asyncio.Event()
        self._waiting.setdefault(ticket_id, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[ticket_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[ticket_id]

    def _tell(self, ticket_ids: set[UUID]) -> None:
        for ticket_id in ticket_ids & self._waiting.keys():
            for event in self._waiting[ticket_id]:
                event.set()
