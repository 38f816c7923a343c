"""Rings on their way out: leased in bundles, sent seconds later, tried again, then by the next method."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, exists, literal, or_, select, update

from helpdesk.domain import agents
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod, MethodKind, disable
from helpdesk.domain.oncall.alerting.escalation import Policy, State, is_silent
from helpdesk.domain.oncall.model import Alert, AlertNotification, AlertStatus, RingState
from helpdesk.storage.transaction import Transaction

BUNDLE = timedelta(seconds=5)
"""Rings by one method keep this distance; what comes meanwhile rings together, nothing is dropped."""

LEASE = timedelta(seconds=20)
"""A sender that has not answered by then has died: the same ring goes out again, under the same key."""

SEND_WITHIN = timedelta(seconds=1)
"""A sender held up this long between lease and sending asks again whether the alert is still open."""

TRIES = (timedelta(seconds=15), timedelta(seconds=30), timedelta(seconds=60))
_ASKED_AGAIN = timedelta(seconds=5)
_jitter = random.SystemRandom()


@dataclass(frozen=True)
class Ringing:
    notification_id: UUID
    key: str
    alert: Alert
    is_later: bool
    """By a later rule of the person, so not yet on the timeline."""


@dataclass(frozen=True)
class Bundle:
    """Everything one method has to say now."""

    method: ContactMethod
    agent: agents.Agent | None
    rings: tuple[Ringing, ...]
    leased_at: datetime

    @property
    def name(self) -> str:
        """The person's, or the channel's."""
        return self.agent.name if self.agent is not None else self.method.name

    @property
    def key(self) -> str:
        """The idempotency key: of the one ring, or of the first with how many there are."""
        first = self.rings[0].key
        return first if len(self.rings) == 1 else f"{first}+{len(self.rings) - 1}"


async def lease(tx: Transaction, method_id: UUID) -> Bundle | None:
    """What is due by this method, under a lease; None when nothing is, or not yet again.

    Only rings of open alerts: the rest is cancelled here, if an acknowledgement has not done so already.
    """
    method = await tx.session.get(
        ContactMethod, method_id, with_for_update={"key_share": True}, populate_existing=True
    )  # no lock that an alert raised meanwhile would wait for
    if method is None or (method.last_rang_at is not None and tx.now - method.last_rang_at < BUNDLE):
        return None
    rows = await tx.session.execute(
        select(AlertNotification, Alert)
        .join(Alert, AlertNotification.alert_id == Alert.id)
        .where(
            AlertNotification.method_id == method_id,
            AlertNotification.state.in_([RingState.QUEUED.value, RingState.LEASED.value]),
            AlertNotification.due_at <= tx.now,
        )
        .order_by(AlertNotification.created_at, AlertNotification.id)
        .with_for_update(of=AlertNotification, skip_locked=True)
    )
    rings = []
    for notification, alert in rows.all():
        if _is_silent(alert, notification.agent_id) or method.disabled_at is not None:
            notification.state = RingState.CANCELLED.value
            continue
        is_later = notification.due_at > notification.created_at and not notification.attempts
        notification.state, notification.due_at = RingState.LEASED.value, tx.now + LEASE
        notification.attempts += 1
        rings.append(Ringing(notification.id, notification.key, alert, is_later))
    if not rings:
        return None
    method.last_rang_at = tx.now
    agent = await agents.get(tx, method.agent_id) if method.agent_id is not None else None
    return Bundle(method, agent, tuple(rings), tx.now)


async def still_open(tx: Transaction, bundle: Bundle) -> bool:
    """Whether any of it still needs somebody: asked when a sender was held up after its lease."""
    query = select(
        exists().where(
            AlertNotification.id.in_([ring.notification_id for ring in bundle.rings]),
            AlertNotification.state == RingState.LEASED.value,
        )
    )
    return bool(await tx.session.scalar(query))


async def sent(tx: Transaction, bundle: Bundle, mail_id: UUID | None = None) -> None:
    """It is out. What was acknowledged while it went keeps its state."""
    was_leased = AlertNotification.state == RingState.LEASED.value
    await tx.session.execute(
        update(AlertNotification)
        .where(AlertNotification.id.in_([ring.notification_id for ring in bundle.rings]))
        .values(  # in one statement: a second one would lock the alert, too, which others hold
            sent_at=tx.now,
            mail_id=mail_id,
            state=case((was_leased, RingState.SENT.value), else_=AlertNotification.state),
            error=case((was_leased, None), else_=AlertNotification.error),
        )
    )
    await tx.session.execute(
        update(ContactMethod).where(ContactMethod.id == bundle.method.id).values(error=None)
    )


async def failed(tx: Transaction, bundle: Bundle, error: str, *, final: bool) -> list[tuple[UUID, bool]]:
    """Tried again after 15, 30, 60 s; then (or at once when it is final) the person's next method rings now.

    Answers with (alert, whether the person has no further method) of what was given up.
    """
    await tx.session.execute(
        update(ContactMethod)
        .where(ContactMethod.id == bundle.method.id)
        .values(error=error[:300], last_rang_at=None)
    )
    if final and bundle.method.kind == MethodKind.PUSH:
        await disable(tx, bundle.method.id, error)
    given_up = []
    for ring in bundle.rings:
        notification = await tx.session.get_one(
            AlertNotification, ring.notification_id, with_for_update=True, populate_existing=True
        )
        if notification.state != RingState.LEASED:
            continue
        notification.error = error[:300]
        if not final and notification.attempts <= len(TRIES):
            pause = TRIES[notification.attempts - 1].total_seconds() * _jitter.uniform(0.8, 1.2)
            notification.state, notification.due_at = (
                RingState.QUEUED.value,
                tx.now + timedelta(seconds=pause),
            )
            continue
        notification.state = RingState.FAILED.value
        given_up.append((notification.alert_id, not await _next_method(tx, notification)))
    return given_up


async def methods_due(tx: Transaction, limit: int = 200) -> list[UUID]:
    """Methods with something to ring now, and no ring or question under way; each is answered once in 5 s."""
    due = exists().where(
        AlertNotification.method_id == ContactMethod.id,
        AlertNotification.state.in_([RingState.QUEUED.value, RingState.LEASED.value]),
        AlertNotification.due_at <= tx.now,
    )
    paced = or_(ContactMethod.last_rang_at.is_(None), ContactMethod.last_rang_at <= tx.now - BUNDLE)
    unasked = or_(ContactMethod.asked_at.is_(None), ContactMethod.asked_at <= tx.now - _ASKED_AGAIN)
    wanted = select(ContactMethod.id).where(due, paced, unasked).limit(limit).scalar_subquery()
    asked = (
        update(ContactMethod)
        .where(ContactMethod.id.in_(wanted))
        .values(asked_at=tx.now)
        .returning(ContactMethod.id)
        .execution_options(synchronize_session=False)
    )
    return list(await tx.session.scalars(asked))


async def is_wanted(tx: Transaction, mail_id: UUID) -> bool:
    """Whether a mail that rings should still leave: no, once every alert it names is answered."""
    rows = await tx.session.execute(
        select(Alert, AlertNotification.agent_id)
        .join(AlertNotification, AlertNotification.alert_id == Alert.id)
        .where(AlertNotification.mail_id == mail_id)
    )
    known = [_is_silent(alert, agent_id) for alert, agent_id in rows]
    return not known or not all(known)


def _is_silent(alert: Alert, agent_id: UUID | None) -> bool:
    """Answered, and where each person acknowledges for themselves, by this one."""
    if alert.status == AlertStatus.ACKNOWLEDGED and agent_id is not None:
        return is_silent(Policy.parse(alert.policy), State.parse(alert.state), str(agent_id))
    return alert.status != AlertStatus.OPEN.value


async def _next_method(tx: Transaction, failed_one: AlertNotification) -> bool:
    """The person's next waiting ring of the step is due now. Whether there is one, or one reached them.
    Beside a channel anybody the step rings will do."""
    query = select(AlertNotification).where(
        AlertNotification.alert_id == failed_one.alert_id,
        or_(AlertNotification.agent_id == failed_one.agent_id, literal(failed_one.agent_id is None)),
        AlertNotification.loop == failed_one.loop,
        AlertNotification.step == failed_one.step,
        AlertNotification.id != failed_one.id,
    )
    others = list(await tx.session.scalars(query.order_by(AlertNotification.due_at)))
    waiting = [one for one in others if one.state == RingState.QUEUED]
    if waiting and failed_one.agent_id is not None:
        waiting[0].due_at = min(waiting[0].due_at, tx.now)
        tx.enqueue("ring", method_id=str(waiting[0].method_id))
    return any(one.state in (RingState.QUEUED, RingState.LEASED, RingState.SENT) for one in others)
