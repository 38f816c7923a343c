"""Everything that can happen to a ticket, in the past tense, and who may hear of it.

The stored data of an event is its fields. Events that carry a message name it by id only; readers
get the message's text from the messages table (one truth, one place to erase).
"""

from helpdesk.domain.events.alerts import (
    AlertAcknowledged,
    AlertExhausted,
    AlertNotificationFailed,
    AlertNotified,
    AlertRaised,
    AlertUnanswered,
    CoverageMissing,
    OnCallWoken,
)
from helpdesk.domain.events.kinds import Event, MessageEvent
from helpdesk.domain.events.messages import (
    AlsoReceived,
    CallLogged,
    DeliveryFailed,
    DeliveryHandedOver,
    DeliveryReported,
    DeliveryRetried,
    DeliveryWaiting,
    FollowersChanged,
    FollowUpOpened,
    MessageForwarded,
    MessageReceived,
    MessageSplitOff,
    NoteAdded,
    ReplyCalledBack,
    ReplyHeld,
    ReplyNotSent,
    ReplySent,
    SenderAccepted,
    SenderBlocked,
    TicketOpened,
    UnverifiedMessageReceived,
)
from helpdesk.domain.events.promises import (
    PlanLeftOut,
    PromiseChanged,
    SlaStepTaken,
    TargetBreached,
    TargetMet,
    TargetPaused,
    TargetResumed,
    TargetStarted,
)
from helpdesk.domain.events.visitors import (
    CallbackRequested,
    ContactIdentified,
    ContactMerged,
    ContactMergeUndone,
    TicketRated,
    TranscriptSent,
    VisitorBlocked,
    VisitorIntroduced,
    VisitorUnblocked,
    WakeRequested,
)
from helpdesk.domain.events.work import (
    MergeReceived,
    MergeUndone,
    PriorityChanged,
    SkillsChanged,
    SubjectChanged,
    TagsChanged,
    TeamChanged,
    TicketAssigned,
    TicketClosed,
    TicketEscalated,
    TicketMerged,
    TicketOpenedAgain,
    TicketPending,
    TicketReopened,
    TicketResolved,
    TicketSnoozed,
    TicketSplit,
    TicketWoken,
)
from helpdesk.storage.tables import Json

__all__ = [
    "EVENTS",
    "AlertAcknowledged",
    "AlertExhausted",
    "AlertNotificationFailed",
    "AlertNotified",
    "AlertRaised",
    "AlertUnanswered",
    "AlsoReceived",
    "CallLogged",
    "CallbackRequested",
    "ContactIdentified",
    "ContactMergeUndone",
    "ContactMerged",
    "CoverageMissing",
    "DeliveryFailed",
    "DeliveryHandedOver",
    "DeliveryReported",
    "DeliveryRetried",
    "DeliveryWaiting",
    "Event",
    "FollowUpOpened",
    "FollowersChanged",
    "MergeReceived",
    "MergeUndone",
    "MessageEvent",
    "MessageForwarded",
    "MessageReceived",
    "MessageSplitOff",
    "NoteAdded",
    "OnCallWoken",
    "PlanLeftOut",
    "PriorityChanged",
    "PromiseChanged",
    "ReplyCalledBack",
    "ReplyHeld",
    "ReplyNotSent",
    "ReplySent",
    "SenderAccepted",
    "SenderBlocked",
    "SkillsChanged",
    "SlaStepTaken",
    "SubjectChanged",
    "TagsChanged",
    "TargetBreached",
    "TargetMet",
    "TargetPaused",
    "TargetResumed",
    "TargetStarted",
    "TeamChanged",
    "TicketAssigned",
    "TicketClosed",
    "TicketEscalated",
    "TicketMerged",
    "TicketOpened",
    "TicketOpenedAgain",
    "TicketPending",
    "TicketRated",
    "TicketReopened",
    "TicketResolved",
    "TicketSnoozed",
    "TicketSplit",
    "TicketWoken",
    "TranscriptSent",
    "UnverifiedMessageReceived",
    "VisitorBlocked",
    "VisitorIntroduced",
    "VisitorUnblocked",
    "WakeRequested",
    "public_data",
]


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
