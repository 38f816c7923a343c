"""Promises to contacts: targets, and the clocks that measure them."""

from helpdesk.domain.sla.actions import (
    breach_due,
    earliest_due,
    explained,
    hand_over,
    meet,
    pause,
    replan,
    resume,
    settle,
    start,
    steps_due,
    take_back,
    tickets_overdue,
    tickets_with_steps_due,
)
from helpdesk.domain.sla.model import Metric, SlaClock, SlaPolicy
from helpdesk.domain.sla.policies import delete_policy, save_policy
from helpdesk.domain.sla.queries import (
    clocks_of,
    held_clocks,
    open_calendar,
    policies,
    policy_for,
    target_for,
    terms_of,
)
from helpdesk.domain.sla.terms import PAUSES_IN, Standing, Terms, first_match

__all__ = [
    "PAUSES_IN",
    "Metric",
    "SlaClock",
    "SlaPolicy",
    "Standing",
    "Terms",
    "breach_due",
    "clocks_of",
    "delete_policy",
    "earliest_due",
    "explained",
    "first_match",
    "hand_over",
    "held_clocks",
    "meet",
    "open_calendar",
    "pause",
    "policies",
    "policy_for",
    "replan",
    "resume",
    "save_policy",
    "settle",
    "start",
    "steps_due",
    "take_back",
    "target_for",
    "terms_of",
    "tickets_overdue",
    "tickets_with_steps_due",
]
