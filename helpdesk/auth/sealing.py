"""Secrets at rest: sealed with a key that never lies in the database, and bound to what they are for."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken

from helpdesk.errors import Unavailable


def seal(key: bytes, purpose: str, text: str) -> str:
    """What may be stored; only `unseal` with the same key and purpose reads it again."""
    return _box(key, purpose).encrypt(text.encode()).decode()


def unseal(key: bytes, purpose: str, sealed: str) -> str:
    """Errors: Unavailable when it was sealed with another key."""
    try:
        return _box(key, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unavailable("secret_unreadable", "The secret key has changed since this was stored.") from None


def derived(key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose."""
    return hmac.digest(key, f"derived\0{purpose}".encode(), "sha256")


def _box(key: bytes, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived(key, purpose)))
