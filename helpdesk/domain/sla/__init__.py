"""Promises to contacts: targets, and the clocks that measure them."""

from helpdesk.domain.sla.actions import (
    breach_due,
    earliest_due,
    meet,
    pause,
    replan,
    resume,
    settle,
    start,
    tickets_overdue,
)
from helpdesk.domain.sla.model import Metric, SlaClock
from helpdesk.domain.sla.queries import clocks_of, open_calendar, target_for

__all__ = [
    "Metric",
    "SlaClock",
    "breach_due",
    "clocks_of",
    "earliest_due",
    "meet",
    "open_calendar",
    "pause",
    "replan",
    "resume",
    "settle",
    "start",
    "target_for",
    "tickets_overdue",
]
