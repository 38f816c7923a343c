"""Tickets, what is said on them, and their timeline."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named
from helpdesk.api.shapes.people import FullContact


class TicketFields(BaseModel):
    """What a row and a ticket share. `why` says in a sentence why the ticket stands where it stands."""

    number: int
    subject: str
    preview: str
    channel: Literal["chat", "email", "phone", "api"]
    status: Literal["open", "pending", "snoozed", "resolved", "closed", "merged"]
    priority: int
    impact: int
    urgency: int
    tags: list[str]
    unread: bool
    waiting_since: datetime | None
    due_at: datetime | None
    start_by: datetime
    rank_at: datetime
    last_message_at: datetime
    snoozed_until: datetime | None
    version: int
    company: Named | None
    plan: Named | None
    left_out_plan: Named | None
    """The company's own plan, where it does not include the channel."""
    team: Named | None
    assignee: Named | None
    inbox: Named
    why: str
    why_parts: dict[str, Any]


class OutOfReach(BaseModel):
    """Why claiming the next ticket does not give the reader those of a pool: another team's, a skill or
    language is missing (`skills`), or too much for what they carry."""

    reason: Literal["team", "skill", "language", "room"]
    skills: list[str]


class SlaClock(BaseModel):
    metric: str
    target_seconds: int
    due_at: datetime | None
    running: bool
    met_at: datetime | None
    breached_at: datetime | None
    calendar: str
    why: list[dict[str, Any]]
    """What counted, which holidays did not, and the pauses, up to the due time."""


class TicketAlert(BaseModel):
    id: UUID
    state: Literal["open", "acknowledged", "exhausted", "closed"]
    reason: str
    raised_at: datetime
    acknowledged_by: Named | None
    acknowledged_at: datetime | None


class HeldReply(BaseModel):
    """An answer that leaves at `send_at`. `state` is waiting, or failed with the `reason`."""

    id: UUID
    agent: Named
    body: str
    mail: dict[str, Any]
    files: int
    then: str | None
    tags: list[str]
    send_at: datetime
    state: Literal["waiting", "failed"]
    reason: str | None


class TicketVisitor(BaseModel):
    """Where the contact is on the website, and what the site and they themselves said before the chat."""

    page: str
    attributes: dict[str, Any]
    answers: dict[str, str]
    seen_at: datetime
    blocked: bool


class Ticket(TicketFields):
    id: UUID
    contact: FullContact
    created_at: datetime
    resolved_at: datetime | None
    public_version: int
    skills: list[str]
    policy_id: UUID | None
    policy: Named | None
    merged_into: UUID | None
    split_from: UUID | None
    clocks: list[SlaClock]
    alerts: list[TicketAlert]
    held_replies: list[HeldReply]
    visitor: TicketVisitor | None


class EventBy(BaseModel):
    kind: Literal["agent", "contact", "api_key", "system"]
    id: UUID | None
    name: str


class Event(BaseModel):
    """One thing that happened. `data` depends on `name`; skip names you do not know. `public_version` is
    what the contact counts it as, null for what only agents see; the contact's own view leaves it out."""

    version: int
    public_version: int | None = None
    name: str
    id: UUID
    by: EventBy
    at: datetime
    client_id: UUID | None = None
    data: dict[str, Any]


class Timeline(BaseModel):
    """`head` is the newest version. Another `epoch` than last time: forget what you have and read anew."""

    items: list[Event]
    head: int
    epoch: str


class Said(BaseModel):
    """`duplicate`: this `client_id` was taken before; nothing was said twice."""

    id: UUID
    ticket: UUID
    number: int
    version: int
    at: datetime
    duplicate: bool


class CallTicket(BaseModel):
    ticket: UUID
    number: int


class Upload(BaseModel):
    id: UUID
    name: str
    content_type: str
    size: int
    url: str
