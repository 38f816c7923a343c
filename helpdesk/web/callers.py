"""Who is calling, under which name of ours: request ids, addresses behind proxies, Host headers."""

import ipaddress
import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.web.refusals import Refusal, problem

_HOST = re.compile(r"[a-z0-9._-]+(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?", re.IGNORECASE)

_WATCHED = ("/health/", "/metrics")


class Caller:
    """Gives each request an id, and the address of who really sent it."""

    def __init__(self, app: ASGIApp, trusted_proxies: Iterable[str] = ()) -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or "request_id" in scope.get("state", {}):
            await self._app(scope, receive, send)
            return
        self._believe_proxies(scope)
        request_id = secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_with_id if scope["type"] == "http" else send)

    def _believe_proxies(self, scope: Scope) -> None:
        """X-Forwarded-* counts only from a proxy of ours, right to left, as far as they reach."""
        client = scope.get("client")
        if not client or not self._is_ours(client[0]):
            return
        headers = Headers(scope=scope)
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            address = _address(hop)
            if address is None:
                break
            scope["client"] = (address, 0)
            if not self._is_ours(address):
                break
        forwarded = headers.get("x-forwarded-proto", "").strip().lower()
        if forwarded in ("http", "https"):
            secure = {"http": "https", "websocket": "wss"}
            plain = {"http": "http", "websocket": "ws"}
            scope["scheme"] = (secure if forwarded == "https" else plain)[scope["type"]]

    def _is_ours(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


class HostCheck:
    """A made-up Host header gets no page, and so no link built from it. Who watches us may use any name."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], refuse: Refusal = problem) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_known(scope):
            answer = self._refuse(
                Request(scope), 421, "unknown_host", "This server does not answer to that name."
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        if scope["path"].startswith(_WATCHED):
            return True
        return _host_name(Headers(scope=scope).get("host", "")) in self._hosts


def _address(text: str) -> str | None:
    """An address from a forwarded header; IPv6 may stand in brackets, and either may bring its port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower() if _HOST.fullmatch(host) else ""
    except ValueError:
        return ""
