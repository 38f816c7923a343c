"""Signed carriers: what every mail of ours holds so that its answer finds the ticket again.

A valid carrier says which ticket; never that the sender may write there: that is the question of threading.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

MARKER = re.compile(
    r"ref:r(\d{1,3})\.([0-9a-z]{1,13})\.([0-9a-z]{1,13})\.([a-z2-7]{16})(?![0-9a-z])", re.IGNORECASE
)

_REPLY = re.compile(
    r"(?:^|[+-])r(\d{1,3})\.([0-9a-z]{1,13})\.([0-9a-z]{1,13})\.([a-z2-7]{16})$", re.IGNORECASE
)
_OURS = re.compile(r"^m(\d{1,3})\.([0-9a-z]{1,25})\.([a-z2-7]{16})@", re.IGNORECASE)
_ROOT = re.compile(r"^t(\d{1,3})\.([0-9a-z]{1,13})\.([a-z2-7]{16})@", re.IGNORECASE)
_VERP = re.compile(r"^b[+-]([0-9a-z]{1,25})\.([a-z2-7]{16})$", re.IGNORECASE)
_PERSON_BITS = (1 << 62) - 1
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Kind(StrEnum):
    REPLY_ADDRESS = "reply_address"
    MESSAGE_ID = "message_id"
    THREAD_ROOT = "thread_root"
    BODY_MARKER = "body_marker"
    BOUNCE_ADDRESS = "bounce_address"


@dataclass(frozen=True, slots=True)
class Carrier:
    """What was found. With `valid` False the rest is what a stranger claims: count it, never follow it."""

    kind: Kind
    valid: bool
    ticket: int | None = None
    person: int | None = None
    message_id: UUID | None = None
    outbox_id: UUID | None = None

    def is_for(self, contact_id: UUID) -> bool:
        """Whether it was issued to that person (contact or agent)."""
        return (
            self.valid
            and self.person is not None
            and hmac.compare_digest(self.person.to_bytes(8, "big"), person_of(contact_id).to_bytes(8, "big"))
        )


def person_of(contact_id: UUID) -> int:
    """The 62 random bits of a UUID: whole ones would not fit the 64 characters of a local part."""
    return contact_id.int & _PERSON_BITS


class Carriers:
    """Issues with the current key, verifies with every one still kept; dropping a key revokes it."""

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        if current not in keys or any(len(key) < 16 for key in keys.values()):
            raise ValueError("a current key of at least 16 bytes is needed")
        self._keys = dict(keys)
        self._current = current

    def reply_address(self, inbox: str, ticket: int, contact_id: UUID, *, plus: bool = True) -> str:
        """`support+r1.<ticket>.<contact>.<mac>@…`, or `reply-r1.…@…` where plus addresses are unknown."""
        local, _, domain = inbox.rpartition("@")
        token = self._reply_token(ticket, person_of(contact_id))
        extended = f"{local}+{token}"
        return f"{extended if plus and len(extended) <= 64 else f'reply-{token}'}@{domain}"

    def marker(self, ticket: int, contact_id: UUID) -> str:
        """The `ref:` word that stands at the quote boundary."""
        return f"ref:{self._reply_token(ticket, person_of(contact_id))}"

    def message_id(self, message_id: UUID, domain: str) -> str:
        """Without angle brackets."""
        words = (str(self._current), base36(message_id.int))
        return f"m{words[0]}.{words[1]}.{self._mac('message', *words)}@{domain}"

    def thread_root(self, ticket: int, domain: str) -> str:
        """The id that every mail of a ticket has in its References."""
        words = (str(self._current), base36(ticket))
        return f"t{words[0]}.{words[1]}.{self._mac('thread', *words)}@{domain}"

    def bounce_address(self, outbox_id: UUID, domain: str, *, separator: str = "+") -> str:
        number = base36(outbox_id.int)
        return f"b{separator}{number}.{self._mac('bounce', str(self._current), number)}@{domain}"

    def read_address(self, address: str) -> Carrier | None:
        """None when it is no carrier at all."""
        local = address.rpartition("@")[0]
        if found := _VERP.search(local):
            return self._read_bounce(found[1].lower(), found[2].lower())
        found = _REPLY.search(local)
        return self._read_reply(Kind.REPLY_ADDRESS, found) if found else None

    def read_message_id(self, message_id: str) -> Carrier | None:
        if found := _OURS.match(message_id):
            version, number, mac = (group.lower() for group in found.groups())
            valid = self._verify(mac, "message", version, number) and int(number, 36) < 1 << 128
            return Carrier(Kind.MESSAGE_ID, valid, message_id=UUID(int=int(number, 36)) if valid else None)
        if found := _ROOT.match(message_id):
            version, number, mac = (group.lower() for group in found.groups())
            valid = self._verify(mac, "thread", version, number)
            return Carrier(Kind.THREAD_ROOT, valid, ticket=int(number, 36) if valid else None)
        return None

    def read_body(self, text: str) -> list[Carrier]:
        """At most ten: a thread of a hundred answers repeats the same one."""
        found: list[Carrier] = []
        seen: set[str] = set()
        for match in MARKER.finditer(text):
            if match[0].lower() not in seen and len(seen) < 10:
                seen.add(match[0].lower())
                found.append(self._read_reply(Kind.BODY_MARKER, match))
        return found

    def read_all(self, recipients: Iterable[str], message_ids: Iterable[str], text: str) -> list[Carrier]:
        """Every carrier in a mail: addresses, then ids (newest first), then the body."""
        addressed = [self.read_address(address) for address in list(recipients)[:100]]
        cited = [self.read_message_id(one) for one in reversed(list(message_ids)[-60:])]
        return [*(c for c in addressed if c), *(c for c in cited if c), *self.read_body(text)]

    def _reply_token(self, ticket: int, person: int) -> str:
        words = (str(self._current), base36(ticket), base36(person))
        return f"r{'.'.join(words)}.{self._mac('reply', *words)}"

    def _read_reply(self, kind: Kind, found: re.Match[str]) -> Carrier:
        version, ticket, person, mac = (group.lower() for group in found.groups())
        if not self._verify(mac, "reply", version, ticket, person):
            return Carrier(kind, False)
        return Carrier(kind, True, ticket=int(ticket, 36), person=int(person, 36))

    def _read_bounce(self, number: str, mac: str) -> Carrier:
        """Its form has no room for a version: every key is tried."""
        valid = False
        for version in self._keys:
            valid |= self._verify(mac, "bounce", str(version), number)
        valid = valid and int(number, 36) < 1 << 128
        return Carrier(Kind.BOUNCE_ADDRESS, valid, outbox_id=UUID(int=int(number, 36)) if valid else None)

    def _mac(self, purpose: str, version: str, *words: str) -> str:
        key = self._keys.get(int(version), b"")
        text = "\0".join((purpose, version, *words)).encode("ascii")
        digest = hmac.digest(key or b"\0" * 32, text, hashlib.sha256)
        return base64.b32encode(digest[:10]).decode("ascii").lower()

    def _verify(self, mac: str, purpose: str, version: str, *words: str) -> bool:
        """An unknown version costs the same time and is never valid."""
        same = hmac.compare_digest(mac, self._mac(purpose, version, *words))
        return same and version == str(int(version)) and int(version) in self._keys


def base36(number: int) -> str:
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text
