"""One websocket as Engine.IO speaks it: a heartbeat by timers, a bounded outbox, an end that is an end.

Takes the place of the library's own, whose queue has no bound and which waits for ever on a lost peer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import engineio
import structlog
from engineio import packet
from engineio.async_socket import AsyncSocket

from helpdesk.realtime import websocket
from helpdesk.realtime.outbox import Outbox
from helpdesk.realtime.websocket import WebSocket, framed

log = structlog.get_logger(__name__)

GOODBYE = 1.0
"""Seconds a client gets to take leave before its connection is cut."""

PIECE = 64 * 1024
"""Bytes of one write: beyond that the peer shall read first."""

_PING, _CLOSE = framed(str(packet.PING).encode()), framed(str(packet.CLOSE).encode())
_MESSAGE = str(packet.MESSAGE)


class Socket(AsyncSocket):  # type: ignore[misc]
    """A client that stays over its budget for the server's `kick_after` seconds is cut off."""

    closed: bool
    closing: bool

    def __init__(self, server: "Engine", sid: str) -> None:
        super().__init__(server, sid)
        self.outbox = Outbox(self._wake)
        self.environ: dict[str, Any] = {}
        self._link: WebSocket | None = None
        self._leave: Callable[[], Awaitable[None]] | None = None
        self._is_due = False
        self._beat: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None

    def tell(self, frame: bytes, reminders: Callable[[], Mapping[object, bytes]]) -> None:
        """The frame; or, while the client is over its budget, later the newest reminder of each key."""
        if self.outbox.offer(frame):
            return
        for key, reminder in reminders().items():
            self.outbox.owe(key, reminder)
        self.outbox.settle()  # one frame alone may be over the budget
        if self.outbox.is_lost:
            self._kick()
        elif self.outbox.is_behind and self._patience is None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(self.server.kick_after, self._lost_patience)

    async def send(self, pkt: packet.Packet) -> None:
        self.outbox.put(framed(pkt.encode().encode()))

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Tells the application and the client; who does not take leave then is cut off."""
        if self.closed or self.closing:
            return
        self.closing = True
        self._stop_timers()
        try:
            why = reason or self.server.reason.SERVER_DISCONNECT
            await self.server._trigger_event("disconnect", self.sid, why, run_async=False)
        finally:
            if not abort:
                self.outbox.put(_CLOSE)
            self.closed = True
            self.outbox.end()
            asyncio.get_running_loop().call_later(GOODBYE, self.cut)

    def cut(self) -> None:
        """Without a farewell."""
        if self._link is not None:
            self._link.cut()

    def schedule_ping(self) -> None:
        """A pong, or the beginning: whoever is silent after the next ping is gone."""
        self._stop_beat()
        self._beat = asyncio.get_running_loop().call_later(self.server.ping_interval, self._ping)

    async def check_ping_timeout(self) -> bool:
        return not self.closed

    async def _websocket_handler(self, ws: Any) -> None:
        self.connected = self.upgraded = True
        self._link = link = websocket.behind(self.environ["asgi.send"])
        link.on_writable, self._leave = self._wake, ws.close
        self._wake()
        try:
            await self._read(link)
        except ValueError:
            pass  # it sent what is no packet
        finally:
            self.outbox.end()
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            link.on_writable = self._leave = None
            await ws.close()

    async def _read(self, link: WebSocket) -> None:
        while not self.closed:
            await self.outbox.room()
            if (frame := await link.hear()) is None:
                return
            if len(frame) > self.server.max_http_buffer_size:
                raise ValueError("packet is too large")
            try:
                await self._take(frame)
            except engineio.exceptions.UnknownPacketError:
                continue
            except Exception:
                log.exception("socket_failed")

    async def _take(self, frame: str | bytes) -> None:
        """Messages go straight to Socket.IO; what remains is the library's."""
        if isinstance(frame, str) and frame.startswith(_MESSAGE):
            await self.server.handlers["message"](self.sid, frame[1:])
        else:
            await self.receive(packet.Packet(encoded_packet=frame))

    def _wake(self) -> None:
        """Written is in the next round of the loop: what came by then leaves in one piece."""
        if not self._is_due and self._link is not None:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        self._is_due, link = False, self._link
        while link is not None and len(self.outbox) and link.is_writable:
            link.write(self.outbox.take(PIECE))
        if self._patience is not None and not self.outbox.is_behind:
            self._patience.cancel()
            self._patience = None
        if self.outbox.is_done and self._leave is not None:
            self.server.start_background_task(self._leave)
            self._leave = None

    def _ping(self) -> None:
        self.outbox.put(_PING)
        self._beat = asyncio.get_running_loop().call_later(self.server.ping_timeout, self._is_gone)

    def _is_gone(self) -> None:
        self.server.start_background_task(self.close, abort=True, reason=self.server.reason.PING_TIMEOUT)
        self.cut()

    def _lost_patience(self) -> None:
        self._patience = None
        if self.outbox.is_behind:
            self._kick()

    def _kick(self) -> None:
        log.info("socket_kicked", queued=len(self.outbox), bytes=self.outbox.bytes)
        self.server.on_kick(self.sid)
        self.server.start_background_task(self.close)

    def _stop_beat(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _stop_timers(self) -> None:
        self._stop_beat()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Websockets of ours; the library's own watch over its sockets is not needed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.start_service_task = False
        self.kick_after = 30.0
        self.on_kick = lambda sid: None

    def create_queue(self, *_: Any, **__: Any) -> None:
        """A socket has an outbox instead."""

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: Any = None) -> Any:
        sid = self.generate_id()
        socket = self.sockets[sid] = Socket(self, sid)
        socket.environ = environ
        hello = {
            "sid": sid,
            "upgrades": [],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        await socket.send(packet.Packet(packet.OPEN, hello))
        try:
            await self._trigger_event("connect", sid, environ, run_async=False)
            socket.schedule_ping()
            return await socket.handle_get_request(environ)
        finally:
            self.sockets.pop(sid, None)
