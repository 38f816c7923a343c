"""Pure: which SLA policy a ticket falls under, and what is promised then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

PAUSES_IN = ("pending", "snoozed")
"""Statuses in which clocks stand still where no policy says otherwise."""

Targets = Mapping[str, Mapping[str, int]]
PriorityTargets = Mapping[str, Mapping[str, Mapping[str, int]]]


class Conditional(Protocol):
    """A policy as its conditions are read: each a list, an absent or empty one fits all."""

    @property
    def conditions(self) -> Mapping[str, Any]: ...
    @property
    def position(self) -> int: ...
    @property
    def enabled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What conditions ask about a ticket."""

    inbox_id: UUID
    plan_id: UUID | None = None
    company_id: UUID | None = None
    priority: int = 3
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What is promised to one ticket: seconds of `calendar_id` by channel and metric at P3, and those that
    single priorities have of their own."""

    calendar_id: UUID
    targets: Targets
    pauses_in: Sequence[str] = PAUSES_IN
    steps: Sequence[Mapping[str, Any]] = ()
    priority_targets: PriorityTargets = field(default_factory=dict)


def fits(conditions: Mapping[str, Any], ticket: Standing) -> bool:
    """All conditions that are named must hold; of the values of one, any."""
    named = {
        "inbox_ids": [str(ticket.inbox_id)],
        "plan_ids": [str(ticket.plan_id)],
        "company_ids": [str(ticket.company_id)],
        "priorities": [str(ticket.priority)],
        "tags": list(ticket.tags),
    }
    return all(
        not conditions.get(name) or {str(one) for one in conditions[name]} & set(values)
        for name, values in named.items()
    )


P = TypeVar("P", bound=Conditional)


def first_match(policies: Iterable[P], ticket: Standing) -> P | None:
    """The first enabled policy, by position, whose conditions fit."""
    ordered = sorted((policy for policy in policies if policy.enabled), key=lambda one: one.position)
    return next((policy for policy in ordered if fits(policy.conditions, ticket)), None)


def joined(plan: Targets, policy: Targets) -> dict[str, dict[str, int]]:
    """The policy's targets where it has them, the plan's for the rest."""
    channels = dict.fromkeys([*plan, *policy])
    return {channel: {**plan.get(channel, {}), **policy.get(channel, {})} for channel in channels}


def joined_priorities(
    plan: PriorityTargets, policy: PriorityTargets, policy_targets: Targets
) -> dict[str, dict[str, dict[str, int]]]:
    """The same for single priorities: what the policy says of a metric at P3 is the end of what the plan
    says of it at any other."""
    kept = {
        channel: {
            metric: times
            for metric, times in metrics.items()
            if metric not in policy_targets.get(channel, {})
        }
        for channel, metrics in plan.items()
    }
    return {
        channel: {
            metric: {**kept.get(channel, {}).get(metric, {}), **policy.get(channel, {}).get(metric, {})}
            for metric in dict.fromkeys([*kept.get(channel, {}), *policy.get(channel, {})])
        }
        for channel in dict.fromkeys([*kept, *policy])
    }
