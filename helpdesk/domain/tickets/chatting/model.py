"""Tables of the chat: what contacts thought of an answer, and what was mailed because nobody had seen it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base


class Rating(Base):
    """One per ticket, however often its contact thinks again. `agent_id` is who had the ticket then."""

    __tablename__ = "ratings"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    score: Mapped[int]
    comment: Mapped[str] = mapped_column(server_default="")
    rated_at: Mapped[datetime]

    __table_args__ = (Index("ix_ratings_rated_at", "rated_at"),)


class MailedUpTo(Base):
    """How far the answers of a chat went out by mail, in public versions, so that none goes twice."""

    __tablename__ = "mailed_up_to"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    public_version: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
