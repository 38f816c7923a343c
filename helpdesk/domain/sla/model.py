"""The tables of SLA policies and clocks."""

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
    UPDATE = "update"  # how often the contact hears of an unresolved ticket
    CALLBACK = "callback"  # the call that was promised to whoever was not reached


class SlaPolicy(Base):
    """What is promised to the tickets that meet its conditions; the first by `position` that fits counts.

    `conditions` is {inbox_ids, plan_ids, company_ids, priorities, tags}, each a list, an absent one fits
    all. `targets` and `priority_targets` are as a plan's; `calendar_id` None takes the plan's calendar.
    `pauses_in` are the statuses in which its clocks stand still. `steps` are read by steps.py.
    """

    __tablename__ = "sla_policies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    enabled: Mapped[bool] = mapped_column(server_default="true")
    conditions: Mapped[Json] = mapped_column(server_default="{}")
    targets: Mapped[Json] = mapped_column(server_default="{}")
    priority_targets: Mapped[Json] = mapped_column(server_default="{}")
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("calendars.id"))
    pauses_in: Mapped[list[str]] = mapped_column(server_default="{pending,snoozed}")
    steps: Mapped[list[Json]] = mapped_column(server_default="[]")
    created_at: Mapped[datetime]


class CalendarRevision(Base):
    """Hours that a calendar had until then: what was promised by them stays explained by them."""

    __tablename__ = "calendar_revisions"

    id: Mapped[Id]
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id", ondelete="CASCADE"), index=True)
    hours: Mapped[Json]
    until: Mapped[datetime]


class HolidayFeed(Base):
    """Holidays that a calendar takes from an iCalendar address. `dates` are those of the last good answer;
    `error` says what was wrong with the newest one, empty while all is well."""

    __tablename__ = "holiday_feeds"

    calendar_id: Mapped[UUID] = mapped_column(
        ForeignKey("calendars.id", ondelete="CASCADE"), primary_key=True
    )
    url: Mapped[str]
    dates: Mapped[Json] = mapped_column(server_default="{}")
    tried_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")


class SlaClock(Base):
    """One running measure of one target of one ticket; all of it follows from `facts` (clocks.replay).

    `target_seconds` and `consumed_seconds` are seconds of the calendar's open time. `stopped_at`: nobody
    needs it any more (a response target of a ticket that was resolved without one). `steps` are what its
    policy does before and after the due time (steps.py), `steps_taken` how many of them are done.
    `origin_id`: the merged ticket that made the promise.
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
    origin_id: Mapped[UUID | None]
    steps: Mapped[list[Json]] = mapped_column(server_default="[]")
    steps_taken: Mapped[int] = mapped_column(server_default="0")
    next_step_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_sla_clocks_next_step", "next_step_at", postgresql_where=text("next_step_at IS NOT NULL")),
        Index(
            "ix_sla_clocks_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL AND breached_at IS NULL"),
        ),
    )
