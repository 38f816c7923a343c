"""Whom an alert rang, and who answered it."""

from dataclasses import dataclass
from uuid import UUID

from helpdesk.domain.events.kinds import Event


@dataclass(frozen=True)
class AlertRaised(Event):
    alert_id: UUID
    reason: str
    policy: str


@dataclass(frozen=True)
class AlertNotified(Event):
    alert_id: UUID
    agent_id: UUID | None
    agent_name: str
    method: str
    step: int


@dataclass(frozen=True)
class AlertNotificationFailed(Event):
    alert_id: UUID
    agent_name: str
    method: str
    error: str


@dataclass(frozen=True)
class AlertAcknowledged(Event):
    alert_id: UUID
    agent_id: UUID | None
    agent_name: str


@dataclass(frozen=True)
class AlertUnanswered(Event):
    """Acknowledged, but nobody replied in time: it goes on with the next step."""

    alert_id: UUID
    agent_name: str


@dataclass(frozen=True)
class OnCallWoken(Event):
    """What a contact hears whose plan says so: that somebody was woken for this, and why."""

    public = True
    public_fields = ("reason",)
    alert_id: UUID
    reason: str


@dataclass(frozen=True)
class AlertExhausted(Event):
    alert_id: UUID


@dataclass(frozen=True)
class CoverageMissing(Event):
    """A step of the escalation policy resolved to nobody, so the next one was taken at once."""

    alert_id: UUID
    step: int
