"""One websocket of a client: it asks and is answered, and hears what comes by itself."""

import asyncio
import itertools
import json
from typing import Any

import httpx2
import websockets

ANSWER_WITHIN = 8.0
LOST = (OSError, TimeoutError, httpx2.HTTPError, websockets.WebSocketException)


class Line:
    """One websocket that has entered its namespace."""

    def __init__(self, ws: websockets.ClientConnection, namespace: str, hear: Any) -> None:
        self._ws, self._namespace, self._hear = ws, namespace, hear
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._silent = 0
        self.ended = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, address: str, namespace: str, token: str, hear: Any) -> "Line":
        ws = await websockets.connect(
            f"ws://{address}/socket.io/?EIO=4&transport=websocket",
            compression=None,
            ping_interval=None,
            open_timeout=ANSWER_WITHIN,
            max_size=None,
            proxy=None,
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await ws.recv()
                await ws.send(f"40{namespace}," + json.dumps({"v": 1, "pass": token}))
                answer = str(await ws.recv())
        except BaseException:
            ws.transport.abort()
            raise
        if not answer.startswith("40"):
            ws.transport.abort()
            raise TimeoutError(answer)
        return cls(ws, namespace, hear)

    async def ask(self, command: str, data: dict[str, Any]) -> Any:
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._ws.send(f"42{self._namespace},{number}{json.dumps([command, data])}")
                told = await answer
        except TimeoutError:
            self._silent += 1
            if self._silent >= 2:
                self.close()
            raise
        finally:
            self._asked.pop(number, None)
        self._silent = 0
        return told

    def close(self) -> None:
        """At once: what a client gives up is not said goodbye to."""
        self.ended.set()
        self._reading.cancel()
        self._ws.transport.abort()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionError("closed"))

    async def _read(self) -> None:
        try:
            async for frame in self._ws:
                text = str(frame)
                if text == "2":
                    await self._ws.send("3")
                elif text.startswith("4"):
                    self._take(text)
        except LOST:
            pass
        finally:
            self.close()

    def _take(self, text: str) -> None:
        rest = text[2:].removeprefix(self._namespace).removeprefix(",")
        number, _, _ = rest.partition("[")
        if text[1] == "3" and (answer := self._asked.get(int(number))) is not None and not answer.done():
            answer.set_result(json.loads(rest[len(number) :])[0])
        elif text[1] == "2":
            self._hear(*json.loads(rest[len(number) :])[:2])
