"""The clocks of what was promised: started, paused, met, missed."""

from dataclasses import dataclass
from datetime import datetime

from helpdesk.domain.events.kinds import Event


@dataclass(frozen=True)
class SlaStepTaken(Event):
    """What the policy says to do so long before or after the due time."""

    metric: str
    due_at: datetime | None
    when: str
    action: str
    agent_ids: list[str]


@dataclass(frozen=True)
class TargetStarted(Event):
    """An SLA clock runs; the next event of the same metric says how it went on."""

    metric: str
    target_seconds: int
    due_at: datetime | None


@dataclass(frozen=True)
class TargetMet(Event):
    metric: str
    due_at: datetime | None
    late: bool


@dataclass(frozen=True)
class TargetPaused(Event):
    metric: str
    consumed_seconds: int


@dataclass(frozen=True)
class TargetResumed(Event):
    metric: str
    due_at: datetime


@dataclass(frozen=True)
class TargetBreached(Event):
    """`cause` is time, or policy_change where only a change of the terms made it late."""

    metric: str
    due_at: datetime
    cause: str = "time"


@dataclass(frozen=True)
class PromiseChanged(Event):
    """Somebody changed the rules, and with them when this is due. `because` is calendar, plan, company or
    policy."""

    because: str
    due_before: datetime | None
    due_at: datetime | None
