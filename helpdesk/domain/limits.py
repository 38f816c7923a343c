"""How much one caller may do in a while: counted in the database, so that every process counts together."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.errors import LimitReached
from helpdesk.storage.tables import Base
from helpdesk.storage.transaction import Transaction


class RateBucket(Base):
    """What one caller did since a moment. The key is hashed: no address is kept."""

    __tablename__ = "rate_buckets"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]


@dataclass(frozen=True)
class Limit:
    """At most so many in each window, which begins with the first of them."""

    name: str
    most: int
    window: timedelta


_HOUR, _HALF_DAY = timedelta(hours=1), timedelta(hours=12)

FORMS = Limit("support form", 5, timedelta(minutes=15))
"""Per network."""

NEW_VISITORS = Limit("new visitors", 60, _HOUR)
"""Per network: many people may share one behind a router."""

MESSAGES = Limit("visitor messages", 10, timedelta(seconds=10))
NEW_TICKETS = Limit("visitor tickets", 6, _HALF_DAY)
NEW_TICKETS_OF_NETWORK = Limit("network tickets", 60, _HALF_DAY)
TRANSCRIPTS = Limit("visitor transcripts", 3, timedelta(days=1))
TRANSCRIPTS_OF_ADDRESS = Limit("address transcripts", 3, timedelta(days=1))
CALLBACKS = Limit("visitor callbacks", 4, _HALF_DAY)
WAKES = Limit("visitor wakes", 3, _HALF_DAY)
"""Alerts that a contact raises by hand."""
UPLOADS = Limit("visitor uploads", 60, _HOUR)
UPLOADED_BYTES = Limit("visitor upload bytes", 100 * 1024 * 1024, _HOUR)

ACKNOWLEDGEMENTS = Limit("inbox acknowledgements", 60, _HOUR)
"""Automatic answers per inbox."""

NOT_SENT = Limit("answers not sent", 10, _HOUR)
"""Letters to one agent that their answer by mail was not sent: a mailbox that answers each of them stops."""

FORGED_MARKS_OF_SENDER = Limit("forged marks of a sender", 5, _HOUR)
FORGED_MARKS = Limit("forged marks", 20, _HOUR)
"""Per inbox. Counted, and told to administrators when it is full."""

_LONGEST = timedelta(days=1)


async def spend(tx: Transaction, limit: Limit, who: object, cost: int = 1) -> None:
    """Count what is about to be done; it counts only if the transaction commits.

    Errors: LimitReached with the seconds until the window is over.
    """
    count, started_at = await _count(tx, limit, who, cost)
    if count > limit.most:
        left = (started_at + limit.window - tx.now).total_seconds()
        refusal = LimitReached(
            "too_many", "That was a lot at once. Wait a little.", retry_after=max(left, 1.0)
        )
        refusal.limit = limit.name
        raise refusal


async def spend_of_network(tx: Transaction, limit: Limit, address: str | None) -> None:
    """The same for where somebody calls from. Our own machine has no limit: it is the reverse proxy that
    nobody told us of, or a program of ours."""
    network = network_of(address)
    if network is not None:
        await spend(tx, limit, network)


@lru_cache(maxsize=1024)
def network_of(address: str | None) -> str | None:
    """An IPv4 address, the /64 of an IPv6 one (each customer of a provider has that many addresses); None
    for this machine and for what is no address."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return None
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


async def count(tx: Transaction, limit: Limit, who: object) -> int:
    """Count without refusing: how many it is by now."""
    return (await _count(tx, limit, who, 1))[0]


async def spent(tx: Transaction, limit: Limit, who: object) -> int:
    """How many there were in the window that is open now."""
    connection = await tx.driver()
    found = await connection.fetchval(_SPENT, key_of(limit, who), tx.now - limit.window)
    return int(found or 0)


async def give_back(tx: Transaction, limit: Limit, who: object, worth: int) -> None:
    """Room for `worth` more in the window that is open now."""
    room = max(0, limit.most - worth)
    await (await tx.driver()).execute(_GIVE_BACK, key_of(limit, who), room)


async def sweep(tx: Transaction) -> None:
    """Forget what is over."""
    await tx.session.execute(delete(RateBucket).where(RateBucket.started_at < tx.now - _LONGEST))


_COUNT = """
    INSERT INTO rate_buckets AS b (key, started_at, count) VALUES ($1, $2, $3)
    ON CONFLICT (key) DO UPDATE SET
      count = CASE WHEN b.started_at <= $4 OR b.started_at > $2 THEN $3 ELSE b.count + $3 END,
      started_at = CASE WHEN b.started_at <= $4 OR b.started_at > $2 THEN $2 ELSE b.started_at END
    RETURNING count, started_at
"""
"""$4 is when a window that is over now began. One in the future is left from a clock that was set back."""

_SPENT = "SELECT count FROM rate_buckets WHERE key = $1 AND started_at > $2"
_GIVE_BACK = "UPDATE rate_buckets SET count = least(count, $2) WHERE key = $1"


async def _count(tx: Transaction, limit: Limit, who: object, cost: int) -> tuple[int, datetime]:
    connection = await tx.driver()
    window = tx.now - limit.window
    count, started_at = await connection.fetchrow(_COUNT, key_of(limit, who), tx.now, cost, window)
    return count, started_at


def key_of(limit: Limit, who: object) -> bytes:
    """What is kept in place of whoever it is."""
    return hashlib.sha256(f"{limit.name}\0{who}".encode()).digest()
