"""No orders from other sites: where a request came from, and the token only our own pages know."""

import hmac
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.auth.requests import bearer_of
from helpdesk.web.refusals import Refusal, problem

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADER = "x-csrf-token"
_FIELD = "csrf"


class Session(Protocol):
    """What is asked of a sign-in here; the guard leaves it in `request.state.session` for the handler."""

    @property
    def csrf(self) -> str: ...


Resume = Callable[[str], Awaitable[Session | None]]
"""The session behind a cookie's value, or nothing when it has ended."""


class CrossSiteGuard:
    """An order counts only when it was given on a page of ours, by the one who is signed in."""

    def __init__(
        self,
        app: ASGIApp,
        cookie: str,
        resume: Resume,
        origin: str = "",
        exempt: tuple[str, ...] = (),
        refuse: Refusal = problem,
    ) -> None:
        self._app = app
        self._cookie = cookie
        self._resume = resume
        self._own = _origin_host(origin)
        self._exempt = exempt
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in UNSAFE_METHODS or self._is_exempt(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookie = cookie_of(headers, self._cookie)
        site = self._same_site(headers)
        if site is False or (cookie and site is None):
            await self._no(scope, receive, send, "cross_site", "The request did not come from our own page.")
            return
        session = await self._resume(cookie) if cookie else None
        if session is not None:
            scope.setdefault("state", {})["session"] = session
            given, receive = await _given_token(headers, receive)
            if not hmac.compare_digest(given.encode(), session.csrf.encode()):
                sentence = "The page was open for too long. Load it again and repeat."
                await self._no(scope, receive, send, "csrf_token_wrong", sentence)
                return
        await self._app(scope, receive, send)

    async def _no(self, scope: Scope, receive: Receive, send: Send, code: str, detail: str) -> None:
        await self._refuse(Request(scope), 403, code, detail)(scope, receive, send)

    def _is_exempt(self, scope: Scope) -> bool:
        """A bearer token is given on purpose; no other site can make a browser send it."""
        return bool(bearer_of(Headers(scope=scope))) or scope["path"].startswith(self._exempt)

    def _same_site(self, headers: Headers) -> bool | None:
        """None: the caller does not say, as no browser does."""
        if (fetched := headers.get("sec-fetch-site")) is not None:
            return fetched in ("same-origin", "none")
        if (origin := headers.get("origin")) is not None:
            host = _origin_host(origin)
            return host != "" and host in (self._own, headers.get("host", "").lower())
        return None


def cookie_of(headers: Headers, name: str) -> str | None:
    """One cookie's value, or nothing when the header cannot be read."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return found.value if found and found.value else None


async def _given_token(headers: Headers, receive: Receive) -> tuple[str, Receive]:
    """From the header, else from a form; the form's bytes are handed on as if nobody had read them."""
    if token := headers.get(_HEADER):
        return token, receive
    if headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return "", receive
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    read: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return read.pop() if read else await receive()

    try:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=200))
    except ValueError:
        fields = {}
    return fields.get(_FIELD, ""), again


def _origin_host(origin: str) -> str:
    """`https://help.example.com:8443` → `help.example.com:8443`"""
    try:
        return urlsplit(origin).netloc.lower() if "//" in origin else ""
    except ValueError:  # an address in brackets that is none
        return ""
