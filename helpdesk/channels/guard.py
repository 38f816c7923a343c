"""Addresses that people of ours typed in: no way into our own network, unless a setting says so."""

import asyncio
import contextvars
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from helpdesk.channels.fetching import may_reach
from helpdesk.errors import Invalid, Unavailable

Networks = Collection[str]
"""As in `HELPDESK_PRIVATE_NETWORKS`: where private addresses may be asked, such as 10.1.0.0/16."""


class AddressRefused(OSError):
    """A name that leads inside. An OSError, so that libraries give up as if it could not be resolved."""


class TooLate(OSError):
    """The first name took so long that what was to be sent may no longer be wanted."""


@dataclass
class _Inside:
    networks: Networks
    begin_by: float | None


_inside: contextvars.ContextVar[_Inside | None] = contextvars.ContextVar("guarded", default=None)
_look_up = socket.getaddrinfo


def _guarded(*given: Any, **named: Any) -> Any:
    """What libraries connect to is what is checked here, on every redirect."""
    found = _look_up(*given, **named)
    inside = _inside.get()
    if inside is not None:
        if inside.begin_by is not None and time.monotonic() > inside.begin_by:
            raise TooLate("Its name took too long to look up.")
        inside.begin_by = None
        for one in found:
            if not may_reach(str(one[4][0]), inside.networks):
                raise AddressRefused("This address leads into a private network.")
    return found


# Apprise and pywebpush open their own connections in threads; the name's look-up is the one place they share.
socket.getaddrinfo = _guarded


@contextmanager
def guarded(networks: Networks, begin_within: float | None = None) -> Iterator[None]:
    """Inside of it this thread, and whom its context is handed to, reaches public addresses only.

    `begin_within`: seconds until the first name is known, or nothing is connected to at all.
    """
    begin_by = None if begin_within is None else time.monotonic() + begin_within
    token = _inside.set(_Inside(networks, begin_by))
    try:
        yield
    finally:
        _inside.reset(token)


async def resolved(host: str, port: int, networks: Networks) -> str:
    """One address of that name, to be connected to. Errors: Invalid address_refused, Unavailable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as failure:
        raise Unavailable("address_unknown", "No such name.") from failure
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(may_reach(one, networks) for one in addresses):
        raise Invalid("address_refused", "This address leads into a private network.", field="address")
    return addresses[0]
