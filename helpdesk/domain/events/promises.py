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
class PlanLeftOut(Event):
    """The company's plan does not include the way the ticket came: that of its inbox counts."""

    plan: str
    channel: str


@dataclass(frozen=True)
class PromiseChanged(Event):
    """Other promises count, and with them it is due at another time or stands elsewhere in the queue.
    `because` is what was changed: the rules (calendar, plan, company, policy) or the ticket (priority, tags,
    contact, reopened, unmerged). Plan and policy by name, as they were and as they are."""

    because: str
    due_before: datetime | None
    due_at: datetime | None
    plan_before: str | None = None
    plan: str | None = None
    policy_before: str | None = None
    policy: str | None = None
