"""Tables of tickets, their messages, attachments and raw mail."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class Status(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"


class MessageKind(StrEnum):
    MESSAGE = "message"
    NOTE = "note"
    CALL = "call"


class Pool(Base):
    """One distinct (inbox, team, skill set) that tickets wait in, so claiming never filters an array.

    No ticket of it waits at a rank below `low_water` (queue/low_water.py); NULL says nothing.
    """

    __tablename__ = "pools"

    id: Mapped[Id]
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    skills: Mapped[list[str]] = mapped_column(server_default="{}")
    low_water: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("inbox_id", "team_id", "skills", postgresql_nulls_not_distinct=True),)


class Ticket(Base):
    """The unit of work and its thread. `waiting`: open and nobody's, so it stands in the queue.

    `skills` are what it asks of whoever takes it, `policy_id` the SLA policy that promised its targets.
    `due_at`, `start_by`, `rank_at` and `place` (the parts they are made of) are written at SLA events
    only; see tickets/queue.py. `waiting_since` is the oldest unanswered message of the contact.
    `assignee_id` has no foreign key, which would lock and write the agent's row with each claim: whoever
    assigns reads the agent, and the table of agents refuses to lose one.
    """

    __tablename__ = "tickets"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(BigInteger, Identity(start=1001), unique=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id"))
    channel: Mapped[str]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plans.id"))
    left_out_plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plans.id"))
    """The company's own plan, where it does not include the channel and `plan_id` is that of the inbox."""
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pools.id"))
    assignee_id: Mapped[UUID | None]
    subject: Mapped[str]
    preview: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str]
    impact: Mapped[int]
    urgency: Mapped[int]
    priority: Mapped[int]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    skills: Mapped[list[str]] = mapped_column(server_default="{}")
    policy_id: Mapped[UUID | None] = mapped_column(ForeignKey("sla_policies.id", ondelete="SET NULL"))
    waiting: Mapped[bool]
    unread: Mapped[bool]
    waiting_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    start_by: Mapped[datetime]
    rank_at: Mapped[datetime]
    place: Mapped[Json]
    snoozed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    last_message_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    merged_at: Mapped[datetime | None]
    split_from: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    version: Mapped[int] = mapped_column(BigInteger)
    public_version: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        Index("ix_tickets_queue", "rank_at", "id", postgresql_where=text("waiting")),
        Index("ix_tickets_pool_queue", "pool_id", "rank_at", "id", postgresql_where=text("waiting")),
        Index("ix_tickets_assignee_status_rank", "assignee_id", "status", "rank_at", "id"),
        Index("ix_tickets_inbox_rank", "inbox_id", "status", "rank_at", "id"),
        Index("ix_tickets_inbox_latest", "inbox_id", "status", "last_message_at", "id"),
        Index(
            "ix_tickets_inbox_snoozed",
            "inbox_id",
            "status",
            "snoozed_until",
            "id",
            postgresql_where=text("status = 'snoozed'"),
        ),
        Index("ix_tickets_contact", "contact_id", "id"),
        Index("ix_tickets_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index("ix_tickets_snoozed", "snoozed_until", postgresql_where=text("status = 'snoozed'")),
    )


class Message(Base):
    """Said to or by the contact, or a note only agents see, or a logged call.

    `source_id` is what the outside calls it (a Message-ID), unique per inbox. `attachments` repeats
    name, type and size of its Attachment rows, so that reading a thread is one query. `hidden`: from a
    sender who is not on the ticket; the contact does not see it. `new_html` is `html` above the quote,
    where that could be told. `mail` is what a mail brought besides
    its words: raw (id of the bytes), sender, to, cc, sent_at, proof, flags, collapsed, is_rich. Of a mail of
    ours: to, cc, bcc, format (markdown or text) and, of a forward, the message it passes on.
    """

    __tablename__ = "messages"

    id: Mapped[Id]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    inbox_id: Mapped[UUID]
    kind: Mapped[str]
    channel: Mapped[str]
    author_kind: Mapped[str]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    body: Mapped[str]
    html: Mapped[str | None]
    new_html: Mapped[str | None]
    quoted: Mapped[str | None]
    mail: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    attachments: Mapped[list[Json]] = mapped_column(server_default="[]")
    source_id: Mapped[str | None]
    hidden: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_messages_ticket", "ticket_id", "created_at"),
        Index(
            "uq_messages_inbox_source",
            "inbox_id",
            "source_id",
            unique=True,
            postgresql_where=text("source_id IS NOT NULL"),
        ),
        Index("ix_messages_source", "source_id", postgresql_where=text("source_id IS NOT NULL")),
    )


class Attachment(Base):
    """A stored file. Uploaded first (no message yet), then named by the message that carries it."""

    __tablename__ = "attachments"

    id: Mapped[Id]
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id"), index=True)
    owner_kind: Mapped[str]
    owner_id: Mapped[UUID | None]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content_id: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_attachments_unused", "created_at", postgresql_where=text("message_id IS NULL")),
    )


class ReadMark(Base):
    """How far somebody has read a ticket; it only moves forward."""

    __tablename__ = "read_marks"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(primary_key=True)
    reader_kind: Mapped[str]
    upto: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]


class RawMail(Base):
    """A mail as it came in, stored before it is acknowledged; reading it is a job on these bytes.

    `state`: new, on_ticket, duplicate, dropped (an own loop or delivery report), quarantined, discarded.
    `fingerprint` is one digest of sender, date and content: two copies of one mail share it.
    `is_wide`: an administrator let it be read again under wider limits of time and memory.
    """

    __tablename__ = "raw_mail"

    id: Mapped[Id]
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id"))
    path: Mapped[str]
    envelope_from: Mapped[str]
    envelope_to: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    raw: Mapped[bytes]
    state: Mapped[str]
    cause: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    message_id: Mapped[UUID | None]
    rfc_message_id: Mapped[str | None]
    fingerprint: Mapped[str | None]
    is_wide: Mapped[bool] = mapped_column(server_default="false")
    received_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("inbox_id", "envelope_to", "sha256"),
        Index("ix_raw_mail_rfc_message_id", "rfc_message_id"),
        Index("ix_raw_mail_received_at", "received_at"),
        Index("ix_raw_mail_state", "state", "received_at"),
    )


class OutgoingMail(Base):
    """The outbox: one mail that must leave, written in the transaction of what it says.

    `state`: queued → leased → sent, deferred, failed, or unknown (a crash after the final dot: it is
    sent again with the same Message-ID and the same bytes). `raw` is frozen at the first try.
    `recipients` are all of the envelope; `people` says which of them stand in To, Cc and Bcc. `undelivered`
    are those it did not reach: a retry goes to them alone.
    """

    __tablename__ = "outgoing_mail"

    id: Mapped[Id]
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id"), unique=True)
    kind: Mapped[str]
    recipients: Mapped[list[str]]
    people: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    undelivered: Mapped[list[str]] = mapped_column(server_default="{}")
    subject: Mapped[str]
    body: Mapped[str]
    rfc_message_id: Mapped[str | None] = mapped_column(unique=True)
    raw: Mapped[bytes | None]
    state: Mapped[str]
    server_id: Mapped[str | None]
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outgoing_mail_ticket", "ticket_id"),
        Index("ix_outgoing_mail_state", "state", "created_at"),
    )


class HeldReply(Base):
    """An answer that is written and leaves later: in some seconds, so that it can be undone, or when its
    writer wants. `state`: waiting, sent, called_back or failed. `mail` is as on the message it becomes;
    `then` and `tags` are the status and the tags its ticket gets with it.
    """

    __tablename__ = "held_replies"

    id: Mapped[Id]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    body: Mapped[str]
    mail: Mapped[Json] = mapped_column(JSONB)
    uploads: Mapped[list[UUID]] = mapped_column(server_default="{}")
    then: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    state: Mapped[str]
    reason: Mapped[str | None]
    message_id: Mapped[UUID | None]
    send_at: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_held_replies_ticket", "ticket_id", postgresql_where=text("state IN ('waiting', 'failed')")),
    )
