"""Group commit: what arrives while one batch is being written shares the next, each with its own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

from helpdesk.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")

MOST = 64
"""In one batch, so that nobody's answer waits for a crowd's."""

WITHIN = 20.0
"""Seconds for a batch, more than the longest wait for a lock: a connection that died silently must not keep
whoever comes after."""


class Gathering(Generic[T, R]):
    """`write` commits a batch, all or nothing, and answers for each in order.

    Nobody waits for company: who comes alone is written alone, at once, in their own task. What one item
    breaks, the others do not feel: they are written again, one by one. One batch at a time, since a
    statement costs more than its rows: two at once were slower than one of twice the size.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        within: float | None = None,
        most: int | None = None,
    ) -> None:
        self._write, self._within, self._most = write, within, most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writer: asyncio.Task[None] | None = None  # the loop alone would not keep it
        self._is_writing = False
        self._is_quiet = True

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self._is_writing

    async def add(self, item: T) -> R:
        """Its answer, after the commit. Errors: what `write` raises of it alone. Whoever stops waiting
        does not take it back, unless they came alone: then it is cut off as any transaction would be."""
        if not self._is_writing and self._is_quiet:  # among many, all of a moment are better together
            return await self._add_alone(item)
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._begin()
        return await answer

    async def _add_alone(self, item: T) -> R:
        self._is_writing = True
        try:
            [answer] = await _in_time(self._write([item]), self._within or WITHIN)
        except TimeoutError:
            raise Unavailable("database_unavailable") from None
        finally:
            self._is_writing = False
            self._is_quiet = self._is_quiet and not self._waiting
            self._begin()
        return answer

    def _begin(self) -> None:
        if self._waiting and not self._is_writing:
            self._is_writing = True
            self._writer = asyncio.create_task(self._run(), name="gathering")

    async def _run(self) -> None:
        try:
            while self._waiting:
                most = self._most or MOST
                batch, self._waiting = self._waiting[:most], self._waiting[most:]
                self._is_quiet = len(batch) == 1
                await self._settle(batch)
                await asyncio.sleep(0)  # who was answered and asks again at once goes with the others
        finally:  # at once: nobody waits for one that has ended
            self._is_writing = False

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
