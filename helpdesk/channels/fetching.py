"""Fetches what somebody else's address names, without letting its owner reach inside."""

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

import httpx2

from helpdesk.errors import Invalid, Unavailable

HOPS = 4
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSLATED = tuple(
    ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
"""IPv6 forms that lead to an IPv4 address, which may be anybody's."""


async def fetch(
    url: str, *, accept: str, seconds: float, largest: int, networks: Collection[str] = ()
) -> bytes:
    """The body, after a few redirects at most, each checked anew; addresses in those `networks` may be asked
    too. Errors: Invalid address_refused, address_unknown, fetch_refused, fetch_too_large,
    too_many_redirects; Unavailable fetch_failed."""
    try:
        async with asyncio.timeout(seconds):
            for _ in range(HOPS):
                found = await _hop(url, accept, seconds, largest, networks)
                if isinstance(found, bytes):
                    return found
                url = found
    except (TimeoutError, httpx2.HTTPError, OSError) as failure:
        raise Unavailable("fetch_failed", type(failure).__name__) from failure
    raise Invalid("too_many_redirects")


def require_fetchable(url: str, *, any_port: bool = False) -> None:
    """Whether an address has a form that would ever be fetched. Errors: Invalid address_refused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as failure:
        raise Invalid("address_refused") from failure
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        raise Invalid("address_refused")
    if not any_port and port not in (None, _PORTS[parts.scheme]):
        raise Invalid("address_refused")


def is_public(address: str) -> bool:
    """A global unicast address, and no way around one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and (
        parsed.ipv4_mapped or any(parsed in network for network in _TRANSLATED)
    ):
        return False
    return parsed.is_global and not parsed.is_multicast


def may_reach(address: str, networks: Collection[str]) -> bool:
    """A public address, or one of the networks an administrator named (`HELPDESK_PRIVATE_NETWORKS`)."""
    if is_public(address):
        return True
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return any(parsed in ipaddress.ip_network(one, strict=False) for one in networks)


async def _hop(url: str, accept: str, seconds: float, largest: int, networks: Collection[str]) -> bytes | str:
    """The body, or where it says to go next. The name is resolved once, and that address is connected to."""
    require_fetchable(url, any_port=bool(networks))
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    address = await _resolved(host, port, networks)
    shown = f"[{address}]" if ":" in address else address
    if port != _PORTS[parts.scheme]:
        host, shown = f"{host}:{port}", f"{shown}:{port}"
    path = parts.path or "/"
    target = f"{parts.scheme}://{shown}{path}{'?' + parts.query if parts.query else ''}"
    headers = {"Host": host, "Accept": accept, "User-Agent": "Helpdesk"}
    async with (
        httpx2.AsyncClient(timeout=seconds, follow_redirects=False, trust_env=False) as client,
        client.stream("GET", target, headers=headers, extensions={"sni_hostname": parts.hostname}) as answer,
    ):
        if answer.status_code in _REDIRECTS:
            return str(urljoin(url, answer.headers.get("location", "")))
        if answer.status_code != 200:
            raise Invalid("fetch_refused", f"The answer was {answer.status_code}.")
        return await _body(answer, largest)


async def _body(answer: httpx2.Response, largest: int) -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > largest:
            raise Invalid("fetch_too_large", "The answer is too long.")
    return bytes(data)


async def _resolved(host: str, port: int, networks: Collection[str] = ()) -> str:
    """One address; refused when any address of that name is not public, so that no luck decides."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as failure:
        raise Invalid("address_unknown") from failure
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(may_reach(one, networks) for one in addresses):
        raise Invalid("address_refused")
    return addresses[0]
