"""Tables of credentials: only hashes, so a stolen dump signs nobody in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json


class SessionRow(Base):
    """An agent's sign-in in one browser."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str]
    user_agent: Mapped[str]
    address: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class ApiToken(Base):
    """A `pat_…` token; it acts for an agent where it has one."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    scopes: Mapped[list[str]]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class VisitorToken(Base):
    """A `vt_…` token of one contact in one inbox's widget. `replaces` is the token it renewed, which is
    good until a minute after this one is first shown."""

    __tablename__ = "visitor_tokens"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id", ondelete="CASCADE"))
    replaces: Mapped[UUID | None]
    identified: Mapped[bool] = mapped_column(server_default="false")
    """Whether a website vouched for the contact when it was issued."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ConnectionPass(Base):
    """Opens one socket once, within a minute. A cookie alone never does."""

    __tablename__ = "connection_passes"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    namespace: Mapped[str]
    subject: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Base):
    """What an agent's app makes codes from, since a first code of it was right."""

    __tablename__ = "second_factors"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes]
    """Base32, sealed for the agent's id."""
    used_step: Mapped[int] = mapped_column(BigInteger)
    """The newest half minute since 1970 whose code was used: no code is good twice."""
    confirmed_at: Mapped[datetime]


class RecoveryCode(Base):
    """Good once, in the place of a code of the app."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes]


class HalfSignIn(Base):
    """A password that was right, for some minutes, until the second factor follows."""

    __tablename__ = "half_sign_ins"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class SignInAttempt(Base):
    """A failed sign-in, for the throttle; `key` is an account or an address."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[Id]
    key: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_sign_in_attempts_key_at", "key", "at"),)
