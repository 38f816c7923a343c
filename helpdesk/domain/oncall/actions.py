"""Raising, escalating and acknowledging alerts: exactly one alert, at least one ring.

The caller holds the row lock of the alert's ticket, so an alert has one writer at a time too.
"""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import agents
from helpdesk.domain.events import (
    AlertAcknowledged,
    AlertExhausted,
    AlertNotified,
    AlertRaised,
    CoverageMissing,
)
from helpdesk.domain.oncall import escalation
from helpdesk.domain.oncall.escalation import Policy, State, Taken, Target, TargetKind
from helpdesk.domain.oncall.model import (
    Alert,
    AlertNotification,
    AlertStatus,
    EscalationPolicyRow,
)
from helpdesk.domain.oncall.queries import people_on_call
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction, Versioned

METHOD = "email"
"""Everybody can be mailed; further methods are each agent's own contact methods."""


async def raise_alert(tx: Transaction, ticket: Versioned, dedup_key: str, reason: str) -> Alert | None:
    """One open alert per key, and its first step at once. None when it is open already, or when no
    escalation policy says whom to wake."""
    policy = await tx.session.scalar(select(EscalationPolicyRow).order_by(EscalationPolicyRow.id).limit(1))
    if policy is None or await _is_open(tx, dedup_key):
        return None
    alert = Alert(
        id=tx.new_id(),
        ticket_id=ticket.id,
        dedup_key=dedup_key,
        reason=reason,
        policy_name=policy.name,
        policy=policy.policy,
        state=escalation.begin(tx.now).to_dict(),
        status=AlertStatus.OPEN.value,
        next_at=tx.now,
        raised_at=tx.now,
    )
    tx.session.add(alert)
    await tx.session.flush()
    await tx.record(ticket, AlertRaised(alert.id, reason, policy.name))
    await advance(tx, ticket, alert)
    return alert


async def advance(tx: Transaction, ticket: Versioned, alert: Alert) -> None:
    """Take the steps that are due: all or nothing of notifications, timeline and the next due time."""
    policy, state = Policy.parse(alert.policy), State.parse(alert.state)
    if alert.status != AlertStatus.OPEN or state.next_at is None or tx.now < state.next_at:
        return
    found: dict[Target, list[str]] = {}
    for step in policy.steps:
        for target in step.targets:
            found[target] = await _people(tx, target)
    outcome = escalation.advance(policy, state, tx.now, lambda target: found[target])
    for taken in outcome.taken:
        await _ring(tx, ticket, alert, taken)
    if outcome.tell_owner:
        await tx.record(ticket, AlertExhausted(alert.id))
        if policy.owner is not None:
            await _notify(tx, ticket, alert, Taken(outcome.state.loop, len(policy.steps), (policy.owner,)))
    alert.state, alert.next_at = outcome.state.to_dict(), outcome.state.next_at


async def acknowledge(tx: Transaction, ticket: Versioned, alert_id: UUID, agent_id: UUID) -> Alert:
    """Somebody answers: what is pending is cancelled. Idempotent."""
    alert = await tx.session.get(Alert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None or alert.ticket_id != ticket.id:
        raise NotFound("alert_not_found")
    if alert.status != AlertStatus.OPEN:
        return alert
    agent = await agents.get(tx, agent_id)
    alert.state = escalation.acknowledge(State.parse(alert.state), str(agent_id)).to_dict()
    alert.status, alert.next_at = AlertStatus.ACKNOWLEDGED.value, None
    alert.acknowledged_at, alert.acknowledged_by = tx.now, agent_id
    await _cancel_pending(tx, alert.id)
    await tx.record(ticket, AlertAcknowledged(alert.id, agent_id, agent.name))
    return alert


async def close(tx: Transaction, ticket: Versioned) -> None:
    """The ticket is resolved, so nothing of it needs anybody woken."""
    alerts = await tx.session.scalars(
        select(Alert).where(Alert.ticket_id == ticket.id, Alert.status != AlertStatus.CLOSED.value)
    )
    for alert in alerts:
        alert.status, alert.next_at, alert.closed_at = AlertStatus.CLOSED.value, None, tx.now
        await _cancel_pending(tx, alert.id)


async def to_send(tx: Transaction, notification_id: UUID) -> tuple[AlertNotification, Alert] | None:
    """A notification that should still ring, under its row lock; None once the alert is answered."""
    notification = await tx.session.get(AlertNotification, notification_id, with_for_update=True)
    if notification is None:
        raise NotFound("notification_not_found")
    alert = await tx.session.get_one(Alert, notification.alert_id)
    if notification.state != "queued" or alert.status != AlertStatus.OPEN:
        return None
    return notification, alert


async def _people(tx: Transaction, target: Target) -> list[str]:
    """The agents a target means now; those who have left are nobody."""
    match target.kind:
        case TargetKind.SCHEDULE:
            ids = await people_on_call(tx, UUID(target.id))
        case TargetKind.TEAM:
            members = select(agents.TeamMember.agent_id).where(agents.TeamMember.team_id == UUID(target.id))
            ids = list(await tx.session.scalars(members))
        case TargetKind.PERSON:
            ids = [UUID(target.id)]
        case _:
            return []
    active = {agent.id for agent in await agents.active(tx)}
    return [str(agent_id) for agent_id in ids if agent_id in active]


async def _ring(tx: Transaction, ticket: Versioned, alert: Alert, taken: Taken) -> None:
    if taken.is_uncovered:
        await tx.record(ticket, CoverageMissing(alert.id, taken.step))
    else:
        await _notify(tx, ticket, alert, taken)


async def _notify(tx: Transaction, ticket: Versioned, alert: Alert, taken: Taken) -> None:
    for person in taken.people:
        agent = await agents.get(tx, UUID(person))
        key = escalation.key(str(alert.id), taken.loop, taken.step, person, METHOD)
        notification_id = await tx.session.scalar(
            insert(AlertNotification)
            .values(
                id=tx.new_id(),
                alert_id=alert.id,
                agent_id=agent.id,
                key=key,
                method=METHOD,
                step=taken.step,
                state="queued",
                created_at=tx.now,
            )
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(AlertNotification.id)
        )
        if notification_id is not None:
            tx.enqueue("ring", notification_id=str(notification_id))
            await tx.record(ticket, AlertNotified(alert.id, agent.id, agent.name, METHOD, taken.step))


async def _cancel_pending(tx: Transaction, alert_id: UUID) -> None:
    await tx.session.execute(
        update(AlertNotification)
        .where(AlertNotification.alert_id == alert_id, AlertNotification.state == "queued")
        .values(state="cancelled")
    )


async def _is_open(tx: Transaction, dedup_key: str) -> bool:
    query = select(Alert.id).where(Alert.dedup_key == dedup_key, Alert.status != AlertStatus.CLOSED.value)
    return await tx.session.scalar(query) is not None
