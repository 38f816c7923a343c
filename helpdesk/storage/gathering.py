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
        most: Callable[[], int] | None = None,
    ) -> None:
        """`most` is asked before each batch."""
        self._write, self._most = write, most
        self._watch = _Watch(within or WITHIN)
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
        if self._is_writing or not self._is_quiet:  # among many, all of a moment are better together
            answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
            self._waiting.append((item, answer))
            self._begin()
            return await answer
        self._is_writing = True
        self._watch.begin()
        try:
            [alone] = await self._write([item])
            return alone
        except asyncio.CancelledError:
            self._watch.require_in_time()
            raise
        finally:
            self._watch.end()
            self._is_writing = False
            if self._waiting:
                self._is_quiet = False
                self._begin()

    def _begin(self) -> None:
        if self._waiting and not self._is_writing:
            self._is_writing = True
            self._writer = asyncio.create_task(self._run(), name="gathering")

    async def _run(self) -> None:
        try:
            while self._waiting:
                most = self._most() if self._most else MOST
                batch, self._waiting = self._waiting[:most], self._waiting[most:]
                self._is_quiet = len(batch) == 1
                await self._settle(batch)
                await asyncio.sleep(0)  # who was answered and asks again at once goes with the others
        finally:  # at once: nobody waits for one that has ended
            self._is_writing = False

    async def _settle(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._written([item for item, _ in batch])
        except Unavailable as failure:  # of the database: nobody would fare better alone
            _fail(batch, failure)
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

    async def _written(self, items: Sequence[T]) -> Sequence[R]:
        self._watch.begin()
        try:
            return await self._write(items)
        except asyncio.CancelledError:
            self._watch.require_in_time()
            raise
        finally:
            self._watch.end()


class _Watch:
    """What asyncio.timeout does for one thing after another, at a fraction of its cost, which is felt where
    someone comes alone: its timer runs on from one to the next, and looks only when it rings."""

    def __init__(self, within: float) -> None:
        self._within = within
        self._task: asyncio.Task[object] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._cancelled = 0
        self._is_late = False

    def begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = task = cast("asyncio.Task[object]", asyncio.current_task())
        self._cancelled, self._is_late = task.cancelling(), False
        self._until = loop.time() + self._within
        if self._timer is None:
            self._timer = loop.call_later(self._within, self._look)

    def end(self) -> None:
        self._task = None

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._until:
            self._timer = loop.call_at(self._until, self._look)
        else:
            self._is_late = True
            self._task.cancel()

    def require_in_time(self) -> None:
        """After a cancellation. Errors: Unavailable where it was ours alone."""
        if self._is_late and self._task is not None and self._task.uncancel() <= self._cancelled:
            raise Unavailable("database_unavailable") from None


def _fail(batch: Sequence[tuple[T, asyncio.Future[R]]], failure: Exception) -> None:
    for _, waiting in batch:
        if not waiting.done():
            waiting.set_exception(failure)
