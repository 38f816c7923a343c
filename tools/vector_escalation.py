"""Vectors of escalation: stories of an alert, played minute by minute on the product's own functions."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from helpdesk.domain.oncall.alerting.escalation import (
    Policy,
    Rule,
    State,
    Step,
    Target,
    TargetKind,
    acknowledge,
    advance,
    begin,
    escalate,
    is_silent,
    release,
    rings,
    without_step,
)
from helpdesk.errors import Conflict
from tools.vector_shapes import MONDAY, Answer, Case, NotApplicableError

_MINUTE = timedelta(minutes=1)


def escalation_scenario(given: Case, expect: Case) -> Answer:
    if "current_step" in given:
        return _step_deleted(given, expect)
    if "pages" not in expect:
        raise NotApplicableError("no pages expected")
    story = _Story(given, expect["pages"])
    wanted = [_page(page) for page in expect["pages"]]
    got = [page[: len(want)] for page, want in zip(story.play(), wanted, strict=False)]
    more = story.pages[len(wanted) :]
    return sorted([*got, *more]), sorted(wanted)


class _Story:
    """Ticks every minute, or only at the events where the story moves the clock itself."""

    def __init__(self, given: Case, pages: Sequence[Sequence[str]]) -> None:
        self.policy = _policy(given)
        self.rules = _rules(given.get("user_rules", given.get("user_rules_initial", {})))
        self.added = {"u1": given.get("rules_added_after_first_page", [])}
        self.events, self.stopped = _events(given.get("events", [["0m", "alert"]]))
        self.held_until = given.get("maintenance_until")
        self.horizon = max([minute for minute, _ in self.events] + [_page(page)[0] for page in pages])
        self.moved_by_hand = any(what == "clock" for _, what in self.events)
        self.state: State | None = None
        self.cycles: list[list[Any]] = []  # person, notified at, last tick
        self.pages: list[tuple[Any, ...]] = []

    def play(self) -> list[tuple[Any, ...]]:
        for minute in range(self.horizon + 1):
            happening = [what for when, what in self.events if when == minute]
            for what in happening:
                self._happens(what, _moment(minute))
            if (happening or not self.moved_by_hand) and not any(a < minute < b for a, b in self.stopped):
                self._tick(minute)
        return self.pages

    def _happens(self, what: str, now: datetime) -> None:
        answered = re.fullmatch(r"(?:(\w+) )?ack(?:s|ed|nowledges)?", what)
        if what == "alert":
            held = None if self.held_until is None else now + _span(self.held_until)
            self.state = begin(now, held)
        elif self.state is None or what in ("clock", "engine resumes"):
            return
        elif answered:
            self.state = acknowledge(self.state, answered[1] or "somebody")
        elif what in ("closed", "alert closed", "resolved"):
            self.state, self.cycles = acknowledge(self.state, "everybody"), []
        elif what == "maintenance ended":
            self.state = release(self.state, now)
        elif what.startswith("manual escalate"):
            self._escalate(now, refused=what.endswith("error"))
        else:
            raise NotApplicableError(what)

    def _escalate(self, now: datetime, *, refused: bool) -> None:
        assert self.state is not None
        try:
            self.state = escalate(self.state, now)
        except Conflict:
            if not refused:
                self.pages.append((now, "refused"))
        else:
            if refused:
                self.pages.append((now, "not refused"))

    def _tick(self, minute: int) -> None:
        if self.state is None:
            return
        now = _moment(minute)
        made = advance(self.policy, self.state, now, lambda target: (target.id,))
        self.state = made.state
        self.cycles += [[person, now, None] for taken in made.taken for person in taken.people]
        for cycle in self.cycles:
            person, notified_at, last_tick = cycle
            if not is_silent(self.policy, self.state, person):
                due = rings(self.rules.get(person, []), notified_at, last_tick, now)
                self.pages += [(minute, person, method) for method in due]
            cycle[2] = now
        if self.pages:
            for person, added in self.added.items():
                self.rules.setdefault(person, []).extend(_rules({person: added})[person])
            self.added = {}


def _step_deleted(given: Case, expect: Case) -> Answer:
    """The step that has the alert is deleted: the one now in its place, or the first, is due at once."""
    deleted = re.fullmatch(r"step (\d+) deleted", given["event"])
    if deleted is None or not isinstance(given["steps"], int):
        raise NotApplicableError(given["event"])
    policy = Policy(tuple(_step([str(n)], 10) for n in range(given["steps"])))
    state = begin(_moment(0))
    for number in range(given["current_step"] + 1):
        state = advance(policy, state, _moment(number * 10), lambda target: (target.id,)).state
    now = _moment(given["current_step"] * 10 + 1)
    removed = int(deleted[1])
    policy, state = without_step(policy, state, removed, now)
    taken = advance(policy, state, now, lambda target: (target.id,)).taken
    wrapped = removed >= given["steps"] - 1
    wanted = (1, 0) if wrapped else (0, removed)
    if removed != given["current_step"]:
        raise NotApplicableError("another step was deleted")
    return [(step.loop, step.step) for step in taken], [wanted]


def _policy(given: Case) -> Policy:
    people = list(given.get("user_rules", given.get("user_rules_initial", {"u1": []})))
    steps = given.get("steps", [{"targets": given.get("targets", people)}])
    if not isinstance(steps, list):
        raise NotApplicableError("steps without targets")
    made = tuple(_step(step["targets"], step.get("delay_min", 600)) for step in steps)
    return Policy(made, repeats=given.get("repeat", 0), each_acknowledges=given.get("multi_ack", False))


def _step(people: Sequence[str], delay: float) -> Step:
    return Step(tuple(Target(TargetKind.PERSON, person) for person in people), timedelta(minutes=delay))


def _rules(given: Mapping[str, Sequence[Sequence[Any]]]) -> dict[str, list[Rule]]:
    return {
        person: [Rule(method, timedelta(minutes=after)) for method, after in rules]
        for person, rules in given.items()
    } or {"u1": [Rule("sms")], "u2": [Rule("sms")]}


def _events(given: Sequence[Sequence[str]]) -> tuple[list[tuple[int, str]], list[tuple[int, int]]]:
    events, stopped = [], []
    for when, what in given:
        if ".." in when:
            if what != "engine stopped":
                raise NotApplicableError(what)
            first, last = when.split("..")
            stopped.append((_minutes(first), _minutes(last)))
        else:
            events.append((_minutes(when), what))
    return events, stopped


def _page(page: Sequence[str]) -> tuple[Any, ...]:
    """[when, who, how]; "sms x1" says that it comes once, which the list does too."""
    return (_minutes(page[0]), *(part.removesuffix(" x1") for part in page[1:]))


def _minutes(text: str) -> int:
    return math.ceil(_span(text) / _MINUTE)  # what happens between two ticks is seen at the next


def _span(text: str) -> timedelta:
    number, unit = text.lstrip("+")[:-1], text[-1]
    if unit not in "smhd":
        raise NotApplicableError(text)
    return (
        float(number)
        * {"s": timedelta(seconds=1), "m": _MINUTE, "h": 60 * _MINUTE, "d": 1440 * _MINUTE}[unit]
    )


def _moment(minute: float) -> datetime:
    return MONDAY + minute * _MINUTE


KINDS = {"escalation_scenario": escalation_scenario}
