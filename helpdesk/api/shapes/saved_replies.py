"""Saved replies, as they are kept and as they are said on a ticket."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from helpdesk.api.shapes.basics import Named


class SavedReply(BaseModel):
    """`personal`: the asking agent's own; `inbox` is null where it is offered everywhere."""

    id: UUID
    name: str
    body: str
    inbox: Named | None
    personal: bool
    tags: list[str]
    resolves: bool
    changed_at: datetime


class FilledReply(BaseModel):
    """`missing` are the placeholders that still stand in the body, because nothing is known for them. `tags`
    and `resolves` say what whoever sends it then does to the ticket."""

    id: UUID
    name: str
    body: str
    missing: list[str]
    personal: bool
    tags: list[str]
    resolves: bool
