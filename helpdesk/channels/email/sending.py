"""Hands frozen mails to a relay by SMTP over kept connections, and says what became of each recipient."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib.protocol import normalize_message_line_endings
from aiosmtplib.response import SMTPResponse
from aiosmtplib.typing import Default, SMTPStatus

from helpdesk.errors import Invalid, Unavailable
from helpdesk.settings import SMTP_SCHEMES

CONNECTIONS = 4
"""To one relay at a time."""

MAILS_PER_CONNECTION = 100
REST_SECONDS = 30.0

_TIMEOUT = 60.0
_QUEUED_AS = re.compile(
    r"(?:queued as|id=|ok id|\bid)\s*[:=]?\s*<?([A-Za-z0-9][\w.@+/=-]{4,200})", re.IGNORECASE
)


_DOT = re.compile(rb"(?m)^\.")  # at the beginning of a line: said twice, as the protocol wants


@dataclass(frozen=True, slots=True)
class Refusal:
    recipient: str
    code: int
    text: str

    @property
    def permanent(self) -> bool:
        return 500 <= self.code < 600


@dataclass(frozen=True, slots=True)
class HandedOver:
    """`refused` lists whom the relay did not take while it took the others: that is normal."""

    answer: str
    server_id: str | None
    refused: tuple[Refusal, ...]


class NotTaken(Invalid):
    """Final for every recipient."""

    def __init__(self, refused: Sequence[Refusal]) -> None:
        super().__init__("mail_refused", _sentence(refused))
        self.refused = tuple(refused)


class NotTakenYet(Unavailable):
    """Worth another try; `refused` is empty when the relay was not reached at all."""

    def __init__(self, detail: str, refused: Sequence[Refusal] = ()) -> None:
        super().__init__("mail_not_taken_yet", detail[:900])
        self.refused = tuple(refused)


class Relays:
    """A few kept connections to each next server; one ends after a hundred mails, half a minute of rest, or
    any trouble. Belongs to one event loop."""

    def __init__(self) -> None:
        self._idle: dict[str, list[_Kept]] = {}
        self._room: dict[str, asyncio.Semaphore] = {}

    async def hand_over(
        self,
        raw: bytes,
        envelope_from: str,
        recipients: Sequence[str],
        url: str,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> HandedOver:
        """`url`: smtp:// (STARTTLS where offered), smtp+starttls:// (required) or smtps://, with credentials.
        `before` is asked when the server has agreed to all but the content; what it raises keeps that back.

        Errors: NotTaken, NotTakenYet, Invalid for an address of no server.
        """
        async with self._room.setdefault(url, asyncio.Semaphore(CONNECTIONS)):
            kept = await self._awake(url) or _Kept(_client(url))
            try:
                done = await _hand_over(kept.client, raw, envelope_from, recipients, before)
            except NotTaken:
                self._keep(url, kept)  # its word on this mail; the connection is well
                raise
            except BaseException:
                kept.client.close()
                raise
            self._keep(url, kept)
            return done

    async def close(self) -> None:
        for kept in [one for idle in self._idle.values() for one in idle]:
            kept.client.close()
        self._idle.clear()

    async def _awake(self, url: str) -> "_Kept | None":
        """One that still answers: what a server has closed meanwhile is found out before a mail is on it."""
        idle = self._idle.get(url, [])
        while idle:
            kept = idle.pop()
            if asyncio.get_running_loop().time() - kept.rested_since < REST_SECONDS:
                with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                    await kept.client.noop(timeout=5)
                    return kept
            kept.client.close()
        return None

    def _keep(self, url: str, kept: "_Kept") -> None:
        kept.mails += 1
        if kept.mails >= MAILS_PER_CONNECTION or not kept.client.is_connected:
            kept.client.close()
            return
        kept.rested_since = asyncio.get_running_loop().time()
        self._idle.setdefault(url, []).append(kept)


class _Client(aiosmtplib.SMTP):
    """Asks `before` at the last moment there is: however long a server takes to agree, only the content and
    its final dot come after."""

    before: Callable[[], Awaitable[None]] | None = None

    async def data(
        self,
        message: str | bytes,
        /,
        *,
        timeout: float | Literal[Default.token] | None = Default.token,  # noqa: ASYNC109 - the library's
    ) -> SMTPResponse:
        if self.before is None or self.protocol is None:
            return await super().data(message, timeout=timeout)
        agreed = await self.execute_command(b"DATA", timeout=timeout)
        if agreed.code != SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(agreed.code, agreed.message)
        await self.before()
        content = message.encode("ascii") if isinstance(message, str) else message
        self.protocol.write(_DOT.sub(b"..", normalize_message_line_endings(content)) + b".\r\n")
        taken = await self.protocol.read_response(timeout=self.timeout)
        if taken.code != SMTPStatus.completed:
            raise aiosmtplib.SMTPDataError(taken.code, taken.message)
        return taken


@dataclass
class _Kept:
    client: _Client
    mails: int = 0
    rested_since: float = 0.0


async def hand_over(raw: bytes, envelope_from: str, recipients: Sequence[str], url: str) -> HandedOver:
    """One mail over a connection of its own; as `Relays.hand_over`."""
    relays = Relays()
    try:
        return await relays.hand_over(raw, envelope_from, recipients, url)
    finally:
        await relays.close()


async def _hand_over(
    client: _Client,
    raw: bytes,
    envelope_from: str,
    recipients: Sequence[str],
    before: Callable[[], Awaitable[None]] | None = None,
) -> HandedOver:
    try:
        if not client.is_connected:
            await client.connect()
        client.before = before
        refused, answer = await client.sendmail(
            envelope_from, list(recipients), raw, mail_options=_options(client, envelope_from, recipients)
        )
    except aiosmtplib.SMTPRecipientsRefused as refusal:
        raise _not_taken(
            [Refusal(one.recipient, one.code, one.message) for one in refusal.recipients]
        ) from None
    except (
        aiosmtplib.SMTPAuthenticationError,
        aiosmtplib.SMTPConnectResponseError,
        aiosmtplib.SMTPHeloError,
    ) as failure:
        raise NotTakenYet(f"{failure.code} {failure.message}") from None  # our configuration, not this mail
    except aiosmtplib.SMTPNotSupported as refusal:
        raise NotTaken([Refusal(one, 553, refusal.message) for one in recipients]) from None
    except aiosmtplib.SMTPResponseException as refusal:
        raise _not_taken([Refusal(one, refusal.code, refusal.message) for one in recipients]) from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
        raise NotTakenYet(f"{type(failure).__name__}: {failure}") from failure
    found = _QUEUED_AS.search(answer)
    left = tuple(Refusal(one, result.code, result.message) for one, result in refused.items())
    return HandedOver(answer, found[1] if found else None, left)


def _client(url: str) -> _Client:
    parts = urlsplit(url)
    if parts.scheme not in SMTP_SCHEMES or not parts.hostname:
        raise Invalid("smtp_url_invalid")
    tls = parts.scheme == "smtps"
    starttls = True if parts.scheme == "smtp+starttls" else (False if tls else None)
    return _Client(
        hostname=parts.hostname,
        port=parts.port or (465 if tls else 587 if parts.username else 25),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or "") if parts.username else None,
        use_tls=tls,
        start_tls=starttls,
        tls_context=None if tls or starttls or parts.username else _opportunistic(),
        timeout=_TIMEOUT,
    )


def _opportunistic() -> ssl.SSLContext:
    """Without credentials any encryption is better than none, as between mail servers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _options(client: aiosmtplib.SMTP, sender: str, recipients: Sequence[str]) -> list[str]:
    international = not (sender.isascii() and all(one.isascii() for one in recipients))
    return ["SMTPUTF8", "BODY=8BITMIME"] if international else []


def _not_taken(refused: list[Refusal]) -> NotTaken | NotTakenYet:
    """One recipient worth another try makes the whole delivery so; the others are then refused again."""
    if all(one.permanent for one in refused):
        return NotTaken(refused)
    return NotTakenYet(_sentence(refused), refused)


def _sentence(refused: Sequence[Refusal]) -> str:
    return "; ".join(f"{one.recipient}: {one.code} {one.text}" for one in refused)[:900]
