"""The chat, measured beside its floors: durable messages, a connected crowd, fan-out, memory, the bus.

A real `helpdesk serve` and a bare server take turns on one PostgreSQL; ratios within a run are what counts.
"""

import argparse
import asyncio
import itertools
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop

from benchmarks import floors, widget
from benchmarks.bus import commit_rate
from benchmarks.desk import Desk, Server, found, free_port
from benchmarks.listeners import Listener, Socket
from benchmarks.load import Arrivals, Sample, closed_loop, percentile
from benchmarks.main_job import Chat, database
from benchmarks.table import Figures
from tests.browser.chromium import executable

SENDERS = 32
ACTIVE = 100
"""Visitors of a crowd who say something; the others are only there."""

PER_SECOND = 50.0
WARMING = 2.0
"""Seconds of each before anything counts: what is compiled and planned once is no part of a rate."""

TOGETHER = 8
"""How many open a connection at once while a crowd gathers."""


@dataclass(frozen=True)
class Size:
    """How much is measured: `seconds` of each cell of a round, `times` messages of a fan-out, `idle` sockets
    whose memory is measured."""

    rounds: int
    seconds: float
    crowds: tuple[int, ...]
    crowd_seconds: float
    rooms: tuple[int, ...]
    times: int
    idle: int


WHOLE = Size(5, 1.5, (100, 1000, 2000), 8.0, (100, 1000), 100, 1000)
QUICK = Size(3, 0.5, (100,), 4.0, (100,), 15, 200)


class Bench:
    def __init__(self, desk: Desk, driver: floors.Driver, bare: Server, bare_port: int) -> None:
        self._desk, self._driver, self._bare, self._bare_port = desk, driver, bare, bare_port
        self.figures = Figures("chat")

    async def durable(self, rounds: int, seconds: float) -> None:
        """Socket.IO send → committed → acknowledged, against one CTE by bare asyncpg."""
        senders = Chat(SENDERS)
        await senders.open(self._desk, self._bare_port)
        await senders.ours(SENDERS, WARMING)
        await closed_loop(SENDERS, WARMING, self._driver.say)
        await senders.write(SENDERS, WARMING)
        ours: list[Sample] = []
        bare: list[Sample] = []
        written: list[Sample] = []
        for _ in range(rounds):
            ours.append(await senders.ours(SENDERS, seconds))
            bare.append(await closed_loop(SENDERS, seconds, self._driver.say))
            written.append(await senders.write(SENDERS, seconds))
        await senders.close()
        rate = statistics.median(sample.rate for sample in ours)
        for name, floor, goal in (
            ("one-statement asyncpg", bare, ">= 60 %"),
            ("the same behind bare Socket.IO", written, ""),
        ):
            share = statistics.median(a.rate / b.rate for a, b in zip(ours, floor, strict=True))
            beside = f"{statistics.median(sample.rate for sample in floor):,.0f}/s {name}"
            self.figures.add(
                f"durable messages, {SENDERS} senders", f"{rate:,.0f}/s", beside, f"{share:.0%}", goal
            )

    async def crowd(self, count: int, seconds: float) -> None:
        """Fifty messages a second among so many who are connected."""
        people = [await self._speaker() for _ in range(min(count, ACTIVE))]
        idle = await _together(count - len(people), self._bystander)
        agent, arrivals = await self._desk.agent(0), Arrivals()
        agent.on_event = lambda name, data: _arrived(arrivals, name, data)
        for _, ticket in people:
            await agent.ask("sync", {"ticket": ticket})
        acks: list[float] = []

        async def say(number: int) -> None:
            visitor, ticket = people[number % len(people)]
            mark = str(uuid.uuid4())
            arrivals.sent(mark)
            begun = time.perf_counter()
            await visitor.ask("send_message", {"ticket": ticket, "client_id": mark, "body": mark})
            acks.append(time.perf_counter() - begun)

        await self._desk.forgive()
        await _at_a_steady_pace(say, PER_SECOND, seconds)
        seen = await arrivals.settle()
        title = f"{count:,} connected, {PER_SECOND:.0f} messages/s"
        self.figures.add(f"{title}: send → ack", _spread(acks))
        self.figures.add(f"{title}: → seen by the agent", _spread(seen), goal="p99 <= 100 ms")
        for one in (*(visitor for visitor, _ in people), agent):
            one.close()
        for listener in idle:
            listener.close()

    async def fan_out(self, count: int, times: int) -> None:
        """One message to so many sockets, each time until the last has it."""
        visitor, ticket = await self._speaker()
        agent = await self._desk.agent(1)

        async def ours(number: int) -> None:
            await agent.ask(
                "send_message",
                {"ticket": ticket, "client_id": str(uuid.uuid4()), "body": _mark(number), "kind": "note"},
            )

        async def listen(heard: Any) -> Listener:
            one = await Listener.open(self._desk.port, "/agent", await self._desk.agent_pass(0), heard)
            await one.ask("sync", {"ticket": ticket})
            return one

        mine = await self._fan_out(count, times, listen, ours)
        bare = await Socket.open(self._bare_port, "/floor")

        async def watch(heard: Any) -> Listener:
            one = await Listener.open(self._bare_port, "/floor", None, heard)
            await one.ask("watch", {})
            return one

        async def write(number: int) -> None:
            said = {"ticket": str(floors.conversation(0)), "body": _mark(number)}
            await bare.ask("write", said)

        stock = await self._fan_out(count, times, watch, write)
        for one in (visitor, agent, bare):
            one.close()
        rate, floor = (count / statistics.median(whole) for whole, _ in (mine, stock))
        p50, p99 = percentile(mine[1], 0.5), percentile(mine[1], 0.99)
        title, share = f"one message to {count:,} sockets", f"{rate / floor:.0%}"
        self.figures.add(f"{title}, deliveries", f"{rate:,.0f}/s", f"{floor:,.0f}/s stock", share, ">= 100 %")
        beside, ratio = f"{_spread(stock[1])} stock", f"p99 = {p99 / p50:.1f} p50"
        self.figures.add(f"{title}, each", _spread(mine[1]), beside, ratio, "<= 3 p50")

    async def _fan_out(
        self,
        count: int,
        times: int,
        listen: Callable[[Any], Awaitable[Listener]],
        say: Callable[[int], Awaitable[None]],
    ) -> tuple[list[float], list[float]]:
        """Seconds until everybody, and until each, had it."""
        each: list[float] = []
        begun, missing, everybody, mark = 0.0, 0, asyncio.Event(), b""

        def heard(at: float, frame: bytes) -> None:
            nonlocal missing
            if mark in frame:
                each.append(at - begun)
                missing -= 1
                if missing == 0:
                    everybody.set()

        listeners = await _together(count, lambda: listen(heard))
        whole = []
        for number in range(times + 3):
            missing, mark, begun = count, _mark(number).encode(), time.perf_counter()
            everybody.clear()
            asked = asyncio.create_task(say(number))
            await asyncio.wait_for(everybody.wait(), 60)
            whole.append(time.perf_counter() - begun)
            await asked
            if number == 2:  # the first are for warming up
                whole.clear()
                each.clear()
        for one in listeners:
            one.close()
        return whole, each

    async def memory(self, count: int) -> None:
        """What a socket costs that is only there, with its session."""

        async def bare() -> Listener:
            return await Listener.open(self._bare_port, "/floor", None, _nothing)

        ours = await self._grown(self._desk.server, count, self._bystander)
        stock = await self._grown(self._bare, count, bare)
        title, share = f"memory of an idle socket, of {count:,}", f"{ours / stock:.0%}"
        self.figures.add(title, f"{ours:.0f} KiB", f"{stock:.0f} KiB stock", share, "<= 60 KiB")

    async def bus(self, url: str, rounds: int, seconds: float) -> None:
        """Commits of this process with the hints on their way, and without."""
        rates: dict[bool, list[float]] = {False: [], True: []}
        for _, is_on in itertools.product(range(rounds), (False, True)):
            rates[is_on].append(await commit_rate(url, is_on=is_on, senders=SENDERS, seconds=seconds))
        off, on = statistics.median(rates[False]), statistics.median(rates[True])
        share = statistics.median(b / a for a, b in zip(rates[False], rates[True], strict=True))
        self.figures.add(
            "messages/s with the bus", f"{on:,.0f}/s", f"{off:,.0f}/s without", f"{share:.0%}", ">= 90 %"
        )

    async def weights(self) -> None:
        if executable() is None:
            self.figures.add("weights of the widget", "no Chromium here")
            return
        loader, opened = await widget.weigh(self._desk.port)
        for what, cost, goal in (
            ("a page loads the widget, gzip", loader, "<= 4 KB, 1 request"),
            ("opened and a message sent, gzip", opened, "<= 45 KB, 5 requests"),
        ):
            self.figures.add(what, f"{cost.sent / 1024:.1f} KB, {cost.requests:.0f} requests", goal=goal)

    async def _grown(self, server: Server, count: int, open_one: Callable[[], Awaitable[Listener]]) -> float:
        first = await _together(50, open_one)
        before = server.memory()
        listeners = await _together(count, open_one)
        await asyncio.sleep(0.5)
        grown = server.memory() - before
        for one in (*first, *listeners):
            one.close()
        return grown / count / 1024

    async def _speaker(self) -> tuple[Socket, str]:
        visitor = await self._desk.visitor()
        said = await visitor.ask("send_message", {"client_id": str(uuid.uuid4()), "body": "Hello?"})
        await visitor.ask("sync", {"ticket": said["ticket"]})
        return visitor, said["ticket"]

    async def _bystander(self) -> Listener:
        return await Listener.open(self._desk.port, "/widget", await self._desk.visitor_pass(), _nothing)


async def _together(count: int, open_one: Callable[[], Awaitable[Listener]]) -> list[Listener]:
    found: list[Listener] = []
    for first in range(0, count, TOGETHER):
        some = range(min(TOGETHER, count - first))
        found += await asyncio.gather(*(open_one() for _ in some))
    return found


async def _at_a_steady_pace(act: Callable[[int], Awaitable[None]], per_second: float, seconds: float) -> None:
    """Whether or not the last one is done."""
    loop, tasks = asyncio.get_running_loop(), []
    begun = loop.time()
    for number in range(round(per_second * seconds)):
        await asyncio.sleep(max(0.0, begun + number / per_second - loop.time()))
        tasks.append(asyncio.create_task(act(number)))
    await asyncio.gather(*tasks)


def _arrived(arrivals: Arrivals, name: str, data: Any) -> None:
    for event in data["events"] if name == "events" else ():
        arrivals.seen(event["data"].get("body", ""))


def _mark(number: int) -> str:
    return f"number {number:06}."


def _nothing(at: float, frame: bytes) -> None:
    pass


def _spread(waits: list[float]) -> str:
    return f"{percentile(waits, 0.5):.1f} / {percentile(waits, 0.99):.1f} ms"


async def measure(url: str, folder: Path, wanted: Size) -> None:
    company = await found(url, 2)
    bare_url = await floors.prepare(url)
    bare_port, bare_smtp = free_port(), free_port()
    bare = Server(["benchmarks.floors", bare_url, str(bare_port), str(bare_smtp)], [bare_port, bare_smtp], {})
    try:
        desk = Desk(url, folder, company)
        try:
            driver = await floors.Driver.open(bare_url)
            bench = Bench(desk, driver, bare, bare_port)
            await bench.durable(wanted.rounds, wanted.seconds)
            await bench.bus(url, wanted.rounds, wanted.seconds)
            await bench.weights()
            await bench.memory(wanted.idle)
            for count in wanted.rooms:
                await bench.fan_out(count, wanted.times)
            for count in wanted.crowds:
                await bench.crowd(count, wanted.crowd_seconds)
            bench.figures.show(
                "p50 / p99. The machine's own load wanders: compare what stands in one row. Load average"
                f" {psutil.getloadavg()[0]:.1f}."
            )
            await driver.close()
        finally:
            await desk.close()
    finally:
        bare.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes: never more than a hundred at once")
    wanted = QUICK if parser.parse_args().quick else WHOLE
    with database() as (url, folder):
        uvloop.run(measure(url, folder, wanted))


if __name__ == "__main__":
    main()
