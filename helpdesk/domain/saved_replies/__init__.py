"""Texts that agents say again and again: kept by name, for one agent or for all, filled in for a ticket."""

from helpdesk.domain.saved_replies.actions import remove, save
from helpdesk.domain.saved_replies.filling import PLACEHOLDERS, Piece, fill, missing_in, text_of
from helpdesk.domain.saved_replies.model import LONGEST_BODY, LONGEST_NAME, MOST_TAGS, SavedReply
from helpdesk.domain.saved_replies.queries import Filled, all_of, for_ticket, get, may_change

__all__ = [
    "LONGEST_BODY",
    "LONGEST_NAME",
    "MOST_TAGS",
    "PLACEHOLDERS",
    "Filled",
    "Piece",
    "SavedReply",
    "all_of",
    "fill",
    "for_ticket",
    "get",
    "may_change",
    "missing_in",
    "remove",
    "save",
    "text_of",
]
