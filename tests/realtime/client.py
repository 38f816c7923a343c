"""A small Engine.IO 4 / Socket.IO 5 client over a bare websocket: what goes over the wire is in the test."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import websockets

from tests.waiting import PATIENCE


class Refused(Exception):
    """The namespace was not entered; the words of the server."""


class Socket:
    """One websocket. `enter` a namespace, then `ask` commands and wait for what is `heard`."""

    def __init__(self, ws: websockets.ClientConnection, namespace: str) -> None:
        self._ws = ws
        self._namespace = namespace
        self._count = 0
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._heard: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()
        self._entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, address: str, namespace: str, *, origin: str | None = None) -> "Socket":
        """A websocket that has not entered any namespace yet. `address` is http://host:port."""
        url = address.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
        ws = await websockets.connect(
            url, origin=websockets.Origin(origin or address), max_size=2**22, open_timeout=PATIENCE
        )
        await ws.recv()  # the server's greeting: sid, ping interval
        return cls(ws, namespace)

    async def enter(self, connection_pass: object) -> "Socket":
        """Errors: Refused."""
        await self.send("0", json.dumps({"v": 1, "pass": connection_pass}))
        await asyncio.wait_for(self._entered, PATIENCE)
        return self

    async def send(self, kind: str, text: str) -> None:
        """A packet of this namespace."""
        await self._ws.send(f"4{kind}{self._namespace},{text}")

    async def send_raw(self, frame: str | bytes | list[str]) -> None:
        await self._ws.send(frame)

    async def ask(self, event: str, *data: Any) -> Any:
        """Emit with acknowledgement; answers with what came back."""
        return await asyncio.wait_for(self.asked(await self.begin(event, *data)), PATIENCE)

    async def begin(self, event: Any, *data: Any) -> int:
        """Emit, to be asked for later."""
        number = self.expect()
        await self.send("2", f"{number}{json.dumps([event, *data])}")
        return number

    def expect(self) -> int:
        """The number of an acknowledgement that will come."""
        self._count += 1
        self._acks[self._count] = asyncio.get_running_loop().create_future()
        return self._count

    async def asked(self, number: int) -> Any:
        return await asyncio.wait_for(self._acks[number], PATIENCE)

    async def tell(self, event: str, data: Any) -> None:
        """Emit without acknowledgement."""
        await self.send("2", json.dumps([event, data]))

    async def hear(self, name: str, fits: Callable[[Any], bool] = lambda data: True) -> Any:
        """The first `name` that fits, also if it came before; it is taken out."""

        def found() -> int | None:
            return next((i for i, (n, d) in enumerate(self._heard) if n == name and fits(d)), None)

        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: found() is not None)
            at = found()
            assert at is not None
            return self._heard.pop(at)[1]

    @property
    def heard(self) -> list[tuple[str, Any]]:
        """What came and was not taken out."""
        return list(self._heard)

    async def closed(self) -> None:
        """Until the server has closed it."""
        await asyncio.wait_for(self._ws.wait_closed(), PATIENCE)

    async def close(self) -> None:
        await self._ws.close()
        await self._reading

    async def _read(self) -> None:
        try:
            async for frame in self._ws:
                await self._take(str(frame))
        except websockets.ConnectionClosed:
            pass
        lost = ConnectionError("closed")
        for waiting in [self._entered, *self._acks.values()]:
            if not waiting.done():
                waiting.set_exception(lost)
                waiting.exception()  # nobody may be waiting any more

    async def _take(self, frame: str) -> None:
        if frame == "2":
            await self._ws.send("3")
        if not frame.startswith("4"):
            return
        kind, rest = frame[1], frame[2:].removeprefix(self._namespace).removeprefix(",")
        number = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        body = json.loads(rest[len(number) :] or "null")
        if kind == "0":
            self._entered.set_result(None)
        elif kind == "4":
            self._entered.set_exception(Refused(body["message"] if isinstance(body, dict) else body))
        elif kind == "3":
            self._acks[int(number)].set_result(body[0] if body else None)
        elif kind == "2":
            async with self._news:
                self._heard.append((body[0], body[1] if len(body) > 1 else None))
                self._news.notify_all()
