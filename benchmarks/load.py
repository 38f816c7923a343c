"""The load: senders in a closed loop, and the samples they bring home."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Act = Callable[[int], Awaitable[None]]


@dataclass
class Sample:
    """One cell of one round. `waits` are seconds, by what was waited for; `cpu` is the server's seconds."""

    done: int
    seconds: float
    waits: dict[str, list[float]] = field(default_factory=dict)
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        return self.done / self.seconds


async def closed_loop(senders: int, seconds: float, act: Act) -> Sample:
    """Each sender acts again as soon as its last act has ended; `act` is told which sender it is."""
    waits: list[float] = []
    start = time.perf_counter()

    async def send(sender: int) -> None:
        while (begun := time.perf_counter()) - start < seconds:
            await act(sender)
            waits.append(time.perf_counter() - begun)

    await asyncio.gather(*(send(sender) for sender in range(senders)))
    return Sample(len(waits), time.perf_counter() - start, {"": waits})


class Arrivals:
    """Moments at which something sent was seen elsewhere, by a mark it carries."""

    def __init__(self) -> None:
        self._sent: dict[str, float] = {}
        self._waiting: dict[str, asyncio.Event] = {}
        self.waits: list[float] = []

    def sent(self, mark: str) -> None:
        self._sent[mark], self._waiting[mark] = time.perf_counter(), asyncio.Event()

    def seen(self, mark: str) -> None:
        if mark in self._sent:
            self.waits.append(time.perf_counter() - self._sent.pop(mark))
            self._waiting.pop(mark).set()

    async def until_seen(self, mark: str) -> None:
        if mark in self._waiting:
            await asyncio.wait_for(self._waiting[mark].wait(), 30)

    async def settle(self) -> list[float]:
        """Waits for what is still under way. Errors: TimeoutError when something never arrives."""
        for mark in list(self._waiting):
            await self.until_seen(mark)
        waits, self.waits = self.waits, []
        return waits


def percentile(waits: list[float], share: float) -> float:
    """In milliseconds."""
    if len(waits) < 2:
        return (waits or [0.0])[0] * 1000
    return statistics.quantiles(waits, n=1000, method="inclusive")[round(share * 1000) - 1] * 1000
