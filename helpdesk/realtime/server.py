"""The Socket.IO server behind a guard: known event names only, one object each, in order.

python-socketio lets a client emit `connect` and `disconnect` and so run those handlers with forged
arguments; and it keeps sockets open that never send CONNECT. Both end here. What goes to many is encoded once
and put straight into their outboxes.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import socketio
import structlog

from helpdesk.realtime.sockets import Engine, Socket
from helpdesk.realtime.websocket import framed
from helpdesk.wire import encode

log = structlog.get_logger(__name__)

COMMANDS = frozenset(
    {
        "sync",
        "unwatch",
        "send_message",
        "mark_read",
        "claim_next",
        "change_ticket",
        "watch_queue",
        "acknowledge_alert",
        "typing",
        "presence",
        "expectations",
        "articles",
    }
)
NAMESPACES = ("/agent", "/widget")
LARGEST_PACKET = 64 * 1024
CONNECT_WITHIN = 10.0
"""Seconds a socket may stay open without entering a namespace."""

KICK_AFTER = 30.0
"""Seconds a client may be over its budget."""

_EVENT, _ACK, _MESSAGE = "2", "3", "4"
_ASKED = re.compile(r"2(/\w+),(\d{0,18})(\[.*)", re.DOTALL | re.ASCII)
"""An event in a namespace, with the number its acknowledgement goes by: nearly all that clients send. What
looks otherwise the library reads."""


class Json:
    """orjson in the shape python-socketio wants; UUIDs and datetimes are understood."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        return orjson.loads(text)


class Packet(socketio.packet.Packet):  # type: ignore[misc]
    """Text only, so nothing is searched for bytes."""

    uses_binary_events = False


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """`public_origin` is the origin of the configured public address."""

    def __init__(self, public_origin: str) -> None:
        self.connect_within = CONNECT_WITHIN
        super().__init__(
            async_mode="asgi",
            async_handlers=False,  # one client's commands are handled in the order it sent them
            transports=["websocket"],
            json=Json,
            serializer=Packet,
            max_http_buffer_size=LARGEST_PACKET,
            ping_interval=25,
            ping_timeout=20,
            cors_allowed_origins=lambda origin, environ: _is_ours(origin, environ, public_origin),
            namespaces=list(NAMESPACES),
            logger=False,
            engineio_logger=False,
        )
        self.eio.kick_after = KICK_AFTER
        self.eio.on_kick = self._say_kicked

    def frame(self, namespace: str, event: str, data: Any) -> bytes:
        """An event as it goes over the wire."""
        return framed(f"{_MESSAGE}{_EVENT}{namespace},".encode() + encode([event, data]))

    def tell(
        self,
        namespace: str,
        sids: Iterable[str],
        frame: bytes,
        reminders: Callable[[], Mapping[object, bytes]],
    ) -> None:
        """A frame to each of them; the reminders to those over their budget, once they have caught up."""
        for sid in sids:
            if (socket := self._socket(namespace, sid)) is not None:
                socket.tell(frame, reminders)

    def whisper(self, namespace: str, sids: Iterable[str], frame: bytes) -> None:
        """A frame that may be lost."""
        for sid in sids:
            if (socket := self._socket(namespace, sid)) is not None:
                socket.outbox.whisper(frame)

    def is_here(self, namespace: str, sid: str) -> bool:
        return self._socket(namespace, sid) is not None

    async def hang_up(self, namespace: str, sid: str) -> None:
        """What is queued may still be read, then the websocket is closed."""
        if (socket := self._socket(namespace, sid)) is not None:
            await socket.close(wait=False)

    def _socket(self, namespace: str, sid: str) -> Socket | None:
        everybody = self.manager.rooms.get(namespace)
        eio_sid = everybody[None].get(sid) if everybody else None
        found: Socket | None = self.eio.sockets.get(eio_sid)
        return found

    def _say_kicked(self, eio_sid: str) -> None:
        for namespace in NAMESPACES:
            if self.manager.sid_from_eio_sid(eio_sid, namespace):
                told = self.frame(namespace, "control", {"type": "kick", "code": "too_slow"})
                self.eio.sockets[eio_sid].outbox.put(told)

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._expect_entry(eio_sid)

    async def _handle_disconnect(self, eio_sid: str, namespace: str, reason: str | None = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        if eio_sid in self.eio.sockets:
            self._expect_entry(eio_sid)

    async def _handle_event(  # the library passes `id` by position
        self,
        eio_sid: str,
        namespace: str,
        id: int | None,  # noqa: A002
        data: Any,
    ) -> None:
        """Only what a client may ask for goes on to its namespace, past the library's dispatcher."""
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        wrong = _wrong_with(data)
        if wrong is not None:
            log.info("socket_refused_event", namespace=namespace)
            answer = {"ok": False, "error": "bad_request", "code": wrong}
        elif not self.manager.is_connected(sid, namespace):
            return
        else:
            name, given = data
            answer = await self.namespace_handlers[namespace].trigger_event(name, sid, given)
        socket = self.eio.sockets.get(eio_sid)
        if id is not None and socket is not None:
            told = encode([] if answer is None else [answer])
            socket.outbox.put(framed(f"{_MESSAGE}{_ACK}{namespace},{id}".encode() + told))

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        """Text only; what cannot be read closes the socket that sent it, and nothing else."""
        if not isinstance(data, str):
            await self._hang_up(eio_sid)
            return
        try:
            if (asked := _ASKED.fullmatch(data)) is not None:
                namespace, number, given = asked.groups()
                wanted = orjson.loads(given)
                await self._handle_event(eio_sid, namespace, int(number) if number else None, wanted)
            elif data[:1] in ("5", "6"):  # binary event and acknowledgement
                raise ValueError("binary is refused")
            else:
                await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError) as failure:
            log.info("socket_sent_nonsense", error=str(failure)[:100])
            await self._hang_up(eio_sid)

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace)
        await super().disconnect(sid, namespace, ignore_queue)
        if eio_sid is not None:
            self._expect_entry(eio_sid)

    def _expect_entry(self, eio_sid: str) -> None:
        """A socket that is in no namespace when its time is up is closed."""

        async def close_idle() -> None:
            is_open = eio_sid in self.environ
            if is_open and not any(self.manager.sid_from_eio_sid(eio_sid, one) for one in NAMESPACES):
                await self._hang_up(eio_sid)

        loop = asyncio.get_running_loop()
        loop.call_later(self.connect_within, lambda: self.start_background_task(close_idle))

    async def _hang_up(self, eio_sid: str) -> None:
        """Closes the websocket itself; the library's own way only asks the client to."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            await socket.close(wait=False)


def _wrong_with(data: Any) -> str | None:
    """What is asked must be a name of ours and one object; else the code of the refusal."""
    if not isinstance(data, list) or not data or not isinstance(data[0], str) or data[0] not in COMMANDS:
        return "command_unknown"
    return None if len(data) == 2 and isinstance(data[1], dict) else "command_malformed"


def _is_ours(origin: str | None, environ: dict[str, Any], public_origin: str) -> bool:
    """Pages of our own origin only: also the widget's panel is one. No Origin header: not a browser."""
    if origin is None or origin == public_origin:
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return host == environ.get("HTTP_HOST", "") and origin.startswith("http")
