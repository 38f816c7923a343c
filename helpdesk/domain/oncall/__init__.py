"""The on-call rota: who is woken, in which order, and who carries how much of it."""

from helpdesk.domain.oncall.actions import acknowledge, advance, close, raise_alert, to_send
from helpdesk.domain.oncall.model import (
    Alert,
    AlertNotification,
    AlertStatus,
    EscalationPolicyRow,
    ScheduleRow,
)
from helpdesk.domain.oncall.queries import (
    alerts,
    alerts_of,
    due_alerts,
    get_alert,
    on_call_now,
    people_on_call,
)

__all__ = [
    "Alert",
    "AlertNotification",
    "AlertStatus",
    "EscalationPolicyRow",
    "ScheduleRow",
    "acknowledge",
    "advance",
    "alerts",
    "alerts_of",
    "close",
    "due_alerts",
    "get_alert",
    "on_call_now",
    "people_on_call",
    "raise_alert",
    "to_send",
]
