"""Real local servers that stand for gateways: they keep what they are sent and answer as they are told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from helpdesk.channels import pagers
from tests.waiting import PATIENCE


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)
        return data


@dataclass
class Receiver:
    """`status` of the next answers; `hangs` takes the request and never answers. With `answers` (body by
    address, with its query where the test says so) anything else is not found."""

    port: int = 0
    status: int = 200
    hangs: bool = False
    got: list[Received] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    on_request: Callable[[Received], None] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            received = Received(head[0].split(" ")[1], headers, body)
            self.got.append(received)
            if self.on_request is not None:
                self.on_request(received)
            if self.hangs:
                await asyncio.sleep(3600)
            status, content = self._answer(received.path)
            length = len(content)
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str) -> tuple[int, bytes]:
        if not self.answers:
            return self.status, b""
        content = self.answers.get(path, self.answers.get(path.partition("?")[0]))
        return (404, b"") if content is None else (self.status, content)


@pytest.fixture
def gateways_may_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no gateway that is away."""
    monkeypatch.setattr(pagers, "CONNECT", PATIENCE)
    monkeypatch.setattr(pagers, "TIMEOUT", PATIENCE)


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
