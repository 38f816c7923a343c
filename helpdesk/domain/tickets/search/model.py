"""The index that tickets are found by."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id


class MessageWords(Base):
    """The words a message is found by: its own (weight D), names of its files (C), its contact (B), number
    and subject of its ticket (A). Written by a duty after the message; what refers to nothing is harmless,
    so no foreign key locks messages while they are indexed.
    """

    __tablename__ = "message_words"

    message_id: Mapped[Id]
    ticket_id: Mapped[UUID]
    inbox_id: Mapped[UUID]
    words: Mapped[str] = mapped_column(TSVECTOR)

    __table_args__ = (
        Index(
            "ix_message_words_words",
            "words",
            postgresql_using="gin",
            # The duty alone writes here; what waits to be sorted in is read by every search.
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "512"},
        ),
        Index("ix_message_words_ticket", "ticket_id", "message_id"),
        Index("ix_message_words_inbox", "inbox_id", "message_id"),
    )


class Indexed(Base):
    """One row: how far the index is. `newest`: the last message that was indexed as a new one. `before`: from
    there back to the first, messages are still to be looked at; NULL when all were."""

    __tablename__ = "indexed_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    newest: Mapped[UUID]
    before: Mapped[UUID | None]
