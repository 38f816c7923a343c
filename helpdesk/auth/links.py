"""Links that let one person in to one thing, without a sign-in: a ticket, an alert, a password to choose."""

import base64
import binascii
import hmac
from enum import StrEnum
from uuid import UUID

from helpdesk.errors import NotFound

_MAC_LENGTH = 16  # 128 bits


class LinkKind(StrEnum):
    TICKET = "ticket"
    ALERT = "alert"
    WELCOME = "welcome"
    RENEWAL = "renewal"


def token_for(key: bytes, kind: LinkKind, thing: UUID, reader: UUID) -> str:
    """Names the thing and the reader, and cannot be made without the key. Rights are asked at each use."""
    named = thing.bytes + reader.bytes
    return base64.urlsafe_b64encode(named + _mac(key, kind, named)).decode().rstrip("=")


def read(key: bytes, kind: LinkKind, token: str) -> tuple[UUID, UUID]:
    """(thing, reader). Errors: NotFound for anything we did not make ourselves for this purpose."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    named, mac = raw[:32], raw[32:]
    if len(raw) != 32 + _MAC_LENGTH or not hmac.compare_digest(mac, _mac(key, kind, named)):
        raise NotFound("link_invalid", "This link is not valid.")
    return UUID(bytes=named[:16]), UUID(bytes=named[16:])


def _mac(key: bytes, kind: LinkKind, named: bytes) -> bytes:
    return hmac.digest(key, f"link\0{kind.value}\0".encode() + named, "sha256")[:_MAC_LENGTH]
