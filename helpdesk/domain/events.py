"""Everything that can happen to a ticket, in the past tense, and who may hear of it.

The stored data of an event is its fields. Events that carry a message name it by id only; readers
get the message's text from the messages table (one truth, one place to erase).
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from helpdesk.storage.tables import Json


@dataclass(frozen=True)
class Event:
    """The default audience is agents only, so nothing new ever leaks into a widget.

    `public` events are also seen by the ticket's contact, who gets only `public_fields`.
    """

    public: ClassVar[bool] = False
    public_fields: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def message_id(self) -> UUID | None:
        return None

    def data(self) -> Json:
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class MessageEvent(Event):
    message: UUID

    @property
    def message_id(self) -> UUID | None:
        return self.message

    def data(self) -> Json:
        return {key: value for key, value in super().data().items() if key != "message"} | {
            "message_id": str(self.message)
        }


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
class SlaStepTaken(Event):
    """What the policy says to do so long before or after the due time."""

    metric: str
    due_at: datetime | None
    when: str
    action: str
    agent_ids: list[str]


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


@dataclass(frozen=True)
class AlertRaised(Event):
    alert_id: UUID
    reason: str
    policy: str


@dataclass(frozen=True)
class AlertNotified(Event):
    alert_id: UUID
    agent_id: UUID | None
    agent_name: str
    method: str
    step: int


@dataclass(frozen=True)
class AlertNotificationFailed(Event):
    alert_id: UUID
    agent_name: str
    method: str
    error: str


@dataclass(frozen=True)
class AlertAcknowledged(Event):
    alert_id: UUID
    agent_id: UUID | None
    agent_name: str


@dataclass(frozen=True)
class AlertUnanswered(Event):
    """Acknowledged, but nobody replied in time: it goes on with the next step."""

    alert_id: UUID
    agent_name: str


@dataclass(frozen=True)
class OnCallWoken(Event):
    """What a contact hears whose plan says so: that somebody was woken for this, and why."""

    public = True
    public_fields = ("reason",)
    alert_id: UUID
    reason: str


@dataclass(frozen=True)
class AlertExhausted(Event):
    alert_id: UUID


@dataclass(frozen=True)
class CoverageMissing(Event):
    """A step of the escalation policy resolved to nobody, so the next one was taken at once."""

    alert_id: UUID
    step: int


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
class DeliveryRetried(Event):
    """An agent had a mail sent again that had not arrived."""

    delivered_message_id: UUID
    to: list[str]


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


def _all_events(base: type[Event] = Event) -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for kind in base.__subclasses__():
        found[kind.__name__] = kind
        found |= _all_events(kind)
    return found


EVENTS: dict[str, type[Event]] = {
    name: kind for name, kind in _all_events().items() if kind is not MessageEvent
}
"""Every event by name."""


def public_data(name: str, data: Json) -> Json:
    """What a contact may see of a stored event: an allow-list, so a new field stays private."""
    kind = EVENTS.get(name)
    allowed = kind.public_fields if kind is not None and kind.public else ()
    return {key: data[key] for key in allowed if key in data}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value
