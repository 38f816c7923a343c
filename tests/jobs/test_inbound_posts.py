"""Mail that providers post: nothing unsigned, old or replayed comes in, and 2xx only after the commit."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from helpdesk.actors import SYSTEM
from helpdesk.app import Web
from helpdesk.channels.email import providers, s3
from helpdesk.channels.email.s3 import Amazon
from helpdesk.clock import FixedClock
from helpdesk.domain.tickets import RawMail
from helpdesk.domain.tickets.mail import inlets
from helpdesk.errors import Unauthenticated
from helpdesk.storage.sealing import Sealer
from tests.jobs.receivers import Receiver, a_receiver
from tests.mail_desk import MailDesk, a_mail

SECRET = "shared-secret-0123456789"


@pytest.fixture
async def web(desk: MailDesk, clock: FixedClock) -> AsyncIterator[Web]:
    """The web process of the desk, without its background work."""
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    yield web
    await web.database.close()


@pytest.fixture
async def door(web: Web) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(web.asgi)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


async def opened(
    desk: MailDesk, kind: str, secret: str = SECRET, options: dict[str, str] | None = None
) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        inlet = await inlets.save(tx, desk.inbox.id, kind, options or {}, enabled=True, inlet_id=tx.new_id())
        inlet.secret = Sealer(desk.workshop.settings.key).seal(secret, inlet.id)


def signed(body: bytes, clock: FixedClock, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(clock.now().timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Helpdesk-Timestamp": stamp, "X-Helpdesk-Signature": f"v1={mac}"}


async def test_a_signed_raw_mail_is_kept_and_read(
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock
) -> None:
    await opened(desk, "raw")
    raw = a_mail()

    answer = await door.post("/inbound/raw/support", content=raw, headers=signed(raw, clock))

    assert answer.status_code == 200
    (kept,) = await desk.all(RawMail)
    assert (kept.raw, kept.path, kept.envelope_to) == (raw, "raw", "support@demo.localhost")


@pytest.mark.parametrize("attack", ["unsigned", "edited", "old", "other_secret", "replayed"])
async def test_what_is_not_freshly_signed_is_refused(
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock, attack: str
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
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock
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
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock
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
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock
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
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock
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
    desk: MailDesk, door: httpx2.AsyncClient
) -> None:
    await opened(desk, "postmark", "pm:long-password")
    body = json.dumps({"MessageID": "m1", "RawEmail": a_mail().decode()})

    right = await door.post("/inbound/postmark/support", content=body, auth=("pm", "long-password"))
    wrong = await door.post("/inbound/postmark/support", content=body, auth=("pm", "guess"))

    assert (right.status_code, wrong.status_code) == (200, 401)
    assert len(await desk.all(RawMail)) == 1


TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"


class Sns:
    """Amazon's side: a key with its certificate, posts signed with it, and a place both are read from."""

    def __init__(self, amazon: Receiver, web: Web) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.amazon = amazon
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        built = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
        built = built.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
            datetime(2030, 1, 1, tzinfo=UTC)
        )
        certificate = built.sign(self._key, hashes.SHA256())
        amazon.answers["/sns.pem"] = certificate.public_bytes(serialization.Encoding.PEM)
        web.starlette.state.amazon = Amazon(
            re.compile(re.escape(amazon.address)), amazon.address + "/{bucket}"
        )

    def signed(self, message: object, *, kind: str = "Notification", key: str = "m1", **other: str) -> bytes:
        said = {
            "Type": kind, "MessageId": key, "TopicArn": TOPIC, "SignatureVersion": "2",
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": "2026-11-18T12:00:00.000Z",
            "SigningCertURL": f"{self.amazon.address}/sns.pem", **other,
        }  # fmt: skip
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said).encode()
        signature = self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return json.dumps({**said, "Signature": base64.b64encode(signature).decode()}).encode()

    @staticmethod
    def received(action: dict[str, str], content: str | None = None) -> dict[str, object]:
        """As SES tells of a mail, with what we do not read left out."""
        told: dict[str, object] = {
            "notificationType": "Received",
            "mail": {"source": "kim@customer.example", "messageId": "o3vr"},
            "receipt": {"recipients": ["support@demo.localhost"], "action": {"topicArn": TOPIC, **action}},
        }
        return told if content is None else told | {"content": content}


@pytest.fixture
async def sns(web: Web) -> AsyncIterator[Sns]:
    async with a_receiver() as amazon:
        yield Sns(amazon, web)


async def test_ses_posts_a_mail_inside_a_signed_notification(
    desk: MailDesk, door: httpx2.AsyncClient, sns: Sns
) -> None:
    await opened(desk, "ses", TOPIC)
    raw = a_mail("Grüße åäö")
    encoded = sns.signed(Sns.received({"type": "SNS", "encoding": "BASE64"}, base64.b64encode(raw).decode()))

    first = await door.post("/inbound/ses/support", content=encoded)
    again = await door.post("/inbound/ses/support", content=encoded)

    assert (first.json(), again.json()) == ({"duplicate": False}, {"duplicate": True})
    kept = await desk.one(RawMail)
    assert (kept.raw, kept.envelope_from) == (raw, "kim@customer.example")


async def test_a_mail_that_ses_left_in_a_bucket_is_fetched_before_the_post_is_answered(
    desk: MailDesk, door: httpx2.AsyncClient, sns: Sns
) -> None:
    await opened(desk, "ses", f"{TOPIC}\nsecret-key", {"s3_key": "AKIAEXAMPLE", "s3_region": "eu-west-1"})
    raw = a_mail("x" * 200_000)
    told = Sns.received({"type": "S3", "bucketName": "mail-in", "objectKey": "in/o3vr 1"})

    not_there = await door.post("/inbound/ses/support", content=sns.signed(told))
    sns.amazon.answers["/mail-in/in/o3vr%201"] = raw
    there = await door.post("/inbound/ses/support", content=sns.signed(told))

    assert (not_there.status_code, there.status_code) == (503, 200)
    assert (await desk.one(RawMail)).raw == raw
    asked = sns.amazon.got[-1].path
    assert "X-Amz-Credential=AKIAEXAMPLE%2F20261118%2Feu-west-1%2Fs3%2Faws4_request" in asked
    assert "secret-key" not in asked


async def test_a_subscription_is_confirmed_and_what_is_no_mail_is_left(
    desk: MailDesk, door: httpx2.AsyncClient, sns: Sns
) -> None:
    await opened(desk, "ses", TOPIC)
    sns.amazon.answers["/confirm?token=t"] = b"<ConfirmSubscriptionResponse/>"
    link = f"{sns.amazon.address}/confirm?token=t"
    asking = sns.signed("You have chosen…", kind="SubscriptionConfirmation", SubscribeURL=link, Token="t")
    ending = sns.signed("Ended", kind="UnsubscribeConfirmation", SubscribeURL=link, Token="t")

    confirmed = await door.post("/inbound/ses/support", content=asking)
    left = [
        await door.post("/inbound/ses/support", content=post)
        for post in (ending, sns.signed("Successfully validated SNS topic"))
    ]

    assert confirmed.json() == {"confirmed": True}
    assert [one.json() for one in left] == [{"left": True}] * 2
    assert [one.path for one in sns.amazon.got].count("/confirm?token=t") == 1
    assert await desk.all(RawMail) == []


@pytest.mark.parametrize("attack", ["edited", "other_topic", "other_certificate", "other_link"])
async def test_what_amazon_did_not_sign_for_our_topic_is_refused(
    desk: MailDesk, door: httpx2.AsyncClient, sns: Sns, attack: str
) -> None:
    await opened(desk, "ses", TOPIC + "-other" if attack == "other_topic" else TOPIC)
    body = sns.signed(Sns.received({"type": "SNS"}, a_mail().decode()))
    if attack == "edited":
        body = body.replace(b"mill", b"bill")
    if attack == "other_certificate":
        body = body.replace(sns.amazon.address.encode(), b"https://sns.eu-west-1.amazonaws.com.evil.example")
    if attack == "other_link":
        body = sns.signed(
            "x", kind="SubscriptionConfirmation", SubscribeURL="https://evil.example/", Token="t"
        )

    assert (await door.post("/inbound/ses/support", content=body)).status_code == 401
    assert await desk.all(RawMail) == []


def test_only_amazons_own_hosts_hold_certificates() -> None:
    for host in ("sns.eu-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"):
        body = json.dumps({"SigningCertURL": f"https://{host}/SimpleNotificationService-1.pem"}).encode()
        assert providers.sns_certificate_url(body)
    for url in (
        "http://sns.eu-west-1.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://sns.amazonaws.com.evil.example/x.pem", "https://s3.eu-west-1.amazonaws.com/sns.pem",
    ):  # fmt: skip
        with pytest.raises(Unauthenticated):
            providers.sns_certificate_url(json.dumps({"SigningCertURL": url}).encode())


def test_a_signed_address_is_the_one_of_amazons_own_example() -> None:
    """From "Authenticating Requests: Using Query Parameters" in Amazon's S3 documentation."""
    key = s3.Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    url = s3.presigned(
        "https://examplebucket.s3.amazonaws.com", "test.txt", key, datetime(2013, 5, 24, tzinfo=UTC), 86400
    )
    assert url.endswith("=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


async def test_refused_posts_are_part_of_the_days_count_and_it_balances(
    desk: MailDesk, door: httpx2.AsyncClient, clock: FixedClock
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
