"""Who has a ticket, in which state it is, and what it is about."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from helpdesk.domain.events.kinds import Event
from helpdesk.storage.tables import Json


@dataclass(frozen=True)
class TicketAssigned(Event):
    """`reason` is claim, push, reply, manual, offline or released; `decision` is how routing came to it:
    the mode, the candidates with their loads, who was chosen and who would have been next."""

    assignee_id: UUID | None
    assignee_name: str | None
    previous_id: UUID | None
    reason: str
    decision: Json | None = None


@dataclass(frozen=True)
class TeamChanged(Event):
    team_id: UUID | None
    team_name: str | None


@dataclass(frozen=True)
class SkillsChanged(Event):
    skills: list[str]
    previous: list[str]


@dataclass(frozen=True)
class TicketPending(Event):
    pass


@dataclass(frozen=True)
class TicketOpenedAgain(Event):
    """It no longer waits for the contact (who wrote, or an agent said so): its clocks run again."""

    reason: str


@dataclass(frozen=True)
class TicketSnoozed(Event):
    until: datetime


@dataclass(frozen=True)
class TicketWoken(Event):
    reason: str


@dataclass(frozen=True)
class TicketResolved(Event):
    public = True


@dataclass(frozen=True)
class TicketReopened(Event):
    public = True
    reason: str = ""


@dataclass(frozen=True)
class TicketClosed(Event):
    public = True


@dataclass(frozen=True)
class TicketMerged(Event):
    """This ticket goes on in `into`; what is written to it later arrives there."""

    public = True
    into: UUID
    into_number: int
    previous: str


@dataclass(frozen=True)
class MergeReceived(Event):
    """Another ticket was merged into this one, with its messages."""

    merged: UUID
    merged_number: int
    messages: list[str]


@dataclass(frozen=True)
class MergeUndone(Event):
    """The two are apart again; `other` is the other half."""

    other: UUID
    other_number: int


@dataclass(frozen=True)
class TicketSplit(Event):
    """Some of its messages went on as a ticket of their own, or (`is_new`) this is that ticket."""

    other: UUID
    other_number: int
    messages: list[str]
    is_new: bool


@dataclass(frozen=True)
class TicketEscalated(Event):
    """Handed to another line; `reason` is what its agents should know."""

    team_id: UUID
    team_name: str
    reason: str


@dataclass(frozen=True)
class PriorityChanged(Event):
    impact: int
    urgency: int
    priority: int
    previous: int


@dataclass(frozen=True)
class TagsChanged(Event):
    added: list[str]
    removed: list[str]


@dataclass(frozen=True)
class SubjectChanged(Event):
    subject: str
    previous: str
