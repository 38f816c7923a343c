"""The unit of work: a ticket and its thread, over any channel, from the first message."""

from helpdesk.domain.tickets import attachments, expectations, mail_intake, mailing, overload, queries, queue
from helpdesk.domain.tickets.actions import (
    BODY_LIMIT,
    add_note,
    log_call,
    open_ticket,
    receive_message,
    reply,
)
from helpdesk.domain.tickets.alerting import (
    acknowledge,
    escalate,
    hand_on,
    raise_by_rule,
    raise_if_urgent,
    raise_waiting,
    record_rung,
    ring_failed,
)
from helpdesk.domain.tickets.assigning import ask_for
from helpdesk.domain.tickets.calls import CallNews, CallStep, hear_of_call
from helpdesk.domain.tickets.changes import (
    TicketChange,
    breach,
    change_ticket,
    due_to_wake,
    for_priority,
    wake,
)
from helpdesk.domain.tickets.claiming import claim_next
from helpdesk.domain.tickets.distributing import desk, desks, distribute, is_full, release_unattended
from helpdesk.domain.tickets.envelopes import InboundMessage, LoggedCall, Said, Sender
from helpdesk.domain.tickets.locking import get, lock
from helpdesk.domain.tickets.model import (
    Attachment,
    Message,
    MessageKind,
    OutgoingMail,
    RawMail,
    Status,
    Ticket,
)
from helpdesk.domain.tickets.reading import mark_read

__all__ = [
    "BODY_LIMIT",
    "Attachment",
    "CallNews",
    "CallStep",
    "InboundMessage",
    "LoggedCall",
    "Message",
    "MessageKind",
    "OutgoingMail",
    "RawMail",
    "Said",
    "Sender",
    "Status",
    "Ticket",
    "TicketChange",
    "acknowledge",
    "add_note",
    "ask_for",
    "attachments",
    "breach",
    "change_ticket",
    "claim_next",
    "desk",
    "desks",
    "distribute",
    "due_to_wake",
    "escalate",
    "expectations",
    "for_priority",
    "get",
    "hear_of_call",
    "is_full",
    "lock",
    "log_call",
    "mail_intake",
    "mailing",
    "mark_read",
    "open_ticket",
    "overload",
    "queries",
    "queue",
    "raise_if_urgent",
    "release_unattended",
    "ring_failed",
    "record_rung",
    "raise_waiting",
    "raise_by_rule",
    "hand_on",
    "receive_message",
    "reply",
    "wake",
]
