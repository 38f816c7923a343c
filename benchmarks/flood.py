"""Chat and the workspace while a flood of mail lands: how long each waits, with the flood and without it.

Slices of some seconds without mail and with it take turns, each kind first in every other pair, so that what
the machine does besides meets both alike. Percentiles are of the samples of all slices, and beside each ratio
stands how far chance moves it. From the start the queue is as long as an agent's screen asks for, since a
longer answer is no slower one. Senders and people share the processors with the product, as they would not;
the senders step back for everybody. No mail may be lost. 5,000 take some ten minutes, --short takes three.
"""

import argparse
import asyncio
import gc
import tempfile
import time
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import uvloop

from benchmarks.alternating import Pair, Waits, show
from benchmarks.desk import Desk, found
from benchmarks.flood_mail import Flood
from benchmarks.listeners import Socket
from benchmarks.load import closed_loop
from helpdesk.storage.database import driver_arguments, driver_dsn
from helpdesk.storage.embedded import EmbeddedDatabase
from helpdesk.storage.giving_way import SERVED_FOR

CHATTING = 4
"""Visitors who write at once, each again after a short pause: people, not a closed loop."""

LOOKING = 2
"""Agents who open the queue again and again, while it is on their screens."""

PAUSE = 0.15
FILLING = 300
FASTEST = 40
"""Mails a second that a flood could place beside people: no slice may see the end of it."""

SETTLED = 1.5
"""Seconds that no sample is taken from, until the one kind of slice has become the other."""

QUIET, LANDS = "quiet", "mail lands"


class Chatting:
    """Visitors who write and agents who open the queue, while the queue is on the agents' screens."""

    async def open(self, desk: Desk) -> None:
        self._desk = desk
        self._visitors = [await self._visitor(desk) for _ in range(CHATTING * 12)]
        self._agents = [await desk.agent(number) for number in range(LOOKING)]
        for agent in self._agents:
            await agent.ask("watch_queue", {"view": "queue"})

    async def _visitor(self, desk: Desk) -> tuple[Socket, str]:
        visitor = await desk.visitor()
        said = await visitor.ask("send_message", {"client_id": str(uuid.uuid4()), "body": "Hello?"})
        return visitor, said["ticket"]

    async def measured(self, seconds: float) -> Waits:
        """Seconds to the acknowledgement of a message, and to the queue as an agent opens it."""
        waits: Waits = {"message kept": [], "queue opened": []}
        turn = iter(range(10**9))

        async def say(_: int) -> None:
            visitor, ticket = self._visitors[next(turn) % len(self._visitors)]
            begun = time.perf_counter()
            said = {"ticket": ticket, "client_id": str(uuid.uuid4()), "body": "Still stuck"}
            await visitor.ask("send_message", said)
            waits["message kept"].append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE)

        async def look(number: int) -> None:
            begun = time.perf_counter()
            await self._agents[number].ask("watch_queue", {"view": "queue"})
            waits["queue opened"].append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE)

        await asyncio.gather(closed_loop(CHATTING, seconds, say), closed_loop(LOOKING, seconds, look))
        return waits


class Slices:
    """Quiet ones and others in turns, and what the processors did in each kind."""

    def __init__(self, desk: Desk, folder: Path, flood: Flood, chatting: Chatting, seconds: float) -> None:
        self._desk, self._folder, self._flood, self._chatting = desk, folder, flood, chatting
        self._seconds = seconds
        self.used: dict[str, Counter[str]] = {QUIET: Counter(), LANDS: Counter()}
        self.placed = 0

    async def pair(self, *, quiet_first: bool) -> Pair:
        waits: dict[str, Waits] = {}
        for when in (QUIET, LANDS) if quiet_first else (LANDS, QUIET):
            if when == QUIET:
                await self._flood.hold()
            else:
                await self._flood.go_on()
                await self._flood.keep_up(round(FASTEST * (SETTLED + self._seconds)))
            await self._desk.forgive()
            await self._chatting.measured(SETTLED)
            placed = await self._flood.placed()
            waits[when] = await self._watched(when)
            self.placed += await self._flood.placed() - placed
        return Pair(waits[QUIET], waits[LANDS])

    async def _watched(self, when: str) -> Waits:
        before = _processor_times(self._desk, self._folder)
        waits = await self._chatting.measured(self._seconds)
        after = _processor_times(self._desk, self._folder)
        after.subtract(before)
        self.used[when].update(after)
        return waits


async def measure(url: str, folder: Path, mails: int, pairs: int, seconds: float) -> None:
    desk = Desk(url, folder, await found(url, LOOKING))
    connection = await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
    flood, chatting = Flood(connection, desk.smtp_port), Chatting()
    slices, measured = Slices(desk, folder, flood, chatting, seconds), list[Pair]()
    try:
        flood.send(FILLING)
        await flood.all_placed()
        await chatting.open(desk)
        await chatting.measured(2)
        gc.freeze()
        gc.disable()
        while flood.sent < FILLING + mails and len(measured) < pairs:
            measured.append(await slices.pair(quiet_first=len(measured) % 2 == 0))
            print(f"\r{len(measured)} pairs, {flood.sent - FILLING:,} mails", end="", flush=True)
        await flood.go_on()
        await flood.all_placed()
        await asyncio.sleep(SERVED_FOR)
        flood.send(FILLING)
        alone = await flood.all_placed()
    finally:
        await connection.close()
        flood.close()
        await desk.close()
    print()
    show(measured, LANDS, _foot(slices, flood.sent, len(measured) * seconds, alone))


def _foot(slices: Slices, mails: int, seconds: float, alone: float) -> str:
    paces = f"{slices.placed / seconds:.0f} a second while people are served, {alone:.0f} with nobody there"
    lines = [f"{mails:,} mails, none lost. From the first byte to a ticket: {paces}."]
    for when, used in slices.used.items():
        lines.append(
            f"Processor, {when}: " + ", ".join(f"{name} {used[name] / seconds:.0%}" for name in used)
        )
    return "\n".join(lines)


def _processor_times(desk: Desk, folder: Path) -> Counter[str]:
    """Seconds so far, by what runs: the web process, the one beside it, the mail readers, PostgreSQL."""
    used: Counter[str] = Counter()
    web = psutil.Process(desk.server.pid)
    for process in psutil.process_iter(["cwd", "cpu_times"]):
        with suppress(psutil.Error):
            if (process.info["cwd"] or "").startswith(str(folder)):
                name = "PostgreSQL"
            elif process == web:
                name = "web"
            elif web in process.parents():
                name = "mail readers" if "child_main" in " ".join(process.cmdline()) else "beside"
            else:
                continue
            used[name] += sum(process.info["cpu_times"][:2])
    return used


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mails", type=int, help="at least so many")
    asked.add_argument("--pairs", type=int, help="of slices, at most so many")
    asked.add_argument("--seconds", type=float, help="of each slice")
    asked.add_argument("--short", action="store_true", help="for a first look, in less than three minutes")
    given = asked.parse_args()
    mails, pairs, seconds = (5000, 11, 4.5) if given.short else (5000, 1000, 10.0)
    mails, pairs, seconds = given.mails or mails, given.pairs or pairs, given.seconds or seconds
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedDatabase(folder / "postgres", say=print) as embedded:
            uvloop.run(measure(embedded.url, folder, mails, pairs, seconds))


if __name__ == "__main__":
    main()
