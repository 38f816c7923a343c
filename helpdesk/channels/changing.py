"""What may be set on a ticket from outside: the same over a socket and over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from helpdesk.domain import tickets
from helpdesk.parsing import Moment

Priority = Annotated[int, Field(ge=1, le=5)]
Level = Annotated[int, Field(ge=1, le=3)]
_Word = Annotated[str, Field(max_length=40)]


class TicketPatch(BaseModel):
    """Fields that are absent stay as they are."""

    status: Literal["open", "pending", "snoozed", "resolved", "closed"] | None = None
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    priority: Priority | None = None
    impact: Level | None = None
    urgency: Level | None = None
    tags: Annotated[list[_Word], Field(max_length=20)] = []
    skills: Annotated[list[_Word], Field(max_length=10)] = []
    subject: Annotated[str, Field(max_length=250)] | None = None
    snooze_until: Moment | None = None

    @property
    def change(self) -> tickets.TicketChange:
        words = {"tags": tuple(self.tags), "skills": tuple(self.skills)}
        return tickets.TicketChange(frozenset(self.model_fields_set), **{**self.model_dump(), **words})
