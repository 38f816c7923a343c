"""The load: senders in a closed loop, a small Socket.IO client, and the samples they bring home."""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Act = Callable[[int], Awaitable[None]]

ANSWERS_WITHIN = 60.0
"""Seconds: a benchmark that gets no answer says so instead of waiting for ever."""


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


class Socket:
    """Just enough Socket.IO 5 over Engine.IO 4 for a cheap client."""

    def __init__(self, connection: ClientConnection, namespace: str) -> None:
        self._connection, self._namespace = connection, namespace
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self.on_event: Callable[[str, Any], None] = lambda name, data: None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int, namespace: str, token: str | None = None) -> "Socket":
        address = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        connection = await connect(address, compression=None, ping_interval=None, max_size=None, proxy=None)
        await connection.recv()
        await connection.send(f"40{namespace}," + json.dumps({"v": 1, "pass": token}))
        answer = await connection.recv()
        if not str(answer).startswith("40"):
            raise ConnectionError(str(answer))
        return cls(connection, namespace)

    async def ask(self, command: str, data: dict[str, Any]) -> Any:
        number = next(self._numbers)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(f"42{self._namespace},{number}{json.dumps([command, data])}")
        async with asyncio.timeout(ANSWERS_WITHIN):
            answer = await future
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer}")
        return answer

    async def close(self) -> None:
        self._reader.cancel()
        await self._connection.close()

    async def _read(self) -> None:
        why = "The server closed the connection."
        try:
            await self._read_packets()
        except ConnectionClosed as closed:
            why = str(closed)
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionError(why))

    async def _read_packets(self) -> None:
        prefix = len(self._namespace) + 3
        async for packet in self._connection:
            text = str(packet)
            if text == "2":
                await self._connection.send("3")
                continue
            kind, rest = text[:2], text[prefix:]
            if kind not in ("42", "43"):
                await self._connection.close()  # the server said goodbye
                continue
            number, _, _ = rest.partition("[")
            told = json.loads(rest[len(number) :])
            if kind == "43":
                asked = self._asked.pop(int(number))
                if not asked.done():  # it came too late
                    asked.set_result(told[0])
            else:
                self.on_event(told[0], told[1])


def percentile(waits: list[float], share: float) -> float:
    """In milliseconds."""
    if len(waits) < 2:
        return (waits or [0.0])[0] * 1000
    return statistics.quantiles(waits, n=1000, method="inclusive")[round(share * 1000) - 1] * 1000
