"""Who is on call, alerts, and the policies by which they climb."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named
from helpdesk.api.shapes.tickets import TicketAlert


class NextShift(BaseModel):
    agents: list[Named]
    at: datetime


class OnCall(BaseModel):
    schedule: Named
    agents: list[Named]
    until: datetime | None
    next: NextShift | None


class AlertTicket(BaseModel):
    id: UUID
    number: int
    subject: str


class Alert(TicketAlert):
    policy: str
    ticket: AlertTicket | None
    details: dict[str, str]
    next_at: datetime | None


class EscalationPolicy(BaseModel):
    id: UUID
    name: str
    team_id: UUID | None
    version: int
    steps: list[dict[str, Any]]
    repeats: int = 0
    owner: UUID | None = None
    each_acknowledges: bool = False


class RungBy(BaseModel):
    method: str
    after_minutes: int


class Rung(BaseModel):
    id: UUID
    name: str
    by: list[RungBy]


class ExpectedStep(BaseModel):
    at: datetime
    loop: int
    step: int
    agents: list[Rung]


class PolicyForeseen(EscalationPolicy):
    """`expected` is whom it would wake if nobody answered."""

    expected: list[ExpectedStep]


class AlertEntry(BaseModel):
    name: str
    at: datetime
    data: dict[str, Any]


class AlertStory(Alert):
    history: list[AlertEntry]
