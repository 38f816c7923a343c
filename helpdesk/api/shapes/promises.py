"""Plans, calendars and policies, and what a change of them would move."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named, Page


class SlaPolicy(BaseModel):
    id: UUID
    name: str
    position: int
    enabled: bool
    conditions: dict[str, Any]
    targets: dict[str, dict[str, int]]
    priority_targets: dict[str, dict[str, dict[str, int]]]
    calendar_id: UUID | None
    pauses_in: list[str]
    steps: list[dict[str, Any]]


class PolicyChange(BaseModel):
    """An open ticket that would fall under another policy; null is none."""

    id: UUID
    number: int
    subject: str
    before: str | None
    after: str | None


class Calendar(Named):
    """`holidays` are all days off: computed, of the address, and by hand. `feed_error` is empty while the
    address answers as it should."""

    time_zone: str
    always: bool
    week: dict[str, list[list[str]]]
    country: str
    region: str
    days_off: dict[str, str]
    feed_url: str
    feed_error: str
    fetched_at: datetime | None
    holidays: dict[str, str]


class Move(BaseModel):
    """An open ticket that would be due at another time. `late`: past by the change alone."""

    id: UUID
    number: int
    subject: str
    due_before: datetime | None
    due_at: datetime | None
    late: bool


class Foreseen(Page[Move]):
    """Of `touched` open tickets `looked_at` were worked out, the most urgent first. `reranked` of them would
    be due as now but stand elsewhere in the queue."""

    touched: int
    looked_at: int
    reranked: int


class Plan(Named):
    key: str
    calendar_id: UUID
    head_start_minutes: int
    handling: dict[str, int]
    may_page: bool
    tells_contact: bool
    channels: list[str]
    targets: dict[str, dict[str, int]]
    priority_targets: dict[str, dict[str, dict[str, int]]]
