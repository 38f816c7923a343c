"""Search: tickets by the words of their messages, subjects, files and contacts."""

from helpdesk.domain.tickets.search.finding import page
from helpdesk.domain.tickets.search.indexing import (
    index_contact,
    index_new,
    index_ticket,
    look_through,
    unindexed,
)
from helpdesk.domain.tickets.search.model import Indexed, MessageWords

__all__ = [
    "Indexed",
    "MessageWords",
    "index_contact",
    "index_new",
    "index_ticket",
    "look_through",
    "page",
    "unindexed",
]
