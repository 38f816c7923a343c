"""A week of a desk, played through the product's own order and guard and through four rivals.

Chat, email and phone from three plans arrive by fixed seeds; twenty agents take one ticket at a time. A
ticket is breached when its answer comes after its due time. Three loads: normal, busy (+12 %), overload
(busy with two agents absent). Told are the breaches of all, and of those the desk wants to have first:
Enterprise, P1 and P2. Head starts buy the second with some of the first.
"""

import heapq
import multiprocessing
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from helpdesk.domain.tickets import queue

START = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
DAY = timedelta(hours=10)
DAYS = 5
AGENTS = 20
PLANS = {
    "enterprise": queue.PlanStanding("enterprise", "Enterprise"),
    "business": queue.PlanStanding("business", "Business"),
    "standard": queue.PlanStanding("standard", "Standard"),
}
SHARES = {"enterprise": 0.15, "business": 0.35, "standard": 0.5}
CHANNELS = {"chat": 0.45, "email": 0.4, "phone": 0.15}
TARGETS = {
    ("chat", "enterprise"): 60, ("chat", "business"): 120, ("chat", "standard"): 300,
    ("email", "enterprise"): 3600, ("email", "business"): 4 * 3600, ("email", "standard"): 12 * 3600,
    ("phone", "enterprise"): 600, ("phone", "business"): 1800, ("phone", "standard"): 3600,
}  # fmt: skip
"""Seconds to the first answer at P3."""
FACTORS = {1: 0.25, 2: 0.5, 3: 1.0, 4: 1.0, 5: 2.0}
HANDLING = {"chat": 7.0, "email": 9.0, "phone": 8.0}
"""Minutes an agent is busy with one, on average."""
LOADS = {"normal": (1.0, 0), "busy": (1.12, 0), "overload": (1.12, 2)}
"""How many arrive, against normal, and how many agents are absent."""
BUSYNESS = 0.9
"""Share of the agents' time that a normal week takes."""


@dataclass(slots=True, eq=False)
class Arrival:
    id: UUID
    at: datetime
    channel: str
    plan: str
    priority: int
    due_at: datetime
    rank_at: datetime
    start_by: datetime
    busy: float
    """Minutes its agent will need."""


class Shares(NamedTuple):
    """Breaches in percent: of all tickets, and of those of Enterprise, P1 and P2."""

    all: float
    first: float


Choose = Callable[[list[Arrival], datetime, int, int], Arrival]


def ours(waiting: list[Arrival], now: datetime, online: int, claim: int) -> Arrival:
    chosen = queue.choose(waiting, now, online, claim)
    assert chosen is not None
    return chosen


def _by(key: Callable[[Arrival], object]) -> Choose:
    return lambda waiting, now, online, claim: min(waiting, key=key)  # type: ignore[type-var,return-value]


_CHANNEL_ORDER = {"phone": 0, "chat": 1, "email": 2}
RULES: dict[str, Choose] = {
    "this rule": ours,
    "first in, first out": _by(lambda one: one.at),
    "priority, then first in": _by(lambda one: (one.priority, one.at)),
    "channel, priority, first in": _by(lambda one: (_CHANNEL_ORDER[one.channel], one.priority, one.at)),
    "earliest due date": _by(lambda one: one.due_at),
}


def arrivals(seed: int, load: float) -> list[Arrival]:
    """Everything that comes in a week, in order; more around eleven than at the ends of the day."""
    chance = random.Random(f"{seed}:{load}")
    mean = sum(CHANNELS[channel] * HANDLING[channel] for channel in CHANNELS)
    per_day = AGENTS * BUSYNESS * (DAY / timedelta(minutes=1)) / mean * load
    found: list[Arrival] = []
    for day in range(DAYS):
        for _ in range(round(chance.gauss(per_day, per_day * 0.03))):
            at = START + timedelta(days=day) + DAY * min(0.999, max(0.0, chance.betavariate(1.6, 1.9)))
            found.append(_arrival(chance, len(found), at))
    return sorted(found, key=lambda one: one.at)


def breached(tickets: Sequence[Arrival], agents: int, choose: Choose) -> Shares:
    """Share of the tickets whose answer came too late, in percent."""
    free = [(START, number, 0) for number in range(agents)]
    heapq.heapify(free)
    waiting: list[Arrival] = []
    coming = 0
    missed: list[Arrival] = []
    while coming < len(tickets) or waiting:
        now, number, claims = heapq.heappop(free)
        now = _at_work(now)
        if not waiting:
            now = max(now, _at_work(tickets[coming].at)) if coming < len(tickets) else now
        while coming < len(tickets) and tickets[coming].at <= now:
            waiting.append(tickets[coming])
            coming += 1
        if not waiting:
            heapq.heappush(free, (now, number, claims))
            continue
        ticket = choose(waiting, now, agents, claims + 1)
        waiting.remove(ticket)
        # A mail is answered when it is written; a chat or call as soon as it is taken.
        answered = now + timedelta(minutes=ticket.busy if ticket.channel == "email" else 0)
        if answered > ticket.due_at:
            missed.append(ticket)
        heapq.heappush(free, (now + timedelta(minutes=ticket.busy), number, claims + 1))
    return Shares(
        100 * len(missed) / len(tickets),
        100 * sum(map(_is_first, missed)) / sum(map(_is_first, tickets)),
    )


def compare(seeds: int) -> dict[str, dict[str, Shares]]:
    """Breaches in percent by rule and load, the mean over the seeds; as many weeks at once as there are
    processors."""
    weeks = [(load, seed) for load in LOADS for seed in range(seeds)]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as processes:
        played = list(processes.map(_week, *zip(*weeks, strict=True)))
    found: dict[str, dict[str, Shares]] = {rule: {} for rule in RULES}
    for rule, by_load in found.items():
        for load in LOADS:
            of_load = [week[rule] for (each, _), week in zip(weeks, played, strict=True) if each == load]
            by_load[load] = Shares(*(sum(shares) / seeds for shares in zip(*of_load, strict=True)))
    return found


def _week(load: str, seed: int) -> dict[str, Shares]:
    amount, absent = LOADS[load]
    week = arrivals(seed, amount)
    return {rule: breached(week, AGENTS - absent, choose) for rule, choose in RULES.items()}


def _is_first(ticket: Arrival) -> bool:
    return ticket.plan == "enterprise" or ticket.priority <= 2


def _arrival(chance: random.Random, number: int, at: datetime) -> Arrival:
    channel = chance.choices(list(CHANNELS), list(CHANNELS.values()))[0]
    plan = chance.choices(list(SHARES), list(SHARES.values()))[0]
    priority = chance.choices([1, 2, 3, 4, 5], [0.04, 0.12, 0.6, 0.16, 0.08])[0]
    due_at = _service_end(at, TARGETS[channel, plan] * FACTORS[priority])
    place = queue.place(
        channel=channel,
        created_at=at,
        due_at=due_at,
        metric="first_response",
        plan=PLANS[plan],
        priority=priority,
    )
    busy = chance.lognormvariate(0, 0.5) / 1.133 * HANDLING[channel]
    return Arrival(UUID(int=number), at, channel, plan, priority, due_at, place.rank_at, place.start_by, busy)


def _at_work(at: datetime) -> datetime:
    """Now, or the next morning."""
    opening = START + timedelta(days=(at - START).days)
    return at if at < opening + DAY else opening + timedelta(days=1)


def _service_end(at: datetime, seconds: float) -> datetime:
    """When that much of the desk's ten hours a day is over."""
    left = timedelta(seconds=seconds)
    while True:
        at = _at_work(at)
        closing = START + timedelta(days=(at - START).days) + DAY
        if left <= closing - at:
            return at + left
        left -= closing - at
        at = closing
