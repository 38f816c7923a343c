"""Tables of the rota: schedules, what makes exceptions to them, and what became of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class ScheduleRow(Base):
    """`rota` holds the layers as shifts.Schedule.parse reads them; people in it are agents' ids.

    Versions of a rotation in it are never changed: an edit closes one and opens another. Before
    `recorded_until` the duty table says who was on call, whatever the rota says now.
    """

    __tablename__ = "schedules"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    rota: Mapped[Json]
    minimum: Mapped[int] = mapped_column(server_default="1")
    horizon_days: Mapped[int] = mapped_column(server_default="60")
    wants_handover: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(server_default="1")
    recorded_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RotaRevision(Base):
    """What a schedule or policy was like from one edit to the next, and whose edit it was."""

    __tablename__ = "rota_revisions"

    id: Mapped[Id]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int]
    content: Mapped[Json]
    by_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class OverrideRow(Base):
    """One override. Removed ones stay, so that what was can be explained."""

    __tablename__ = "overrides"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    change: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    target_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    reason: Mapped[str]
    swap_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_overrides_live", "schedule_id", "ends_at", postgresql_where=text("removed_at IS NULL")),
    )


class TimeOff(Base):
    """When somebody is away; their turns fall to the next. `source` is the uid in their own calendar."""

    __tablename__ = "time_off"

    id: Mapped[Id]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    source: Mapped[str | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("agent_id", "source"),)


class AbsenceFeed(Base):
    """The address of somebody's own calendar, sealed, and how asking it went last."""

    __tablename__ = "absence_feeds"

    id: Mapped[Id]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), unique=True)
    address: Mapped[str]
    tried_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]


class SwapRequest(Base):
    """A shift somebody wants to hand on, to one person or to whoever takes it first.

    `state`: open, taken, declined, expired, withdrawn. With a return shift it is a swap, without one a gift.
    """

    __tablename__ = "swap_requests"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"), index=True)
    asker_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    offered_to: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    return_starts_at: Mapped[datetime | None]
    return_ends_at: Mapped[datetime | None]
    note: Mapped[str]
    state: Mapped[str]
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class DutyRow(Base):
    """Who really was on call, frozen, with the seconds by the kind of time they fell in."""

    __tablename__ = "duty"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    day_seconds: Mapped[int]
    night_seconds: Mapped[int]
    weekend_seconds: Mapped[int]
    holiday_seconds: Mapped[int]

    __table_args__ = (Index("ix_duty_schedule_ends", "schedule_id", "ends_at"),)


class Handover(Base):
    """A change of shift: what is open, what was promised, a note; the next person accepts it."""

    __tablename__ = "handovers"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    at: Mapped[datetime]
    leaving: Mapped[list[UUID]]
    arriving: Mapped[list[UUID]]
    note: Mapped[str] = mapped_column(server_default="")
    written_by: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    accepted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("schedule_id", "at"),)


class Foreseen(Base):
    """A gap or empty shift that somebody was warned of, so that they are told once."""

    __tablename__ = "foreseen_problems"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    problem: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    told_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("schedule_id", "problem", "starts_at"),)


class CalendarFeed(Base):
    """A secret address at which a calendar application reads the shifts of a person or a schedule."""

    __tablename__ = "calendar_feeds"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), index=True)
    schedule_id: Mapped[UUID | None] = mapped_column(ForeignKey("schedules.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PublishedShift(Base):
    """A shift as the feeds have shown it: one that is gone is shown once more as cancelled."""

    __tablename__ = "published_shifts"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    sequence: Mapped[int]
    cancelled_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("schedule_id", "agent_id", "starts_at"),)
