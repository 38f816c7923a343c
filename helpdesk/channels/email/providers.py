"""Mail that providers post to us: signatures checked on the raw bytes before anything of them is parsed.

What a provider parsed out of a mail is never believed; only the raw mail is taken.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from helpdesk.channels.email import s3
from helpdesk.errors import Invalid, Unauthenticated

WINDOW = timedelta(minutes=5)

Fields = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where SES put a mail."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Posted:
    """`key` names the post for the replay cache; `raw` is empty where there is nothing to read, or where the
    mail is yet to be fetched from where it is `stored`."""

    raw: bytes
    key: str
    envelope_from: str = ""
    envelope_to: str = ""
    confirm_url: str | None = None
    stored: Stored | None = None


def generic(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Posted:
    """`X-Helpdesk-Timestamp` and `X-Helpdesk-Signature: v1=hex(HMAC-SHA256(secret, timestamp.body))`."""
    stamp, given = headers.get("x-helpdesk-timestamp", ""), headers.get("x-helpdesk-signature", "")
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    _require(secret, hmac.compare_digest(given.encode(), f"v1={right}".encode()))
    _require_fresh(stamp, now)
    return Posted(body, right)


def mailgun(secret: str, fields: Fields, now: datetime) -> Posted:
    """Its signature covers time and token only; the address must be https, and `body-mime` is the mail."""
    stamp, token = _text(fields, "timestamp"), _text(fields, "token")
    right = hmac.new(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    _require(secret, bool(token) and hmac.compare_digest(_text(fields, "signature").encode(), right.encode()))
    _require_fresh(stamp, now)
    raw = _raw(fields.get("body-mime", b""), "Let the route's address end in `mime`.")
    return Posted(raw, token, _text(fields, "sender"), _text(fields, "recipient"))


def sendgrid(
    public_key: str, headers: Mapping[str, str], body: bytes, fields: Fields, now: datetime
) -> Posted:
    """ECDSA over timestamp and body; `email` is the raw mail when the setting "POST the raw" is on."""
    stamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = headers.get("x-twilio-email-event-webhook-signature", "")
    _require(public_key, _is_signed(public_key, given, stamp.encode() + body))
    _require_fresh(stamp, now)
    raw = _raw(fields.get("email", b""), "Turn on `POST the raw, full MIME message`.")
    try:
        envelope = json.loads(fields.get("envelope", b"{}"))
    except ValueError:
        envelope = {}
    to = envelope.get("to") or [""]
    return Posted(raw, given, str(envelope.get("from", "")), str(to[0]))


def postmark(secret: str, headers: Mapping[str, str], body: bytes) -> Posted:
    """It does not sign: the password in its address (basic authentication) is what we know it by."""
    given = headers.get("authorization", "")
    right = "Basic " + base64.b64encode(secret.encode()).decode()
    _require(secret, hmac.compare_digest(given.encode(), right.encode()))
    said = _json(body)
    raw = _raw(str(said.get("RawEmail", "")).encode(), "Turn on `Include raw email content`.")
    return Posted(raw, str(said.get("MessageID", "")) or hashlib.sha256(raw).hexdigest(),
                  envelope_to=str(said.get("OriginalRecipient", "")))  # fmt: skip


def sns_certificate_url(body: bytes, amazon: re.Pattern[str] = s3.SNS) -> str:
    """Where the certificate of a notification lies. Errors: Unauthenticated for any host but Amazon's."""
    url = str(_json(body).get("SigningCertURL", ""))
    if not amazon.match(url):
        raise Unauthenticated("signature_wrong")
    return url


def ses_secret(before: str, topic: str, s3_secret: str) -> str:
    """Two lines: the topic and, where mail lies in a bucket, the secret key for it. Empty ones stay."""
    old_topic, _, old_secret = before.partition("\n")
    return f"{topic.strip() or old_topic}\n{s3_secret.strip() or old_secret}".strip()


def ses(topic: str, certificate: bytes, body: bytes, amazon: re.Pattern[str] = s3.SNS) -> Posted:
    """A notification of Amazon's SNS: signature, then the topic that was agreed on.

    What is no mail (a test of the topic, the end of a subscription) is taken and left.
    """
    said = _json(body)
    _require(topic, said.get("TopicArn") == topic and _is_sns_signed(said, certificate))
    key = str(said.get("MessageId", ""))
    if said.get("Type") == "SubscriptionConfirmation":
        url = str(said.get("SubscribeURL", ""))
        if not amazon.match(url):
            raise Unauthenticated("signature_wrong")
        return Posted(b"", key, confirm_url=url)
    told = _received(said)
    if told is None:
        return Posted(b"", key)
    receipt, mail = _dict(told.get("receipt")), _dict(told.get("mail"))
    action, recipients = _dict(receipt.get("action")), receipt.get("recipients") or [""]
    sender, recipient = str(mail.get("source", "")), str(recipients[0])
    if action.get("type") == "S3":
        place = Stored(str(action.get("bucketName", "")), str(action.get("objectKey", "")))
        return Posted(b"", key, sender, recipient, stored=place)
    content = str(told.get("content", "")).encode()
    raw = base64.b64decode(content) if action.get("encoding") == "BASE64" else content
    hint = "Let SES put the mail into the notification or into a bucket."
    return Posted(_raw(raw, hint), key, sender, recipient)


def _received(said: dict[str, Any]) -> dict[str, Any] | None:
    try:
        told = json.loads(str(said.get("Message", ""))) if said.get("Type") == "Notification" else None
    except ValueError:
        told = None
    return told if isinstance(told, dict) and told.get("notificationType") == "Received" else None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_sns_signed(said: dict[str, Any], certificate: bytes) -> bool:
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if said.get("Type") == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    else:
        names.remove("Subject")
    signed = "".join(f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None)
    digest = hashes.SHA256() if said.get("SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        given = base64.b64decode(str(said.get("Signature", "")))
        key.verify(given, signed.encode(), padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_signed(public_key: str, given: str, signed: bytes) -> bool:
    try:
        key = serialization.load_der_public_key(base64.b64decode(public_key))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(base64.b64decode(given), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, binascii.Error, UnsupportedAlgorithm):
        return False
    return True


def _require(secret: str, right: bool) -> None:
    if not secret or not right:
        raise Unauthenticated("signature_wrong")


def _require_fresh(stamp: str, now: datetime) -> None:
    seconds = int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) < 14 else 0
    if abs(now.timestamp() - seconds) > WINDOW.total_seconds():
        raise Unauthenticated("signature_too_old")


def _text(fields: Fields, name: str) -> str:
    return fields.get(name, b"").decode("utf-8", "replace")


def _raw(raw: bytes, hint: str) -> bytes:
    if not raw.strip():
        raise Invalid("raw_mail_missing", hint)
    return raw


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Invalid("json_invalid")
    return said
