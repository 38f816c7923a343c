"""The machine's clock was put back: what was to happen soon would wait for as long as it jumped."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Update, literal, select, update

from helpdesk.domain.oncall.alerting import escalation, ringing
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod
from helpdesk.domain.oncall.alerting.escalation import Policy, State
from helpdesk.domain.oncall.model import Alert, AlertNotification, AlertStatus, RingState
from helpdesk.storage.transaction import Transaction


async def catch_up(tx: Transaction, acknowledged_for: timedelta) -> None:
    """No step, ring or pause is further off than when it was set. Safe to run at any time, and twice."""
    waiting = select(Alert).where(Alert.status != AlertStatus.CLOSED.value, Alert.next_at > tx.now)
    for alert in await tx.session.scalars(waiting.with_for_update(key_share=True, skip_locked=True)):
        latest = tx.now + acknowledged_for
        if alert.status == AlertStatus.OPEN:
            state = State.parse(alert.state)
            if state.held:
                continue
            latest = tx.now + escalation.pause_before(Policy.parse(alert.policy), state)
            if state.next_at is not None and state.next_at > latest:
                alert.state = {**alert.state, "next_at": latest.isoformat()}
        if alert.next_at is not None and alert.next_at > latest:
            alert.next_at = latest
    await _rings(tx)
    for column in (ContactMethod.last_rang_at, ContactMethod.asked_at):
        await tx.session.execute(update(ContactMethod).where(column > tx.now).values({column: None}))


async def _rings(tx: Transaction) -> None:
    """Rules keep their distance from the step; tries and leases are never further off than they can be.

    What somebody is ringing right now is left to them: they wait for nothing here, nor this for them.
    """
    pending = AlertNotification.state.in_([RingState.QUEUED.value, RingState.LEASED.value])
    now = literal(tx.now)
    ahead = _free(pending, AlertNotification.created_at > now)
    after = AlertNotification.due_at - AlertNotification.created_at
    await tx.session.execute(ahead.values(due_at=now + after, created_at=now))
    longest = literal(tx.now + max(ringing.LEASE, ringing.TRIES[-1] * 1.2))
    tried = _free(pending, AlertNotification.attempts > 0, AlertNotification.due_at > longest)
    await tx.session.execute(tried.values(due_at=longest))


def _free(*wanted: ColumnElement[bool]) -> Update:
    """An update of those that nobody holds."""
    free = select(AlertNotification.id).where(*wanted).with_for_update(key_share=True, skip_locked=True)
    return update(AlertNotification).where(AlertNotification.id.in_(free))
