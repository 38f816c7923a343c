"""What is written, by whom, and what becomes of it on its way out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from helpdesk.domain.events.kinds import Event, MessageEvent


@dataclass(frozen=True)
class TicketOpened(Event):
    public = True
    public_fields = ("subject", "channel")
    subject: str
    channel: str
    inbox_id: UUID
    contact_id: UUID
    priority: int


@dataclass(frozen=True)
class MessageReceived(MessageEvent):
    """The contact wrote. Unverified senders' messages are recorded as UnverifiedMessageReceived."""

    public = True
    public_fields = ("message_id",)


@dataclass(frozen=True)
class UnverifiedMessageReceived(MessageEvent):
    """Somebody who is not on the ticket wrote; hidden from the contact until an agent accepts it."""

    reason: str = ""


@dataclass(frozen=True)
class SenderAccepted(Event):
    """An agent let an unverified sender in: MessageReceived with the same message follows."""

    accepted_message_id: UUID
    address: str
    sender_name: str


@dataclass(frozen=True)
class MessageSplitOff(Event):
    """An unverified sender's message went on as a ticket of its own."""

    split_message_id: UUID
    into: UUID
    into_number: int


@dataclass(frozen=True)
class SenderBlocked(Event):
    """An agent blocked the address that wrote this message: its further mail is read by nobody."""

    blocked_message_id: UUID
    address: str


@dataclass(frozen=True)
class AlsoReceived(Event):
    """The same mail came to another address of ours as well."""

    received_message_id: UUID
    inbox_id: UUID
    address: str


@dataclass(frozen=True)
class FollowersChanged(Event):
    """Who gets the answers besides the contact."""

    added: list[str]
    removed: list[str]


@dataclass(frozen=True)
class ReplySent(MessageEvent):
    public = True
    public_fields = ("message_id",)


@dataclass(frozen=True)
class ReplyHeld(Event):
    """An answer was written that leaves at that moment, unless it is called back before."""

    reply_id: UUID
    send_at: datetime


@dataclass(frozen=True)
class ReplyCalledBack(Event):
    """A held answer will not leave."""

    reply_id: UUID


@dataclass(frozen=True)
class ReplyNotSent(Event):
    """The moment of a held answer came, and it could not be said."""

    reply_id: UUID
    reason: str


@dataclass(frozen=True)
class MessageForwarded(MessageEvent):
    """A mail to somebody else about this ticket; its contact sees nothing of it."""


@dataclass(frozen=True)
class FollowUpOpened(Event):
    """The closed ticket goes on in another, or (`is_new`) this is the one it goes on in."""

    other: UUID
    other_number: int
    is_new: bool


@dataclass(frozen=True)
class NoteAdded(MessageEvent):
    pass


@dataclass(frozen=True)
class CallLogged(MessageEvent):
    direction: str = "inbound"
    answered: bool = True
    duration: int = 0
    caller: str = ""
    callback_at: datetime | None = None
    began_at: datetime | None = None


@dataclass(frozen=True)
class DeliveryHandedOver(Event):
    """The next mail server took the answer; `server_id` is what it said."""

    delivered_message_id: UUID
    to: list[str]
    server_id: str


@dataclass(frozen=True)
class DeliveryFailed(Event):
    """To these addresses it did not get: refused by the next server, or (`bounced`) it came back later."""

    delivered_message_id: UUID
    to: list[str]
    reason: str
    permanent: bool
    bounced: bool = False


@dataclass(frozen=True)
class DeliveryWaiting(Event):
    """It cannot leave before something is mended here, and leaves by itself then."""

    delivered_message_id: UUID
    to: list[str]
    reason: str


@dataclass(frozen=True)
class DeliveryRetried(Event):
    """An agent had a mail sent again that had not arrived."""

    delivered_message_id: UUID
    to: list[str]


@dataclass(frozen=True)
class DeliveryReported(Event):
    """How it goes with a mail, nothing final: `what` is held_up (our own server does not take it), or said
    by the other side delayed, complaint (its reader called it spam), read, or other."""

    delivered_message_id: UUID
    to: list[str]
    what: str
    reason: str
