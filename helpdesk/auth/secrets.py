"""Random tokens and their hashes."""

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """256 random bits behind a prefix that secret scanners know."""
    return prefix + secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """What is stored. The tokens are random, so a plain SHA-256 cannot be reversed by guessing."""
    return hashlib.sha256(token.encode()).digest()
