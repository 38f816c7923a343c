"""Chat and the workspace while a flood of mail lands: how long each waits, with the flood and without it.

The senders are a process of their own, and in turns there are none: what counts is the ratio. From the start
the queue is as long as an agent's screen asks for, since a longer answer is no slower one. Senders and people
share the processors with the product, as they would not; the senders step back for everybody. A flood begins
with the people and outlasts them: how fast mails become tickets is told for both times, and none may be lost.
"""

import argparse
import asyncio
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import uvloop

from benchmarks.desk import MAIL_ADDRESS, Desk, found
from benchmarks.listeners import Socket
from benchmarks.load import closed_loop, percentile
from helpdesk.storage.database import driver_arguments, driver_dsn
from helpdesk.storage.embedded import EmbeddedDatabase
from helpdesk.storage.giving_way import SERVED_FOR

CHATTING = 4
"""Visitors who write at once, each again after a short pause: people, not a closed loop."""

PAUSE = 0.15
SENDERS = 8
FILLING = 300
SETTLED = 2.0
"""Seconds until the process of the senders stands ready."""
_LONGEST_DRAIN = 300.0

Waits = dict[str, list[float]]


class Chatting:
    """Visitors who write and an agent who opens the queue, while the queue is on the agent's screen."""

    async def open(self, desk: Desk) -> None:
        self._desk = desk
        self._visitors = [await self._visitor(desk) for _ in range(CHATTING * 12)]
        self._agent = await desk.agent(0)
        await self._agent.ask("watch_queue", {"view": "queue"})

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

        async def look(_: int) -> None:
            begun = time.perf_counter()
            await self._agent.ask("watch_queue", {"view": "queue"})
            waits["queue opened"].append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE)

        await self._desk.forgive()
        await asyncio.gather(closed_loop(CHATTING, seconds, say), closed_loop(1, seconds, look))
        return waits


def send(port: int, count: int) -> None:
    """So many mails over a few connections, each as fast as the listener takes it, once it is told to."""
    sys.stdin.read()
    left = threading.Semaphore(count)

    def sender(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            while left.acquire(blocking=False):
                mark, me = uuid.uuid4().hex, f"kim{number}@customer.example"
                head = f"From: Kim <{me}>\r\nTo: {MAIL_ADDRESS}\r\nMessage-ID: <{mark}@customer.example>\r\n"
                client.sendmail(me, [MAIL_ADDRESS], f"{head}Subject: {mark}\r\n\r\nThe mill stops.\r\n")

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def measure(url: str, folder: Path, mails: int, rounds: int, seconds: float) -> None:
    desk = Desk(url, folder, await found(url, 1))
    connection = await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
    waits: dict[str, list[Waits]] = {"quiet": [], "mail lands": []}
    try:
        chatting = Chatting()
        filling = _Flood(connection, desk.smtp_port, FILLING, before=0)
        filling.begin()
        await filling.all_placed()
        await chatting.open(desk)
        await chatting.measured(2)
        for number in range(rounds):
            flood = _Flood(connection, desk.smtp_port, mails, before=FILLING + number * mails)
            await asyncio.sleep(SETTLED)
            waits["quiet"].append(await _watched(desk, folder, chatting, "quiet", seconds))
            flood.begin()
            waits["mail lands"].append(await _watched(desk, folder, chatting, "mail lands", seconds))
            await flood.ends()
    finally:
        await connection.close()
        await desk.close()
    for name in waits["quiet"][0]:
        for when, found_then in waits.items():
            print(f"{name:18}{when:12}{_shown(found_then, name)}")
        shares = (_share(waits, name, share) for share in (0.5, 0.95, 0.99))
        print(f"{'':18}{'ratio':12}  {'  '.join(shares)}")


async def _watched(desk: Desk, folder: Path, chatting: Chatting, when: str, seconds: float) -> Waits:
    before = _processor_times(desk, folder)
    waits = await chatting.measured(seconds)
    after = _processor_times(desk, folder)
    shares = (f"{name} {(after[name] - before[name]) / seconds:4.0%}" for name in before)
    print(f"{when:12}processor: {'  '.join(shares)}")
    return waits


class _Flood:
    """Its process stands ready from before the quiet turn, so that no start of it is measured."""

    def __init__(self, connection: asyncpg.Connection, port: int, mails: int, before: int) -> None:
        self._connection, self._all = connection, before + mails
        self._before, self._mails = before, mails
        command = [sys.executable, "-m", "benchmarks.flood", "--send", str(port), str(mails)]
        self._senders = subprocess.Popen(command, stdin=subprocess.PIPE)
        psutil.Process(self._senders.pid).nice(10)

    def begin(self) -> None:
        self._begun = time.perf_counter()
        assert self._senders.stdin is not None
        self._senders.stdin.close()

    async def ends(self) -> None:
        """The people have gone: says how fast it was with them, waits until it counts, and for the rest."""
        await self._say("people served", self._before, self._begun)
        await asyncio.sleep(SERVED_FOR)
        left, begun = await _count(self._connection), time.perf_counter()
        await self.all_placed()
        await self._say("nobody there", left, begun)

    async def all_placed(self) -> None:
        """Errors: TimeoutError when some are lost, RuntimeError when some were not taken."""
        async with asyncio.timeout(_LONGEST_DRAIN):
            while await _count(self._connection) < self._all:  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.2)
        if self._senders.wait():
            raise RuntimeError("A mail was not taken.")

    async def _say(self, when: str, before: int, begun: float) -> None:
        placed = await _count(self._connection)
        kept = await self._connection.fetchval("SELECT count(*) FROM raw_mail") - self._all + self._mails
        rate = (placed - before) / (time.perf_counter() - begun)
        print(f"{when:14}{kept} of {self._mails} mails taken; to tickets {rate:.0f} a second")


async def _count(connection: asyncpg.Connection) -> int:
    """How many mails stand on tickets."""
    return int(await connection.fetchval("SELECT count(*) FROM raw_mail WHERE state = 'on_ticket'"))


def _processor_times(desk: Desk, folder: Path) -> dict[str, float]:
    """Seconds so far, by what runs: the web process, the one beside it, the mail readers, PostgreSQL."""
    used = {"web": 0.0, "beside": 0.0, "readers": 0.0, "postgres": 0.0}
    web = psutil.Process(desk.server.pid)
    for process in psutil.process_iter(["cwd", "cpu_times"]):
        with suppress(psutil.Error):
            if (process.info["cwd"] or "").startswith(str(folder)):
                name = "postgres"
            elif web in process.parents():
                name = "readers" if "child_main" in " ".join(process.cmdline()) else "beside"
            else:
                continue
            used[name] += sum(process.info["cpu_times"][:2])
    return used | {"web": sum(web.cpu_times()[:2])}


def _share(waits: dict[str, list[Waits]], name: str, share: float) -> str:
    quiet, lands = ([wait for one in rounds for wait in one[name]] for rounds in waits.values())
    return f"p{int(share * 100)} {percentile(lands, share) / percentile(quiet, share):6.2f}"


def _shown(rounds: list[Waits], name: str) -> str:
    waits = [wait for one in rounds for wait in one[name]]
    halves = "  ".join(f"p{int(share * 100)} {percentile(waits, share):6.1f}" for share in (0.5, 0.95, 0.99))
    return f"  {halves} ms (n={len(waits)})"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mails", type=int, default=5000)
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--seconds", type=float, default=15.0)
    asked.add_argument("--send", type=int, nargs=2, metavar=("PORT", "COUNT"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.send:
        send(*given.send)
        return
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedDatabase(folder / "postgres", say=print) as embedded:
            uvloop.run(measure(embedded.url, folder, given.mails, given.rounds, given.seconds))


if __name__ == "__main__":
    main()
