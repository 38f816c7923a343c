"""Group commit: what arrives while one batch is being written shares the next, each with its own answer."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

from helpdesk.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")

MOST = 64
"""In one batch, so that nobody's answer waits for a crowd's."""

FEW = 6
"""Fewer go together, also where others could be written beside them: a statement costs more than its rows."""

WITHIN = 20.0
"""Seconds for a batch, more than the longest wait for a lock: a connection that died silently must not keep
whoever comes after."""


class Gathering(Generic[T, R]):
    """`write` commits a batch, all or nothing, and answers for each in order.

    Nobody waits for company: who comes alone is written alone, at once, in their own task. What one item
    breaks, the others do not feel: they are written again, one by one. Where order does not matter, `at_once`
    batches are under way at the same time, each with its share: while PostgreSQL is at one, the next is made
    ready.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        at_once: int = 1,
        within: float | None = None,
        most: int | None = None,
    ) -> None:
        self._write, self._at_once, self._within, self._most = write, at_once, within, most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writers: set[asyncio.Task[None]] = set()  # the loop alone would not keep them
        self._writing = 0
        self._is_quiet = True

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self._writing

    async def add(self, item: T) -> R:
        """Its answer, after the commit. Errors: what `write` raises of it alone. Whoever stops waiting
        does not take it back, unless they came alone: then it is cut off as any transaction would be."""
        if not self._writing and self._is_quiet:  # among many, all of a moment are better together
            return await self._add_alone(item)
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._begin()
        return await answer

    async def _add_alone(self, item: T) -> R:
        self._writing += 1
        try:
            [answer] = await _in_time(self._write([item]), self._within or WITHIN)
        except TimeoutError:
            raise Unavailable("database_unavailable") from None
        finally:
            self._writing -= 1
            self._is_quiet = self._is_quiet and not self._waiting and not self._writing
            self._begin()
        return answer

    def _begin(self) -> None:
        if self._waiting and self._writing < self._at_once:
            self._writing += 1
            writer = asyncio.create_task(self._run(), name="gathering")
            self._writers.add(writer)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                self._is_quiet = len(batch) == 1
                self._begin()
                await self._settle(batch)
                await asyncio.sleep(0)  # who was answered and asks again at once goes with the others
        finally:  # at once: who comes now finds a free place, and nobody waits for one that has ended
            self._writing -= 1
            self._writers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next_batch(self) -> list[tuple[T, asyncio.Future[R]]]:
        """A fair part of those who wait, for so many batches as may be under way."""
        parts = max(1, min(self._at_once, len(self._waiting) // FEW))
        size = min(self._most or MOST, math.ceil(len(self._waiting) / parts))
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch

    async def _settle(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await _in_time(self._write([item for item, _ in batch]), self._within or WITHIN)
        except Unavailable as failure:  # of the database: nobody would fare better alone
            _fail(batch, failure)
        except TimeoutError:
            _fail(batch, Unavailable("database_unavailable"))
        except Exception as failure:  # noqa: BLE001 - whoever waits is told
            if len(batch) == 1:
                _fail(batch, failure)
            else:
                for one in batch:
                    await self._settle([one])
        else:
            for (_, waiting), answer in zip(batch, answers, strict=True):
                if not waiting.done():  # its caller may be gone
                    waiting.set_result(answer)


async def _in_time(writing: Awaitable[R], within: float) -> R:
    """What asyncio.timeout does, at an eighth of its cost, which is felt where someone comes alone.

    Errors: TimeoutError.
    """
    writer = cast("asyncio.Task[None]", asyncio.current_task())
    cancelled, is_late = writer.cancelling(), False

    def end() -> None:
        nonlocal is_late
        is_late = True
        writer.cancel()

    ending = asyncio.get_running_loop().call_later(within, end)
    try:
        return await writing
    except asyncio.CancelledError:
        if is_late and writer.uncancel() <= cancelled:
            raise TimeoutError from None
        raise
    finally:
        ending.cancel()


def _fail(batch: Sequence[tuple[T, asyncio.Future[R]]], failure: Exception) -> None:
    for _, waiting in batch:
        if not waiting.done():
            waiting.set_exception(failure)
