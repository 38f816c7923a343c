"""The table of saved replies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id

LONGEST_NAME = 80
LONGEST_BODY = 10_000
MOST_TAGS = 10
LONGEST_TAG = 40


class SavedReply(Base):
    """Markdown with placeholders. `agent_id` says whose it is, None everybody's; `inbox_id` where alone it
    is offered, None everywhere. What it does to the ticket it is sent on: `tags` are added, `resolves`."""

    __tablename__ = "saved_replies"

    id: Mapped[Id]
    name: Mapped[str]
    body: Mapped[str]
    inbox_id: Mapped[UUID | None] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    resolves: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "uq_saved_replies_name",
            text("lower(name)"),
            "agent_id",
            "inbox_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
