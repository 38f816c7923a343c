"""Support plans: what a company bought. Hours of service, targets, head start, and whether it may page."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.errors import Conflict, Invalid, NotFound
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
    """`targets` is {channel: {metric: seconds}} at priority P3; other priorities shrink or stretch it, where
    `priority_targets`, {channel: {metric: {"P1": seconds}}}, does not name a time of their own.

    `handling` is {channel: minutes} an answer usually takes, where the plan's tickets differ from others.
    `channels` are those it is for, none of them named: all. An archived plan is sold no more; tickets and
    companies that have it keep it.
    """

    __tablename__ = "plans"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id"))
    head_start_minutes: Mapped[int]
    handling: Mapped[Json] = mapped_column(server_default="{}")
    may_page: Mapped[bool]
    tells_contact: Mapped[bool] = mapped_column(server_default="false")
    """Whether a contact hears that somebody was woken for them."""
    targets: Mapped[Json]
    priority_targets: Mapped[Json] = mapped_column(server_default="{}")
    channels: Mapped[list[str]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    def includes(self, channel: str) -> bool:
        """Whether what comes that way is served by it."""
        return not self.channels or channel in self.channels


async def get(tx: Transaction, plan_id: UUID) -> Plan:
    plan = await tx.find(Plan, plan_id)
    if plan is None:
        raise NotFound("plan_not_found")
    return plan


async def require_sold(tx: Transaction, plan_id: UUID | None, standing: UUID | None = None) -> None:
    """What may be chosen; what `standing` says already may stay. Errors: NotFound, Invalid plan_archived."""
    if plan_id is None or plan_id == standing:
        return
    if (await get(tx, plan_id)).archived_at is not None:
        raise Invalid("plan_archived", "This plan is archived: it is sold no more.", field="plan_id")


async def calendar(tx: Transaction, calendar_id: UUID) -> CalendarRow:
    row = await tx.find(CalendarRow, calendar_id)
    if row is None:
        raise NotFound("calendar_not_found")
    return row


async def calendars(tx: Transaction) -> list[CalendarRow]:
    return list(await tx.session.scalars(select(CalendarRow).order_by(CalendarRow.name)))


async def all_of(tx: Transaction) -> list[Plan]:
    """Those that can be chosen."""
    query = select(Plan).where(Plan.archived_at.is_(None))
    return list(await tx.session.scalars(query.order_by(Plan.head_start_minutes, Plan.name)))


async def save(tx: Transaction, plan_id: UUID | None, values: Json) -> Plan:
    """A new plan, or another one in the place of an old; then what is open is measured by it. Whoever calls
    has asked for permission. Errors: NotFound, Invalid name_missing, Conflict plan_key_taken."""
    if not values["name"].strip():
        raise Invalid("name_missing", field="name")
    await calendar(tx, values["calendar_id"])
    key = values.get("key") or key_of(values["name"])
    taken = await tx.session.scalar(select(Plan.id).where(Plan.key == key))
    if taken not in (None, plan_id):
        raise Conflict("plan_key_taken", "Another plan has this key.")
    if plan_id is None:
        plan = Plan(id=tx.new_id(), created_at=tx.now, **(values | {"key": key or str(tx.new_id())}))
        tx.session.add(plan)
    else:
        plan = await get(tx, plan_id)
        for name, value in (values | {"key": key or plan.key}).items():
            setattr(plan, name, value)
        tx.enqueue("replay_clocks", plan_id=str(plan.id))
    await tx.flush()
    return plan


def key_of(name: str) -> str:
    """What a program calls a plan that was given no key of its own."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


async def archive(tx: Transaction, plan_id: UUID) -> None:
    """No more to be chosen; whoever has it keeps it."""
    plan = await get(tx, plan_id)
    plan.archived_at = plan.archived_at or tx.now
