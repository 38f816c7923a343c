"""Secrets at rest: encrypted under a key from the settings, bound to the row they belong to."""

import hmac
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpdesk.errors import Unavailable

_VERSION = b"\x01"
_NONCE = 12


class Sealer:
    """AES-256-GCM with the row's id as associated data: a blob copied to another row does not open."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret, b"secrets at rest", "sha256"))

    def seal(self, plain: str, row: UUID) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain.encode(), row.bytes)

    def open(self, sealed: bytes, row: UUID) -> str:
        """Errors: Unavailable when it was sealed under another key or for another row."""
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            return self._cipher.decrypt(nonce, rest, row.bytes).decode()
        except InvalidTag:
            raise Unavailable(
                "secret_unreadable", "It was stored under another HELPDESK_SECRET_KEY."
            ) from None
