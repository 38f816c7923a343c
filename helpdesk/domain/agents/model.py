"""What is kept of agents, their teams, and the inboxes they are granted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id


class Agent(Base):
    """`capacity` is in units of work (domain/tickets/capacity.py); of chats, `max_chats` at once at most.

    `skills` are free words; a language somebody answers in is the skill `language:sv`.
    """

    __tablename__ = "agents"

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    all_inboxes: Mapped[bool] = mapped_column(server_default="true")
    capacity: Mapped[int] = mapped_column(server_default="6")
    max_chats: Mapped[int] = mapped_column(server_default="4")
    skills: Mapped[list[str]] = mapped_column(server_default="{}")
    signature: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime | None]
    """When they were last sent a link to choose a password with; it holds for a while, a further one only as
    long as it is the newest."""
    disabled_at: Mapped[datetime | None]

    __table_args__ = (Index("uq_agents_email", text("lower(email)"), unique=True),)


class Team(Base):
    """`calendar_id` says when the team is staffed; outside of it the rota may be woken.

    `push`: its work is assigned to whoever is free; otherwise its agents ask for the next ticket.
    """

    __tablename__ = "teams"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("calendars.id"))
    push: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class TeamMember(Base):
    __tablename__ = "team_members"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class AgentInbox(Base):
    """An inbox granted to an agent who does not have all of them."""

    __tablename__ = "agent_inboxes"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"), primary_key=True)
