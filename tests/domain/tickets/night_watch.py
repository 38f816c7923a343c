"""A team with a rota, a P1 in the night, and whom its alert rang."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.tickets import Ticket, TicketChange
from helpdesk.storage.tables import EventRow, Json
from helpdesk.storage.transaction import Transaction
from tests.factories import OFFICE_HOURS, a_contact, a_plan, a_team, a_ticket, an_agent, an_inbox

NIGHT = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
"""A Wednesday, 23:00 in Stockholm."""
SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE, WEEK = timedelta(minutes=1), timedelta(weeks=1)


@dataclass(frozen=True)
class Rota:
    """Mikko and Priya take weeks in turn; Priya is asked next, then the whole team; Maja owns it."""

    mikko: agents.Agent
    priya: agents.Agent
    maja: agents.Agent
    team: agents.Team


async def a_rota(tx: Transaction, *, repeats: int = 0) -> Rota:
    team = await a_team(tx, "Technical", OFFICE_HOURS)
    mikko, priya = await an_agent(tx, "Mikko", team=team), await an_agent(tx, "Priya", team=team)
    maja = await an_agent(tx, "Maja")
    schedule = a_schedule(tx, [mikko, priya], anchor="2026-11-16T09:00")
    a_policy(
        tx,
        [[("schedule", schedule.id)], [("person", priya.id)], [("team", team.id)]],
        delays=[5, 10, 10],
        repeats=repeats,
        owner=str(maja.id),
    )
    await tx.session.flush()
    return Rota(mikko, priya, maja, team)


def a_schedule(tx: Transaction, people: list[agents.Agent], anchor: str) -> oncall.ScheduleRow:
    version = {
        "anchor": anchor,
        "time_zone": "Europe/Stockholm",
        "unit": "week",
        "slots": [[str(person.id)] for person in people],
    }
    layers = [{"id": "week", "rotation": {"id": "week", "versions": [version]}}]
    rota: Json = {"time_zone": "Europe/Stockholm", "layers": layers if people else []}
    row = oncall.ScheduleRow(id=tx.new_id(), name="Technical", rota=rota, created_at=tx.now)
    tx.session.add(row)
    return row


def a_policy(
    tx: Transaction, steps: list[list[tuple[str, UUID]]], delays: list[int], **rest: Any
) -> oncall.EscalationPolicyRow:
    stored = [
        {"delay_minutes": delay, "targets": [{"kind": kind, "id": str(who)} for kind, who in step]}
        for step, delay in zip(steps, delays, strict=True)
    ]
    row = oncall.EscalationPolicyRow(
        id=tx.new_id(),
        name="Technical on call" if len(steps) > 1 else "Own",
        policy={"steps": stored, **rest},
        created_at=tx.now,
    )
    tx.session.add(row)
    return row


async def a_p1(tx: Transaction, team: agents.Team | None, *, may_page: bool = True) -> Ticket:
    """Open, urgent, of a contact whose plan (unless told otherwise) may wake people."""
    contact = await a_contact(tx, plan=await a_plan(tx, key="enterprise", may_page=may_page))
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, team=team), contact=contact)
    await tickets.change_ticket(tx, ticket.id, TicketChange(frozenset({"priority"}), priority=1))
    tx.jobs.clear()
    return ticket


async def raised(tx: Transaction, ticket: Ticket) -> oncall.Alert:
    alert = await tickets.raise_if_urgent(tx, ticket.id)
    assert alert is not None
    return alert


async def rung(tx: Transaction, alert: oncall.Alert) -> list[UUID]:
    """Whom it has rung so far, in order."""
    query = select(oncall.AlertNotification).where(oncall.AlertNotification.alert_id == alert.id)
    rings = await tx.session.scalars(query.order_by(oncall.AlertNotification.id))
    return [ring.agent_id for ring in rings]


async def events_of(tx: Transaction, ticket: Ticket, *names: str) -> list[Json]:
    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name.in_(names))
    return list(await tx.session.scalars(query.order_by(EventRow.version)))
