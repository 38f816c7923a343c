"""Tables of the widget: keys that sign identities, what a visitor's page told, who may not write."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class IdentityKey(Base):
    """A website signs with it who its visitors are. `secret` is encrypted under this row's id.

    Two of an inbox are valid at once, so that a site can change over without anybody being refused.
    """

    __tablename__ = "identity_keys"

    id: Mapped[Id]
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"), index=True)
    secret: Mapped[bytes]
    hint: Mapped[str]
    """Its last characters, by which people tell two of them apart."""
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Visit(Base):
    """What a visitor's browser told last, and what they filled in before the chat.

    `network` is a digest of where they call from: an address itself is never kept.
    """

    __tablename__ = "visits"

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"), primary_key=True)
    page: Mapped[str] = mapped_column(server_default="")
    attributes: Mapped[Json] = mapped_column(server_default="{}")
    answers: Mapped[Json] = mapped_column(server_default="{}")
    consented_at: Mapped[datetime | None]
    consent: Mapped[str] = mapped_column(server_default="")
    """The words they agreed to."""
    introduced_at: Mapped[datetime | None]
    network: Mapped[bytes | None]
    seen_at: Mapped[datetime]


class Block(Base):
    """Somebody who may not write in the chat: a visitor, and the network they called from if an agent
    said so too (until `ends_at`)."""

    __tablename__ = "visitor_blocks"

    id: Mapped[Id]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), unique=True)
    network: Mapped[bytes | None]
    reason: Mapped[str] = mapped_column(server_default="")
    blocked_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_visitor_blocks_network", "network"),)


class SpentProof(Base):
    """A proof of work that was used: the same one again is worth nothing."""

    __tablename__ = "spent_proofs"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
