"""Tables of schedules, escalation policies, alerts and the notifications they ring with."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class AlertStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class ScheduleRow(Base):
    """`rota` has the shape that shifts.Schedule.parse reads; people in it are agents' ids."""

    __tablename__ = "schedules"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    rota: Mapped[Json]
    created_at: Mapped[datetime]


class EscalationPolicyRow(Base):
    """`steps` has the shape that escalation.Policy.parse reads. The oldest one is used where none is named."""

    __tablename__ = "escalation_policies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    policy: Mapped[Json]
    created_at: Mapped[datetime]


class Alert(Base):
    """Something that must be answered now. `policy` is the snapshot it escalates by, `state` where it stands."""

    __tablename__ = "alerts"

    id: Mapped[Id]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    dedup_key: Mapped[str]
    reason: Mapped[str]
    policy_name: Mapped[str]
    policy: Mapped[Json]
    state: Mapped[Json]
    status: Mapped[str]
    next_at: Mapped[datetime | None]
    raised_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_alerts_open_key", "dedup_key", unique=True, postgresql_where=text("status <> 'closed'")),
        Index("ix_alerts_next_at", "next_at", postgresql_where=text("status = 'open'")),
    )


class AlertNotification(Base):
    """One ring of one person by one method. `key` makes it happen once: alert:loop:step:agent:method."""

    __tablename__ = "alert_notifications"

    id: Mapped[Id]
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    key: Mapped[str] = mapped_column(unique=True)
    method: Mapped[str]
    step: Mapped[int]
    state: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
