"""A client by the rules of the protocol: keeps what it says until it is acknowledged, a cursor per ticket.

It is written from the protocol alone and shares no code with the server.
"""

import asyncio
import json
import random
import re
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.soak.line import ANSWER_WITHIN, LOST, Line

TRY_AGAIN = frozenset({"unavailable", "rate_limited", "draining"})
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Log:
    """What one client knows of one ticket, in the order in which it learnt it."""

    cursor: int = 0
    events: list[tuple[int, str]] = field(default_factory=list)
    is_syncing: bool = False
    is_behind: bool = False
    """Something was heard of while it was being synced."""

    def take(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["version"] > self.cursor:
                self.events.append((event["version"], event["id"]))
                self.cursor = event["version"]


@dataclass(frozen=True)
class Said:
    """A message that was acknowledged."""

    client_id: str
    ticket: str
    body: str
    id: str
    version: int


class Client:
    """Stays connected for ever; `ask` and `say` wait for that."""

    def __init__(self, name: str, port: int, token: str, chance: random.Random) -> None:
        self.name, self.token = name, token
        self.is_visitor = token.startswith("vt_")
        self.logs: dict[str, Log] = defaultdict(Log)
        self.rows: dict[str, tuple[int, Any]] | None = None
        self.said: list[Said] = []
        self.seen_ids: set[str] = set()
        self.outages: list[float] = []
        self.controls: list[dict[str, Any]] = []
        self.live = asyncio.Event()
        self.repeats = 0
        self.complaints: list[str] = []
        """What the server answered that it should not have, where nobody waited for the answer."""
        self._address, self._chance = f"127.0.0.1:{port}", chance
        self._namespace = "/widget" if self.is_visitor else "/agent"
        self._http = httpx2.AsyncClient(
            base_url=f"http://{self._address}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_WITHIN,
            trust_env=False,
            verify=False,  # plain HTTP: no certificates to read for each of hundreds
        )
        self._line: Line | None = None
        self._running: asyncio.Task[None] | None = None
        self._syncs: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name=self.name)

    def check(self) -> None:
        """Errors: what ended it, which nothing should; AssertionError for an answer that was none."""
        if self._running is not None and self._running.done():
            self._running.result()
        assert not self.complaints, f"{self.name}: {self.complaints}"

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._http.aclose()

    async def watch(self, ticket: str) -> None:
        """From now on everything of this ticket is followed."""
        _ = self.logs[ticket]
        if self.live.is_set():
            self._resync(ticket)

    async def say(self, ticket: str | None, body: str, kind: str = "message") -> Said:
        """Until it is acknowledged. What is said twice, on purpose or not, is one message."""
        message = {"ticket": ticket, "client_id": str(uuid.uuid4()), "kind": kind, "body": body}
        if self._chance.random() < 0.05:
            first, answer = await asyncio.gather(self._on_another_socket(message), self.insist(message))
            assert first is None or first["id"] == answer["id"], "two messages of one client_id"
        else:
            answer = await self.insist(message)
        said = Said(message["client_id"] or "", answer["ticket"], body, answer["id"], answer["version"])
        self.said.append(said)
        if self._chance.random() < 0.1:
            again = await self.insist({**message, "ticket": ticket})
            self.repeats += 1
            assert again["duplicate"], "a repeated client_id was not recognised"
            assert (again["id"], again["version"]) == (said.id, said.version)
        return said

    async def insist(self, data: dict[str, Any], command: str = "send_message") -> Any:
        """The acknowledgement, however often it must be asked for. Errors: AssertionError when refused."""
        while True:
            await self.live.wait()
            try:
                answer = await self._ask(command, data)
            except LOST:
                await asyncio.sleep(0)
                continue
            if answer["ok"]:
                return answer
            assert answer["error"] in TRY_AGAIN, f"{command} {data}: {answer}"
            await asyncio.sleep(answer.get("retry_ms", 500) / 1000)

    async def _on_another_socket(self, message: dict[str, Any]) -> Any:
        """The same person on a second socket, as a browser does that connects twice."""
        try:
            line = await self._open(lambda name, data: None)
            try:
                answer = await line.ask("send_message", message)
            finally:
                line.close()
        except LOST:
            return None
        return answer if answer["ok"] else None

    async def _run(self) -> None:
        failures, lost_at = 0, time.monotonic()
        while True:
            try:
                line = self._line = await self._open(self._hear)
                if self.rows is not None:
                    await self.watch_queue()
                synced: set[str] = set()
                while missing := self.logs.keys() - synced:  # one may be watched meanwhile
                    for ticket in missing:
                        await self._sync(ticket)
                    synced |= missing
                self.outages.append(time.monotonic() - lost_at)
                failures = 0
                self.live.set()
                await line.ended.wait()
            except LOST:
                pass
            if self.live.is_set():
                lost_at = time.monotonic()
            self.live.clear()
            if self._line is not None:
                self._line.close()
            failures += 1
            await asyncio.sleep(self._chance.uniform(0, min(30, 2 ** (failures - 1))))

    async def watch_queue(self) -> None:
        """The rows as of now; what follows keeps them fresh."""
        self.rows = {}
        answer = await self._ask("watch_queue", {"view": "all"})
        if not answer["ok"]:
            raise TimeoutError(answer["error"])
        for row in answer["rows"]:
            self._take_row(row["ticket_id"], row["version"], row)

    async def rows_now(self) -> dict[str, int]:
        """The version of each row as a fresh look shows it; what is kept stays as it was."""
        answer = await self.insist({"view": "all"}, "watch_queue")
        return {row["ticket_id"]: row["version"] for row in answer["rows"]}

    def has_rows(self, rows: dict[str, int]) -> bool:
        """Whether what is kept is as new as these."""
        kept = self.rows or {}
        return all(
            (known, row is not None) >= (version, True)
            for version, (known, row) in ((rows[one], kept.get(one, (0, None))) for one in rows)
        )

    async def _open(self, hear: Any) -> Line:
        path = "/widget/pass" if self.is_visitor else "/api/v1/realtime/pass"
        answer = await self._http.post(path)
        if answer.status_code >= 400:
            assert answer.status_code in (429, 503), f"{path}: {answer.status_code} {answer.text}"
            raise TimeoutError(answer.text)
        return await Line.open(self._address, self._namespace, answer.json()["pass"], hear)

    async def _ask(self, command: str, data: dict[str, Any]) -> Any:
        line = self._line
        if line is None:
            raise TimeoutError("no socket")
        return await line.ask(command, data)

    def _hear(self, name: str, data: Any) -> None:
        if self.is_visitor:
            self.seen_ids |= set(_UUID.findall(json.dumps(data)))
        if name == "events" and data["ticket"] in self.logs:
            log = self.logs[data["ticket"]]
            if data["prev"] == log.cursor and not log.is_syncing:
                log.take(data["events"])
            elif data["events"][-1]["version"] > log.cursor:
                self._resync(data["ticket"])
        elif name == "hint" and data["head"] > self.logs[data["ticket"]].cursor:
            self._resync(data["ticket"])
        elif name == "queue_rows":
            for row in data["rows"]:
                self._take_row(row["ticket"], row["version"], row["row"])
        elif name == "control" and self._line is not None:
            self.controls.append(data)
            self._line.close()  # drain, kick, reauthenticate: come back with a new pass

    def _take_row(self, ticket: str, version: int, row: Any) -> None:
        if self.rows is not None and version >= self.rows.get(ticket, (0, None))[0]:
            self.rows[ticket] = (version, row)

    def _resync(self, ticket: str) -> None:
        async def run() -> None:
            try:
                await self._sync(ticket)
            except LOST:
                if self._line is not None:
                    self._line.close()  # coming back syncs everything
            except AssertionError as complaint:
                self.complaints.append(str(complaint))

        task = asyncio.create_task(run())
        self._syncs.add(task)
        task.add_done_callback(self._syncs.discard)

    async def _sync(self, ticket: str) -> None:
        log = self.logs[ticket]
        log.is_behind = True
        if log.is_syncing:
            return
        log.is_syncing = True
        try:
            while log.is_behind:
                log.is_behind = False
                answer = await self._ask("sync", {"ticket": ticket, "after": log.cursor})
                if not answer["ok"]:
                    assert answer["error"] in TRY_AGAIN, f"sync: {answer}"
                    raise TimeoutError(answer["error"])
                if self.is_visitor:
                    self.seen_ids |= set(_UUID.findall(json.dumps(answer)))
                log.take(answer["events"])
                log.is_behind = log.is_behind or answer["more"] or answer["head"] > log.cursor
        finally:
            log.is_syncing = False
