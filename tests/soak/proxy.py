"""A bad network between clients and server: latency, cuts, connections that hang half open, slow readers."""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field

HANGS_FOR = 6.0
"""Seconds until somebody on the way forgets a connection that hangs."""

SLOW = 20_000
"""Bytes in a second that a slow reader takes."""


@dataclass
class Fate:
    """What becomes of one connection."""

    kind: str
    latency: float
    lasts: float


@dataclass
class Proxy:
    """Listens on a port of its own and passes everything on to one of the `servers`, for better or worse."""

    servers: list[int]
    chance: random.Random
    is_calm: bool = False
    """No new mischief; connections of a bad fate have met it or will."""
    met: Counter[str] = field(default_factory=Counter)
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            there, upstream = await asyncio.open_connection("127.0.0.1", self.chance.choice(self.servers))
        except OSError:
            writer.transport.abort()
            return
        try:
            with contextlib.suppress(asyncio.CancelledError):  # stop ends them
                await self._carry(reader, writer, there, upstream)
        finally:
            writer.transport.abort()
            upstream.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> None:
        fate = self._fate()
        slow = SLOW if fate.kind == "slow" else None
        pumps = [
            asyncio.create_task(_pump(reader, upstream, fate.latency, None)),
            asyncio.create_task(_pump(there, writer, fate.latency, slow)),
        ]
        try:
            lasts = fate.lasts if fate.kind in ("cut", "hang") else None
            done, _ = await asyncio.wait(pumps, timeout=lasts, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self.met[fate.kind] += 1
                if fate.kind == "hang":
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.sleep(HANGS_FOR)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def _fate(self) -> Fate:
        if self.is_calm:
            return Fate("good", 0.0, 0.0)
        kinds = ("good", "far", "cut", "hang", "slow")
        kind = self.chance.choices(kinds, weights=(40, 30, 18, 4, 8))[0]
        if kind in ("far", "slow"):
            self.met[kind] += 1
        latency = self.chance.uniform(0.02, 0.15) if kind == "far" else 0.0
        return Fate(kind, latency, self.chance.expovariate(1 / 6))


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency: float, slow: int | None
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536 if slow is None else 2048):
            if latency:
                await asyncio.sleep(latency)
            if slow is not None:
                await asyncio.sleep(len(data) / slow)
            writer.write(data)
            await writer.drain()
