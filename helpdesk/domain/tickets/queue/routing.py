"""Pure: who gets a waiting ticket where work is assigned, and the reasons of that choice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from helpdesk.domain.tickets.queue.capacity import Load, may_take

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent who is online, of the ticket's team, and may see its inbox."""

    id: UUID
    name: str
    skills: frozenset[str]
    load: Load
    assigned_at: datetime | None = None

    @property
    def share(self) -> float:
        """Of the own capacity, so that somebody with few units is not loaded like everybody else."""
        return self.load.units / self.load.capacity if self.load.capacity else 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a ticket asks of whoever takes it."""

    channel: str
    units: int
    skills: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen` is None when nobody is able; `following` is next; `candidates` are all who were asked."""

    chosen: Candidate | None
    following: Candidate | None
    candidates: tuple[Candidate, ...]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the ticket's timeline."""
        return {
            "mode": "push",
            "candidates": [
                {
                    "id": str(one.id),
                    "name": one.name,
                    "load": one.load.units,
                    "capacity": one.load.capacity,
                    "chats": one.load.chats,
                }
                for one in self.candidates
            ],
            "chosen": str(self.chosen.id) if self.chosen else None,
            "next": {"id": str(self.following.id), "name": self.following.name} if self.following else None,
        }


def choose(wanted: Wanted, candidates: Sequence[Candidate]) -> Choice:
    """The least loaded able agent; among equals whoever was last given something longest ago."""
    present: Collection[str] = frozenset().union(*(one.skills for one in candidates))
    able = [
        one
        for one in candidates
        if one.load.has_room(wanted.channel, wanted.units) and may_take(wanted.skills, one.skills, present)
    ]
    ranked = sorted(able, key=lambda one: (one.share, one.assigned_at or _LONG_AGO, one.id))
    asked = tuple(sorted(candidates, key=lambda one: (one.share, one.name)))
    return Choice(ranked[0] if ranked else None, ranked[1] if len(ranked) > 1 else None, asked)
