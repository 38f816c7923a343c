"""Tables of contacts, identities and companies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.storage.tables import Base, Id, Json

ALIKE = r"regexp_replace(value, '^\+\d+(?=\d{9}$)|\+[^@]*(?=@)|\.(?=[^@]*@)', '', 'g')"
"""What two ways to write one address or number have in common; others may share it, too."""


class Company(Base):
    """Whom contacts work for, and who holds the plan, from `plan_begins_at` until before `plan_ends_at`.
    `plan_measured_at` is when its open tickets were last measured by it. `domains` are its mail domains."""

    __tablename__ = "companies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    domains: Mapped[list[str]] = mapped_column(server_default="{}")
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plans.id"))
    plan_begins_at: Mapped[datetime | None]
    plan_ends_at: Mapped[datetime | None]
    plan_measured_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def plan_at(self, now: datetime) -> UUID | None:
        """The plan, while it is in force."""
        has_begun = self.plan_begins_at is None or self.plan_begins_at <= now
        has_ended = self.plan_ends_at is not None and self.plan_ends_at <= now
        return self.plan_id if has_begun and not has_ended else None

    __table_args__ = (Index("ix_companies_domains", "domains", postgresql_using="gin"),)


class Contact(Base):
    """A person. A visitor is a contact without identities yet.

    `merged_into` is whom it turned out to be, always one who stands by itself: old ids lead there at once.
    """

    __tablename__ = "contacts"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(server_default="")
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"), index=True)
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_contacts_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index("ix_contacts_name", text("lower(name)")),
    )


class ContactMerge(Base):
    """One contact was found to be another. `moved` is all that went over, by id, so that it can go back."""

    __tablename__ = "contact_merges"

    id: Mapped[Id]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    into_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    moved: Mapped[Json]
    merged_by: Mapped[UUID | None]
    merged_by_name: Mapped[str]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_name: Mapped[str | None]


class Identity(Base):
    """An address, number or outside id of a contact. One that is verified belongs to one contact only.

    An unverified one (somebody typed it into the chat) opens nobody's history: it is kept on its own
    contact, beside a verified one elsewhere.
    """

    __tablename__ = "identities"

    id: Mapped[Id]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("contact_id", "kind", "value"),
        Index(
            "uq_identities_verified",
            "kind",
            "value",
            unique=True,
            postgresql_where=text("verified_at IS NOT NULL"),
        ),
        Index("ix_identities_kind_value", "kind", "value"),
        Index("ix_identities_alike", text(ALIKE), postgresql_where=text("verified_at IS NOT NULL")),
    )
