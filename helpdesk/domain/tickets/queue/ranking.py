"""Pure: what makes one ticket more urgent than another, and the sentence that says why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from helpdesk.errors import Invalid

Translate = Callable[..., str]

LONGEST_HEAD_START = timedelta(hours=4)
"""More a plan may not get ahead by."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Minutes that move a ticket ahead, and what is promised where no SLA says so."""

    plan_head_start: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"enterprise": 10, "business": 3, "standard": 0})
    )
    priority_head_start: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({1: 10, 2: 5}))
    live_chat_head_start: int = 30
    handling: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"email": 9, "api": 9, "chat": 0, "phone": 0})
    )
    default_due: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"chat": 5, "phone": 60, "email": 720, "api": 720})
    )
    rescue_every: int = 5  # with the guard on, each fifth claim of an agent takes a late ticket; 0: none


DEFAULTS = QueueSettings()

_chosen = [DEFAULTS]


def use(settings: QueueSettings) -> None:
    """What this installation has chosen, said once at the start of a process; a ticket's rank follows when
    something happens to it."""
    _chosen[0] = settings


def in_force() -> QueueSettings:
    return _chosen[0]


def furthest_ahead(settings: QueueSettings | None = None) -> timedelta:
    """No rank lies further before its start than this: what ranks lower can only be late.

    Plans say their own head start, up to LONGEST_HEAD_START.
    """
    settings = settings or in_force()
    most = max(settings.priority_head_start.values(), default=0) + settings.live_chat_head_start
    return timedelta(minutes=most) + LONGEST_HEAD_START


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """What a plan adds to the order; without minutes of its own it gets those of its key. `handling` are its
    own minutes of an answer by channel."""

    key: str
    name: str
    head_start_minutes: int | None = None
    handling: Mapping[str, int] = field(default_factory=dict, hash=False)


class Reason(StrEnum):
    PLAN = "plan"
    PRIORITY = "priority"
    LIVE_CHAT = "live_chat"


@dataclass(frozen=True, slots=True)
class HeadStart:
    reason: Reason
    name: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket stands. The parts add up: rank_at = due_at - handling - head starts."""

    due_at: datetime
    metric: str | None  # nothing: no SLA applies, the channel's default does
    handling_minutes: int
    head_start: tuple[HeadStart, ...] = ()

    @property
    def start_by(self) -> datetime:
        return self.due_at - timedelta(minutes=self.handling_minutes)

    @property
    def rank_at(self) -> datetime:
        return self.start_by - timedelta(minutes=self.head_start_minutes)

    @property
    def head_start_minutes(self) -> int:
        return sum(part.minutes for part in self.head_start)

    def to_dict(self) -> dict[str, Any]:
        """The stored parts, as the API shows them."""
        return {
            "metric": self.metric,
            "due_at": _iso(self.due_at),
            "start_by": _iso(self.start_by),
            "handling_minutes": self.handling_minutes,
            "head_start": [
                {"reason": part.reason.value, "name": part.name, "minutes": part.minutes}
                for part in self.head_start
            ],
        }

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        parts = (HeadStart(Reason(p["reason"]), p["name"], p["minutes"]) for p in data["head_start"])
        due_at = datetime.fromisoformat(data["due_at"])
        return cls(due_at, data["metric"], data["handling_minutes"], tuple(parts))


def priority_of(impact: int, urgency: int) -> int:
    """ITIL: 1 (high) to 3 (low) each gives P1 to P5."""
    for name, value in (("impact", impact), ("urgency", urgency)):
        if value not in (1, 2, 3):
            raise Invalid(f"{name}_invalid", field=name)
    return impact + urgency - 1


def place(
    *,
    channel: str,
    created_at: datetime,
    due_at: datetime | None = None,
    metric: str | None = None,
    plan: PlanStanding | None = None,
    priority: int = 3,
    settings: QueueSettings | None = None,
) -> Place:
    """A ticket's place; no term contains now, so it changes only when something happens to the ticket.

    `due_at` is the earliest open SLA target, or nothing where no SLA applies.
    """
    settings = settings or in_force()
    if due_at is None:
        due_at, metric = default_due(channel, created_at, settings), None
    return Place(
        due_at=due_at.astimezone(UTC),
        metric=metric,
        handling_minutes=_handling(channel, plan, settings),
        head_start=_head_start(channel, plan, priority, settings),
    )


def _handling(channel: str, plan: PlanStanding | None, settings: QueueSettings) -> int:
    if plan is not None and channel in plan.handling:
        return plan.handling[channel]
    return settings.handling.get(channel, settings.handling["email"])


def default_due(channel: str, created_at: datetime, settings: QueueSettings | None = None) -> datetime:
    """The promise nobody wrote down, so that a ticket without an SLA never starves."""
    settings = settings or in_force()
    return created_at + timedelta(minutes=settings.default_due.get(channel, settings.default_due["email"]))


def why(place: Place, now: datetime, zone: tzinfo = UTC, translate: Translate | None = None) -> str:
    """As one sentence: "Start by 14:36 (due 14:45, typically 9 min); 10 min head start: Enterprise".

    Clock times are read in `zone`, with the date where it is not the day of `now`.
    """
    t = translate or _english
    start_by, due = _clock(place.start_by, now, zone), _clock(place.due_at, now, zone)
    if place.handling_minutes:
        sentence = t(
            "Start by {start_by} (due {due}, typically {minutes} min)",
            start_by=start_by,
            due=due,
            minutes=place.handling_minutes,
        )
    else:
        sentence = t("Start by {start_by} (due {due})", start_by=start_by, due=due)
    if not place.head_start:
        return sentence
    names = ", ".join(_named(part, len(place.head_start) > 1, t) for part in place.head_start)
    minutes = place.head_start_minutes
    return f"{sentence}; " + t("{minutes} min head start: {names}", minutes=minutes, names=names)


class Waiting(Protocol):
    """What the guard must know of a waiting ticket."""

    @property
    def id(self) -> UUID: ...
    @property
    def rank_at(self) -> datetime: ...
    @property
    def start_by(self) -> datetime: ...


W = TypeVar("W", bound=Waiting)


class Take(StrEnum):
    """Where a claim takes the smallest rank_at from: all, those that can still be met, or the late ones."""

    FIRST = "first"
    MEETABLE = "meetable"
    LATE = "late"


def take(late: int, online_agents: int, claim_number: int, settings: QueueSettings | None = None) -> Take:
    """The overload guard for one claim, writing nothing.

    `late` is how many waiting tickets have start_by < now (counting past online_agents + 1 is wasted);
    `claim_number` counts the claims of this agent from 1.
    """
    if not is_overloaded(late, online_agents):
        return Take.FIRST
    every = (settings or in_force()).rescue_every
    return Take.LATE if every and claim_number % every == 0 else Take.MEETABLE


def is_overloaded(late: int, online_agents: int) -> bool:
    """More tickets are late than there are agents to start them: shown as a banner and told to the lead."""
    return late > online_agents


def choose(
    waiting: Iterable[W],
    now: datetime,
    online_agents: int,
    claim_number: int,
    settings: QueueSettings | None = None,
) -> W | None:
    """The ticket to claim among those an agent may take; the order of `waiting` does not matter."""
    rows = list(waiting)
    late = sum(row.start_by < now for row in rows)
    return pick(rows, now, take(late, online_agents, claim_number, settings))


def pick(rows: Sequence[W], now: datetime, wanted: Take) -> W | None:
    """The first in order of what is wanted; of all, where none of that waits here."""
    match wanted:
        case Take.LATE:
            some = [row for row in rows if row.start_by < now]
        case Take.MEETABLE:
            some = [row for row in rows if row.start_by >= now]
        case _:
            some = []
    return min(some or rows, key=order, default=None)


def order(row: Waiting) -> tuple[datetime, UUID]:
    """ORDER BY rank_at, id"""
    return row.rank_at, row.id


def _head_start(
    channel: str, plan: PlanStanding | None, priority: int, settings: QueueSettings
) -> tuple[HeadStart, ...]:
    parts: list[HeadStart] = []
    if plan is not None:
        minutes = plan.head_start_minutes
        minutes = settings.plan_head_start.get(plan.key, 0) if minutes is None else minutes
        parts.append(HeadStart(Reason.PLAN, plan.name, minutes))
    parts.append(HeadStart(Reason.PRIORITY, f"P{priority}", settings.priority_head_start.get(priority, 0)))
    if channel == "chat":
        parts.append(HeadStart(Reason.LIVE_CHAT, "Live chat", settings.live_chat_head_start))
    return tuple(part for part in parts if part.minutes)


def _named(part: HeadStart, among_others: bool, t: Translate) -> str:
    name = t("live chat") if part.reason is Reason.LIVE_CHAT else part.name
    return t("{name} {minutes}", name=name, minutes=part.minutes) if among_others else name


def _clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone).isoformat(" ", "minutes")
    return local[11:16] if local[:10] == _day(now, zone) else local[:16]


@lru_cache(maxsize=64)
def _day(now: datetime, zone: tzinfo) -> str:
    """The same for all rows of a page."""
    return now.astimezone(zone).date().isoformat()


def _english(message: str, **values: object) -> str:
    return message.format(**values)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
