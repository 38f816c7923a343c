"""Hints that something was committed: to this process at once, to the others over the bus.

Ids only, lossy, never inside a transaction, one coalesced call per tick. Whoever misses a hint is healed
by the sweep of its broadcaster. Ephemeral words (typing, seen) travel the same way and are dropped first.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import orjson
import structlog

from helpdesk.errors import HelpdeskError
from helpdesk.storage.bus import Bus, Line
from helpdesk.storage.database import Database
from helpdesk.storage.outages import Outage
from helpdesk.storage.transaction import Transaction
from helpdesk.wire import encode

log = structlog.get_logger(__name__)

_PER_PAYLOAD = 150
"""Ids in one payload; PostgreSQL allows 8,000 bytes."""

CHECK_EVERY = 5.0
"""Seconds between two looks whether the bus still hears."""

BREATH = 0.02
"""Seconds between two calls on the bus: at a rush one call tells of many commits."""

_LARGEST_WORD = 4_000
_WORDS_KEPT = 500

Heard = Callable[[set[UUID]], None]
Word = dict[str, Any]


class Wakeups:
    def __init__(self, database: Database, bus: Bus) -> None:
        self._bus = bus
        self._name = secrets.token_hex(4)
        self._hint_listeners: list[Heard] = []
        self._listeners_from_elsewhere: list[Heard] = []
        self._word_listeners: list[Callable[[Word], None]] = []
        self._tickets: set[UUID] = set()
        self._words: deque[Word] = deque(maxlen=_WORDS_KEPT)
        self._has_jobs = False
        self._pending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._outage = Outage()
        database.on_commit(self._committed)

    def on_hint(self, listener: Heard) -> None:
        """Called with the ids of changed tickets, from this process and others. Must not block."""
        self._hint_listeners.append(listener)

    def on_hint_from_elsewhere(self, listener: Heard) -> None:
        """The same, of other processes alone: for who follows the commits of this one by itself."""
        self._listeners_from_elsewhere.append(listener)

    def on_word(self, listener: Callable[[Word], None]) -> None:
        """Called with what other processes spread. Must not block."""
        self._word_listeners.append(listener)

    def spread(self, word: Word) -> None:
        """Tell the other processes something that may be lost."""
        self._words.append(word)
        self._pending.set()

    def lost_for(self) -> float:
        """Seconds since the bus was last heard, 0 while it is."""
        return self._outage.seconds(_now())

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="wakeups")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def flush(self) -> None:
        """Send what is pending on a connection for this once: for commands that end right after."""
        async with self._bus.open(lambda _: None) as line:
            await self._send_pending(line)

    def _committed(self, tx: Transaction) -> None:
        if tx.touched:
            self._tickets |= tx.touched.keys()
            self._tell(set(tx.touched))
        self._has_jobs = self._has_jobs or tx.has_queued or bool(tx.jobs)
        if tx.touched or tx.has_queued or tx.jobs:
            self._pending.set()

    def _tell(self, ticket_ids: set[UUID]) -> None:
        for listener in self._hint_listeners:
            listener(ticket_ids)

    async def _run(self) -> None:
        while True:
            try:
                async with self._bus.open(self._heard) as line:
                    self._tell_if_back()
                    await self._forward(line)
            except HelpdeskError as failure:
                if self._outage.lasts(_now()):
                    log.warning("wakeups_lost_bus", error=str(failure))
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("wakeups_failed")
                await asyncio.sleep(0.5)

    def _tell_if_back(self) -> None:
        gone = self._outage.ends(_now())
        if gone is not None:
            log.info("wakeups_found_bus", after_seconds=round(gone, 1))

    async def _forward(self, line: Line) -> None:
        checked_at = _now()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_EVERY):  # wait_for may swallow a stop
                    await self._pending.wait()
            await self._send_pending(line)
            await asyncio.sleep(BREATH)
            if _now() - checked_at >= CHECK_EVERY:
                await line.check()  # notices a connection that died silently
                checked_at = _now()

    async def _send_pending(self, line: Line) -> None:
        self._pending.clear()
        tickets, self._tickets = self._tickets, set()
        has_jobs, self._has_jobs = self._has_jobs, False
        words = [self._words.popleft() for _ in range(len(self._words))]
        payloads = [*_hints(self._name, tickets), *_spoken(self._name, words)]
        if payloads:
            await line.publish(payloads)
        if has_jobs:
            await line.wake_workers()

    def _heard(self, payload: str) -> None:
        told = orjson.loads(payload)
        if told["from"] == self._name:
            return  # our own; this process was told directly
        if "word" in told:
            for listener in self._word_listeners:
                listener(told["word"])
        else:
            ticket_ids = {UUID(ticket_id) for ticket_id in told["tickets"]}
            self._tell(ticket_ids)
            for heard in self._listeners_from_elsewhere:
                heard(ticket_ids)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _hints(name: str, tickets: Iterable[UUID]) -> Iterable[str]:
    ids = [str(ticket_id) for ticket_id in tickets]
    for start in range(0, len(ids), _PER_PAYLOAD):
        yield orjson.dumps({"from": name, "tickets": ids[start : start + _PER_PAYLOAD]}).decode()


def _spoken(name: str, words: Iterable[Word]) -> Iterable[str]:
    for word in words:
        payload = encode({"from": name, "word": word}).decode()
        if len(payload.encode()) <= _LARGEST_WORD:
            yield payload
