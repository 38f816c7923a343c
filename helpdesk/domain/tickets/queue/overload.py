"""Whether more tickets are late than there are agents to start them: read for each claim, never stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from helpdesk.actors import Role
from helpdesk.domain import agents, oncall
from helpdesk.domain.availability import SILENT_AFTER
from helpdesk.domain.tickets.queue import ranking
from helpdesk.domain.tickets.queue.taking import late
from helpdesk.storage.transaction import Transaction

_COUNT_TO = 200
"""Late tickets are counted this far and no further; nobody needs to know more of them."""

_ONLINE = "SELECT count(*) FROM availability WHERE state = 'online' AND seen_at >= $1"

LATE = late(now="$1", upto="$2")

ALERT_KEY = "overload"
_ADVICE = (
    "Whoever asks for the next ticket gets one that can still be met; now and then it is one of the"
    " late ones. More hands on the queue end it."
)
_OVER_AFTER = timedelta(minutes=10)
_SILENT_FOR = timedelta(minutes=30)
_OFF_SINCE = "off_since"


_AT_ONCE, _CALM_FOR = timedelta(), timedelta(seconds=1)
_calm: dict[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class Overload:
    """`late` stops counting one past `online`, unless a person asked. With nobody online nothing is known
    of who works, so there is no overload to guard against."""

    late: int
    online: int

    @property
    def is_on(self) -> bool:
        return is_on(self.late, self.online)

    def to_dict(self) -> dict[str, Any]:
        return {"on": self.is_on, "late": self.late, "online": self.online}


async def now(tx: Transaction) -> Overload:
    """As a claim needs it: cheap, and quiet where nobody is online."""
    connection = await tx.driver()
    online = await connection.fetchval(_ONLINE, tx.now - SILENT_AFTER)
    return Overload(await _late(tx, online + 1) if online else 0, online)


async def is_calm(tx: Transaction) -> bool:
    """Whether the guard was off within the last second, asked at most so often; while one asks, the others
    take the last answer."""
    if was_calm(tx.now):
        return True
    _calm["at"] = tx.now
    if (await now(tx)).is_on:
        _calm.clear()
        return False
    return True


def was_calm(now: datetime) -> bool:
    """`is_calm` where nobody has to ask anew."""
    seen = _calm.get("at")
    return seen is not None and _AT_ONCE <= now - seen < _CALM_FOR


def forget() -> None:
    """As a process that has just begun."""
    _calm.clear()


async def shown(tx: Transaction) -> Overload:
    """For the banner: with how many are late, up to 200."""
    connection = await tx.driver()
    online = await connection.fetchval(_ONLINE, tx.now - SILENT_AFTER)
    return Overload(await _late(tx, _COUNT_TO), online)


async def alert(tx: Transaction) -> oncall.Alert | None:
    """Tells the lead when the guard comes on, and not at each of its turns: the alert is over once the guard
    was off for a while, and none is raised anew soon after one was closed, by hand or so."""
    state, known = await shown(tx), await oncall.last_of_key(tx, ALERT_KEY, tx.now - _SILENT_FOR)
    if known is not None and known.status != oncall.AlertStatus.CLOSED:
        await _while_open(tx, known, state.is_on)
        return None
    if known is not None or not state.is_on:
        return None
    reason = f"Overload: tickets late: {state.late}, agents online: {state.online}"
    details = {"subject": reason, "body": _ADVICE, "url": "/wall"}
    people = await _leads(tx)
    return await oncall.raise_alert(tx, None, ALERT_KEY, reason, details=details, people=people)


async def _leads(tx: Transaction) -> list[UUID]:
    """Who is told: a lead's work, not that of whoever is on call. Where there is none, the owners'."""
    staff = await agents.active(tx)
    leads = [one.id for one in staff if one.role == Role.LEAD]
    return leads or [one.id for one in staff if one.role == Role.OWNER]


async def _while_open(tx: Transaction, known: oncall.Alert, is_on: bool) -> None:
    """Remembers with the alert since when the guard is off."""
    since = str(known.details.get(_OFF_SINCE, ""))
    if is_on and since:
        known.details = {key: value for key, value in known.details.items() if key != _OFF_SINCE}
    elif not is_on and not since:
        known.details = {**known.details, _OFF_SINCE: tx.now.isoformat()}
    elif not is_on and tx.now - datetime.fromisoformat(since) >= _OVER_AFTER:
        await oncall.close_key(tx, ALERT_KEY)


def is_on(late: int, online: int) -> bool:
    return online > 0 and ranking.is_overloaded(late, online)


async def _late(tx: Transaction, upto: int) -> int:
    return int(await tx.connection.fetchval(LATE, tx.now, upto))
