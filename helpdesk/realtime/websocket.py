"""uvicorn's websocket, with what ASGI has no words for: frames made once for many sockets, many frames in one
write, writing without waiting, cutting the connection."""

from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

AHEAD = 4
"""Messages that may lie unheard before the connection is read no further."""

_TEXT = 0x81
"""A whole message of text in one frame."""


def framed(message: bytes) -> bytes:
    """A message as it goes over the wire from a server, which masks nothing: RFC 6455, section 5.2."""
    size = len(message)
    if size < 126:
        return bytes((_TEXT, size)) + message
    if size < 2**16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + message
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + message


class WebSocket(WebSocketsSansIOProtocol):
    """Handshake, reading and closing are uvicorn's. No extension is agreed on, so one frame fits all."""

    on_writable: Callable[[], None] | None = None
    """Called when the peer has read enough for more to be written."""

    @property
    def is_writable(self) -> bool:
        """What is written nevertheless is kept until the peer reads."""
        return self.writable.is_set()

    def write(self, frames: Iterable[bytes]) -> None:
        """In one piece. On a connection that is closing they are lost, as on one that is cut."""
        if self.conn.state is State.OPEN and not self.transport.is_closing():
            self.transport.write(b"".join(frames))

    async def hear(self) -> str | bytes | None:
        """The next message; None at the end."""
        event = await self.receive()
        if event["type"] != "websocket.receive":
            return None
        text = event.get("text")
        return text if text is not None else event.get("bytes")

    def cut(self) -> None:
        self.transport.abort()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    def send_receive_event_to_app(self) -> None:
        """uvicorn stops reading with each message and goes on later: calls to the system for nothing, where
        the next message comes after the answer."""
        may_go_on = not self.read_paused and self.queue.qsize() < AHEAD
        self.read_paused = self.read_paused or may_go_on
        super().send_receive_event_to_app()
        self.read_paused = self.read_paused and not may_go_on


def behind(send: Any) -> WebSocket:
    """Whose `send` an ASGI application was given: `serving` has uvicorn make this kind."""
    found: WebSocket = send.__self__
    return found
