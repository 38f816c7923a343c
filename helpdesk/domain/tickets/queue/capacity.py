"""Pure: how much work an agent carries, how much fits on top, and whose skills fit a ticket."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

UNITS: Mapping[str, int] = MappingProxyType({"chat": 1, "email": 2, "phone": 3, "api": 2})
"""What one ticket of a channel takes of an agent; an inbox may say otherwise."""

LANGUAGE = "language:"
"""Skills that begin so are languages: the same one first, then whoever is there."""


@dataclass(frozen=True, slots=True)
class Work:
    """Tickets of one kind that an agent carries. `units` are those of one ticket."""

    channel: str
    units: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Load:
    """What an agent carries against what they can: units over all, chats also by number."""

    units: int
    chats: int
    capacity: int
    max_chats: int

    def has_room(self, channel: str, units: int) -> bool:
        if channel == "chat" and self.chats >= self.max_chats:
            return False
        return self.units + units <= self.capacity

    @property
    def is_full(self) -> bool:
        """Whether not even the smallest ticket would fit."""
        return not any(self.has_room(channel, units) for channel, units in UNITS.items())

    def plus(self, channel: str, units: int) -> "Load":
        chats = self.chats + (channel == "chat")
        return Load(self.units + units, chats, self.capacity, self.max_chats)


def load_of(work: Iterable[Work], capacity: int, max_chats: int) -> Load:
    carried = list(work)
    return Load(
        units=sum(some.units * some.count for some in carried),
        chats=sum(some.count for some in carried if some.channel == "chat"),
        capacity=capacity,
        max_chats=max_chats,
    )


def units_of(channel: str, inbox_units: int | None) -> int:
    """Units of one ticket: the inbox's own setting, else the channel's."""
    return inbox_units if inbox_units is not None else UNITS.get(channel, UNITS["email"])


def may_take(wanted: Sequence[str], skills: Collection[str], present: Collection[str]) -> bool:
    """Whether somebody with `skills` may take what asks for `wanted`, given the skills of those `present`.

    A language nobody present speaks holds nothing up: then anybody may answer. Other skills wait for
    somebody who has them.
    """
    missing = [skill for skill in wanted if skill not in skills]
    return all(skill.startswith(LANGUAGE) and skill not in present for skill in missing)
