"""Sends committed events to the sockets that watch, in order: from the commit that says them whole where it
is the next one, from the log in every other case.

Per watched ticket this process remembers up to which version it has sent. A hint (from this process or
another), and a sweep for lost ones, make it read what came after, once for everybody who watches.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from helpdesk.actors import SYSTEM
from helpdesk.channels.chat import with_addresses
from helpdesk.domain import tickets
from helpdesk.domain.events import ContactMergeUndone
from helpdesk.errors import HelpdeskError
from helpdesk.realtime.queue_rows import QueueRows
from helpdesk.realtime.server import Server
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.storage.wakeups import Wakeups

log = structlog.get_logger(__name__)

SWEEP_EVERY = 2.0
"""Seconds until a lost hint is made up for."""

_SINCE = timedelta(seconds=30)


@dataclass
class _Watched:
    """A ticket somebody here looks at, and how far it has been sent to agents and to its contact."""

    version: int
    public_version: int
    agents: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)


class Broadcaster:
    def __init__(self, server: Server, database: Database, files: Files, wakeups: Wakeups) -> None:
        self._server = server
        self._database = database
        self._files = files
        self._watched: dict[UUID, _Watched] = {}
        self._watches: dict[str, set[UUID]] = defaultdict(set)
        """The other way round: what each socket looks at."""
        self._queue_rows = QueueRows(server)
        self._dirty: set[UUID] = set()
        """Tickets whose newer events are to be read."""
        self._moved: set[UUID] = set()
        """Tickets whose rows in the queue are to be read."""
        self._committed: list[tuple[Transaction, UUID, list[Json]]] = []
        """What commits of this process said whole, in the order they came."""
        self._hinted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._wakeups = wakeups
        wakeups.on_hint_from_elsewhere(self.hint)
        database.on_commit(self._hear)
        wakeups.on_word(self._repeat)

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._run(), name="broadcaster"),
            asyncio.create_task(self._sweep(), name="broadcaster-sweep"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def hint(self, ticket_ids: set[UUID]) -> None:
        """Something was committed about these tickets."""
        self._dirty |= ticket_ids & self._watched.keys()
        if self._queue_rows.are_watched:
            self._moved |= ticket_ids
        if self._dirty or self._moved:
            self._hinted.set()

    async def watch(self, sid: str, ticket_id: UUID, head: int, *, is_contact: bool) -> None:
        """A socket has read up to `head` of its own counting and wants what comes after."""
        namespace = _namespace(is_contact)
        watched = self._watched.get(ticket_id)
        if watched is None:
            watched = self._watched.setdefault(ticket_id, await self._begin(ticket_id))
            self.hint({ticket_id})  # what was committed meanwhile had nobody to be told to
        if not self._server.is_here(namespace, sid):
            self._forget_unwatched(ticket_id)
            return
        (watched.contacts if is_contact else watched.agents).add(sid)
        self._watches[sid].add(ticket_id)
        sent = watched.public_version if is_contact else watched.version
        if sent > head:  # it was sent to the others between the reading and the entering
            self._tell_events(namespace, {sid}, ticket_id, sent, "hint", {"ticket": ticket_id, "head": sent})

    def unwatch(self, sid: str, ticket_id: UUID) -> None:
        """It does not look at this ticket any more."""
        self._watches[sid].discard(ticket_id)
        if (watched := self._watched.get(ticket_id)) is not None:
            watched.agents.discard(sid)
            watched.contacts.discard(sid)
            self._forget_unwatched(ticket_id)

    def watch_queue(self, sid: str, view: str, inbox_ids: frozenset[UUID] | None) -> None:
        """A socket watches one view at a time."""
        self._queue_rows.watch(sid, view, inbox_ids)

    def leave(self, sid: str) -> None:
        """A socket is gone; what nobody watches is forgotten."""
        for ticket_id in list(self._watches.get(sid, ())):
            self.unwatch(sid, ticket_id)
        self._watches.pop(sid, None)
        self._queue_rows.leave(sid)

    def ephemeral(self, ticket_id: UUID, told: Json, *, to_contact: bool, skip: str | None = None) -> None:
        """Typing, seen, presence: to whoever looks at the ticket right now, or to nobody."""
        self._whisper(ticket_id, told, to_contact, skip)
        self._wakeups.spread({"ticket": ticket_id, "to_contact": to_contact, "told": told})

    def _repeat(self, word: Json) -> None:
        """What another process said to those who look at the same ticket."""
        if "ticket" in word:
            self._whisper(UUID(word["ticket"]), word["told"], word["to_contact"], None)

    def _whisper(self, ticket_id: UUID, told: Json, to_contact: bool, skip: str | None) -> None:
        watched = self._watched.get(ticket_id)
        sids = (watched.contacts if to_contact else watched.agents) - {skip} if watched else None
        if sids:
            namespace = _namespace(to_contact)
            self._server.whisper(namespace, sids, self._server.frame(namespace, "ephemeral", told))

    def _forget_unwatched(self, ticket_id: UUID) -> None:
        watched = self._watched.get(ticket_id)
        if watched is not None and not watched.agents and not watched.contacts:
            del self._watched[ticket_id]

    async def _begin(self, ticket_id: UUID) -> _Watched:
        async with self._database.transaction(SYSTEM, is_autocommit=True) as tx:
            return _Watched(*await tickets.timeline.heads(tx, ticket_id))

    def _hear(self, tx: Transaction) -> None:
        """A commit of this process. What it says whole is told without asking the database again."""
        whole: dict[UUID, list[Json]] = defaultdict(list)
        for record in tx.told:
            if record["ticket_id"] in self._watched:
                whole[record["ticket_id"]].append(record)
        for ticket_id, records in list(whole.items()):
            if records[-1]["version"] != tx.touched[ticket_id]:  # more was recorded by other statements
                del whole[ticket_id]
        self.hint(tx.touched.keys() - whole.keys())
        if self._queue_rows.are_watched and whole:
            self._moved |= whole.keys()
            self._hinted.set()
        if whole and not self._committed:
            # Two rounds of the loop later: then the acknowledgements of this commit lie in the outboxes,
            # and both leave in one write.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._tell_committed)
        self._committed += [(tx, ticket_id, records) for ticket_id, records in whole.items()]

    def _tell_committed(self) -> None:
        """From the commit what follows densely on what was sent; what does not, the log says."""
        committed, self._committed = self._committed, []
        for tx, ticket_id, records in committed:
            watched = self._watched.get(ticket_id)
            if watched is None:
                continue
            is_next = [one["version"] - watched.version for one in records] == [*range(1, len(records) + 1)]
            if is_next and self._try_events(tx, ticket_id, records):
                continue
            if records[-1]["version"] > watched.version:
                self.hint({ticket_id})

    async def _run(self) -> None:
        while True:
            await self._hinted.wait()
            self._hinted.clear()
            dirty, self._dirty = self._dirty, set()
            moved, self._moved = self._moved, set()
            try:
                await self._send(dirty, moved)
            except HelpdeskError as failure:
                log.warning("broadcast_delayed", error=str(failure))
                await asyncio.sleep(0.2)
                self.hint(dirty | moved)
            except Exception:
                log.exception("broadcast_failed")

    async def _send(self, dirty: set[UUID], moved: set[UUID]) -> None:
        async with self._database.transaction(SYSTEM, is_autocommit=True) as tx:
            cursors = {one: self._watched[one].version for one in dirty if one in self._watched}
            fresh = await tickets.timeline.fresh_events(await tx.driver(), cursors) if cursors else {}
            rows = (
                await tickets.queries.queue_rows(tx, list(moved))
                if moved and self._queue_rows.are_watched
                else []
            )
        for ticket_id, records in fresh.items():
            self._try_events(tx, ticket_id, records)
        self._queue_rows.send(rows)

    def _try_events(self, tx: Transaction, ticket_id: UUID, records: Sequence[Mapping[str, Any]]) -> bool:
        """One ticket that cannot be told must not silence the others."""
        try:
            self._send_events(tx, ticket_id, records)
        except Exception:
            log.exception("broadcast_failed", ticket=str(ticket_id))
            return False
        return True

    def _send_events(self, tx: Transaction, ticket_id: UUID, records: Sequence[Mapping[str, Any]]) -> None:
        """Without a pause in between, so nobody sees a version as sent that was not."""
        watched = self._watched.get(ticket_id)
        records = [record for record in records if watched and record["version"] > watched.version]
        if watched is None or not records:
            return
        if any(record["name"] == ContactMergeUndone.__name__ for record in records):
            self._send_away(ticket_id, watched)
        public = [record for record in records if record["public_version"] is not None]
        if watched.agents:
            told = {"ticket": ticket_id, "epoch": records[0]["epoch"], "prev": watched.version}
            told["events"] = [
                with_addresses(tickets.timeline.envelope(one), self._files, tx, for_staff=True)
                for one in records
            ]
            head = records[-1]["version"]
            self._tell_events("/agent", watched.agents, ticket_id, head, "events", told)
        if watched.contacts and public:
            told = {"ticket": ticket_id, "epoch": records[0]["epoch"], "prev": watched.public_version}
            told["events"] = [
                with_addresses(
                    tickets.timeline.public_envelope(one, one["owner_id"]), self._files, tx, for_staff=False
                )
                for one in public
            ]
            head = public[-1]["public_version"]
            self._tell_events("/widget", watched.contacts, ticket_id, head, "events", told)
        watched.version = records[-1]["version"]
        if public:
            watched.public_version = public[-1]["public_version"]

    def _send_away(self, ticket_id: UUID, watched: _Watched) -> None:
        """It may be another contact's now: browsers have to ask again, and hear no more before."""
        sids, head = set(watched.contacts), watched.public_version + 1
        for sid in sids:
            self.unwatch(sid, ticket_id)
        self._tell_events("/widget", sids, ticket_id, head, "hint", {"ticket": ticket_id, "head": head})

    def _tell_events(
        self, namespace: str, sids: set[str], ticket_id: UUID, head: int, event: str, told: Json
    ) -> None:
        """Whoever is over its budget gets a hint instead, and asks for the rest."""

        def hint() -> dict[object, bytes]:
            return {ticket_id: self._server.frame(namespace, "hint", {"ticket": ticket_id, "head": head})}

        self._server.tell(namespace, sids, self._server.frame(namespace, event, told), hint)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            try:
                await self._find_lost()
            except HelpdeskError as failure:
                log.warning("sweep_delayed", error=str(failure))
            except Exception:
                log.exception("sweep_failed")

    async def _find_lost(self) -> None:
        """Tickets whose newest version was never sent from here."""
        if not self._watched and not self._queue_rows.are_watched:
            return
        async with self._database.transaction(SYSTEM) as tx:
            found = await tx.session.execute(
                text(
                    "SELECT id, version FROM tickets WHERE id = ANY(:watched) UNION "
                    "SELECT ticket_id, max(version) FROM events WHERE at > :since GROUP BY ticket_id"
                ),
                {"watched": list(self._watched), "since": tx.now - _SINCE},
            )
            newest: dict[UUID, int] = {row.id: row.version for row in found}
        lost = {one for one, watched in self._watched.items() if newest.get(one, 0) > watched.version}
        lost |= self._queue_rows.lost(newest)
        if lost:
            self.hint(lost)


def _namespace(is_contact: bool) -> str:
    return "/widget" if is_contact else "/agent"
