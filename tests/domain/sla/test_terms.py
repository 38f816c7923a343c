"""Which SLA policy a ticket falls under, and when its steps are due."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.domain.sla import Metric, Standing, Terms, clocks, first_match, promised, steps, target_for
from helpdesk.domain.sla.business_time import ALWAYS, Calendar
from helpdesk.domain.sla.terms import fits, joined, joined_priorities
from helpdesk.errors import Invalid
from tests.conftest import NOON
from tests.factories import OFFICE_HOURS

ONE, OTHER = UUID(int=1), UUID(int=2)
TICKET = Standing(inbox_id=ONE, plan_id=ONE, priority=2, tags=("vip", "mill"))


@dataclass
class Policy:
    name: str
    position: int
    conditions: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"inbox_ids": []}, True),
        ({"inbox_ids": [str(ONE)]}, True),
        ({"inbox_ids": [str(OTHER)]}, False),
        ({"plan_ids": [str(OTHER), str(ONE)]}, True),
        ({"company_ids": [str(ONE)]}, False),
        ({"priorities": [1, 2]}, True),
        ({"priorities": [3]}, False),
        ({"tags": ["vip"]}, True),
        ({"tags": ["vip"], "priorities": [3]}, False),
    ],
)
def test_all_named_conditions_must_hold(conditions: dict[str, Any], expected: bool) -> None:
    assert fits(conditions, TICKET) is expected


def test_the_first_by_position_that_fits_counts_and_a_disabled_one_is_passed_over() -> None:
    policies = [
        Policy("rest", 9),
        Policy("vip", 2, {"tags": ["vip"]}),
        Policy("off", 1, enabled=False),
        Policy("other inbox", 0, {"inbox_ids": [str(OTHER)]}),
    ]

    assert first_match(policies, TICKET) is policies[1]
    assert first_match(policies, Standing(ONE)) is policies[0]
    assert first_match([], TICKET) is None


def test_a_policy_has_the_last_word_on_the_targets_it_names() -> None:
    plan = {"chat": {"first_response": 60, "resolution": 600}, "email": {"first_response": 900}}

    assert joined(plan, {"chat": {"first_response": 30}}) == {
        "chat": {"first_response": 30, "resolution": 600},
        "email": {"first_response": 900},
    }


def test_what_a_policy_says_at_priority_3_takes_the_place_of_the_plans_other_times_too() -> None:
    plan = {"chat": {"first_response": {"P1": 20, "P2": 40}, "resolution": {"P1": 300}}}
    policy = {"chat": {"resolution": {"P2": 500}}, "email": {"first_response": {"P1": 60}}}

    assert joined_priorities(plan, policy, {"chat": {"first_response": 30}}) == {
        "chat": {"resolution": {"P1": 300, "P2": 500}},
        "email": {"first_response": {"P1": 60}},
    }


def test_a_priority_has_the_time_that_is_named_for_it_and_else_the_scaled_one() -> None:
    terms = Terms(ONE, {"chat": {"resolution": 600}}, priority_targets={"chat": {"resolution": {"P1": 500},
        "update": {"P1": 60}}})  # fmt: skip

    promised_at = [target_for(terms, "chat", Metric.RESOLUTION, priority) for priority in range(1, 6)]

    assert promised_at == [500, 300, 600, 600, 1200]
    assert [promised(terms, "chat", priority) for priority in (1, 2)] == [
        {"resolution", "update"},
        {"resolution"},
    ]
    assert promised(terms, "email", 1) == set()


HOUR = timedelta(hours=1)


def test_steps_come_in_the_order_of_their_moments() -> None:
    clock = clocks.start(4 * 3600, ALWAYS, NOON)
    some = [
        {"after_minutes": 15, "do": "alert"},
        {"before_minutes": 30, "do": "notify_team"},
        {"at_percent": 50, "do": "notify_assignee"},
        {"at_percent": 10, "do": "notify_leads", "metrics": ["resolution"]},
    ]

    own = steps.for_metric(some, "first_response", clock)

    assert [step["do"] for step in own] == ["notify_assignee", "notify_team", "alert"]
    assert [steps.moment(step, clock) for step in own] == [
        NOON + 2 * HOUR,
        NOON + 3.5 * HOUR,
        NOON + 4.25 * HOUR,
    ]


@pytest.mark.parametrize(
    "step",
    [
        {"do": "alert"},
        {"at_percent": 50, "before_minutes": 5, "do": "alert"},
        {"at_percent": 100, "do": "alert"},
        {"after_minutes": True, "do": "alert"},
        {"before_minutes": 10**13, "do": "alert"},  # no clock could start by it
        {"after_minutes": 5, "do": ["alert"]},
        {"after_minutes": 5, "do": "alert", "metrics": "first_response"},
        {"after_minutes": 5, "do": "alert", "metrics": ["first"]},
        {"after_minutes": 5, "do": "alert", "metric": "first_response"},
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(step) -> None:
    with pytest.raises(Invalid, match="step_invalid"):
        steps.checked([step])


def test_a_share_of_the_budget_is_counted_in_service_time() -> None:
    office = Calendar.parse(OFFICE_HOURS)  # open until 17:00 in Stockholm, it is 13:00 there
    clock = clocks.start(8 * 3600, office, NOON)

    assert steps.moment({"at_percent": 75, "do": "alert"}, clock) == NOON + timedelta(hours=21)


def test_nothing_is_due_while_the_clock_stands_still_or_once_it_is_met() -> None:
    clock, step = clocks.start(3600, ALWAYS, NOON), {"at_percent": 50, "do": "alert"}

    assert steps.next_at([step], 0, clock) == NOON + 0.5 * HOUR
    assert steps.next_at([step], 1, clock) is None
    assert steps.next_at([step], 0, clocks.pause(clock, NOON)) is None
    assert steps.next_at([step], 0, clocks.meet(clock, NOON)) is None


@given(st.integers(1, 99), st.integers(0, 3000))
def test_a_pause_moves_a_share_by_its_length(percent: int, paused_after: int) -> None:
    step, clock = {"at_percent": percent, "do": "alert"}, clocks.start(3600, ALWAYS, NOON)
    before = steps.moment(step, clock)
    at = NOON + timedelta(seconds=paused_after)

    resumed = clocks.resume(clocks.pause(clock, at), at + HOUR)

    assert before is not None
    assert steps.moment(step, resumed) == (before + HOUR if before > at else at + HOUR)


def test_a_pause_may_change_which_step_comes_first() -> None:
    """Minutes before the due time may lie in the lunch break, a share of the budget never does."""
    lunch = Calendar.parse({"time_zone": "UTC", "week": {"wed": [["08:00", "12:00"], ["14:00", "18:00"]]}})
    share, minutes = {"at_percent": 50, "do": "notify_leads"}, {"before_minutes": 90, "do": "alert"}
    clock = clocks.start(2 * 3600, lunch, NOON - 4 * HOUR)
    assert steps.for_metric([share, minutes], "resolution", clock) == [minutes, share]

    resumed = clocks.resume(clocks.pause(clock, NOON - 4 * HOUR), NOON - 1.25 * HOUR)

    assert steps.in_order([minutes, share], 0, resumed) == [share, minutes]
    assert steps.in_order([minutes, share], 1, resumed) == [minutes, share]
    assert steps.moment(share, resumed) == NOON - HOUR / 4
    assert steps.moment(minutes, resumed) == NOON + 1.25 * HOUR


@pytest.mark.parametrize(
    "step",
    [{}, {"at_percent": 80}, {"at_percent": 100, "do": "alert"}, {"at_percent": 80, "do": "shout"},
     {"at_percent": 80, "before_minutes": 3, "do": "alert"}, {"before_minutes": 0, "do": "alert"}],
)  # fmt: skip
def test_a_step_has_one_moment_and_one_action(step: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="step_invalid"):
        steps.checked([step])
