"""Which server holds a mailbox, from its address alone: what its domain says, else where it would be."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

import dns.asyncresolver
import dns.exception

from helpdesk.channels import guard
from helpdesk.channels.guard import Networks
from helpdesk.errors import HelpdeskError

SECONDS = 8.0
"""For all of it: somebody waits for the page."""

_LOOK_UP_SECONDS = 3.0
_PORT = 993
_HOSTS = {
    "google.com": "imap.gmail.com", "googlemail.com": "imap.gmail.com",
    "outlook.com": "outlook.office365.com", "office365.com": "outlook.office365.com",
    "yahoodns.net": "imap.mail.yahoo.com", "icloud.com": "imap.mail.me.com", "zoho.com": "imap.zoho.com",
    "zoho.eu": "imap.zoho.eu", "messagingengine.com": "imap.fastmail.com", "gmx.net": "imap.gmx.net",
    "mailbox.org": "imap.mailbox.org", "one.com": "imap.one.com", "loopia.se": "imap.loopia.se",
    "ionos.com": "imap.ionos.com", "kundenserver.de": "imap.ionos.de", "ovh.net": "ssl0.ovh.net",
}  # fmt: skip
"""Where those keep mailboxes that take mail for other domains as well, by the end of their MX."""

Ask = Callable[[str, str], Awaitable[list[str]]]
Knock = Callable[[str], Awaitable[bool]]


async def look_up(name: str, kind: str) -> list[str]:
    """Records of the DNS as text, the preferred first; an empty list where there are none."""
    try:
        found = await dns.asyncresolver.resolve(name, kind, lifetime=_LOOK_UP_SECONDS, search=False)
    except (dns.exception.DNSException, OSError):
        return []
    return [record.to_text() for record in sorted(found, key=lambda one: one.to_text().split()[:1])]


async def answers(host: str, networks: Networks = ()) -> bool:
    """Whether an IMAP server with a certificate of that name is there, and not inside our own network."""
    try:
        async with asyncio.timeout(_LOOK_UP_SECONDS):
            place = await guard.resolved(host, _PORT, networks)
            reader, writer = await asyncio.open_connection(
                place, _PORT, ssl=ssl.create_default_context(), server_hostname=host
            )
            try:
                return (await reader.readline()).startswith(b"* OK")
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, HelpdeskError):
        return False


async def find(address: str, ask: Ask = look_up, knock: Knock = answers) -> str | None:
    """The host that reads mail over TLS for it; None where nobody answers."""
    domain = address.rpartition("@")[2].strip().lower()
    if "." not in domain:
        return None
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS):
            return await _find(domain, ask, knock)
    return None


async def _find(domain: str, ask: Ask, knock: Knock) -> str | None:
    said, exchangers = await asyncio.gather(ask(f"_imaps._tcp.{domain}", "SRV"), ask(domain, "MX"))
    servers = [one.split()[3].rstrip(".").lower() for one in said if one.split()[2:3] == [str(_PORT)]]
    mail = [one.split()[-1].rstrip(".").lower() for one in exchangers]
    known = [_HOSTS[end] for one in mail if (end := ".".join(one.split(".")[-2:])) in _HOSTS]
    if stated := next((one for one in [*servers, *known] if one), None):
        return stated
    likely = list(dict.fromkeys([f"imap.{domain}", f"mail.{domain}", *mail[:1]]))
    there = await asyncio.gather(*(knock(host) for host in likely))
    return next((host for host, is_there in zip(likely, there, strict=True) if is_there), None)
