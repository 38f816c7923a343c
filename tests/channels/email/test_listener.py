"""Mail comes in by SMTP and LMTP, from a real client, and is acknowledged only when it is kept."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from helpdesk.channels.email import pacing
from helpdesk.channels.email.listener import Listener
from helpdesk.channels.email.sending import HandedOver, NotTaken, NotTakenYet, hand_over
from helpdesk.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound, Unauthenticated, Unavailable
from tests.waiting import eventually

RAW = b"From: a@x.example\r\nSubject: Hi\r\n\r\nHello\r\n.dot\r\n"


class Kept:
    """A border to storage that remembers, or fails as told."""

    def __init__(self, *failures: Exception | None) -> None:
        self.mails: list[tuple[str, list[str], bytes, str, str]] = []
        self._failures = list(failures)

    async def __call__(self, sender: str, recipients: Any, raw: bytes, peer: str, helo: str) -> None:
        failure = self._failures.pop(0) if self._failures else None
        if failure:
            raise failure
        self.mails.append((sender, list(recipients), raw, peer, helo))


@asynccontextmanager
async def listening(kept: Kept, **options: Any) -> AsyncIterator[int]:
    listener = Listener(
        lambda address: address.endswith("@acme.example"), kept, hostname="mx.acme.example", **options
    )
    try:
        yield await listener.start("127.0.0.1", 0)
    finally:
        await listener.close()


async def talk(conversation: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(conversation)


def send(port: int, raw: bytes = RAW, to: list[str] | None = None) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port) as client:
        return client.sendmail("b@x.example", to or ["support@acme.example"], raw)


async def test_a_mail_is_taken_whole_with_its_envelope():
    kept = Kept()

    async with listening(kept) as port:
        await talk(lambda: send(port))

    sender, recipients, raw, peer, _ = kept.mails[0]
    assert (sender, recipients, raw, peer) == ("b@x.example", ["support@acme.example"], RAW, "127.0.0.1")


async def test_an_unknown_address_is_refused_and_the_others_are_taken():
    kept = Kept()

    async with listening(kept) as port:
        refused = await talk(lambda: send(port, to=["support@acme.example", "nobody@else.example"]))

    assert refused == {"nobody@else.example": (550, b"5.1.1 No such recipient here")}
    assert kept.mails[0][1] == ["support@acme.example"]


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (Unauthenticated("x"), (530, b"5.7.0")),
        (Forbidden("x"), (550, b"5.7.1")),
        (NotFound("x"), (550, b"5.1.1")),
        (Conflict("x"), (451, b"4.3.0")),
        (Invalid("x"), (554, b"5.6.0")),
        (LimitReached("x"), (451, b"4.7.1")),
        (Unavailable("x"), (451, b"4.3.0")),
        (RuntimeError("database is on fire"), (451, b"4.3.0")),
    ],
)
async def test_what_storage_says_becomes_the_answer(failure, answer):
    async with listening(Kept(failure)) as port:
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            await talk(lambda: send(port))

    assert refusal.value.smtp_code == answer[0]
    assert refusal.value.smtp_error.startswith(answer[1])
    assert b"fire" not in refusal.value.smtp_error


async def test_lines_of_a_megabyte_and_utf8_addresses_are_taken():
    kept = Kept()

    def conversation():
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            client.mail("ölle@x.example", ["SMTPUTF8"])
            client.rcpt("support@acme.example")
            return client.data(b"Subject: x\r\n\r\n" + b"a" * 1_500_000 + b"\r\n")

    async with listening(kept) as port:
        answer = await talk(conversation)

    assert answer[0] == 250
    assert kept.mails[0][0] == "ölle@x.example"


async def test_a_null_sender_is_empty_and_too_much_is_refused():
    kept = Kept()

    def conversation():
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            greeting = client.ehlo_resp
            client.mail("<>")
            client.rcpt("support@acme.example")
            first = client.data(RAW)
            second = client.docmd("MAIL FROM:<a@x.example> SIZE=99999999")
            client.mail("a@x.example")
            client.rcpt("support@acme.example")
            third = client.data(RAW + b"a" * 200_000)
            return greeting, first[0], second[0], third[0]

    async def count(code: str) -> None:
        refused.append(code)

    refused: list[str] = []
    async with listening(kept, size_limit=100_000, refused=count) as port:
        greeting, first, second, third = await talk(conversation)

    assert (first, second, third) == (250, 552, 552)
    assert refused == ["too_large", "too_large"]
    assert kept.mails[0][0] == ""
    assert b"SIZE 100000" in greeting
    assert b"AUTH" not in greeting


async def test_a_bare_line_feed_smuggles_no_second_mail():
    kept = Kept()
    smuggled = b"Subject: a\r\n\r\nx\n.\nMAIL FROM:<evil@x.example>\r\n"

    async with listening(kept) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<support@acme.example>\r\nDATA\r\n" + smuggled
            + b".\r\nQUIT\r\n"
        )  # fmt: skip
        await reader.read()
        writer.close()

    assert [raw for _, _, raw, _, _ in kept.mails] == [smuggled]


async def test_a_mail_may_come_in_any_pieces_and_the_next_command_with_its_end():
    kept = Kept()
    begin = b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<support@acme.example>\r\nDATA\r\n"

    async with listening(kept) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begin)
        await reader.readuntil(b"354 ")
        for piece in (b"..a\r\n.", b"b\r", b"\n.", b"\r", b"\n" + begin[8:] + b".\r\nQUIT\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        answers = await reader.read()
        writer.close()

    assert [raw for _, _, raw, _, _ in kept.mails] == [b".a\r\nb\r\n", b""]
    assert answers.endswith(b"221 Bye\r\n")


async def test_a_mail_of_two_million_empty_lines_is_one_mail_as_any_other():
    kept = Kept()
    raw = RAW + b"\r\n" * 2_000_000

    async with listening(kept) as port:
        await talk(lambda: send(port, raw))

    assert kept.mails[0][2] == raw


async def test_who_sends_commands_without_a_mail_is_cut_off():
    async with listening(Kept()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO x\r\n" + b"NOOP\r\n" * 2000)
        answers = b""
        with suppress(ConnectionError):
            while some := await reader.read(10_000):
                answers += some
        writer.close()

    assert answers.splitlines()[-1].startswith(b"421 4.7.0")
    assert len(answers.splitlines()) < 1010


async def test_large_mails_wait_for_each_other_and_small_ones_for_none():
    large, begin = RAW + b"b" * 2_000_000, b"MAIL FROM:<a@x.example>\r\nRCPT TO:<support@acme.example>\r\n"
    kept = Kept()

    async with listening(kept, large_at_once=1, patience=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO x\r\n" + begin + b"DATA\r\n" + large)
        found = await eventually(partial(refused, port, large))  # the first may not have come so far yet
        await talk(lambda: send(port))
        writer.write(b"\r\n.\r\nQUIT\r\n")
        await reader.read()
        writer.close()
        last = await refused(port, large)

    assert (found, last) == (452, None)
    assert [len(raw) > 2_000_000 for _, _, raw, _, _ in kept.mails[-3:]] == [False, True, True]


async def refused(port: int, raw: bytes) -> int | None:
    try:
        await talk(lambda: send(port, raw))
    except smtplib.SMTPDataError as refusal:
        return refusal.smtp_code
    return None


async def test_a_peer_has_only_so_many_connections_and_gets_them_back():
    async with listening(Kept(), peer_connections=2) as port:
        first, second = (await asyncio.open_connection("127.0.0.1", port) for _ in range(2)), None
        open_ones = [one async for one in first]
        greetings = [await reader.readline() for reader, _ in open_ones]
        third_reader, third = await asyncio.open_connection("127.0.0.1", port)
        second = await third_reader.readline()
        third.close()
        for reader, writer in open_ones:
            writer.write(b"QUIT\r\n")
            await reader.read()
            writer.close()
        again, last = await asyncio.open_connection("127.0.0.1", port)
        greeting = await again.readline()
        last.close()

    assert all(line.startswith(b"220 mx.acme.example ESMTP") for line in [*greetings, greeting])
    assert second.startswith(b"421 4.7.0")


async def test_a_peer_that_brings_too_much_or_guesses_addresses_is_asked_to_come_later(monkeypatch):
    monkeypatch.setattr(pacing, "is_near", lambda _: False)

    def conversation():
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            sent = []
            for _ in range(3):
                client.mail("a@x.example")
                client.rcpt("support@acme.example")
                sent.append(client.data(RAW)[0])
            client.mail("a@x.example")
            return sent, [client.rcpt("nobody@other.example")[0] for _ in range(3)]

    async with listening(Kept(), pace=pacing.Pace(mails=2, unknown=2)) as port:
        sent, asked = await talk(conversation)

    assert sent == [250, 250, 451]
    assert asked == [550, 550, 451]


def test_the_pace_is_by_the_minute_and_no_matter_of_our_own_network():
    pace = pacing.Pace(mails=2, unknown=1)

    assert [pace.takes_mail("9.9.9.9", at) for at in (0.0, 1.0, 2.0, 61.0)] == [True, True, False, True]
    assert all(pace.takes_mail("10.0.0.8", 0.0) for _ in range(9))
    for number in range(10_001):
        pace.guessed_wrong(f"2a00:{number:x}::1", 0.0)
    assert pace.may_ask("9.9.9.10", 0.0)


async def test_a_certificate_offers_encryption(tmp_path):
    kept = Kept()

    def conversation():
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.starttls(context=trusting)
            client.ehlo()
            assert not client.has_extn("auth")
            return client.sendmail("b@x.example", ["support@acme.example"], RAW)

    async with listening(kept, tls=a_certificate(tmp_path)) as port:
        await talk(conversation)

    assert kept.mails[0][2] == RAW


def a_certificate(folder: Path) -> ssl.SSLContext:
    """For 127.0.0.1, signed by itself, valid far beyond the life of this test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_lmtp_answers_once_for_each_recipient():
    kept = Kept(None, Unavailable("x"))

    async with listening(kept, protocol="lmtp") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"LHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\n"
            b"DATA\r\nSubject: x\r\n\r\ny\r\n.\r\nQUIT\r\n"
        )
        answers = (await reader.read()).decode().split("\r\n")
        writer.close()

    assert [line[:3] for line in answers[-4:-1]] == ["250", "451", "221"]
    assert [recipients for _, recipients, _, _, _ in kept.mails] == [["a@acme.example"]]


async def test_lmtp_refuses_too_much_for_each_recipient():
    async with listening(Kept(), protocol="lmtp", size_limit=1000) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"LHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\n"
            b"DATA\r\n" + b"a" * 1001 + b"\r\n.\r\nQUIT\r\n"
        )
        answers = (await reader.read()).decode().split("\r\n")
        writer.close()

    assert [line[:3] for line in answers[-4:-1]] == ["552", "552", "221"]


async def test_what_we_send_is_handed_over_with_an_answer_for_each_recipient():
    kept = Kept()

    async with listening(kept) as port:
        done = await hand_over(
            RAW, "b+1.x@acme.example", ["a@acme.example", "n@else.example"], f"smtp://127.0.0.1:{port}"
        )

    assert isinstance(done, HandedOver)
    assert [(one.recipient, one.code, one.permanent) for one in done.refused] == [
        ("n@else.example", 550, True)
    ]
    assert kept.mails[0][1] == ["a@acme.example"]


@pytest.mark.parametrize(
    ("failure", "recipient", "error"),
    [
        (None, "n@else.example", NotTaken),
        (Invalid("x"), "a@acme.example", NotTaken),
        (Unavailable("x"), "a@acme.example", NotTakenYet),
    ],
)
async def test_a_refusal_is_final_or_worth_another_try(failure, recipient, error):
    async with listening(Kept(failure)) as port:
        with pytest.raises(error) as refusal:
            await hand_over(RAW, "b@acme.example", [recipient], f"smtp://127.0.0.1:{port}")

    assert [one.recipient for one in refusal.value.refused] == [recipient]


async def test_a_relay_that_does_not_answer_is_worth_another_try():
    async with listening(Kept()) as port:
        pass

    with pytest.raises(NotTakenYet), suppress(ConnectionResetError):
        await hand_over(RAW, "b@acme.example", ["a@acme.example"], f"smtp://127.0.0.1:{port}")


async def test_a_wrong_relay_address_is_said_at_once():
    with pytest.raises(Invalid, match="smtp_url_invalid"):
        await hand_over(RAW, "a@x", ["b@x"], "http://relay")
