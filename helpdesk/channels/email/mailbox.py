"""One IMAP mailbox, read by UID: blocking, for a thread of its own."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from helpdesk.channels import guard
from helpdesk.channels.guard import Networks
from helpdesk.errors import Unavailable

LOOK_BACK = timedelta(days=30)
"""How far a mailbox is read again when the server has given it new numbers."""

LOGIN_REFUSED = "mailbox_login_refused"
IDLE_SECONDS = 9 * 60

LARGEST = 32 * 1024 * 1024
"""As by SMTP. Of a mail beyond that only so much is fetched:"""
BEGINNING = 256 * 1024

_SIZES_AT_ONCE = 1000
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """`security` is tls, starttls or none; `token` is an OAuth 2 access token in place of the password;
    `networks` are private ones in which the server may stand."""

    host: str
    port: int
    user: str
    password: str = ""
    token: str = ""
    security: str = "tls"
    folder: str = "INBOX"
    after: str = "keep"
    archive: str = ""
    networks: Networks = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """`whole` is what the mail has in all, where only its beginning was fetched."""

    uid: int
    raw: bytes
    whole: int | None = None


class Mailbox:
    """Errors of every method: Unavailable, with what the server said."""

    def __init__(self, address: MailboxAddress, *, largest: int = LARGEST) -> None:
        self._address, self._largest = address, largest
        self._client = _connected(address)
        self.uid_validity = self._select()

    def fetch_after(self, uid_validity: int | None, last_uid: int, now: datetime) -> Iterator[Fetched]:
        """Mails not read before, oldest first, left unread on the server (BODY.PEEK[])."""
        uids = self._new_uids(uid_validity, last_uid, now)
        for first in range(0, len(uids), _SIZES_AT_ONCE):
            for uid, size in self._sizes(uids[first : first + _SIZES_AT_ONCE]):
                is_too_large = size > self._largest
                raw = self._content(uid, BEGINNING if is_too_large else None)
                if raw is not None:
                    yield Fetched(uid, raw, size if is_too_large else None)

    def has_too_large(self, uid: int) -> bool:
        """Whether that mail is one of which we have the beginning alone."""
        return any(size > self._largest for _, size in self._sizes([uid]))

    def done_with(self, uid: int) -> None:
        """After the commit: marked as read, moved away, or left alone."""
        with _Unavailably():
            if self._address.after == "seen":
                self._client.add_flags([uid], [b"\\Seen"])
            elif self._address.after == "move" and self._address.archive:
                if self._client.has_capability("MOVE"):
                    self._client.move([uid], self._address.archive)
                else:
                    self._client.copy([uid], self._address.archive)
                    self._client.delete_messages([uid])

    def wait(self, seconds: float) -> bool:
        """Sleeps in IDLE until something happens; False where the server has no IDLE."""
        with _Unavailably():
            if not self._client.has_capability("IDLE"):
                self._client.noop()
                return False
            self._client.idle()
            try:
                self._client.idle_check(timeout=min(seconds, IDLE_SECONDS))
            finally:
                self._client.idle_done()
        return True

    def close(self) -> None:
        try:
            self._client.shutdown()
        except (IMAPClientError, OSError):
            return

    def _select(self) -> int:
        with _Unavailably():
            info = self._client.select_folder(self._address.folder, readonly=self._address.after == "keep")
        return int(info.get(b"UIDVALIDITY", 0))

    def _new_uids(self, uid_validity: int | None, last_uid: int, now: datetime) -> list[int]:
        """`last+1:*` names the last mail even when it is older: what was read is left out."""
        with _Unavailably():
            if uid_validity != self.uid_validity:
                since = now - LOOK_BACK
                return sorted(self._client.search(["SINCE", since.date()]))
            found = self._client.search(["UID", f"{last_uid + 1}:*"])
        return sorted(uid for uid in found if uid > last_uid)

    def _sizes(self, uids: list[int]) -> list[tuple[int, int]]:
        """A server that does not say counts as one whose mails are ordinary."""
        with _Unavailably():
            found = self._client.fetch(uids, ["RFC822.SIZE"])
        return [(uid, int(found.get(uid, {}).get(b"RFC822.SIZE", 0))) for uid in uids]

    def _content(self, uid: int, most: int | None) -> bytes | None:
        """None where somebody deleted it meanwhile."""
        with _Unavailably():
            found = self._client.fetch([uid], [f"BODY.PEEK[]<0.{most}>" if most else "BODY.PEEK[]"])
        for key, value in found.get(uid, {}).items():
            if key.startswith(b"BODY[") and value is not None:
                return bytes(value)
        if self._is_there(uid):
            raise Unavailable("mailbox_answer_empty", f"no content for UID {uid}")
        return None

    def _is_there(self, uid: int) -> bool:
        with _Unavailably():
            return uid in self._client.search(["UID", str(uid)])


def _connected(address: MailboxAddress) -> IMAPClient:
    with _Unavailably(), guard.guarded(address.networks):
        context = ssl.create_default_context()
        client = IMAPClient(
            address.host, address.port, ssl=address.security == "tls", ssl_context=context, timeout=_TIMEOUT
        )
        client.normalise_times = False
        try:
            if address.security == "starttls":
                client.starttls(context)
            if address.token:
                client.oauth2_login(address.user, address.token)
            else:
                client.login(address.user, address.password)
        except BaseException:
            client.shutdown()
            raise
    return client


class _Unavailably:
    """What imaplib, sockets and TLS raise becomes ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, failure: BaseException | None, _: object) -> None:
        if isinstance(failure, IMAPClientError | OSError | ssl.SSLError):
            text = f"{type(failure).__name__}: {failure}".replace("\n", " ")
            code = LOGIN_REFUSED if isinstance(failure, LoginError) else "mailbox_unavailable"
            raise Unavailable(code, text[:400]) from failure
