"""Whom an alert wakes, in which order and when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from helpdesk.domain.oncall.alerting import escalation
from helpdesk.domain.oncall.alerting.escalation import (
    Advance,
    Mode,
    Policy,
    Rule,
    State,
    Step,
    Target,
    TargetKind,
)
from helpdesk.errors import Conflict, Invalid

NIGHT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return NIGHT + timedelta(minutes=minutes)


def a_step(*people: str, delay: float = 5, mode: Mode = Mode.EVERYONE) -> Step:
    targets = tuple(Target(TargetKind.PERSON, person) for person in people)
    return Step(targets, timedelta(minutes=delay), mode)


def everyone(target: Target) -> Sequence[str]:
    return (target.id,)


def nobody(target: Target) -> Sequence[str]:
    return ()


def woken(advance: Advance) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(taken.loop, taken.step, taken.people) for taken in advance.taken]


def rounds(policy: Policy, count: int) -> list[tuple[datetime, str, bool]]:
    """(when, first person, owner told) of the next steps, each taken when it is due."""
    state, found = escalation.begin(NIGHT), []
    for _ in range(count):
        assert state.next_at is not None
        now = state.next_at
        made = escalation.advance(policy, state, now, everyone)
        found.append((now, made.taken[-1].people[0], made.tell_owner))
        state = made.state
    return found


def test_the_first_step_is_due_at_once_and_the_next_after_its_delay() -> None:
    policy = Policy((a_step("primary"), a_step("secondary")))

    first = escalation.advance(policy, escalation.begin(NIGHT), NIGHT, everyone)
    early = escalation.advance(policy, first.state, later(4), everyone)
    second = escalation.advance(policy, first.state, later(5), everyone)

    assert woken(first) == [(0, 0, ("primary",))]
    assert early == Advance(first.state)
    assert woken(second) == [(0, 1, ("secondary",))]


def test_after_the_last_loop_the_owner_is_told_and_the_rounds_go_on() -> None:
    policy = Policy((a_step("a"), a_step("b", delay=10)), repeats=1)

    told = rounds(policy, 6)

    assert told == [
        (later(0), "a", False),
        (later(5), "b", False),
        (later(15), "a", False),
        (later(20), "b", False),
        (later(30), "a", True),
        (later(35), "b", False),
    ]


def test_a_step_that_resolves_to_nobody_advances_at_once_and_is_reported() -> None:
    policy = Policy((Step((Target(TargetKind.SCHEDULE, "empty"),)), a_step("backup")))

    made = escalation.advance(
        policy, escalation.begin(NIGHT), NIGHT, lambda t: () if t.id == "empty" else (t.id,)
    )

    assert woken(made) == [(0, 0, ()), (0, 1, ("backup",))]
    assert [taken.is_uncovered for taken in made.taken] == [True, False]


def test_nobody_anywhere_tells_the_owner_and_tries_again() -> None:
    policy = Policy((a_step("a"), a_step("b")))

    made = escalation.advance(policy, escalation.begin(NIGHT), NIGHT, nobody)

    assert made.tell_owner
    assert made.state.exhausted
    assert made.state.next_at == later(5)


def test_after_an_outage_one_step_is_taken_not_all_that_were_missed() -> None:
    policy = Policy((a_step("a"), a_step("b"), a_step("c")))
    state = escalation.advance(policy, escalation.begin(NIGHT), NIGHT, everyone).state

    made = escalation.advance(policy, state, later(60), everyone)

    assert woken(made) == [(0, 1, ("b",))]
    assert made.state.next_at == later(65)


def test_taking_turns_wakes_one_after_the_other() -> None:
    policy = Policy((a_step("a", "b", "c", mode=Mode.ROUND_ROBIN),), repeats=5)

    assert [person for _, person, _ in rounds(policy, 4)] == ["a", "b", "c", "a"]


def test_a_person_named_twice_in_a_step_is_woken_once() -> None:
    made = escalation.advance(
        Policy((a_step("x", "y"),)), escalation.begin(NIGHT), NIGHT, lambda _: ("a", "b")
    )

    assert woken(made) == [(0, 0, ("a", "b"))]


def test_a_channel_alone_is_somebody() -> None:
    policy = Policy((Step((Target(TargetKind.CHANNEL, "ops"),)), a_step("b")))

    made = escalation.advance(policy, escalation.begin(NIGHT), NIGHT, everyone)

    assert [(taken.step, taken.channels) for taken in made.taken] == [(0, ("ops",))]


def test_an_acknowledged_alert_takes_no_further_step_until_that_times_out() -> None:
    policy = Policy((a_step("a"), a_step("b")))
    state = escalation.advance(policy, escalation.begin(NIGHT), NIGHT, everyone).state

    answered = escalation.acknowledge(state, "a")
    reopened = escalation.unanswered(answered, later(30))

    assert escalation.advance(policy, answered, later(999), everyone).taken == ()
    assert escalation.is_silent(policy, answered, "b")
    assert woken(escalation.advance(policy, reopened, later(30), everyone)) == [(0, 1, ("b",))]
    with pytest.raises(Conflict, match="alert_acknowledged"):
        escalation.escalate(answered, later(1))


def test_where_each_acknowledges_the_others_keep_ringing() -> None:
    policy = Policy((a_step("a", "b"),), each_acknowledges=True)

    state = escalation.acknowledge(escalation.begin(NIGHT), "a")

    assert escalation.is_silent(policy, state, "a")
    assert not escalation.is_silent(policy, state, "b")


def test_by_hand_the_next_step_is_due_now_but_not_during_maintenance() -> None:
    held = escalation.begin(NIGHT, held_until=later(60))

    with pytest.raises(Conflict, match="alert_held"):
        escalation.escalate(held, later(1))
    assert escalation.release(held, later(2)).next_at == later(2)
    assert escalation.escalate(State(next_at=later(5)), later(1)).next_at == later(1)


@pytest.mark.parametrize(
    ("taken", "removed", "step", "loop", "at_once"),
    [
        (1, 0, 0, 0, True),  # who has it goes: the step now in its place
        (2, 0, 1, 0, False),  # an earlier one goes: the numbers move
        (1, 2, 1, 0, False),  # a later one goes: nothing changes
        (2, 2, 0, 1, False),  # the only later one goes: the next loop follows
        (3, 2, 0, 1, True),  # the last one had it: the first of the next loop
        (3, 0, 0, 1, False),
    ],
)
def test_a_step_deleted_under_way(taken: int, removed: int, step: int, loop: int, at_once: bool) -> None:
    policy = Policy((a_step("a"), a_step("b"), a_step("c")))
    state = escalation.begin(NIGHT)
    for n in range(taken):
        state = escalation.advance(policy, state, later(5 * n), everyone).state
    now = later(5 * taken - 3)

    shorter, after = escalation.without_step(policy, state, removed, now)

    assert len(shorter.steps) == 2
    assert (after.step, after.loop) == (step, loop)
    assert after.next_at == (now if at_once else state.next_at)


def test_each_method_rings_once_when_its_time_has_come() -> None:
    rules = [Rule("push"), Rule("sms", timedelta(minutes=1)), Rule("sms", timedelta(minutes=2))]

    assert escalation.rings(rules, NIGHT, None, NIGHT) == ["push"]
    assert escalation.rings(rules, NIGHT, NIGHT, later(1)) == ["sms"]
    assert escalation.rings(rules, NIGHT, NIGHT, later(9)) == ["sms"]
    assert escalation.rings(rules, NIGHT, later(9), later(10)) == []


def test_policy_and_state_survive_storage() -> None:
    policy = Policy((a_step("a", mode=Mode.ROUND_ROBIN), a_step("b", delay=2.5)), repeats=2, owner="o")
    state = escalation.advance(policy, escalation.begin(NIGHT), NIGHT, everyone).state

    assert Policy.parse(policy.to_dict()) == policy
    assert State.parse(state.to_dict()) == state


def test_a_policy_needs_a_step() -> None:
    with pytest.raises(Invalid, match="policy_without_steps"):
        Policy(())


def test_an_open_alert_never_goes_quiet() -> None:
    """Whatever the steps resolve to, a next moment is always set and lies ahead."""
    policy = Policy((a_step("a", delay=0), a_step("b", delay=0)), repeats=0)
    state, times = escalation.begin(NIGHT), []
    for n in range(50):
        assert state.next_at is not None
        times.append(state.next_at)
        state = escalation.advance(policy, state, state.next_at, everyone if n % 3 else nobody).state

    assert all(a < b for a, b in pairwise(times))
