"""The unit of work: a ticket and its thread, over any channel, from the first message."""

from helpdesk.domain.tickets import (
    answering,
    attachments,
    chatting,
    deliveries,
    expectations,
    mail,
    one_person,
    promises,
    queries,
    queue,
    replanning,
    search,
    timeline,
)
from helpdesk.domain.tickets.actions import add_note, receive_message, reply
from helpdesk.domain.tickets.adding_more import answer_more, note_more
from helpdesk.domain.tickets.alerting import (
    acknowledge,
    escalate,
    hand_on,
    raise_by_rule,
    raise_if_urgent,
    raise_waiting,
    record_rung,
    ring_failed,
    urgent,
)
from helpdesk.domain.tickets.calls import CallNews, CallStep, hear_of_call
from helpdesk.domain.tickets.changes import (
    TicketChange,
    breach,
    change_ticket,
    due_to_wake,
    for_priority,
    wake,
)
from helpdesk.domain.tickets.envelopes import ByMail, InboundMessage, LoggedCall, Said, Sender
from helpdesk.domain.tickets.locking import get, lock
from helpdesk.domain.tickets.logged_calls import log_call
from helpdesk.domain.tickets.merging import merge, split, transfer, unmerge
from helpdesk.domain.tickets.messages import BODY_LIMIT
from helpdesk.domain.tickets.model import (
    Attachment,
    HeldReply,
    Message,
    MessageKind,
    OutgoingMail,
    RawMail,
    Status,
    Ticket,
)
from helpdesk.domain.tickets.opening import open_ticket
from helpdesk.domain.tickets.queue import overload, wall
from helpdesk.domain.tickets.queue.assigning import ask_for
from helpdesk.domain.tickets.queue.claiming import claim_next, desk_of
from helpdesk.domain.tickets.queue.distributing import (
    desk,
    desks,
    distribute,
    is_full,
    release_unattended,
    waiting_for_team,
    waiting_within_reach,
)
from helpdesk.domain.tickets.queue.reach import out_of_reach
from helpdesk.domain.tickets.queue.taking import Claimed
from helpdesk.domain.tickets.reading import mark_read
from helpdesk.domain.tickets.saying_more import Saying, say_more

__all__ = [
    "BODY_LIMIT",
    "Attachment",
    "ByMail",
    "CallNews",
    "CallStep",
    "Claimed",
    "HeldReply",
    "InboundMessage",
    "LoggedCall",
    "Message",
    "MessageKind",
    "OutgoingMail",
    "RawMail",
    "Said",
    "Saying",
    "Sender",
    "Status",
    "Ticket",
    "TicketChange",
    "acknowledge",
    "add_note",
    "answer_more",
    "answering",
    "ask_for",
    "attachments",
    "breach",
    "change_ticket",
    "chatting",
    "claim_next",
    "deliveries",
    "desk",
    "desk_of",
    "desks",
    "distribute",
    "due_to_wake",
    "escalate",
    "expectations",
    "for_priority",
    "get",
    "hand_on",
    "hear_of_call",
    "is_full",
    "lock",
    "log_call",
    "mail",
    "mark_read",
    "merge",
    "note_more",
    "one_person",
    "open_ticket",
    "out_of_reach",
    "overload",
    "promises",
    "queries",
    "queue",
    "raise_by_rule",
    "raise_if_urgent",
    "raise_waiting",
    "receive_message",
    "record_rung",
    "release_unattended",
    "replanning",
    "reply",
    "ring_failed",
    "say_more",
    "search",
    "split",
    "timeline",
    "transfer",
    "unmerge",
    "urgent",
    "waiting_for_team",
    "waiting_within_reach",
    "wake",
    "wall",
]
