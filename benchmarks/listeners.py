"""A cheap Socket.IO client on a bare websocket: it hears frames with the moment they came, and asks."""

import asyncio
import base64
import itertools
import os
import time
from collections.abc import Callable
from typing import Any, cast

import orjson

Heard = Callable[[float, bytes], None]

ANSWERS_WITHIN = 60.0
"""Seconds: a benchmark that gets no answer says so instead of waiting for ever."""


class Listener(asyncio.Protocol):
    """Just enough of a websocket: text, the pings of Engine.IO, commands with their answers."""

    def __init__(self, namespace: str, heard: Heard) -> None:
        self._namespace, self._heard = namespace, heard
        self._data = bytearray()
        self._is_open = False
        self._greetings: asyncio.Queue[bytes] = asyncio.Queue()
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int, namespace: str, token: str | None, heard: Heard) -> "Listener":
        loop = asyncio.get_running_loop()
        _, one = await loop.create_connection(lambda: cls(namespace, heard), "127.0.0.1", port)
        assert one._transport is not None
        key = base64.b64encode(os.urandom(16)).decode()
        one._transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        await one._greeting()  # the server's
        one._say(f"40{namespace}," + orjson.dumps({"v": 1, "pass": token}).decode())
        answer = await one._greeting()
        if not answer.startswith(b"40"):
            raise ConnectionError(answer.decode())
        return one

    async def ask(self, command: str, data: dict[str, Any]) -> Any:
        """The acknowledgement. Errors: RuntimeError when it is a refusal, TimeoutError, ConnectionError."""
        number = next(self._numbers)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        self._say(f"42{self._namespace},{number}{orjson.dumps([command, data]).decode()}")
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                answer = await future
        finally:
            self._asked.pop(number, None)
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer}")
        return answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def connection_lost(self, why: Exception | None) -> None:
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionError(str(why or "The server closed the connection.")))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._is_open:
            head, found, rest = bytes(self._data).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(head.decode())
            self._is_open, self._data = True, bytearray(rest)
        while (frame := self._frame()) is not None:
            self._take(frame)

    async def _greeting(self) -> bytes:
        return await asyncio.wait_for(self._greetings.get(), ANSWERS_WITHIN)

    def _frame(self) -> bytes | None:
        """The next whole frame; a server's are not masked."""
        data = self._data
        if len(data) < 2:
            return None
        size, start = data[1] & 127, 2
        if size > 125:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return None
        frame = bytes(data[start : start + size])
        del data[: start + size]
        return frame

    def _take(self, frame: bytes) -> None:
        if frame == b"2":
            self._say("3")
        elif frame.startswith(b"42"):
            self._heard(time.perf_counter(), frame)
        elif frame.startswith(b"43"):
            number, _, told = frame[len(self._namespace) + 3 :].partition(b"[")
            asked = self._asked.get(int(number))
            if asked is not None and not asked.done():  # it may come too late
                asked.set_result(orjson.loads(b"[" + told)[0])
        elif frame[:1] in b"04":
            self._greetings.put_nowait(frame)

    def _say(self, text: str) -> None:
        data = text.encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        assert self._transport is not None
        self._transport.write(b"\x81" + size + b"\0\0\0\0" + data)


class Socket:
    """The same for whoever talks: events arrive by name."""

    def __init__(self) -> None:
        self.on_event: Callable[[str, Any], None] | None = None

    @classmethod
    async def open(cls, port: int, namespace: str, token: str | None = None) -> "Socket":
        one = cls()
        one._line = await Listener.open(port, namespace, token, one._hear)
        return one

    async def ask(self, command: str, data: dict[str, Any]) -> Any:
        return await self._line.ask(command, data)

    def close(self) -> None:
        self._line.close()

    def _hear(self, at: float, frame: bytes) -> None:
        if self.on_event is not None:  # reading takes time that the measured server lacks
            name, data = orjson.loads(frame[frame.index(b"[") :])
            self.on_event(name, data)
