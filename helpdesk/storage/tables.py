"""The declarative base, column types, and the tables that storage itself owns."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Index, MetaData, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]
Id = Annotated[UUID, mapped_column(primary_key=True)]


class Base(DeclarativeBase):
    """Every table of the product; relationships are never loaded behind one's back."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: TIMESTAMP(timezone=True),
        UUID: PG_UUID(as_uuid=True),
        Json: JSONB,
        list[Json]: JSONB,
        list[str]: ARRAY(Text),
        list[UUID]: ARRAY(PG_UUID(as_uuid=True)),
        str: Text,
        bytes: BYTEA,
    }


class Installation(Base):
    """One row: what this database is. A restore replaces `epoch`, so clients start afresh."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[str]
    instance: Mapped[str]
    settings: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime]


class EventRow(Base):
    """One past fact about a ticket. `version` is dense per ticket; `public_version` dense per ticket
    over what the contact may see; both are taken under the ticket's row lock."""

    __tablename__ = "events"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_version: Mapped[int | None] = mapped_column(BigInteger)
    id: Mapped[UUID]
    name: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    at: Mapped[datetime]
    client_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    data: Mapped[Json]

    __table_args__ = (
        Index(
            "uq_events_ticket_public_version",
            "ticket_id",
            "public_version",
            unique=True,
            postgresql_where=text("public_version IS NOT NULL"),
        ),
        Index(
            "uq_events_actor_client_id",
            "actor_id",
            "client_id",
            unique=True,
            postgresql_where=text("client_id IS NOT NULL"),
        ),
        Index("ix_events_at", "at"),
    )


class IdempotencyKey(Base):
    """The answer a POST with an Idempotency-Key was given, kept a day."""

    __tablename__ = "idempotency_keys"

    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(index=True)
