"""One conversation by SMTP or LMTP: who speaks how much, and a mail's bytes up to its lone dot."""

import asyncio
from collections import defaultdict
from enum import Enum
from typing import Any, Protocol, cast

from aiosmtpd.smtp import SMTP, syntax

ANSWERS_WITHOUT_A_MAIL = 1000
"""Answers until one who brings none is cut off."""

SMALL = 1024 * 1024
"""Bytes of a mail from which it takes one of the places for large ones."""

_COMMAND_BUFFER = 64 * 1024
_ALL_THERE_IS = 1 << 30
_END = b"\r\n.\r\n"


class _Refusal(Enum):
    TOO_LARGE = "552 5.3.4 Too much mail data"
    NO_ROOM = "452 4.3.1 Too many large messages at once, please try again later"


class Door(Protocol):
    """What a session asks of the listener it belongs to."""

    def admit(self, session: "MailSession", peer: str) -> bool: ...
    def leave(self, session: "MailSession", peer: str) -> None: ...
    async def take_place(self) -> bool: ...
    def give_place_back(self) -> None: ...
    async def count_refusal(self, code: str) -> None: ...


class MailSession(SMTP):
    # Of commands alone: a mail is read in pieces, in which lines are no matter. Long lines are common, and a
    # line for itself costs so much time and memory that a mail of empty ones would stop the process.
    line_length_limit = _COMMAND_BUFFER

    def __init__(self, door: Door, lmtp: bool, **options: Any) -> None:
        # Signed and SMTPUTF8 addresses outgrow the 512 of old.
        self.command_size_limits = defaultdict(lambda: 2048)
        super().__init__(door, auth_exclude_mechanism=("LOGIN", "PLAIN"), auth_require_tls=True, **options)
        self._door, self._lmtp = door, lmtp
        self._peer: str | None = None
        self._refused = False
        self._answers = 0
        self._has_place = False
        for name in ("HELO", "EHLO") if lmtp else ("LHLO",):
            self._smtp_methods.pop(name, None)
        self._smtp_methods.pop("AUTH", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._peer is None:  # the second time it is STARTTLS on the same connection
            self._peer = peer_name(transport.get_extra_info("peername"))
            if not self._door.admit(self, self._peer):
                self._refused = True
                _refuse(cast(asyncio.Transport, transport))
                return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._peer is not None:
            self._door.leave(self, self._peer)
        if not self._refused:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if not self._refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._refused else super().eof_received()

    def abandon(self) -> None:
        if self.transport is not None:  # uvloop's is no asyncio.Transport, only like one
            cast(asyncio.Transport, self.transport).abort()

    async def push(self, status: Any) -> None:
        """Others have their turn between two answers, also where one sends commands without a pause."""
        text = status if isinstance(status, str) else status.decode()
        if text.startswith("250-AUTH"):  # offered after STARTTLS, without one way to do it
            return
        if text.startswith("552"):
            await self._door.count_refusal("too_large")
        await super().push(text)
        await asyncio.sleep(0)
        self._answers += 1
        if self._answers > ANSWERS_WITHOUT_A_MAIL and self.transport is not None:
            await super().push("421 4.7.0 Too many commands without a message")
            self.transport.close()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        await self.smtp_EHLO(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            answers = await self._answers_to(await self._mail())
        finally:
            if self._has_place:
                self._door.give_place_back()
            self._has_place = False
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(answers)

    async def _answers_to(self, found: bytes | _Refusal) -> str:
        """By LMTP one for each recipient, whatever is said."""
        envelope = self.envelope
        assert envelope is not None
        if isinstance(found, _Refusal):
            return "\r\n".join([found.value] * (len(envelope.rcpt_tos) if self._lmtp else 1))
        envelope.content = envelope.original_content = found
        self._answers = 0
        return str(await self._call_handler_hook("DATA"))

    async def _mail(self) -> bytes | _Refusal:
        """The bytes up to the lone dot, without the dots that were doubled. What is refused is read to its
        end all the same."""
        got, looked = bytearray(b"\r\n"), 0
        refusal: _Refusal | None = None
        while (end := got.find(_END, looked)) < 0:
            looked = max(0, len(got) - len(_END) + 1)
            if refusal is not None:
                del got[:looked]
                looked = 0
            got += await self._piece()
            if len(got) > self._most + len(_END):
                refusal = _Refusal.TOO_LARGE
            elif len(got) > SMALL and not self._has_place and refusal is None:
                self._has_place = await self._door.take_place()
                refusal = None if self._has_place else _Refusal.NO_ROOM
        self._reader.feed_data(bytes(got[end + len(_END) :]))  # the next command, where it came along
        if end > self._most:
            refusal = _Refusal.TOO_LARGE
        del got[end + 2 :]
        return refusal or bytes(got.replace(b"\r\n.", b"\r\n")[2:])

    @property
    def _most(self) -> int:
        return self.data_size_limit or _ALL_THERE_IS

    async def _piece(self) -> bytes:
        """All that has come, so that what does not belong to the mail can be put back."""
        piece = await self._reader.read(_ALL_THERE_IS)
        if not piece:
            raise ConnectionResetError
        self._reset_timeout()
        return piece


def peer_name(peer: Any) -> str:
    """The address without its port; a unix socket has none."""
    return str(peer[0]) if isinstance(peer, tuple) and peer else "local"


def _refuse(transport: asyncio.Transport) -> None:
    transport.write(b"421 4.7.0 Too many connections, please try again later\r\n")
    transport.close()
