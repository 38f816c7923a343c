"""The table of SLA clocks."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class Metric(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class SlaClock(Base):
    """One running measure of one target of one ticket; all of it follows from `facts` (clocks.replay).

    `target_seconds` and `consumed_seconds` are seconds of the calendar's open time. `stopped_at`: nobody
    needs it any more (a response target of a ticket that was resolved without one).
    """

    __tablename__ = "sla_clocks"

    id: Mapped[Id]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    metric: Mapped[str]
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id"))
    target_seconds: Mapped[float]
    started_at: Mapped[datetime]
    consumed_seconds: Mapped[float]
    running_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    facts: Mapped[list[Json]]

    __table_args__ = (
        Index(
            "ix_sla_clocks_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL AND breached_at IS NULL"),
        ),
    )
