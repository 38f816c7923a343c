"""When a ticket wakes somebody, and who answers: an urgent one at night, an untaken chat, a breach ahead."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import array

from helpdesk.actors import SYSTEM, ActorKind
from helpdesk.domain import agents, inboxes, oncall, permissions, plans, sla
from helpdesk.domain.events import AlertNotificationFailed, AlertNotified, OnCallWoken
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Message, MessageKind, Status, Ticket
from helpdesk.errors import NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

UNTAKEN_CHAT = "untaken_chat_minutes"
BREACH_AHEAD = "breach_alert_minutes"
"""Settings of an inbox, in minutes; where they are missing the rule is off."""


async def raise_if_urgent(tx: Transaction, ticket_id: UUID) -> oncall.Alert | None:
    """Raise the alert this ticket calls for, once. None when it calls for none."""
    ticket = await lock(tx, ticket_id)
    if ticket.priority != 1 or ticket.status != Status.OPEN or ticket.plan_id is None:
        return None
    plan = await plans.get(tx, ticket.plan_id)
    if not plan.may_page or await is_staffed(tx, ticket.team_id):
        return None
    reason = f"P1 outside staffed hours, plan {plan.name}"
    alert = await _raise(tx, ticket, f"p1:{ticket.id}", reason)
    if alert is not None and plan.tells_contact:
        await tx.record(ticket, OnCallWoken(alert.id, reason))
    return alert


async def raise_waiting(tx: Transaction, limit: int = 50) -> list[UUID]:
    """Tickets that may call for an alert by a rule of their inbox: `raise_by_rule` decides on each."""
    ruled = select(inboxes.Inbox).where(inboxes.Inbox.settings.has_any(array([UNTAKEN_CHAT, BREACH_AHEAD])))
    found: list[UUID] = []
    for inbox in await tx.session.scalars(ruled):
        query = select(Ticket.id).where(
            Ticket.inbox_id == inbox.id, Ticket.waiting, Ticket.status == Status.OPEN.value
        )
        untaken, ahead = inbox.settings.get(UNTAKEN_CHAT), inbox.settings.get(BREACH_AHEAD)
        if untaken and inbox.channel == inboxes.Channel.CHAT:
            late = query.where(Ticket.waiting_since <= tx.now - timedelta(minutes=untaken))
            found += await _unalerted(tx, await tx.session.scalars(late.limit(limit)), "untaken")
        if ahead:
            soon = query.where(Ticket.due_at > tx.now, Ticket.due_at <= tx.now + timedelta(minutes=ahead))
            found += await _unalerted(tx, await tx.session.scalars(soon.limit(limit)), "breach")
    return list(dict.fromkeys(found))


async def raise_by_rule(tx: Transaction, ticket_id: UUID) -> list[oncall.Alert]:
    """A chat nobody has taken, a target about to be missed; by the rules of the ticket's inbox.

    Outside staffed hours only where the plan may page: in them a rule may ask for more than the queue gives.
    """
    ticket = await lock(tx, ticket_id)
    if not ticket.waiting or ticket.status != Status.OPEN:
        return []
    plan = await plans.get(tx, ticket.plan_id) if ticket.plan_id else None
    if not await is_staffed(tx, ticket.team_id) and (plan is None or not plan.may_page):
        return []
    settings = (await inboxes.get(tx, ticket.inbox_id)).settings
    raised = []
    untaken, ahead = settings.get(UNTAKEN_CHAT), settings.get(BREACH_AHEAD)
    waited = tx.now - (ticket.waiting_since or tx.now)
    if untaken and ticket.channel == inboxes.Channel.CHAT and waited >= timedelta(minutes=untaken):
        raised.append(await _raise(tx, ticket, f"untaken:{ticket.id}", "Nobody has taken this chat"))
    if ahead and ticket.due_at is not None and tx.now < ticket.due_at <= tx.now + timedelta(minutes=ahead):
        raised.append(await _raise(tx, ticket, f"breach:{ticket.id}", "A promise is about to be missed"))
    return [alert for alert in raised if alert is not None]


async def escalate(tx: Transaction, alert_id: UUID, ticket_id: UUID | None) -> None:
    """Take the next step of an alert whose time has come, or take back an acknowledgement that ran out."""
    ticket = await lock(tx, ticket_id) if ticket_id is not None else None
    alert = await oncall.get_alert(tx, alert_id)
    if alert.status == oncall.AlertStatus.ACKNOWLEDGED:
        answered = ticket is not None and await _has_replied(tx, ticket, alert)
        await oncall.run_out(tx, ticket, alert, answered=answered)
    else:
        await oncall.advance(tx, ticket, alert)


async def acknowledge(tx: Transaction, alert_id: UUID, agent_id: UUID) -> oncall.Alert:
    """Answer an alert: whom it rang or is meant for, the ticket's assignee, and leads."""
    ticket = await _ticket_of(tx, alert_id)
    return await oncall.acknowledge(tx, ticket, alert_id, agent_id)


async def hand_on(tx: Transaction, alert_id: UUID) -> oncall.Alert:
    """Wake the next person now, whoever has it."""
    ticket = await _ticket_of(tx, alert_id)
    return await oncall.hand_on(tx, ticket, alert_id)


async def record_rung(tx: Transaction, notification_id: UUID) -> None:
    """A later rule of somebody's rang: on the timeline like the first."""
    notification = await tx.session.get_one(oncall.AlertNotification, notification_id)
    alert = await oncall.get_alert(tx, notification.alert_id)
    ticket = await lock(tx, alert.ticket_id) if alert.ticket_id is not None else None
    if notification.agent_id is None:
        return  # channels have no later rules
    agent = await agents.get(tx, notification.agent_id)
    event = AlertNotified(alert.id, agent.id, agent.name, notification.method, notification.step)
    await oncall.record(tx, ticket, alert, event)


async def ring_failed(
    tx: Transaction, alert_id: UUID, agent_name: str, method: str, error: str, *, escalates: bool
) -> None:
    """A method was given up; without another one of that person the next step is due now."""
    alert = await oncall.get_alert(tx, alert_id)
    ticket = await lock(tx, alert.ticket_id) if alert.ticket_id is not None else None
    await oncall.record(tx, ticket, alert, AlertNotificationFailed(alert.id, agent_name, method, error))
    if escalates:
        await oncall.hurry(tx, alert_id)


async def urgent(tx: Transaction, limit: int = 30) -> list[Ticket]:
    """Open P1 and P2 tickets this actor may see, by what was promised: what one shift tells the next."""
    permissions.require_reader(tx.actor)
    query = select(Ticket).where(
        Ticket.priority <= 2,
        Ticket.status.in_([Status.OPEN.value, Status.PENDING.value, Status.SNOOZED.value]),
    )
    if tx.actor.inbox_ids is not None:
        query = query.where(Ticket.inbox_id.in_(tx.actor.inbox_ids))
    return list(await tx.session.scalars(query.order_by(Ticket.due_at.nulls_last(), Ticket.id).limit(limit)))


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


async def _raise(tx: Transaction, ticket: Ticket, key: str, reason: str) -> oncall.Alert | None:
    return await oncall.raise_alert(tx, ticket, key, reason, team_id=ticket.team_id)


async def _ticket_of(tx: Transaction, alert_id: UUID) -> Ticket | None:
    """The alert's ticket under its lock, if this actor may answer it. Errors: NotFound, Forbidden."""
    permissions.require_acknowledger(tx.actor)
    alert = await oncall.get_alert(tx, alert_id)
    if alert.ticket_id is None:
        await oncall.require_answerer(tx, alert)
        return None
    # A token that may only acknowledge cannot read tickets, so the row is locked on the system's word.
    ticket = await lock(replace(tx, actor=SYSTEM), alert.ticket_id)
    if not permissions.may_see_inbox(tx.actor, ticket.inbox_id):
        raise NotFound("alert_not_found")
    if tx.actor.agent_id is None or ticket.assignee_id != tx.actor.agent_id:
        await oncall.require_answerer(tx, alert)
    return ticket


async def _unalerted(tx: Transaction, ticket_ids: Iterable[UUID], rule: str) -> list[UUID]:
    """Those without an alert of this rule, open or over."""
    wanted = {f"{rule}:{ticket_id}": ticket_id for ticket_id in ticket_ids}
    known = await tx.session.scalars(
        select(oncall.Alert.dedup_key).where(oncall.Alert.dedup_key.in_(list(wanted)))
    )
    return [wanted[key] for key in wanted.keys() - set(known)]


async def _has_replied(tx: Transaction, ticket: Ticket, alert: oncall.Alert) -> bool:
    """Whether an agent answered the contact since the alert was acknowledged."""
    query = select(Message.id).where(
        Message.ticket_id == ticket.id,
        Message.kind == MessageKind.MESSAGE.value,
        Message.author_kind == ActorKind.AGENT.value,
        Message.created_at >= (alert.acknowledged_at or alert.raised_at),
    )
    return await tx.session.scalar(query.limit(1)) is not None


async def is_staffed(tx: Transaction, team_id: UUID | None) -> bool:
    """Whether the team's people are at work now; without a team nobody is."""
    if team_id is None:
        return False
    team = await agents.team(tx, team_id)
    if team.calendar_id is None:
        return False
    return (await sla.open_calendar(tx, team.calendar_id)).is_open(tx.now)
