"""The queue, the desks of those who work it, and the wall."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named, Page
from helpdesk.api.shapes.people import TicketContact
from helpdesk.api.shapes.tickets import OutOfReach, TicketFields


class QueueRow(TicketFields):
    ticket_id: UUID
    contact: TicketContact
    pool_id: UUID
    out_of_reach: OutOfReach | None
    """Of a ticket that waits and that the reader would not be given now."""


Marked = list[tuple[str, bool]]
"""Pieces of a text in their order; true where it is what was sought."""


class FoundMessage(BaseModel):
    """The message that has the words. `text`: a line of it; `files`: names of its files that have them."""

    id: UUID
    kind: str
    at: datetime
    by: str
    is_contact: bool
    text: Marked
    files: list[Marked]


class Found(BaseModel):
    """Why a ticket answers a search. `message` is null of one that was asked for by its number."""

    subject: Marked
    message: FoundMessage | None


class ListedTicket(QueueRow):
    found: Found | None = None
    """Only where something was sought."""


class Overload(BaseModel):
    """While `on`, more tickets are late than agents are online, and claims follow the overload guard."""

    on: bool
    late: int
    online: int


class Queue(Page[QueueRow]):
    counts: dict[str, int]
    """Counted to 1,000, which means so many or more."""
    as_of: datetime
    overload: Overload
    out_of_reach: dict[UUID, OutOfReach]
    """By the pools of rows, also of those that arrive live."""


class Desk(BaseModel):
    """An agent's availability, and what they carry against what they can."""

    agent: Named
    state: Literal["online", "away", "offline"]
    since: datetime | None
    load: int
    capacity: int
    chats: int
    max_chats: int
    skills: list[str]


class WallTicket(BaseModel):
    id: UUID
    number: int
    subject: str
    priority: int
    channel: str
    waiting_since: datetime | None
    due_at: datetime | None


class WallCount(BaseModel):
    count: int
    first: list[WallTicket]


class WallWaiting(BaseModel):
    channel: str
    priority: int
    count: int
    oldest: datetime | None


class Wall(BaseModel):
    """The whole desk at a glance. `at_risk` are not late yet but probably will be, at `taken_per_hour`."""

    as_of: datetime
    waiting: list[WallWaiting]
    oldest: WallTicket | None
    late: WallCount
    at_risk: WallCount
    breached_today: int
    taken_per_hour: float
    agents: list[Desk]
    overload: Overload


class Desks(Page[Desk]):
    own: Desk | None
    overload: Overload
