"""A signed mail says whether its signature fits, and whose it says it is; never more than that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from helpdesk.channels.email.mail import Signature, pack, unpack
from helpdesk.channels.email.reader import read

WORDS = b"Content-Type: text/plain\r\n\r\nThe mill does not turn.\r\n"
HEAD = b"From: kim@customer.example\r\nTo: support@demo.localhost\r\nSubject: Signed\r\n"
HOLDS = Signature("smime", "holds", ("kim@customer.example",), "Kim's own")


@pytest.fixture(scope="module")
def signed() -> bytes:
    """As mail programs send it: readable by all, the signature beside the words."""
    return HEAD + _signed(WORDS, Encoding.SMIME, PKCS7Options.DetachedSignature, PKCS7Options.Binary)


@pytest.fixture(scope="module")
def opaque() -> bytes:
    """As Outlook can send it: the words inside the signature."""
    blob = _signed(WORDS, Encoding.DER, PKCS7Options.Binary)
    return HEAD + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\n" + blob


def _signed(words: bytes, encoding: Encoding, *options: PKCS7Options) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.OID_COMMON_NAME, "Kim's own")])
    now = datetime(2026, 11, 18, tzinfo=UTC)
    owner = x509.SubjectAlternativeName([x509.RFC822Name("Kim@customer.example")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=9))
        .add_extension(owner, critical=False)
        .sign(key, hashes.SHA256())
    )
    builder = PKCS7SignatureBuilder().set_data(words).add_signer(made, key, hashes.SHA256())
    return builder.sign(encoding, list(options))


def test_a_signature_that_fits_is_said_with_whom_it_names(signed: bytes, opaque: bytes) -> None:
    assert read(signed).signature == HOLDS
    assert read(opaque).signature == HOLDS
    assert read(signed.replace(b"\r\n", b"\n")).signature == HOLDS
    assert unpack(pack(read(signed))).signature == HOLDS


def test_words_that_were_changed_break_it(signed: bytes, opaque: bytes) -> None:
    for mail in (signed, opaque):
        assert _state(mail.replace(b"does not turn", b"does now turn")) == "broken"


def test_words_beside_the_signed_ones_are_not_signed(signed: bytes) -> None:
    inner = signed.removeprefix(HEAD)
    wrapped = (
        HEAD + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nPay me.\r\n--o\r\n" + inner
    ) + b"\r\n--o--\r\n"

    assert (read(wrapped).protection, read(wrapped).signature) == ("signed", None)


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_a_damaged_signature_is_not_checked_or_does_not_fit(opaque: bytes, cut: int) -> None:
    assert _state(opaque[:-cut]) in ("broken", "unchecked", None)


def test_what_we_have_no_keys_for_is_said_to_be_unchecked(signed: bytes) -> None:
    pgp = signed.replace(b"application/x-pkcs7-signature", b"application/pgp-signature")

    assert read(pgp).signature == Signature("pgp", "unchecked")
    assert _state(signed.replace(b"application/x-pkcs7-signature", b"application/other")) == "unchecked"


def test_a_mutated_signature_never_raises_and_never_holds_for_other_words(opaque: bytes) -> None:
    start = opaque.index(WORDS[:20])
    for at in range(len(HEAD) + 70, len(opaque), 7):
        changed = opaque[:at] + bytes([opaque[at] ^ 0x41]) + opaque[at + 1 :]
        found = read(changed).signature
        if start <= at < start + len(WORDS):
            assert found is None or found.state != "holds"


def _state(mail: bytes) -> Any:
    found = read(mail).signature
    return found.state if found else None
