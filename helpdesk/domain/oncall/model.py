"""Tables of escalation policies, alerts, and the notifications they ring with."""

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


class RingState(StrEnum):
    """queued → leased → sent, failed, or cancelled because somebody answered first."""

    QUEUED = "queued"
    LEASED = "leased"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EscalationPolicyRow(Base):
    """`policy` has the shape escalation.Policy.parse reads. A ticket takes its team's, else the oldest."""

    __tablename__ = "escalation_policies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    policy: Mapped[Json]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class Alert(Base):
    """Something that must be answered now. `policy` is the snapshot it escalates by, `state` where it stands.

    An alert about no ticket (a stopped inbox, the overload guard) says in `details` what it is. While it
    is acknowledged `next_at` is when the acknowledgement runs out.
    """

    __tablename__ = "alerts"

    id: Mapped[Id]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    dedup_key: Mapped[str]
    reason: Mapped[str]
    details: Mapped[Json] = mapped_column(server_default=text("'{}'"))
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
        Index("ix_alerts_dedup_key", "dedup_key", "closed_at"),
        Index("ix_alerts_next_at", "next_at", postgresql_where=text("status <> 'closed'")),
    )


class AlertEntry(Base):
    """What happened to an alert, in order: its page's story, and the timeline of those without a ticket."""

    __tablename__ = "alert_entries"

    id: Mapped[Id]
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    name: Mapped[str]
    data: Mapped[Json]
    at: Mapped[datetime]


class AlertNotification(Base):
    """One ring of one person, or of a channel, by one method. `key` makes it happen once:
    alert:loop:step:agent:rule."""

    __tablename__ = "alert_notifications"

    id: Mapped[Id]
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    method_id: Mapped[UUID] = mapped_column(ForeignKey("contact_methods.id"))
    key: Mapped[str] = mapped_column(unique=True)
    method: Mapped[str]
    loop: Mapped[int] = mapped_column(server_default="0")
    step: Mapped[int]
    state: Mapped[str]
    due_at: Mapped[datetime]
    """When it rings: at once, by a later rule of the person, at the next try, or when a lease has run out."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    mail_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_alert_notifications_due",
            "method_id",
            "due_at",
            postgresql_where=text("state IN ('queued', 'leased')"),
        ),
        Index("ix_alert_notifications_mail", "mail_id", postgresql_where=text("mail_id IS NOT NULL")),
    )
