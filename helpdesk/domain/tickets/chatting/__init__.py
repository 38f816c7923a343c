"""What a visitor can do in the chat besides writing: rate, end it, be called, be sent it, wake somebody."""

from helpdesk.domain.tickets.chatting import unread
from helpdesk.domain.tickets.chatting.callbacks import ask_for_call, slots
from helpdesk.domain.tickets.chatting.ending import end
from helpdesk.domain.tickets.chatting.joining import join
from helpdesk.domain.tickets.chatting.model import MailedUpTo, Rating
from helpdesk.domain.tickets.chatting.rating import rate, rating_of
from helpdesk.domain.tickets.chatting.transcript import send_transcript
from helpdesk.domain.tickets.chatting.waking import may_wake, wake_somebody
from helpdesk.domain.tickets.chatting.welcome import blocked, introduced, unblocked

__all__ = [
    "MailedUpTo",
    "Rating",
    "ask_for_call",
    "blocked",
    "end",
    "introduced",
    "join",
    "may_wake",
    "rate",
    "rating_of",
    "send_transcript",
    "slots",
    "unblocked",
    "unread",
    "wake_somebody",
]
