"""Tables of what mail adds to tickets: who follows one, what a mail cited, who may not write, ways in."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class Follower(Base):
    """Somebody besides the contact who gets the answers of a ticket and may write on it.

    `source` is cc (named by somebody proven), accepted (an agent let them in) or agent.
    """

    __tablename__ = "followers"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(server_default="")
    source: Mapped[str]
    created_at: Mapped[datetime]


class MailReference(Base):
    """An id of the outside world that a message on a ticket cited, so that a parent read late finds it."""

    __tablename__ = "mail_references"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    cited: Mapped[str] = mapped_column(primary_key=True)
    inbox_id: Mapped[UUID]

    __table_args__ = (Index("ix_mail_references_inbox_cited", "inbox_id", "cited"),)


class AddressStanding(Base):
    """What is known of an address: nobody reads its mail (blocked), or ours to it comes back."""

    __tablename__ = "address_standings"

    address: Mapped[str] = mapped_column(primary_key=True)
    blocked_at: Mapped[datetime | None]
    blocked_by: Mapped[UUID | None]
    undeliverable_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Acknowledgement(Base):
    """An automatic answer that was sent: counted per address, whatever headers say."""

    __tablename__ = "acknowledgements"

    id: Mapped[Id]
    address: Mapped[str]
    ticket_id: Mapped[UUID]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_acknowledgements_address", "address", "at"),)


class Inlet(Base):
    """A way in besides SMTP: an IMAP mailbox that is fetched, or a provider that posts to us.

    `kind` is imap, mailgun, sendgrid, postmark, ses or raw. `secret` is encrypted under this row's id.
    `uid_validity` and `last_uid` say how far a mailbox was read. `failing_since` is None while it works.
    With OAuth 2 `tokens` (encrypted too) stand in place of the secret until the provider has `refused`;
    `asked_*` is the consent that an administrator is being asked for.
    """

    __tablename__ = "inlets"

    id: Mapped[Id]
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"))
    kind: Mapped[str]
    options: Mapped[Json] = mapped_column(server_default="{}")
    secret: Mapped[bytes | None]
    enabled: Mapped[bool] = mapped_column(server_default="true")
    uid_validity: Mapped[int | None]
    last_uid: Mapped[int] = mapped_column(server_default="0")
    checked_at: Mapped[datetime | None]
    last_mail_at: Mapped[datetime | None]
    error: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    alerted_at: Mapped[datetime | None]
    tokens: Mapped[bytes | None]
    tokens_expire_at: Mapped[datetime | None]
    authorised_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    asked_state: Mapped[str | None]
    asked_verifier: Mapped[bytes | None]
    asked_by: Mapped[UUID | None]
    asked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (Index("uq_inlets_inbox_kind", "inbox_id", "kind", unique=True),)


class SeenPost(Base):
    """A provider's signed post that was taken: the same one again is a replay."""

    __tablename__ = "seen_posts"

    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


class MailRefusal(Base):
    """How many mails were refused with a code, per day and way in: part of the daily count."""

    __tablename__ = "mail_refusals"

    day: Mapped[date] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class SigningKey(Base):
    """What mail from a domain is signed with. `secret` is the private key, encrypted under this row's id."""

    __tablename__ = "signing_keys"

    id: Mapped[Id]
    domain: Mapped[str] = mapped_column(unique=True)
    selector: Mapped[str]
    public: Mapped[str]
    secret: Mapped[bytes]
    is_on: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]
