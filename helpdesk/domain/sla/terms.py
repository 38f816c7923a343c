"""Pure: which SLA policy a ticket falls under, and what is promised then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

PAUSES_IN = ("pending", "snoozed")
"""Statuses in which clocks stand still where no policy says otherwise."""

Targets = Mapping[str, Mapping[str, int]]


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
    """What is promised to one ticket: seconds of `calendar_id` by channel and metric at P3."""

    calendar_id: UUID
    targets: Targets
    pauses_in: Sequence[str] = PAUSES_IN
    steps: Sequence[Mapping[str, Any]] = ()


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
