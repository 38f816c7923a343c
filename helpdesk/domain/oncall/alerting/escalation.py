"""Pure: whom an alert wakes, in which order and when; the caller resolves targets and stores the state."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from helpdesk.domain.oncall.rota.restrictions import instant
from helpdesk.errors import Conflict, Invalid

_NOBODY_AT_ALL = timedelta(minutes=5)  # when the next round starts where no step found anybody
_SHORTEST_ROUND = timedelta(minutes=1)


class TargetKind(StrEnum):
    PERSON = "person"
    SCHEDULE = "schedule"
    TEAM = "team"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Target:
    kind: TargetKind
    id: str


class Mode(StrEnum):
    EVERYONE = "everyone"
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True)
class Step:
    """`delay` is how long its people have before the next step."""

    targets: tuple[Target, ...]
    delay: timedelta = timedelta(minutes=5)
    mode: Mode = Mode.EVERYONE


@dataclass(frozen=True, slots=True)
class Policy:
    """The snapshot an alert keeps. All steps are gone through 1 + `repeats` times before the owner is told.

    With `each_acknowledges`, acknowledging silences only the one who does; further steps stop all the same.
    """

    steps: tuple[Step, ...]
    repeats: int = 0
    owner: str | None = None
    each_acknowledges: bool = False

    def __post_init__(self) -> None:
        if not self.steps:
            raise Invalid("policy_without_steps", field="steps")

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """`{"steps": [{"delay_minutes", "mode", "targets": [{"kind", "id"}]}], "repeats", "owner", …}`"""
        return cls(
            steps=tuple(_step(step) for step in data["steps"]),
            repeats=int(data.get("repeats", 0)),
            owner=data.get("owner"),
            each_acknowledges=bool(data.get("each_acknowledges", False)),
        )

    def with_channels(self, known: Container[str]) -> Self:
        """Without targets that are channels no longer there: nobody hears of an alert in them."""
        return replace(
            self,
            steps=tuple(
                replace(
                    step,
                    targets=tuple(
                        one for one in step.targets if one.kind is not TargetKind.CHANNEL or one.id in known
                    ),
                )
                for step in self.steps
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        steps = [
            {
                "delay_minutes": step.delay.total_seconds() / 60,
                "mode": step.mode.value,
                "targets": [{"kind": target.kind.value, "id": target.id} for target in step.targets],
            }
            for step in self.steps
        ]
        whole = {"repeats": self.repeats, "owner": self.owner, "each_acknowledges": self.each_acknowledges}
        return {"steps": steps, **whole}


@dataclass(frozen=True, slots=True)
class State:
    """Where an open alert stands: the step it takes at `next_at`; nothing once it is acknowledged."""

    next_at: datetime | None
    loop: int = 0
    step: int = 0
    held: bool = False  # maintenance: nothing happens before next_at, not even by hand
    exhausted: bool = False
    acknowledged: frozenset[str] = frozenset()
    turns: tuple[tuple[int, int], ...] = ()  # step → whose turn it is next, where they take turns

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        next_at = data.get("next_at")
        return cls(
            next_at=None if next_at is None else instant(next_at),
            loop=data.get("loop", 0),
            step=data.get("step", 0),
            held=data.get("held", False),
            exhausted=data.get("exhausted", False),
            acknowledged=frozenset(data.get("acknowledged", ())),
            turns=tuple((step, turn) for step, turn in data.get("turns", ())),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "next_at": None if self.next_at is None else self.next_at.isoformat(),
            "loop": self.loop,
            "step": self.step,
            "held": self.held,
            "exhausted": self.exhausted,
            "acknowledged": sorted(self.acknowledged),
            "turns": [list(pair) for pair in self.turns],
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that was taken. No people and no channels is a coverage alarm."""

    loop: int
    step: int
    people: tuple[str, ...]
    channels: tuple[str, ...] = ()

    @property
    def is_uncovered(self) -> bool:
        return not self.people and not self.channels


@dataclass(frozen=True, slots=True)
class Advance:
    """The steps taken now, in order: uncovered ones, then at most one with somebody."""

    state: State
    taken: tuple[Taken, ...] = ()
    tell_owner: bool = False


Resolve = Callable[[Target], Sequence[str]]


def begin(at: datetime, held_until: datetime | None = None) -> State:
    """A new alert: its first step is due at once, or when maintenance ends."""
    if held_until is not None and held_until > at:
        return State(next_at=held_until, held=True)
    return State(next_at=at)


def advance(policy: Policy, state: State, now: datetime, resolve: Resolve) -> Advance:
    """What is due at `now`. A step without anybody is passed over at once; after an outage one step is taken.

    `resolve` names the people of a person, schedule or team target at `now`. Once the last loop has passed
    unanswered the owner is told, at every further round again: an open alert never goes quiet.
    """
    if state.next_at is None or now < state.next_at:
        return Advance(state)
    state = replace(state, held=False)
    taken: list[Taken] = []
    tell_owner = False
    for _ in policy.steps:
        if state.step == 0 and state.loop > policy.repeats:
            tell_owner, state = True, replace(state, exhausted=True)
        step = policy.steps[state.step]
        people, state = _people(step, state, resolve)
        channels = tuple(target.id for target in step.targets if target.kind is TargetKind.CHANNEL)
        taken.append(Taken(state.loop, state.step, people, channels))
        state = _onwards(policy, state)
        if not taken[-1].is_uncovered:
            return Advance(replace(state, next_at=now + _pause(step)), tuple(taken), tell_owner)
    spent = replace(state, next_at=now + _NOBODY_AT_ALL, exhausted=True)
    return Advance(spent, tuple(taken), tell_owner=True)


def escalate(state: State, now: datetime) -> State:
    """By hand: the next step is due now. Conflict while the alert is held or answered."""
    if state.next_at is None:
        raise Conflict("alert_acknowledged")
    if state.held and now < state.next_at:
        raise Conflict("alert_held")
    return replace(state, next_at=now)


def release(state: State, now: datetime) -> State:
    """Maintenance is over."""
    return replace(state, held=False, next_at=now) if state.held else state


def acknowledge(state: State, person: str) -> State:
    """Somebody answers: no further step. Who else still rings is `is_silent`."""
    return replace(state, next_at=None, held=False, acknowledged=state.acknowledged | {person})


def unanswered(state: State, now: datetime) -> State:
    """The acknowledgement timed out without a reply: the alert goes on with its next step at once."""
    return replace(state, next_at=now, acknowledged=frozenset()) if state.next_at is None else state


def pause_before(policy: Policy, state: State) -> timedelta:
    """How long the people rung last have before the step this alert waits for."""
    last = policy.steps[(state.step - 1) % len(policy.steps)]
    return max(_pause(last), _NOBODY_AT_ALL) if state.exhausted else _pause(last)


def is_silent(policy: Policy, state: State, person: str) -> bool:
    """Whether this person's pending notifications are cancelled."""
    return person in state.acknowledged if policy.each_acknowledges else bool(state.acknowledged)


def without_step(policy: Policy, state: State, removed: int, now: datetime) -> tuple[Policy, State]:
    """A step was deleted under way: if its people had the alert, the step now in its place is due at once."""
    count = len(policy.steps)
    policy = replace(policy, steps=policy.steps[:removed] + policy.steps[removed + 1 :])
    if state.step == state.loop == 0:
        return policy, state
    had_it = (state.step - 1) % count
    loop = state.loop - 1 if had_it == count - 1 else state.loop
    step = had_it if removed <= had_it else had_it + 1
    if step >= count - 1:
        step, loop = 0, loop + 1
    next_at = now if removed == had_it else state.next_at
    return policy, replace(state, step=step, loop=loop, next_at=next_at)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one person wants to be reached: by which method, how long after they were notified."""

    method: str
    after: timedelta = timedelta()


def rings(
    rules: Iterable[Rule], notified_at: datetime, last_tick: datetime | None, now: datetime
) -> list[str]:
    """The methods due since the last tick, each once: what a later rule missed is not made up for."""
    due = [
        rule
        for rule in rules
        if notified_at + rule.after <= now and (last_tick is None or notified_at + rule.after > last_tick)
    ]
    due.sort(key=lambda rule: rule.after)
    return list(dict.fromkeys(rule.method for rule in due))


def key(alert_id: str, loop: int, step: int, agent_id: str, rule: str) -> str:
    """The idempotency key of one notification."""
    return f"{alert_id}:{loop}:{step}:{agent_id}:{rule}"


def _people(step: Step, state: State, resolve: Resolve) -> tuple[tuple[str, ...], State]:
    found = (
        person
        for target in step.targets
        if target.kind is not TargetKind.CHANNEL
        for person in resolve(target)
    )
    people = tuple(dict.fromkeys(found))
    if step.mode is Mode.EVERYONE or not people:
        return people, state
    turns = dict(state.turns)
    turn = turns.get(state.step, 0)
    turns[state.step] = turn + 1
    return (people[turn % len(people)],), replace(state, turns=tuple(sorted(turns.items())))


def _onwards(policy: Policy, state: State) -> State:
    if state.step + 1 < len(policy.steps):
        return replace(state, step=state.step + 1)
    return replace(state, step=0, loop=state.loop + 1)


def _pause(step: Step) -> timedelta:
    return max(step.delay, _SHORTEST_ROUND)


def _step(data: Mapping[str, Any]) -> Step:
    minutes = float(data.get("delay_minutes", 5))
    if minutes < 0:
        raise Invalid("step_delay_invalid", field="delay_minutes")
    return Step(
        targets=tuple(Target(TargetKind(target["kind"]), str(target["id"])) for target in data["targets"]),
        delay=timedelta(minutes=minutes),
        mode=Mode(data.get("mode", "everyone")),
    )
