"""Who really sent a mail: our own edge first, else DKIM on the raw bytes; never anybody else's word."""

import base64
import hashlib
import time
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from helpdesk.channels.email import authentication
from helpdesk.channels.email.authentication import Verdict, is_aligned, judge, sealed, signed_by
from helpdesk.channels.email.mail import Address, Mail

EDGE = frozenset({"mx.acme.example"})
RAW = b"From: Kim <kim@customer.example>\r\nTo: support@acme.example\r\nSubject: Hi\r\n\r\nHello\r\n"


def a_mail(*results: str, sender: str = "kim@customer.example", signed: tuple[str, ...] = ()) -> Mail:
    headers = tuple(("authentication-results", one) for one in results)
    return Mail(sender=Address("", sender), headers=headers, signed_by=signed)


@pytest.mark.parametrize(
    ("results", "proof"),
    [
        (["mx.acme.example; dmarc=pass header.from=customer.example"], "pass"),
        (["MX.acme.example 1; dmarc=fail (p=reject) header.from=customer.example"], "fail"),
        (["mx.acme.example; dkim=pass header.d=customer.example; spf=pass"], "pass"),
        (["mx.acme.example; dkim=pass header.i=@mail.customer.example"], "pass"),
        (["mx.acme.example; dkim=pass header.d=evil.example"], "none"),
        (["mx.acme.example; spf=pass smtp.mailfrom=customer.example"], "none"),
        (["mx.evil.example; dmarc=pass header.from=customer.example"], "none"),
        (["mx.acme.example; none", "mx.acme.example; dmarc=pass header.from=customer.example"], "none"),
        (["mx.evil.example (mx.acme.example); dmarc=pass"], "none"),
        ([], "none"),
    ],
)
def test_only_the_topmost_word_of_our_own_edge_counts(results: list[str], proof: str) -> None:
    assert judge(a_mail(*results), EDGE).proof == proof


def test_a_forgery_that_our_edge_found_is_one_wherever_it_says_so() -> None:
    """One server's checkers each write a line of their own."""
    mail = a_mail("mx.acme.example; dkim=pass header.d=customer.example", "mx.acme.example; dmarc=fail")

    assert judge(mail, EDGE).proof == "fail"


def test_our_edge_wins_over_our_own_check() -> None:
    mail = a_mail("mx.acme.example; dmarc=fail", signed=("customer.example",))

    assert judge(mail, EDGE).proof == "fail"


def test_an_aligned_signature_that_we_checked_is_proof_and_another_is_none() -> None:
    assert judge(a_mail(signed=("customer.example",)), EDGE) == Verdict("pass", "dkim customer.example")
    assert judge(a_mail(signed=("evil.example",)), EDGE).proof == "none"


@pytest.mark.parametrize(
    ("signer", "domain", "aligned"),
    [
        ("a.example", "a.example", True),
        ("a.example", "mail.a.example", True),
        ("mail.a.example", "a.example", True),
        ("example", "a.example", False),
        ("xa.example", "a.example", False),
        ("b.example", "a.example", False),
    ],
)
def test_alignment_is_the_same_domain_or_one_below(signer: str, domain: str, aligned: bool) -> None:
    assert is_aligned(signer, domain) is aligned


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A private key whose public half stands in the DNS of customer.example and of list.example."""
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    names = {f"s1._domainkey.{domain}.": record for domain in ("customer.example", "list.example")}
    monkeypatch.setattr(authentication, "_txt", lambda name, _: names.get(name))
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def test_a_real_signature_holds_on_the_bytes_and_breaks_with_one_of_them(key: bytes) -> None:
    raw = dkim.sign(RAW, b"s1", b"customer.example", key, include_headers=[b"from", b"subject"]) + RAW

    assert signed_by(raw) == ("customer.example",)
    assert signed_by(raw.replace(b"Hello", b"Hullo")) == ()
    assert signed_by(raw.replace(b"Kim <kim@", b"Eve <eve@")) == ()


def test_a_signature_that_ends_before_the_mail_does_is_no_proof(key: bytes) -> None:
    signed = dkim.sign(RAW, b"s1", b"customer.example", key, include_headers=[b"from"], length=True) + RAW

    assert signed_by(signed + b"Pay to this account instead.\r\n") == ()


def test_a_second_author_takes_the_proof_away(key: bytes) -> None:
    raw = dkim.sign(RAW, b"s1", b"customer.example", key, include_headers=[b"from", b"subject"]) + RAW

    assert signed_by(b"From: Boss <boss@customer.example>\r\n" + raw) == ()


def passed_on(key: bytes, results: bytes) -> bytes:
    """As a list passes a mail on: sealed, with what it had found (RFC 8617)."""

    def signed(*lines: str) -> str:
        """The last of them ends in an empty signature, which is answered with its signature in it."""
        relaxed = (" ".join(f"{name.lower()}:{value.strip()}".split()) for name, _, value in map(_cut, lines))
        made = private.sign("\r\n".join(relaxed).encode(), padding.PKCS1v15(), hashes.SHA256())
        return lines[-1] + base64.b64encode(made).decode()

    private: Any = serialization.load_pem_private_key(key, None)
    whole = base64.b64encode(hashlib.sha256(b"Hello\r\n").digest()).decode()
    by = "a=rsa-sha256; d=list.example; s=s1"
    found = f"ARC-Authentication-Results: i=1; mx.list.example; {results.decode()}"
    message = f"ARC-Message-Signature: i=1; {by}; c=relaxed/relaxed; h=from:subject; bh={whole}; b="
    message = signed("From: Kim <kim@customer.example>", "Subject: Hi", message)
    seal = signed(found, message, f"ARC-Seal: i=1; {by}; cv=none; b=")
    return f"{seal}\r\n{message}\r\n{found}\r\n".encode() + RAW


def _cut(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def received(raw: bytes, sender: str = "kim@customer.example") -> Mail:
    sealers, results = sealed(raw)
    return Mail(sender=Address("", sender), sealed_by=sealers, sealed_results=results)


FOUND = b"dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example"
LISTED = frozenset({"list.example"})


def test_a_listed_forwarder_s_word_counts_where_its_seal_holds(key: bytes) -> None:
    mail = received(passed_on(key, FOUND))

    assert judge(mail, EDGE, LISTED) == Verdict("pass", "arc list.example")
    assert judge(mail, EDGE).proof == "none"
    assert judge(mail, EDGE, frozenset({"other.example"})).proof == "none"


@pytest.mark.parametrize("results", [FOUND.replace(b"dmarc=pass", b"dmarc=fail"), b"spf=pass", b"dmarc=pass"])
def test_a_forwarder_that_had_found_no_proof_gives_none(key: bytes, results: bytes) -> None:
    assert judge(received(passed_on(key, results)), EDGE, LISTED).proof == "none"


def test_a_seal_proves_only_the_author_it_was_set_under(key: bytes) -> None:
    raw = passed_on(key, FOUND)

    assert judge(received(raw, "boss@acme.example"), EDGE, LISTED).proof == "none"
    assert sealed(raw.replace(b"Hello", b"Hullo")) == ((), "")
    assert sealed(b"From: Boss <boss@customer.example>\r\n" + raw) == ((), "")
    assert sealed(b"ARC-Seal: i=1\r\n" * 50 + RAW) == ((), "")


def test_a_signature_of_a_domain_without_a_key_is_none(key: bytes) -> None:
    raw = dkim.sign(RAW, b"s2", b"customer.example", key, include_headers=[b"from"]) + RAW

    assert signed_by(raw) == ()


@pytest.mark.parametrize(
    "head",
    [
        b"DKIM-Signature: " + b";" * 30_000,
        b"DKIM-Signature: v=1; a=rsa-sha256; b=" + b"A" * 30_000,
        b"DKIM-Signature: \xff\x00\r\n" * 50,
        b"DKIM-Signature: v=1; d=customer.example; s=s1; h="
        + b"from:" * 5_000
        + b"; bh=x; b=y; a=rsa-sha256",
    ],
)
def test_a_hostile_signature_costs_little_and_proves_nothing(key: bytes, head: bytes) -> None:
    begun = time.monotonic()

    found: Any = signed_by(head.rstrip() + b"\r\n" + RAW)

    assert found == ()
    assert time.monotonic() - begun < 30
