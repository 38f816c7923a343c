"""Promises to contacts: targets, and the clocks that measure them."""

from helpdesk.domain.sla.actions import (
    breach_due,
    drop,
    earliest_due,
    hand_over,
    meet,
    pause,
    replan,
    resume,
    settle,
    start,
    steps_due,
    take_back,
    take_up,
    tickets_overdue,
    tickets_with_steps_due,
)
from helpdesk.domain.sla.calendars import CalendarHours, delete_calendar, save_calendar
from helpdesk.domain.sla.clocks import Clock
from helpdesk.domain.sla.foreseeing import explained, would_be
from helpdesk.domain.sla.model import CalendarRevision, HolidayFeed, Metric, SlaClock, SlaPolicy
from helpdesk.domain.sla.policies import delete_policy, save_policy
from helpdesk.domain.sla.queries import (
    awaits_answer,
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
    "CalendarHours",
    "CalendarRevision",
    "Clock",
    "HolidayFeed",
    "Metric",
    "SlaClock",
    "SlaPolicy",
    "Standing",
    "Terms",
    "awaits_answer",
    "breach_due",
    "clocks_of",
    "delete_calendar",
    "delete_policy",
    "drop",
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
    "save_calendar",
    "save_policy",
    "settle",
    "start",
    "steps_due",
    "take_back",
    "take_up",
    "target_for",
    "terms_of",
    "tickets_overdue",
    "tickets_with_steps_due",
    "would_be",
]
