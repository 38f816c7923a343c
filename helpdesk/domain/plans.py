"""Support plans: what a company bought. Hours of service, targets, head start, and whether it may page."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.errors import NotFound
from helpdesk.storage.tables import Base, Id, Json
from helpdesk.storage.transaction import Transaction


class CalendarRow(Base):
    """When a clock runs; `hours` has the shape that business_time.Calendar.parse reads."""

    __tablename__ = "calendars"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    hours: Mapped[Json]
    created_at: Mapped[datetime]


class Plan(Base):
    """`targets` is {channel: {metric: seconds}} at priority P3; other priorities shrink or stretch it."""

    __tablename__ = "plans"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id"))
    head_start_minutes: Mapped[int]
    may_page: Mapped[bool]
    tells_contact: Mapped[bool] = mapped_column(server_default="false")
    """Whether a contact hears that somebody was woken for them."""
    targets: Mapped[Json]
    created_at: Mapped[datetime]


async def get(tx: Transaction, plan_id: UUID) -> Plan:
    plan = await tx.find(Plan, plan_id)
    if plan is None:
        raise NotFound("plan_not_found")
    return plan


async def calendar(tx: Transaction, calendar_id: UUID) -> CalendarRow:
    row = await tx.find(CalendarRow, calendar_id)
    if row is None:
        raise NotFound("calendar_not_found")
    return row


async def all_of(tx: Transaction) -> list[Plan]:
    return list(await tx.session.scalars(select(Plan).order_by(Plan.head_start_minutes, Plan.name)))
