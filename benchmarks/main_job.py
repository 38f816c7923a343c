"""The main job, measured beside its floors: mail in → queue row, chat send → ack → other side sees, claim.

A real `helpdesk serve` and a bare server take turns within each round, on one PostgreSQL and under one load;
rates on a shared machine wander, so the ratio within a round is what counts.
"""

import argparse
import asyncio
import itertools
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import uvloop

from benchmarks import floors
from benchmarks.desk import MAIL_ADDRESS, Desk, Server, fill_queue, found, free_port
from benchmarks.listeners import Socket
from benchmarks.load import Act, Arrivals, Sample, closed_loop
from benchmarks.table import Line, show
from helpdesk.storage.embedded import EmbeddedDatabase

Cell = Callable[[int, float], Awaitable[Sample]]
"""So many senders for so many seconds."""

CLAIMS_PER_SECOND = 2_000
"""More than anybody claims, so that the queue never runs dry."""

VISITORS = 64
"""They take turns, because nobody may send more than ten messages in ten seconds."""

TEXT = "Since this morning the mill stops after ten minutes. We have changed the fuse and the belt.\n" * 20


class MailIn:
    """(a) From the sender's DATA to the 250, and to the row on an agent's screen."""

    def __init__(self, senders: int) -> None:
        self._senders = senders
        self._arrivals = Arrivals()
        self._kept: list[float] = []

    async def open(self, desk: Desk, bare_port: int) -> None:
        self._desk = desk
        self._ours = [await _smtp(desk.smtp_port, sender) for sender in range(self._senders)]
        self._bare = [await _smtp(bare_port, sender) for sender in range(self._senders)]

    async def ours(self, senders: int, seconds: float) -> Sample:
        screen = await self._desk.agent(0)
        screen.on_event = self._row
        await screen.ask("watch_queue", {"view": "queue"})
        kept: list[float] = []

        async def act(sender: int) -> None:
            mark = uuid.uuid4().hex
            self._arrivals.sent(mark)
            begun = asyncio.get_running_loop().time()
            await self._ours[sender].send_message(_mail(mark))
            kept.append(asyncio.get_running_loop().time() - begun)
            await self._arrivals.until_seen(mark)

        sample = await closed_loop(senders, seconds, act)
        await self._arrivals.settle()
        screen.close()
        sample.waits["kept"] = kept
        return sample

    async def bare(self, senders: int, seconds: float) -> Sample:
        async def act(sender: int) -> None:
            await self._bare[sender].send_message(_mail(uuid.uuid4().hex))

        return await closed_loop(senders, seconds, act)

    async def close(self) -> None:
        for client in (*self._ours, *self._bare):
            await client.quit()

    def _row(self, name: str, data: Any) -> None:
        for told in data["rows"] if name == "queue_rows" else ():
            if told["row"] is not None:
                self._arrivals.seen(told["row"]["subject"])


class Chat:
    """(b) From a visitor's send to the acknowledgement, and to the agent who has the ticket open."""

    def __init__(self, senders: int) -> None:
        self._senders = senders
        self._arrivals = Arrivals()

    async def open(self, desk: Desk, bare_port: int) -> None:
        self._desk = desk
        self._agent = await desk.agent(0)
        self._visitors = [await self._visitor(desk) for _ in range(max(VISITORS, self._senders))]
        self._agent.on_event = self._event
        self._bare = [await Socket.open(bare_port, "/floor") for _ in range(self._senders)]
        self._screen = await Socket.open(bare_port, "/floor")
        await self._screen.ask("watch", {})
        self._screen.on_event = lambda name, data: self._arrivals.seen(data["body"])

    async def ours(self, senders: int, seconds: float) -> Sample:
        turns = [itertools.cycle(self._visitors[sender::senders]) for sender in range(senders)]

        async def act(sender: int) -> None:
            mark, (visitor, ticket) = str(uuid.uuid4()), next(turns[sender])
            self._arrivals.sent(mark)
            said = {"ticket": ticket, "client_id": str(uuid.uuid4()), "body": mark}
            await visitor.ask("send_message", said)

        await self._desk.forgive()
        return await self._seen(await closed_loop(senders, seconds, act))

    async def echo(self, senders: int, seconds: float) -> Sample:
        return await self._seen(await closed_loop(senders, seconds, self._tell("echo")))

    async def write(self, senders: int, seconds: float) -> Sample:
        return await self._seen(await closed_loop(senders, seconds, self._tell("write")))

    async def close(self) -> None:
        for one in (*(visitor for visitor, _ in self._visitors), *self._bare, self._agent, self._screen):
            one.close()

    async def _visitor(self, desk: Desk) -> tuple[Socket, str]:
        """A visitor with a ticket that the agent has open too."""
        visitor = await desk.visitor()
        said = await visitor.ask("send_message", {"client_id": str(uuid.uuid4()), "body": "Hello?"})
        for side in (visitor, self._agent):
            await side.ask("sync", {"ticket": said["ticket"]})
        return visitor, said["ticket"]

    def _tell(self, command: str) -> Act:
        async def act(sender: int) -> None:
            mark = str(uuid.uuid4())
            self._arrivals.sent(mark)
            said = {"ticket": str(floors.conversation(sender)), "client_id": str(uuid.uuid4()), "body": mark}
            await self._bare[sender].ask(command, said)

        return act

    async def _seen(self, sample: Sample) -> Sample:
        sample.waits["seen"] = await self._arrivals.settle()
        return sample

    def _event(self, name: str, data: Any) -> None:
        for event in data["events"] if name == "events" else ():
            self._arrivals.seen(event["data"].get("body", ""))


class Claim:
    """(c) From an agent's key press to the ticket being theirs."""

    def __init__(self, senders: int) -> None:
        self._senders = senders

    async def open(self, desk: Desk, bare_port: int) -> None:
        self._agents = [await desk.agent(number) for number in range(self._senders)]

    async def ours(self, senders: int, seconds: float) -> Sample:
        claimed: list[tuple[str, int]] = []

        async def act(sender: int) -> None:
            answer = await self._agents[sender].ask("claim_next", {"client_id": str(uuid.uuid4())})
            claimed.append((answer["ticket"], answer.get("version", 0)))

        sample = await closed_loop(senders, seconds, act)
        if (None, 0) in claimed:
            raise RuntimeError("The queue ran dry.")
        if len(set(claimed)) != len(claimed):  # again at a later version: it was given back meanwhile
            raise RuntimeError("A ticket was claimed twice.")
        return sample

    async def close(self) -> None:
        for one in self._agents:
            one.close()


async def measure(url: str, folder: Path, levels: list[int], rounds: int, seconds: float) -> None:
    most = max(levels)
    company = await found(url, most)
    await fill_queue(url, company.pattern, round(CLAIMS_PER_SECOND * seconds * rounds * len(levels)))
    bare_url = await floors.prepare(url)
    bare_port, bare_smtp = free_port(), free_port()
    bare = Server(["benchmarks.floors", bare_url, str(bare_port), str(bare_smtp)], [bare_port, bare_smtp], {})
    try:
        desk = Desk(url, folder, company)
        try:
            driver = await floors.Driver.open(bare_url)
            jobs = _Jobs(MailIn(most), Chat(most), Claim(most))
            await jobs.run(desk, driver, (bare_port, bare_smtp), levels, rounds, seconds)
            await driver.close()
        finally:
            await desk.close()
    finally:
        bare.stop()


class _Jobs:
    """The lines of the table, and what fills them."""

    def __init__(self, mail: MailIn, chat: Chat, claim: Claim) -> None:
        self._mail, self._chat, self._claim = mail, chat, claim

    async def run(
        self,
        desk: Desk,
        driver: floors.Driver,
        ports: tuple[int, int],
        levels: list[int],
        rounds: int,
        seconds: float,
    ) -> None:
        bare_port, bare_smtp = ports
        await self._mail.open(desk, bare_smtp)
        await self._chat.open(desk, bare_port)
        await self._claim.open(desk, bare_port)
        ours, bare = self._cells(driver)
        for cell in (*ours.values(), *bare.values()):
            await cell(min(8, max(levels)), seconds / 2)
        costs: dict[str, list[float]] = {name: [] for name in ours}
        lines = {name: Line(name) for name in (*ours, *bare)}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds} …", flush=True)
            for level in levels:
                for name, cell in (*ours.items(), *bare.items()):
                    before = desk.server.cpu()
                    sample = await cell(level, seconds)
                    lines[name].add(level, sample)
                    if name in costs:
                        costs[name].append((desk.server.cpu() - before) / sample.done)
        for job in (self._mail, self._chat, self._claim):
            await job.close()
        _report(lines, levels, costs, rounds, seconds)

    def _cells(self, driver: floors.Driver) -> tuple[dict[str, Cell], dict[str, Cell]]:
        def driven(act: Act) -> Cell:
            return lambda senders, seconds: closed_loop(senders, seconds, act)

        ours: dict[str, Cell] = {"mail": self._mail.ours, "chat": self._chat.ours, "claim": self._claim.ours}
        bare: dict[str, Cell] = {
            "aiosmtpd": self._mail.bare,
            "echo": self._chat.echo,
            "write": self._chat.write,
            "insert": driven(driver.insert(TEXT[:200].encode())),
            "one_cte": driven(driver.say),
            "skip_locked": driven(driver.claim),
        }
        return ours, bare


def _report(
    lines: dict[str, Line], levels: list[int], costs: dict[str, list[float]], rounds: int, seconds: float
) -> None:
    def floor(name: str, title: str, wait: str = "", goal: str = "") -> Line:
        return Line(title, wait, lines[name].samples, goal=goal)

    mail, chat, claim = lines["mail"].samples, lines["chat"].samples, lines["claim"].samples
    smtp = "bare aiosmtpd, insert + commit"
    shown = [
        Line("mail in → 250", "kept", mail, [floor("aiosmtpd", smtp)]),
        Line("mail in → row in the queue", "", mail, [floor("aiosmtpd", smtp)]),
        Line(
            "chat: send → ack",
            "",
            chat,
            [
                floor("one_cte", "bare asyncpg, one CTE", goal="60% at 32"),
                floor("insert", "bare asyncpg, insert + commit"),
                floor("echo", "bare Socket.IO, echo"),
                floor("write", "bare Socket.IO, one CTE"),
            ],
        ),
        Line(
            "chat: send → other side sees",
            "seen",
            chat,
            [
                floor("echo", "bare Socket.IO, echo", "seen"),
                floor("write", "bare Socket.IO, one CTE", "seen"),
            ],
        ),
        Line("claim the next", "", claim, [floor("skip_locked", "bare asyncpg, SKIP LOCKED")]),
    ]
    cpu = ", ".join(f"{name} {sum(spent) / len(spent) * 1000:.2f} ms" for name, spent in costs.items())
    foot = (
        f"{rounds} rounds of {seconds:g} s a cell. Of floor: our rate over the floor's in the same round, or"
        " its p50 over ours where only\na wait is given; the median of the rounds. Processor time of our"
        f" server per operation: {cpu}."
    )
    show(shown, levels, foot)


async def _smtp(port: int, sender: int) -> aiosmtplib.SMTP:
    """From several addresses of the loopback net: the listener lets in twenty connections of each peer."""
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1",
        port=port,
        start_tls=False,
        source_address=(f"127.0.0.{1 + sender // 16}", 0),
        timeout=60,
    )
    await client.connect()
    return client


def _mail(mark: str) -> EmailMessage:
    """A stranger's first mail; the mark is its subject."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Kim Berg <{mark}@customer.example>", MAIL_ADDRESS
    mail["Subject"], mail["Message-ID"] = mark, f"<{mark}@customer.example>"
    mail.set_content(TEXT)
    mail.add_alternative(f"<p>{TEXT}</p>", subtype="html")
    return mail


@contextmanager
def database() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs under another account
        with EmbeddedDatabase(folder / "postgres", say=print) as embedded:
            yield embedded.url, folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6, help="length of each cell of a round")
    parser.add_argument("--senders", type=int, nargs="+", default=[1, 8, 32], metavar="N", help="at most 32")
    wanted = parser.parse_args()
    with database() as (url, folder):
        uvloop.run(measure(url, folder, wanted.senders, wanted.rounds, wanted.seconds))


if __name__ == "__main__":
    main()
