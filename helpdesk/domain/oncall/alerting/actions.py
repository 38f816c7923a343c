"""Raising, escalating and acknowledging alerts: exactly one alert, at least one ring.

Where an alert is about a ticket the caller holds that ticket's row lock; the alert's own row is locked here.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from helpdesk.actors import Role
from helpdesk.domain import agents, permissions
from helpdesk.domain.events import (
    AlertAcknowledged,
    AlertExhausted,
    AlertRaised,
    AlertUnanswered,
)
from helpdesk.domain.oncall.alerting import channels, escalation
from helpdesk.domain.oncall.alerting.escalation import Policy, State, Taken, Target, TargetKind
from helpdesk.domain.oncall.alerting.notifying import notify, people_of, record, ring
from helpdesk.domain.oncall.model import (
    Alert,
    AlertNotification,
    AlertStatus,
    EscalationPolicyRow,
    RingState,
)
from helpdesk.domain.oncall.queries import policy_for
from helpdesk.errors import Forbidden, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction, Versioned

ACKNOWLEDGED_FOR = timedelta(minutes=30)
"""How long an acknowledgement silences an alert unless somebody replies."""


async def raise_alert(
    tx: Transaction,
    ticket: Versioned | None,
    dedup_key: str,
    reason: str,
    *,
    team_id: UUID | None = None,
    details: Json | None = None,
    people: Sequence[UUID] = (),
) -> Alert | None:
    """One open alert per key, and its first step at once. None when it is open already, or when no
    escalation policy says whom to wake; `people` are told in the place of those. Without a ticket `details`
    says what it is about: {"subject", "body", "url"}."""
    policy = _telling(people) if people else await policy_for(tx, team_id)
    if policy is None:
        return None
    made = await _insert(tx, ticket, policy, dedup_key, reason, details or {})
    if made is None:
        return None
    await record(tx, ticket, made, AlertRaised(made.id, reason, policy.name))
    await advance(tx, ticket, made)
    return made


async def advance(tx: Transaction, ticket: Versioned | None, alert: Alert) -> None:
    """Take the steps that are due: all or nothing of notifications, timeline and the next due time."""
    alert = await _locked(tx, alert.id)
    policy, state = Policy.parse(alert.policy), State.parse(alert.state)
    if alert.status != AlertStatus.OPEN or state.next_at is None or tx.now < state.next_at:
        return
    found: dict[Target, list[str]] = {}
    for step in policy.steps:
        for target in step.targets:
            found[target] = await people_of(tx, target)
    known = {str(one.id): one for one in await channels.channels(tx)}
    policy = policy.with_channels(known)
    outcome = escalation.advance(policy, state, tx.now, lambda target: found[target])
    for taken in outcome.taken:
        await ring(tx, ticket, alert, taken, [known[one] for one in taken.channels])
    if outcome.tell_owner:
        await record(tx, ticket, alert, AlertExhausted(alert.id))
        if policy.owner is not None:
            await notify(tx, ticket, alert, Taken(outcome.state.loop, len(policy.steps), (policy.owner,)))
    alert.state, alert.next_at = outcome.state.to_dict(), outcome.state.next_at


async def acknowledge(
    tx: Transaction, ticket: Versioned | None, alert_id: UUID, agent_id: UUID, *, lasting: bool = False
) -> Alert:
    """Somebody answers: what is pending is cancelled. Idempotent. It runs out after 30 minutes without a
    reply, unless it is `lasting` (a reply itself)."""
    alert = await _of_ticket(tx, ticket, alert_id)
    if alert.status == AlertStatus.ACKNOWLEDGED:
        alert.next_at = None if lasting else alert.next_at
        await _acknowledge_too(tx, ticket, alert, agent_id)
    if alert.status != AlertStatus.OPEN:
        return alert
    agent = await agents.get(tx, agent_id)
    alert.state = escalation.acknowledge(State.parse(alert.state), str(agent_id)).to_dict()
    alert.status, alert.next_at = AlertStatus.ACKNOWLEDGED.value, None
    if not lasting:
        alert.next_at = tx.now + ACKNOWLEDGED_FOR
    alert.acknowledged_at, alert.acknowledged_by = tx.now, agent_id
    await _cancel_pending(tx, alert)
    await record(tx, ticket, alert, AlertAcknowledged(alert.id, agent_id, agent.name))
    return alert


def is_left_to(alert: Alert, agent_id: UUID | None) -> bool:
    """Whether this agent may still acknowledge for themselves what another one has acknowledged."""
    if alert.status != AlertStatus.ACKNOWLEDGED or agent_id is None:
        return False
    return not escalation.is_silent(Policy.parse(alert.policy), State.parse(alert.state), str(agent_id))


async def hand_on(tx: Transaction, ticket: Versioned | None, alert_id: UUID) -> Alert:
    """The next person, now: by hand, also after an acknowledgement. Conflict while it is held."""
    alert = await _of_ticket(tx, ticket, alert_id)
    if alert.status == AlertStatus.CLOSED:
        return alert
    state = State.parse(alert.state)
    if alert.status == AlertStatus.ACKNOWLEDGED:
        state = escalation.unanswered(state, tx.now)
    state = escalation.escalate(state, tx.now)
    await _reopen(tx, alert, state)
    await advance(tx, ticket, alert)
    return alert


async def run_out(tx: Transaction, ticket: Versioned | None, alert: Alert, *, answered: bool) -> None:
    """The time of an acknowledgement is over: somebody replied meanwhile, or the alert goes on at once."""
    alert = await _locked(tx, alert.id)
    if alert.status != AlertStatus.ACKNOWLEDGED or alert.next_at is None or tx.now < alert.next_at:
        return
    if answered:
        alert.next_at = None
        return
    by = await agents.get(tx, alert.acknowledged_by) if alert.acknowledged_by else None
    await record(tx, ticket, alert, AlertUnanswered(alert.id, by.name if by else ""))
    await _reopen(tx, alert, escalation.unanswered(State.parse(alert.state), tx.now))
    await advance(tx, ticket, alert)


async def answered_by_reply(tx: Transaction, ticket: Versioned) -> None:
    """A reply to the contact answers every alert of its ticket for good."""
    if tx.actor.agent_id is None:
        return
    with tx.session.no_autoflush:  # no alert was changed, and the ticket is not done with
        waiting = await tx.session.scalars(
            select(Alert.id).where(Alert.ticket_id == ticket.id, Alert.status != AlertStatus.CLOSED.value)
        )
    for alert_id in waiting.all():
        await acknowledge(tx, ticket, alert_id, tx.actor.agent_id, lasting=True)


async def close(tx: Transaction, ticket: Versioned) -> None:
    """The ticket is resolved, so nothing of it needs anybody woken."""
    alerts = await tx.session.scalars(
        select(Alert)
        .where(Alert.ticket_id == ticket.id, Alert.status != AlertStatus.CLOSED.value)
        .with_for_update()
    )
    for alert in alerts:
        await _close(tx, alert)


async def close_key(tx: Transaction, dedup_key: str) -> bool:
    """What an alert without a ticket was about is over. Whether there was one."""
    query = select(Alert).where(Alert.dedup_key == dedup_key, Alert.status != AlertStatus.CLOSED.value)
    alert = await tx.session.scalar(query.with_for_update())
    if alert is None:
        return False
    await _close(tx, alert)
    return True


async def close_alert(tx: Transaction, alert_id: UUID) -> Alert:
    """By hand, for alerts without a ticket."""
    alert = await _locked(tx, alert_id)
    if alert.ticket_id is not None:
        raise NotFound("alert_not_found")
    await require_answerer(tx, alert)
    if alert.status != AlertStatus.CLOSED:
        await _close(tx, alert)
    return alert


async def require_answerer(tx: Transaction, alert: Alert) -> None:
    """Leads answer any alert, agents those that rang them, or a channel, or are meant for them.

    Errors: Forbidden.
    """
    permissions.require_acknowledger(tx.actor)
    if permissions.has_role(tx.actor, Role.LEAD) or tx.actor.agent_id is None:
        return
    rang = select(AlertNotification.id).where(
        AlertNotification.alert_id == alert.id,
        or_(AlertNotification.agent_id == tx.actor.agent_id, AlertNotification.agent_id.is_(None)),
    )
    if await tx.session.scalar(rang.limit(1)) is not None:
        return
    policy, own_id = Policy.parse(alert.policy), str(tx.actor.agent_id)
    for target in {target for step in policy.steps for target in step.targets}:
        if own_id in await people_of(tx, target):
            return
    if own_id != policy.owner:
        raise Forbidden("alert_not_yours", "This alert is for somebody else; a lead can answer it.")


async def hurry(tx: Transaction, alert_id: UUID) -> None:
    """No method of the step's person worked, so the next step is due now."""
    alert = await _locked(tx, alert_id)
    state = State.parse(alert.state)
    if alert.status == AlertStatus.OPEN and state.next_at is not None and state.next_at > tx.now:
        state = escalation.escalate(state, tx.now)
        alert.state, alert.next_at = state.to_dict(), state.next_at


async def _acknowledge_too(tx: Transaction, ticket: Versioned | None, alert: Alert, agent_id: UUID) -> None:
    """Where each person acknowledges for themselves, one more does: the first one keeps the alert."""
    if not is_left_to(alert, agent_id):
        return
    agent = await agents.get(tx, agent_id)
    alert.state = escalation.acknowledge(State.parse(alert.state), str(agent_id)).to_dict()
    await _cancel_pending(tx, alert)
    await record(tx, ticket, alert, AlertAcknowledged(alert.id, agent_id, agent.name))


def _telling(people: Sequence[UUID]) -> EscalationPolicyRow:
    """Once, and all of them at the same time; it is kept with the alert only."""
    targets = tuple(Target(TargetKind.PERSON, str(one)) for one in people)
    return EscalationPolicyRow(name="Leads", policy=Policy((escalation.Step(targets),)).to_dict())


async def _insert(
    tx: Transaction,
    ticket: Versioned | None,
    policy: EscalationPolicyRow,
    dedup_key: str,
    reason: str,
    details: Json,
) -> Alert | None:
    """The database itself holds that there is one open alert per key."""
    values = insert(Alert).values(
        id=tx.new_id(),
        ticket_id=ticket.id if ticket is not None else None,
        dedup_key=dedup_key,
        reason=reason,
        details=details,
        policy_name=policy.name,
        policy=policy.policy,
        state=escalation.begin(tx.now).to_dict(),
        status=AlertStatus.OPEN.value,
        next_at=tx.now,
        raised_at=tx.now,
    )
    made = await tx.session.scalar(values.on_conflict_do_nothing().returning(Alert.id))
    return None if made is None else await tx.session.get_one(Alert, made)


async def _reopen(tx: Transaction, alert: Alert, state: State) -> None:
    alert.status, alert.state, alert.next_at = AlertStatus.OPEN.value, state.to_dict(), state.next_at
    alert.acknowledged_at, alert.acknowledged_by = None, None
    await tx.session.flush()


async def _close(tx: Transaction, alert: Alert) -> None:
    alert.status, alert.next_at, alert.closed_at = AlertStatus.CLOSED.value, None, tx.now
    await _cancel_pending(tx, alert)


async def _cancel_pending(tx: Transaction, alert: Alert) -> None:
    """Also later rules and tries; where each person acknowledges for themselves, only who has."""
    pending = AlertNotification.state.in_([RingState.QUEUED.value, RingState.LEASED.value])
    query = update(AlertNotification).where(AlertNotification.alert_id == alert.id, pending)
    policy, state = Policy.parse(alert.policy), State.parse(alert.state)
    if policy.each_acknowledges and alert.status == AlertStatus.ACKNOWLEDGED:
        query = query.where(AlertNotification.agent_id.in_([UUID(one) for one in state.acknowledged]))
    await tx.session.execute(query.values(state=RingState.CANCELLED.value))


async def _locked(tx: Transaction, alert_id: UUID) -> Alert:
    await tx.session.flush()
    alert = await tx.session.get(Alert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None:
        raise NotFound("alert_not_found")
    return alert


async def _of_ticket(tx: Transaction, ticket: Versioned | None, alert_id: UUID) -> Alert:
    alert = await _locked(tx, alert_id)
    if alert.ticket_id != (ticket.id if ticket is not None else None):
        raise NotFound("alert_not_found")
    return alert
