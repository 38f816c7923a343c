"""People first: while somebody is served by any process, work that can wait rests between its portions."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from helpdesk.storage.tables import Json
from helpdesk.storage.wakeups import Wakeups

SERVED_FOR = 10.0
"""Seconds that somebody who was answered may read and think, and still finds the next answer as quick."""

SAID_EVERY = 2.0
"""Seconds between two words of this to the other processes: one that is lost is made good by the next."""

RESTS = 4.0
"""Times as long as the portion took: what can wait has a fifth of the time. A busy machine makes portions,
and so the rests, longer by itself."""

LONGEST_REST = 0.4
"""Seconds, so that it goes on however busy the machine is."""

LONGEST_TURN = 3.0
"""Seconds that a portion waits for those before it."""


class People:
    """Whether somebody is being served, here or, as the bus tells, by another process."""

    def __init__(self, wakeups: Wakeups, now: Callable[[], float] = time.monotonic) -> None:
        self._wakeups, self._now = wakeups, now
        self._served_at = self._said_at = float("-inf")
        wakeups.on_word(self._heard)

    def serve(self) -> None:
        """Somebody waits for an answer of this process."""
        self._served_at = self._now()
        if self._served_at - self._said_at >= SAID_EVERY:
            self._said_at = self._served_at
            self._wakeups.spread({"people": "served"})

    def are_served(self) -> bool:
        return self._now() - self._served_at < SERVED_FOR

    def _heard(self, word: Json) -> None:
        if "people" in word:
            self._served_at = self._now()


class GivingWay:
    """One for all the work that shares a fifth of the time."""

    def __init__(
        self,
        are_people_served: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.are_people_served, self._now, self._sleep = are_people_served, now, sleep
        self._turn = asyncio.Lock()
        self._goes_on_at = float("-inf")

    @asynccontextmanager
    async def portion(self) -> AsyncIterator[None]:
        """Waits until the rest after the last portion is over; what comes seldom never waits. While people
        are served one portion comes after the other: together they would be as long as a large one."""
        is_mine = self.are_people_served() and await self._in_turn()
        try:
            if (rest := self._goes_on_at - self._now()) > 0:
                await self._sleep(rest)
            begun = self._now()
            try:
                yield
            finally:
                self._rest(begun, self._now())
        finally:
            if is_mine:
                self._turn.release()

    async def _in_turn(self) -> bool:
        """False when one before it hangs: that must not stop the others."""
        try:
            async with asyncio.timeout(LONGEST_TURN):
                return await self._turn.acquire()
        except TimeoutError:
            return False

    def _rest(self, begun: float, ended: float) -> None:
        if self.are_people_served():
            rest = min((ended - begun) * RESTS, LONGEST_REST)
            self._goes_on_at = max(self._goes_on_at, ended + rest)


def nobody() -> bool:
    """Where no people are served, as in commands and tests, nothing gives way."""
    return False
