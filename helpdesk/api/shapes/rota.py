"""What the rota's addresses answer."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named


class Schedule(BaseModel):
    id: UUID
    name: str
    time_zone: str
    team_id: UUID | None
    minimum: int
    version: int


class Stretch(BaseModel):
    """Nobody in `agents` is a gap."""

    start: datetime
    end: datetime
    agents: list[Named]


class Shift(BaseModel):
    agent: Named
    start: datetime
    end: datetime
    truncated: bool


class ScheduleProblem(BaseModel):
    """`gap`, `empty` (a layer has nobody), `short`, `rest` (too many nights running) or `away` (an exception
    names somebody who is off), with the local days it falls on and who is on call then."""

    problem: str
    start: datetime
    end: datetime
    days: list[date]
    agents: list[Named]


class Override(BaseModel):
    id: UUID
    schedule_id: UUID
    change: str
    start: datetime
    end: datetime
    person_id: UUID | None
    target_id: UUID | None
    reason: str
    doubts: list[str] = []


class ScheduleDuty(Schedule):
    layers: list[dict[str, Any]]
    final: list[Stretch]
    shifts: list[Shift]
    problems: list[ScheduleProblem]
    overrides: list[Override]


class Swap(BaseModel):
    id: UUID
    schedule_id: UUID
    asker_id: UUID
    start: datetime
    end: datetime
    offered_to_id: UUID | None
    return_start: datetime | None
    return_end: datetime | None
    state: str
    taken_by_id: UUID | None
    expires_at: datetime
    note: str
