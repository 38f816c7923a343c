"""What the person in the widget does besides writing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from helpdesk.domain.events.kinds import Event


@dataclass(frozen=True)
class VisitorIntroduced(Event):
    """What a visitor filled in before the chat, what they agreed to, and the page they wrote from."""

    answers: dict[str, str]
    page: str
    consent: str


@dataclass(frozen=True)
class ContactIdentified(Event):
    """The website proved who the visitor is: what they wrote before belongs to that contact."""

    contact_id: UUID
    previous_id: UUID
    contact_name: str


@dataclass(frozen=True)
class ContactMerged(Event):
    """An agent found the ticket's contact to be somebody known, whose ticket it is from now on."""

    contact_id: UUID
    previous_id: UUID
    contact_name: str
    previous_name: str


@dataclass(frozen=True)
class ContactMergeUndone(Event):
    """They are two people after all: the ticket is the contact's again who it was taken from."""

    contact_id: UUID
    previous_id: UUID
    contact_name: str
    previous_name: str


@dataclass(frozen=True)
class TicketRated(Event):
    """The contact's opinion, 1 to 5; a later one takes the place of the earlier."""

    public = True
    public_fields = ("score", "comment")
    score: int
    comment: str


@dataclass(frozen=True)
class CallbackRequested(Event):
    """We owe the contact a call at a time that was offered to them."""

    public = True
    public_fields = ("number", "at")
    number: str
    at: datetime


@dataclass(frozen=True)
class WakeRequested(Event):
    """A contact whose plan allows it said that this cannot wait: somebody is woken."""

    public = True
    public_fields = ("reason",)
    reason: str


@dataclass(frozen=True)
class TranscriptSent(Event):
    """The contact had the conversation sent to their own address."""

    public = True
    public_fields = ("address",)
    address: str


@dataclass(frozen=True)
class VisitorBlocked(Event):
    """The contact may not write in the chat any more; `with_network`: nobody from there, for a day."""

    reason: str
    with_network: bool


@dataclass(frozen=True)
class VisitorUnblocked(Event):
    pass
