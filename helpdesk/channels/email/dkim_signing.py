"""Signs a mail that leaves as its domain (DKIM), and makes the key and the DNS record for that."""

import base64
from dataclasses import dataclass

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BITS = 2048
_COVERED = [
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type",
]  # fmt: skip
_ONCE_MORE = [b"from", b"to", b"subject", b"reply-to"]
"""Signed a second time as absent, so that nobody can add another of them."""


@dataclass(frozen=True, slots=True)
class Key:
    """`secret` is the private key as PEM."""

    domain: str
    selector: str
    secret: str


def signed(raw: bytes, key: Key) -> bytes:
    """The same mail with a signature above it; relaxed/relaxed, so that relays may refold its lines."""
    there = {line.partition(b":")[0].strip().lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    covered = [name for name in _COVERED if name in there] + _ONCE_MORE
    header = dkim.sign(
        raw,
        key.selector.encode(),
        key.domain.encode(),
        key.secret.encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=covered,
    )
    return bytes(header) + raw


def new_secret() -> str:
    """A private key as PEM; takes some tenths of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def public_part(secret: str) -> str:
    """What stands behind `p=` in the DNS record."""
    key = serialization.load_pem_private_key(secret.encode(), password=None)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(public).decode()


def dns_record(public: str) -> str:
    """The TXT record's text; providers cut it into strings of 255 by themselves."""
    return f"v=DKIM1; k=rsa; p={public}"
