"""Two floods: sockets that never say who they are, and everybody of a killed process coming back at once."""

import asyncio
import random
import time
from dataclasses import dataclass

from helpdesk.realtime.server import CONNECT_WITHIN
from tests.soak.client import Client
from tests.soak.processes import Cluster

AT_ONCE = 50
"""How many connections are opened at the same moment."""

BACK_WITHIN = 10.0
"""Seconds in which 99 of 100 are back after their process was killed."""


class Nameless(asyncio.Protocol):
    """A websocket that is opened and then says nothing. `lived` is how long the server bore it."""

    def __init__(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._port = port
        self._begun = 0.0
        self.opened: asyncio.Future[None] = loop.create_future()
        self.lived: asyncio.Future[float] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self._begun = time.monotonic()
            self.opened.set_result(None)

    def connection_lost(self, why: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(why or ConnectionError("refused"))
        self.lived.set_result(time.monotonic() - self._begun)


async def nameless(port: int, count: int) -> list[Nameless]:
    """So many of them, all open."""
    loop, found = asyncio.get_running_loop(), []
    for first in range(0, count, AT_ONCE):
        some = [Nameless(port) for _ in range(min(AT_ONCE, count - first))]
        await asyncio.gather(
            *(loop.create_connection(lambda one=one: one, "127.0.0.1", port) for one in some)  # type: ignore[misc]
        )
        await asyncio.gather(*(one.opened for one in some))
        found += some
    return found


async def lives(sockets: list[Nameless], within: float) -> list[float]:
    """How long each was borne. Errors: TimeoutError when one is still open then."""
    async with asyncio.timeout(within):
        return list(await asyncio.gather(*(one.lived for one in sockets)))


async def kill_and_come_back(
    cluster: Cluster, clients: list[Client], ticket: str, chance: random.Random, within: float
) -> list[float]:
    """Kills a process that serves some of these clients, which all read `ticket`, and says something there
    while they are away. How long each was without a socket that has caught up. Errors: TimeoutError."""
    before = [len(client.outages) for client in clients]
    async with asyncio.timeout(within):
        await asyncio.gather(*(client.live.wait() for client in clients))
        while all(client.live.is_set() for client in clients):
            cluster.kill_somebody(chance)  # perhaps the one that serves nobody
            await asyncio.sleep(0.5)
        said = await clients[0].say(ticket, f"{clients[0].name} says {len(clients[0].said) + 1}", "note")
        while not all(
            client.live.is_set() and client.logs[ticket].cursor >= said.version for client in clients
        ):
            await asyncio.sleep(0.05)
    return [
        outage for client, known in zip(clients, before, strict=True) for outage in client.outages[known:]
    ]


@dataclass(frozen=True)
class Floods:
    lives: list[float]
    outages: list[float]
    clients: int

    @property
    def broken(self) -> list[str]:
        slow = [outage for outage in self.outages if outage > BACK_WITHIN]
        found = []
        if len(slow) > len(self.outages) / 100:
            found.append(f"{len(slow)} of {len(self.outages)} took more than {BACK_WITHIN:g} s to come back")
        if max(self.lives) > CONNECT_WITHIN * 2:
            found.append(f"a nameless socket was borne for {max(self.lives):.1f} s")
        return found

    def __str__(self) -> str:
        back = sorted(self.outages)
        half, most = back[len(back) // 2], back[len(back) * 99 // 100]
        lines = [
            f"{len(self.lives)} sockets that never said who they are: closed after",
            f"  {min(self.lives):.1f} to {max(self.lives):.1f} s",
            f"{len(back)} of {self.clients} sockets lost their process; back and caught up after",
            f"  {half:.1f} s (half), {most:.1f} s (99 of 100), {back[-1]:.1f} s (all)",
        ]
        return "\n".join([*lines, *(f"BROKEN: {one}" for one in self.broken)])


async def floods(cluster: Cluster, *, clients: int, sockets: int, seed: int, within: float) -> Floods:
    """The cluster is fresh."""
    company, chance = await cluster.start(1), random.Random(seed)
    ticket = str(company.pattern)
    silent = await nameless(cluster.ports[0], sockets)
    people = [
        Client(f"agent{number}", cluster.ports[0], company.tokens[0], chance) for number in range(clients)
    ]
    try:
        for first in range(0, clients, AT_ONCE):
            for one in people[first : first + AT_ONCE]:
                one.start()
                await one.watch(ticket)
            await asyncio.gather(*(one.live.wait() for one in people[first : first + AT_ONCE]))
        borne = await lives(silent, within)
        outages = await kill_and_come_back(cluster, people, ticket, chance, within)
    finally:
        await asyncio.gather(*(one.stop() for one in people))
    return Floods(borne, outages, clients)
