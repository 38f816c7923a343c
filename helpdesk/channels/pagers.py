"""The ways out to somebody on call besides mail: signed webhooks, web push, and whatever Apprise reaches."""

import asyncio
import base64
import contextvars
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

from helpdesk.channels import guard
from helpdesk.channels.guard import Networks
from helpdesk.channels.notify_addresses import sender_for
from helpdesk.errors import Invalid, Unavailable
from helpdesk.storage.sealing import derived

TIMEOUT = 8.0
CONNECT = 1.75
"""Seconds for the name, and again for the connection, or the try ends: with the second that a sender may be
held up before it looks again, nothing begins to leave more than 5 s after an acknowledgement."""

_PORTS = {"http": 80, "https": 443}
_threads = ThreadPoolExecutor(20, "pager")
T = TypeVar("T")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
_GONE = (404, 410)
_TOO_MANY = 429
_PUSH_LIFE = 3600


async def post_webhook(
    url: str, secret: str, body: dict[str, Any], key: str, at: int, networks: Networks = ()
) -> None:
    """One POST, signed like `v1=HMAC-SHA256(secret, "<timestamp>.<body>")`; the same key is the same ring.

    The name is looked up once, and what was checked is connected to.

    Errors: Unavailable to try again, Invalid when trying again cannot help.
    """
    data = orjson.dumps(body)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-Helpdesk-Timestamp": str(at),
        "X-Helpdesk-Signature": f"v1={signature(secret, data, at)}",
    }
    address = httpx2.URL(url)
    limits = httpx2.Timeout(TIMEOUT, connect=CONNECT)
    try:
        async with asyncio.timeout(CONNECT):
            found = await guard.resolved(address.host, address.port or _PORTS[address.scheme], networks)
        headers["Host"] = address.netloc.decode()
        async with httpx2.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False) as client:
            answer = await client.post(
                address.copy_with(host=found),
                content=data,
                headers=headers,
                extensions={"sni_hostname": address.host},
            )
    except TimeoutError as failure:
        raise Unavailable("webhook_unreachable", "Its name could not be looked up.") from failure
    except (httpx2.HTTPError, httpx2.InvalidURL) as failure:
        raise Unavailable("webhook_unreachable", str(failure) or type(failure).__name__) from failure
    if answer.status_code >= 500 or answer.status_code == _TOO_MANY:
        raise Unavailable("webhook_busy", f"HTTP {answer.status_code}")
    if not answer.is_success:
        raise Invalid("webhook_refused", f"HTTP {answer.status_code}")


def webhook_secret(key: bytes, method_id: UUID) -> str:
    """Shown to the method's owner; receivers check our signature with it."""
    return derived(key, f"webhook\0{method_id}").hex()


def signature(secret: str, body: bytes, at: int) -> str:
    """What a receiver computes too, to know that it was us."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()


async def send_push(
    subscription: str, body: dict[str, Any], key: bytes, contact: str, networks: Networks = ()
) -> None:
    """Encrypted for the browser alone (RFC 8291). Errors: Unavailable; Invalid when it has unsubscribed."""
    try:
        await _in_thread(networks, _push, subscription, body, key, contact)
    except WebPushException as failure:
        status = failure.response.status_code if failure.response is not None else 0
        if status in _GONE:
            raise Invalid("push_gone", "The browser has ended its subscription.") from failure
        raise Unavailable("push_failed", str(failure)[:200]) from failure
    except (ValueError, OSError) as failure:  # requests' own errors are OSErrors
        raise Unavailable("push_failed", str(failure)[:200]) from failure


def push_key(key: bytes) -> ec.EllipticCurvePrivateKey:
    """Our side of web push, derived from the secret key: nothing to store, the same after a restore."""
    number = int.from_bytes(derived(key, "web-push"), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def public_push_key(key: bytes) -> str:
    """What a browser subscribes with (applicationServerKey)."""
    point = (
        push_key(key)
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def parse_subscription(text: str) -> str:
    """A browser's PushSubscription as JSON. Errors: Invalid."""
    try:
        data = json.loads(text)
        keys = {name: str(data["keys"][name]) for name in ("p256dh", "auth")}
        endpoint = str(data["endpoint"])
    except (ValueError, KeyError, TypeError):
        raise Invalid("subscription_invalid", field="subscription") from None
    if not endpoint.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Invalid("subscription_invalid", field="subscription")
    return json.dumps({"endpoint": endpoint, "keys": keys})


async def notify(url: str, title: str, body: str, networks: Networks = ()) -> None:
    """By an Apprise address: ntfys://…, matrix://…, twilio://… Errors: Invalid, Unavailable."""
    sender = sender_for(url)
    sender.socket_connect_timeout, sender.socket_read_timeout = CONNECT, TIMEOUT
    if not await _in_thread(networks, sender.notify, body, title):
        raise Unavailable("notify_failed", "The gateway did not take it, or leads into a private network.")


async def _in_thread(networks: Networks, send: Callable[..., T], *given: Any) -> T:
    """A pool as wide as there are jobs, so that no sender waits for another's gateway."""
    with guard.guarded(networks, CONNECT):
        context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(context.run, send, *given))


def require_web_address(url: str) -> str:
    """Errors: Invalid."""
    try:
        parsed = httpx2.URL(url.strip())
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise Invalid("address_invalid", "An address like https://example.com/alerts.", field="address")
    return str(parsed)


def _push(subscription: str, body: dict[str, Any], key: bytes, contact: str) -> None:
    webpush(
        json.loads(subscription),
        data=json.dumps(body),
        vapid_private_key=Vapid02.from_pem(
            push_key(key).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        vapid_claims={"sub": contact},
        ttl=_PUSH_LIFE,
        headers={"Urgency": "high"},
        timeout=(CONNECT, TIMEOUT),  # handed on to requests, which takes both
    )
