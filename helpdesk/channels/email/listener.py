"""The mail listener, SMTP and LMTP: 250 only after `receive` has returned, so after its commit."""

import asyncio
import logging
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from helpdesk.channels.email.mail_session import MailSession, peer_name
from helpdesk.channels.email.pacing import Pace
from helpdesk.domain.limits import network_of
from helpdesk.errors import (
    Conflict,
    Forbidden,
    HelpdeskError,
    Invalid,
    LimitReached,
    NotFound,
    Unauthenticated,
    Unavailable,
)

SIZE_LIMIT = 32 * 1024 * 1024
LARGE_AT_ONCE = 8
"""Large mails that are taken in at a time, so that many of them are no matter of memory."""

PEER_CONNECTIONS = 20
ALL_CONNECTIONS = 500
RECIPIENTS = 100
_TIMEOUT = 300.0
_UNANSWERED = "451 4.3.0 Temporary failure, please try again later"
_TOO_MANY = "451 4.7.1 Too many messages, please try again later"
_ANSWERS: tuple[tuple[type[HelpdeskError], str], ...] = (
    (Unauthenticated, "530 5.7.0 Authentication required"),
    (Forbidden, "550 5.7.1 Not permitted"),
    (NotFound, "550 5.1.1 No such recipient here"),
    (Conflict, _UNANSWERED),
    (Invalid, "554 5.6.0 This message cannot be processed"),
    (LimitReached, _TOO_MANY),
    (Unavailable, _UNANSWERED),
)

Accepts = Callable[[str], bool | Awaitable[bool]]
Receive = Callable[[str, Sequence[str], bytes, str, str], Awaitable[None]]

Refused = Callable[[str], Awaitable[None]]

log = logging.getLogger(__name__)
logging.getLogger("mail.log").setLevel(logging.ERROR)  # it would write every command of every stranger


def answer_for(error: BaseException) -> str:
    """The SMTP answer to what `receive` raised; what nobody foresaw is a reason to try again."""
    return next((answer for kind, answer in _ANSWERS if isinstance(error, kind)), _UNANSWERED)


class Listener:
    """`accepts` says which addresses are ours; `receive(sender, recipients, raw, peer, helo)` commits;
    `refused(code)` counts what is too large."""

    def __init__(
        self,
        accepts: Accepts,
        receive: Receive,
        *,
        hostname: str,
        protocol: Literal["smtp", "lmtp"] = "smtp",
        tls: ssl.SSLContext | None = None,
        size_limit: int = SIZE_LIMIT,
        peer_connections: int = PEER_CONNECTIONS,
        all_connections: int = ALL_CONNECTIONS,
        large_at_once: int = LARGE_AT_ONCE,
        patience: float = 60.0,
        pace: Pace | None = None,
        refused: Refused | None = None,
    ) -> None:
        self._accepts, self._receive = accepts, receive
        self._hostname, self._tls, self._size_limit = hostname, tls, size_limit
        self._lmtp = protocol == "lmtp"
        self._server: asyncio.Server | None = None
        self._peers: Counter[str] = Counter()
        self._peer_connections, self._all_connections = peer_connections, all_connections
        self._open: set[MailSession] = set()
        self._places, self._patience = asyncio.Semaphore(large_at_once), patience
        self._pace, self._refused = pace or Pace(), refused

    async def start(self, host: str, port: int) -> int:
        """Answers with the port, which was chosen by the system if 0 was asked for."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(self._connection, loop), host, port, backlog=200)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """No new connections; those that are open are closed, and their senders try again."""
        if self._server:
            self._server.close()
        for connection in list(self._open):
            connection.abandon()
        if self._server:
            await self._server.wait_closed()

    def _connection(self, loop: asyncio.AbstractEventLoop) -> MailSession:
        return MailSession(
            self, self._lmtp, data_size_limit=self._size_limit, enable_SMTPUTF8=True, hostname=self._hostname,
            ident="ESMTP" if not self._lmtp else "LMTP", tls_context=self._tls, timeout=_TIMEOUT, loop=loop,
        )  # fmt: skip

    def admit(self, session: MailSession, peer: str) -> bool:
        """Counts a connection in, unless its peer (or everybody together) has too many."""
        peer = network_of(peer) or peer
        if len(self._open) >= self._all_connections or self._peers[peer] >= self._peer_connections:
            return False
        self._peers[peer] += 1
        self._open.add(session)
        return True

    def leave(self, session: MailSession, peer: str) -> None:
        peer = network_of(peer) or peer
        if session in self._open:
            self._open.discard(session)
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    async def take_place(self) -> bool:
        """One of the places for large mails, when one is free: their senders wait, and what they send with
        them. False after a minute."""
        try:
            await asyncio.wait_for(self._places.acquire(), self._patience)
        except TimeoutError:
            return False
        return True

    def give_place_back(self) -> None:
        self._places.release()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        peer, now = peer_name(session.peer), time.monotonic()
        if not self._pace.may_ask(peer, now):
            return _TOO_MANY
        try:
            accepted = self._accepts(address)
            if not isinstance(accepted, bool):
                accepted = await accepted
        except Exception as error:
            log.exception("mail recipient could not be looked up")
            return answer_for(error)
        if not accepted:
            self._pace.guessed_wrong(peer, now)
            return "550 5.1.1 No such recipient here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """LMTP wants one answer for each recipient, and each then is a delivery of its own."""
        raw = bytes(envelope.original_content or b"")
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        recipients = [str(one) for one in envelope.rcpt_tos]
        peer, helo = peer_name(session.peer), str(session.host_name or "")
        if not self._pace.takes_mail(peer, time.monotonic()):
            return "\r\n".join([_TOO_MANY] * (len(recipients) if self._lmtp else 1))
        if not self._lmtp:
            return await self._deliver(sender, recipients, raw, peer, helo)
        answers = [await self._deliver(sender, [one], raw, peer, helo) for one in recipients]
        return "\r\n".join(answers)

    async def handle_exception(self, error: Exception) -> str:
        """What the protocol code itself stumbled over, such as an address that no parser foresaw."""
        log.warning("mail session: %s", type(error).__name__)
        return _UNANSWERED

    async def count_refusal(self, code: str) -> None:
        """Of what the protocol itself turned away; an uncounted one is refused all the same."""
        if self._refused is not None:
            try:
                await self._refused(code)
            except HelpdeskError:
                log.warning("a refusal could not be counted: %s", code)

    async def _deliver(self, sender: str, recipients: list[str], raw: bytes, peer: str, helo: str) -> str:
        try:
            await self._receive(sender, recipients, raw, peer, helo)
        except HelpdeskError as refusal:
            return answer_for(refusal)
        except Exception:
            log.exception("mail could not be taken in")
            return _UNANSWERED
        return "250 2.0.0 OK, kept"
