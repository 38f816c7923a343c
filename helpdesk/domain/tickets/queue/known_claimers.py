"""Agents who claimed a moment ago, and what is remembered of them: the pools they reach, so that nobody
looks again.

Most of what a claim costs is finding out who asks: teams, skills, the pools these reach. Those who are known
are served by a small statement, several at once (claiming_together.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from helpdesk.actors import Actor, ActorKind
from helpdesk.domain.availability import SILENT_AFTER
from helpdesk.domain.tickets.queue import overload
from helpdesk.domain.tickets.queue.capacity import LANGUAGE
from helpdesk.domain.tickets.queue.taking import DESK
from helpdesk.storage.transaction import Transaction

_REMEMBERED = timedelta(minutes=15)
"""Everything is proven by the statement that uses it."""

MOST_POOLS = 8
"""Who reaches more is never served alone: the statement for many is one text for any number."""

_MOST = 1000
"""Agents remembered at once."""

_LEARN = """
    WITH {desk}
    SELECT g.xmin::text::bigint AS row, d.name, d.capacity,
      (SELECT seen_at FROM availability WHERE agent_id = d.id) AS seen_at,
      (SELECT count(*) FROM pools) AS pools_known,
      to_json(array(SELECT j.id FROM judged j JOIN pools p ON p.id = j.id
        WHERE j.is_ours AND p.skills <@ d.skills ORDER BY j.id))::text AS pools,
      d.is_online AND NOT ($7 AND d.is_pushed) AND NOT EXISTS (
        SELECT FROM judged j JOIN pools p ON p.id = j.id
        WHERE j.is_ours AND NOT p.skills <@ d.skills AND NOT EXISTS (
          SELECT FROM unnest(p.skills) AS asked(skill)
          WHERE skill <> ALL(d.skills) AND NOT starts_with(skill, '{language}'))) AS is_plain
    FROM desk d JOIN agents g ON g.id = d.id WHERE $2::timestamptz IS NOT NULL
""".replace("{desk}", DESK).replace("{language}", LANGUAGE)
"""`is_plain`: nothing they may take hangs on who else is there. $1 to $7 as taking.DESK."""


class Kind(NamedTuple):
    """What claims that one statement serves together have in common."""

    is_person: bool
    pools: str
    """Ids of those they reach, in JSON."""
    pools_known: int
    """How many there are in all."""


@dataclass(frozen=True, slots=True)
class KnownClaimer:
    kind: Kind
    until: datetime
    learnt_at: datetime
    row: int
    """`xmin` of the agent's row, which every change of it changes."""
    pool_ids: tuple[UUID, ...]
    told: str
    """The event's data in JSON, with nothing carried."""
    is_quick: bool
    """Whether they can be served alone."""
    asks: tuple[Any, ...]
    """What is the same in each of their claims, as claiming_alone.statement asks for it."""


_known: dict[Actor, KnownClaimer] = {}


def forget() -> None:
    """As a process that has just begun."""
    forget_everybody()
    overload.forget()


def forget_everybody() -> None:
    _known.clear()


def known(actor: Actor) -> KnownClaimer | None:
    """Where it is known, a quick claim is worth a try."""
    return _known.get(actor)


def holds(claimer: KnownClaimer, now: datetime) -> bool:
    return claimer.learnt_at <= now < claimer.until


async def learn(tx: Transaction, asks: tuple[Any, ...], is_calm: bool) -> None:
    """Remembers where this actor's tickets come from, unless the guard is on or is not ours to foresee."""
    _known.pop(tx.actor, None)
    if not is_calm or tx.reactions.get("TicketAssigned"):  # jobs need a transaction around them
        return
    found = await tx.connection.fetchrow(_LEARN, *asks)
    if found is None or not found["is_plain"]:
        return
    if len(_known) >= _MOST:
        _known.clear()
    _known[tx.actor] = _claimer(tx, found)


def _claimer(tx: Transaction, found: Mapping[str, Any]) -> KnownClaimer:
    actor, is_person = tx.actor, tx.actor.kind is not ActorKind.API_KEY
    until = tx.now + _REMEMBERED
    if not is_person:  # once its agent is silent, its claims count for the guard's turns
        until = min(until, found["seen_at"] + SILENT_AFTER)
    pool_ids = tuple(UUID(pool_id) for pool_id in orjson.loads(found["pools"]))
    is_quick = 0 < len(pool_ids) <= MOST_POOLS
    kind = Kind(is_person, found["pools"], found["pools_known"])
    told = _told(tx, found["name"], found["capacity"])
    who = (actor.agent_id, actor.kind.value, actor.id, actor.name)
    asks = (*who, told, found["row"], kind.pools_known, *pool_ids)
    return KnownClaimer(kind, until, tx.now, found["row"], pool_ids, told, is_quick, asks)


def _told(tx: Transaction, name: str, capacity: int) -> str:
    agent_id = str(tx.actor.agent_id)
    candidate = {"id": agent_id, "name": name, "load": 0, "capacity": capacity, "chats": 0}
    data = {
        "assignee_id": agent_id,
        "assignee_name": name,
        "previous_id": None,
        "reason": "claim",
        "decision": {
            "mode": "pull",
            "take": "first",
            "chosen": agent_id,
            "next": None,
            "candidates": [candidate],
        },
    }
    return orjson.dumps(data).decode()
