"""When a ticket wakes somebody: a P1 outside staffed hours, for a plan that allows it."""

from dataclasses import replace
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.domain import agents, oncall, permissions, plans, sla
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Status, Ticket
from helpdesk.errors import NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


async def raise_if_urgent(tx: Transaction, ticket_id: UUID) -> oncall.Alert | None:
    """Raise the alert this ticket calls for, once. None when it calls for none."""
    ticket = await lock(tx, ticket_id)
    if ticket.priority != 1 or ticket.status != Status.OPEN or ticket.plan_id is None:
        return None
    plan = await plans.get(tx, ticket.plan_id)
    if not plan.may_page or await _is_staffed(tx, ticket):
        return None
    reason = f"P1 outside staffed hours, plan {plan.name}"
    return await oncall.raise_alert(tx, ticket, f"p1:{ticket.id}", reason)


async def escalate(tx: Transaction, alert_id: UUID, ticket_id: UUID) -> None:
    """Take the next step of an alert whose time has come."""
    ticket = await lock(tx, ticket_id)
    await oncall.advance(tx, ticket, await oncall.get_alert(tx, alert_id))


async def acknowledge(tx: Transaction, alert_id: UUID, agent_id: UUID) -> oncall.Alert:
    """Answer an alert. The ticket is the alert's own; who may see it may acknowledge it."""
    permissions.require_acknowledger(tx.actor)
    alert = await oncall.get_alert(tx, alert_id)
    # A token that may only acknowledge cannot read tickets, so the row is locked on the system's word.
    ticket = await lock(replace(tx, actor=SYSTEM), alert.ticket_id)
    if not permissions.may_see_inbox(tx.actor, ticket.inbox_id):
        raise NotFound("alert_not_found")
    return await oncall.acknowledge(tx, ticket, alert_id, agent_id)


async def alerts_of(tx: Transaction, ticket_id: UUID) -> list[Json]:
    """A ticket's alerts as its readers see them."""
    found = []
    for alert in await oncall.alerts_of(tx, ticket_id):
        by = await agents.get(tx, alert.acknowledged_by) if alert.acknowledged_by else None
        found.append(
            {
                "id": alert.id,
                "state": alert.status,
                "reason": alert.reason,
                "raised_at": alert.raised_at,
                "acknowledged_by": {"id": by.id, "name": by.name} if by else None,
                "acknowledged_at": alert.acknowledged_at,
            }
        )
    return found


async def _is_staffed(tx: Transaction, ticket: Ticket) -> bool:
    """Whether the team's people are at work now; a ticket without a team counts as staffed by nobody."""
    if ticket.team_id is None:
        return False
    team = await agents.team(tx, ticket.team_id)
    if team.calendar_id is None:
        return False
    return (await sla.open_calendar(tx, team.calendar_id)).is_open(tx.now)
