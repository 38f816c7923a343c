"""Secrets at rest: encrypted under a key from the settings, bound to the row or the purpose they are for."""

import base64
import binascii
import hmac
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpdesk.errors import Unavailable

_VERSION = b"\x01"
_NONCE = 12


class Sealer:
    """AES-256-GCM with the row's id or the purpose as associated data: copied elsewhere it does not open."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret, b"secrets at rest", "sha256"))

    def seal(self, plain: str, bound_to: UUID | str) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain.encode(), _bound(bound_to))

    def open(self, sealed: bytes, bound_to: UUID | str) -> str:
        """Errors: Unavailable when it was sealed under another key or for something else."""
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            return self._cipher.decrypt(nonce, rest, _bound(bound_to)).decode()
        except InvalidTag:
            raise Unavailable(
                "secret_unreadable", "It was stored under another HELPDESK_SECRET_KEY."
            ) from None

    def seal_text(self, plain: str, bound_to: UUID | str) -> str:
        """For columns of text."""
        return base64.urlsafe_b64encode(self.seal(plain, bound_to)).decode()

    def open_text(self, sealed: str, bound_to: UUID | str) -> str:
        """Errors: as `open`."""
        try:
            blob = base64.urlsafe_b64decode(sealed)
        except binascii.Error:
            blob = b""
        return self.open(blob, bound_to)


def derived(key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, the same after a restore."""
    return hmac.digest(key, f"derived\0{purpose}".encode(), "sha256")


def _bound(to: UUID | str) -> bytes:
    return to.bytes if isinstance(to, UUID) else to.encode()
