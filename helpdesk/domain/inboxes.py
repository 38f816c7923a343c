"""Inboxes: an address, a widget or a phone line we own, and the channel behind each."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.errors import NotFound
from helpdesk.storage.tables import Base, Id, Json
from helpdesk.storage.transaction import Transaction


class Channel(StrEnum):
    CHAT = "chat"
    EMAIL = "email"
    PHONE = "phone"
    API = "api"


class Inbox(Base):
    """`key` names it in addresses and snippets (`data-inbox`); `address` is the mail address or number."""

    __tablename__ = "inboxes"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str | None] = mapped_column(unique=True)
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plans.id"))
    settings: Mapped[Json] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]


async def get(tx: Transaction, inbox_id: UUID) -> Inbox:
    inbox = await tx.find(Inbox, inbox_id)
    if inbox is None:
        raise NotFound("inbox_not_found")
    return inbox


async def by_key(tx: Transaction, key: str, channel: Channel | None = None) -> Inbox:
    inbox = await tx.session.scalar(select(Inbox).where(Inbox.key == key))
    if inbox is None or (channel is not None and inbox.channel != channel):
        raise NotFound("inbox_not_found")
    return inbox


async def by_address(tx: Transaction, address: str) -> Inbox | None:
    """The inbox behind a mail address, with or without something after a `+`."""
    local, _, domain = address.strip().lower().rpartition("@")
    base = f"{local.partition('+')[0]}@{domain}"
    found: Inbox | None = await tx.session.scalar(select(Inbox).where(func.lower(Inbox.address) == base))
    return found


async def by_domain(tx: Transaction, domain: str) -> Inbox | None:
    """The oldest mail inbox of a domain: where delivery reports to signed return addresses go."""
    found: Inbox | None = await tx.session.scalar(
        select(Inbox)
        .where(func.lower(func.split_part(Inbox.address, "@", 2)) == domain.lower())
        .order_by(Inbox.created_at, Inbox.id)
        .limit(1)
    )
    return found


async def first_of(tx: Transaction, channel: Channel) -> Inbox:
    """The oldest inbox of a channel: where a logged call goes when nobody says which line it was."""
    inbox = await tx.session.scalar(
        select(Inbox).where(Inbox.channel == channel.value).order_by(Inbox.created_at, Inbox.id).limit(1)
    )
    if inbox is None:
        raise NotFound("inbox_not_found", f"There is no {channel.value} inbox yet.")
    return inbox


async def has_mail(tx: Transaction) -> bool:
    """Whether there is an inbox that mail can be sent from."""
    found: bool = await (await tx.driver()).fetchval(
        "SELECT EXISTS (SELECT FROM inboxes WHERE channel = $1)", Channel.EMAIL.value
    )
    return found


async def all_of(tx: Transaction) -> list[Inbox]:
    return list(await tx.session.scalars(select(Inbox).order_by(Inbox.created_at, Inbox.id)))
