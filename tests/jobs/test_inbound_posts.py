"""Mail that providers post: nothing unsigned, old or replayed comes in, and 2xx only after the commit."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from helpdesk.actors import SYSTEM
from helpdesk.app import Web
from helpdesk.clock import FixedClock
from helpdesk.domain.tickets import RawMail
from helpdesk.domain.tickets.mail import inlets
from helpdesk.storage.sealing import Sealer
from tests.mail_desk import MailDesk, a_mail

SECRET = "shared-secret-0123456789"


@pytest.fixture
async def door(desk: MailDesk, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """The web process of the desk, without its background work."""
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    transport = httpx.ASGITransport(web.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client
    await web.database.close()


async def opened(desk: MailDesk, kind: str, secret: str = SECRET) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        inlet = await inlets.save(tx, desk.inbox.id, kind, {}, enabled=True, inlet_id=tx.new_id())
        inlet.secret = Sealer(desk.workshop.settings.key).seal(secret, inlet.id)


def signed(body: bytes, clock: FixedClock, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(clock.now().timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Helpdesk-Timestamp": stamp, "X-Helpdesk-Signature": f"v1={mac}"}


async def test_a_signed_raw_mail_is_kept_and_read(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock
) -> None:
    await opened(desk, "raw")
    raw = a_mail()

    answer = await door.post("/inbound/raw/support", content=raw, headers=signed(raw, clock))

    assert answer.status_code == 200
    (kept,) = await desk.all(RawMail)
    assert (kept.raw, kept.path, kept.envelope_to) == (raw, "raw", "support@demo.localhost")


@pytest.mark.parametrize("attack", ["unsigned", "edited", "old", "other_secret", "replayed"])
async def test_what_is_not_freshly_signed_is_refused(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock, attack: str
) -> None:
    await opened(desk, "raw")
    raw = a_mail()
    headers = signed(raw, clock, "wrong" if attack == "other_secret" else SECRET)
    if attack == "replayed":
        assert (await door.post("/inbound/raw/support", content=raw, headers=headers)).status_code == 200
    if attack == "old":
        clock.advance(timedelta(minutes=6))
    body = raw + b"!" if attack == "edited" else raw
    given = {} if attack == "unsigned" else headers

    answer = await door.post("/inbound/raw/support", content=body, headers=given)

    assert answer.status_code == 401
    assert len(await desk.all(RawMail)) == (attack == "replayed")


async def test_a_way_in_that_nobody_opened_does_not_exist(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock
) -> None:
    raw = a_mail()
    for path in (
        "/inbound/raw/support",
        "/inbound/imap/support",
        "/inbound/raw/nobody",
        "/inbound/x/support",
    ):
        assert (await door.post(path, content=raw, headers=signed(raw, clock))).status_code == 404


async def test_mailgun_posts_the_raw_mail_and_may_repeat_itself(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock
) -> None:
    await opened(desk, "mailgun")
    stamp, token = str(int(clock.now().timestamp())), "t0ken"
    form = {
        "timestamp": stamp,
        "token": token,
        "signature": hmac.new(SECRET.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest(),
        "recipient": "support@demo.localhost",
        "sender": "kim@customer.example",
        "body-mime": a_mail("Grüße åäö").decode(),
    }

    first = await door.post("/inbound/mailgun/support", data=form)
    again = await door.post("/inbound/mailgun/support", data=form)
    other = await door.post(
        "/inbound/mailgun/support", data={**form, "body-mime": "From: x@x.example\n\nEvil"}
    )

    assert (first.json(), again.json()) == ({"duplicate": False}, {"duplicate": True})
    assert other.status_code == 401
    assert len(await desk.all(RawMail)) == 1


async def test_mailgun_bytes_of_any_charset_arrive_as_they_were(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock
) -> None:
    await opened(desk, "mailgun")
    stamp, raw = (
        str(int(clock.now().timestamp())),
        b"From: k@x.example\r\nSubject: Hej\r\n\r\nsm\xf6rg\xe5s\r\n",
    )
    mac = hmac.new(SECRET.encode(), (stamp + "tok").encode(), hashlib.sha256).hexdigest().encode()
    parts = {b"timestamp": stamp.encode(), b"token": b"tok", b"signature": mac, b"body-mime": raw}
    body = (
        b"".join(
            b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n"
            for name, value in parts.items()
        )
        + b"--b--\r\n"
    )

    answer = await door.post(
        "/inbound/mailgun/support", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert answer.status_code == 200
    assert (await desk.one(RawMail)).raw == raw


async def test_sendgrid_signs_the_whole_body(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    await opened(desk, "sendgrid", base64.b64encode(spki).decode())
    raw = a_mail()
    body = (
        b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + raw + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n'
        b'{"to":["support@demo.localhost"],"from":"kim@customer.example"}\r\n--b--\r\n'
    )
    stamp = str(int(clock.now().timestamp()))
    headers = {
        "Content-Type": "multipart/form-data; boundary=b",
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(
            key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        ).decode(),
    }

    right = await door.post("/inbound/sendgrid/support", content=body, headers=headers)
    edited = await door.post(
        "/inbound/sendgrid/support", content=body.replace(b"Mill", b"Hill"), headers=headers
    )

    assert (right.status_code, edited.status_code) == (200, 401)
    kept = await desk.one(RawMail)
    assert (kept.raw, kept.envelope_from) == (raw, "kim@customer.example")


async def test_postmark_is_known_by_the_password_in_its_address(
    desk: MailDesk, door: httpx.AsyncClient
) -> None:
    await opened(desk, "postmark", "pm:long-password")
    body = json.dumps({"MessageID": "m1", "RawEmail": a_mail().decode()})

    right = await door.post("/inbound/postmark/support", content=body, auth=("pm", "long-password"))
    wrong = await door.post("/inbound/postmark/support", content=body, auth=("pm", "guess"))

    assert (right.status_code, wrong.status_code) == (200, 401)
    assert len(await desk.all(RawMail)) == 1


async def test_refused_posts_are_part_of_the_days_count_and_it_balances(
    desk: MailDesk, door: httpx.AsyncClient, clock: FixedClock
) -> None:
    await opened(desk, "raw")
    raw = a_mail()
    await door.post("/inbound/raw/support", content=raw, headers=signed(raw, clock))
    await door.post("/inbound/raw/support", content=raw)
    await desk.receive(a_mail("Read at once"))

    async with desk.database.transaction(SYSTEM) as tx:
        counted = await inlets.day_count(tx, clock.now().date())

    assert (counted["taken"], counted["refused"], counted["waiting"]) == (2, 1, 1)
    assert counted["states"] == {"new": 1, "on_ticket": 1}
    assert counted["balances"]
