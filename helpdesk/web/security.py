"""What stands before every address: headers, sizes, who really calls, no orders from other sites."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.web.body_limit import BodyLimit
from helpdesk.web.callers import Caller, HostCheck
from helpdesk.web.cross_site import CrossSiteGuard, Resume, cookie_of
from helpdesk.web.refusals import Refusal, problem

_SOURCE = re.compile(r"'self'|'none'|\*|https?://[a-z0-9.*_-]+(:\d+)?|https?:", re.IGNORECASE)


class Policy(StrEnum):
    """Which Content-Security-Policy an answer gets; handlers choose with `request.state.policy = …`."""

    PAGE = "page"
    WORKSPACE = "workspace"
    WIDGET = "widget"
    MAIL = "mail"


@dataclass(frozen=True)
class Protection:
    """How one installation is protected; `protect` builds the layers from it."""

    cookie: str
    """Name of the session cookie."""
    resume: Resume
    """The session behind a cookie's value: `visits.resuming(database)`."""
    origin: str = ""
    """How browsers reach us, e.g. https://help.example.com."""
    hosts: frozenset[str] = frozenset()
    """Names we answer to; empty: any."""
    trusted_proxies: frozenset[str] = frozenset()
    body_limits: Mapping[str, int] = field(default_factory=dict)
    """More room for some addresses, by the beginning of their path."""
    without_session: tuple[str, ...] = ("/widget/", "/inbound/", "/socket.io/", "/support", "/t/", "/alert/")
    """Addresses that never act on the session cookie: other sites may post there."""
    secret_paths: tuple[str, ...] = ("/t/", "/alert/", "/oncall/feeds/")
    """Addresses whose last part is a credential: never cached."""
    refuse: Refusal | None = None


def protect(app: ASGIApp, protection: Protection) -> ASGIApp:
    """All layers in their order, outermost last."""
    refuse = protection.refuse or problem
    app = CrossSiteGuard(
        app, protection.cookie, protection.resume, protection.origin, protection.without_session, refuse
    )
    app = BodyLimit(app, protection.body_limits, refuse)
    if protection.hosts:
        app = HostCheck(app, protection.hosts, refuse)
    return Caller(SecurityHeaders(app, protection), protection.trusted_proxies)


class SecurityHeaders:
    """Every answer leaves with them; what a handler set itself is kept."""

    def __init__(self, app: ASGIApp, protection: Protection) -> None:
        self._app = app
        self._protection = protection
        self._https = protection.origin.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["nonce"] = secrets.token_urlsafe(16)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(scope, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, scope: Scope, headers: MutableHeaders) -> None:
        kind = headers.get("content-type", "").partition(";")[0]
        state = scope["state"]
        policy = Policy(state.get("policy", Policy.PAGE))
        secret = scope["path"].startswith(self._protection.secret_paths)
        if kind == "text/html":
            csp = content_security_policy(policy, state["nonce"], state.get("frame_ancestors", ("'self'",)))
            headers.setdefault("Content-Security-Policy", csp)
            headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
            if policy in (Policy.PAGE, Policy.WORKSPACE):
                headers.setdefault("X-Frame-Options", "DENY")
        elif kind not in ("text/javascript", "text/css"):  # a worker takes its policy from its own script
            headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if self._https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if secret or "set-cookie" in headers or _carries_credentials(scope, self._protection.cookie):
            if "immutable" not in headers.get("cache-control", ""):  # public files are the same for everybody
                headers["Cache-Control"] = "no-store"
        else:
            headers.setdefault("Cache-Control", "no-cache")


def content_security_policy(policy: Policy, nonce: str, frame_ancestors: Iterable[str] = ("'self'",)) -> str:
    """Nothing inline, nothing from elsewhere; the workspace and the panel also refuse strings as code."""
    if policy is Policy.MAIL:
        return (
            # Its origin is ours so that the workspace can read how high it is; no script runs in it.
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
            "img-src 'self' data:; style-src 'unsafe-inline'; form-action 'none'; "
            "frame-ancestors 'self'"
        )
    parts = [
        "default-src 'none'",
        f"script-src 'self' 'nonce-{nonce}' 'strict-dynamic'",
        "style-src 'self'" + (f" 'nonce-{nonce}'" if policy is Policy.WIDGET else ""),
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "frame-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
    ]
    if policy is not Policy.PAGE:
        parts += ["require-trusted-types-for 'script'", "trusted-types helpdesk"]
    allowed = " ".join(source for source in frame_ancestors if _SOURCE.fullmatch(source))
    parts.append("frame-ancestors " + (allowed if policy is Policy.WIDGET and allowed else "'none'"))
    return "; ".join(parts)


def _carries_credentials(scope: Scope, cookie: str) -> bool:
    headers = Headers(scope=scope)
    return "authorization" in headers or cookie_of(headers, cookie) is not None
