"""Fills a migrated, empty database with the living sample company, in one transaction or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.demo import company, history, organisation, replies, rota
from helpdesk.demo.tickets import sample_tickets
from helpdesk.domain import oncall, tickets
from helpdesk.errors import Conflict
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

_FOUNDED_BEFORE = timedelta(days=60)
"""How long the company has existed when it is seeded; older than its oldest ticket."""


@dataclass(frozen=True)
class Seeded:
    """What is there now, for telling where to look."""

    company: str
    owner_email: str
    mail_address: str
    widget_key: str
    phone_number: str
    agents: int
    contacts: int
    tickets: Mapping[str, UUID]
    """By the keys of texts/*.toml."""
    alerts: int


async def seed(url: str, now: datetime, password_hash: str) -> Seeded:
    """The sample company as it stands at `now`. Nothing of its past leaves by mail.

    Errors: Conflict already_seeded, also when somebody else is seeding at the same time.
    """
    database = Database(url, FixedClock(now), pool_size=1)
    try:
        async with database.transaction(SYSTEM) as tx:
            mine = text("SELECT pg_try_advisory_xact_lock(hashtextextended('demo seed', 0))")
            if not await tx.session.scalar(mine) or await organisation.is_founded(tx):
                raise Conflict("already_seeded", "The sample company is in this database already.")
            return await populate(tx, password_hash)
    finally:
        await database.close()


async def is_seeded(database: Database) -> bool:
    async with database.transaction(SYSTEM) as tx:
        return await organisation.is_founded(tx)


async def populate(tx: Transaction, password_hash: str) -> Seeded:
    """Everything within one transaction, whose moment moves through the past and ends where it began.

    Only what an alert of this moment wakes somebody with stays to be done after the commit.
    """
    now, tx.now = tx.now, tx.now - _FOUNDED_BEFORE
    founded = await organisation.found(tx, password_hash)
    await replies.keep(tx, founded)
    ids = await history.play(tx, founded, sample_tickets(), now)
    await rota.furnish(tx)
    tx.jobs.clear()
    alerts = await wake(tx, ids)
    addresses = {inbox.channel: inbox.address for inbox in company.INBOXES}
    return Seeded(
        company=company.NAME,
        owner_email=next(agent.email for agent in company.AGENTS if agent.role == "owner"),
        mail_address=addresses["email"],
        widget_key=addresses["chat"],
        phone_number=addresses["phone"],
        agents=len(founded.agents),
        contacts=len(founded.contacts),
        tickets=ids,
        alerts=len(alerts),
    )


async def wake(tx: Transaction, ids: Mapping[str, UUID]) -> list[oncall.Alert]:
    """Whoever is on call, for what is urgent at this moment."""
    urgent = [ids[ticket.key] for ticket in sample_tickets() if ticket.impact == ticket.urgency == 1]
    alerts = [await tickets.raise_if_urgent(tx, ticket_id) for ticket_id in urgent]
    return [alert for alert in alerts if alert is not None]
