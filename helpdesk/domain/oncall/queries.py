"""Who is on call now, which alerts are open, and whether ringing keeps up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.model import (
    Alert,
    AlertEntry,
    AlertNotification,
    AlertStatus,
    EscalationPolicyRow,
    RingState,
)
from helpdesk.domain.oncall.rota import present, schedules
from helpdesk.domain.oncall.rota.shifts import on_call_at
from helpdesk.errors import NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


async def people_on_call(tx: Transaction, schedule_id: UUID) -> list[UUID]:
    """The agents on call at this moment, the first to ring first."""
    try:
        schedule = await schedules.load(tx, schedule_id)
    except NotFound:
        return []
    return [UUID(person) for person in on_call_at(schedule, tx.now).people]


async def last_of_key(tx: Transaction, dedup_key: str, since: datetime) -> Alert | None:
    """The alert of this key that is open, else the last that was closed after `since`."""
    query = select(Alert).where(
        Alert.dedup_key == dedup_key, or_(Alert.closed_at.is_(None), Alert.closed_at > since)
    )
    found: Alert | None = await tx.session.scalar(
        query.order_by(Alert.closed_at.desc().nulls_first()).limit(1)
    )
    return found


async def on_call_now(tx: Transaction) -> list[Json]:
    """Every schedule: who is on call, until when, and who comes next."""
    permissions.require_reader(tx.actor)
    named = await tx.session.execute(select(agents.Agent.id, agents.Agent.name))
    names = {str(agent_id): name for agent_id, name in named}

    def people(ids: tuple[str, ...]) -> list[Json]:
        return [{"id": person, "name": names.get(person, "?")} for person in ids]

    return [
        {
            "schedule": {"id": schedule_id, "name": name},
            "agents": people(now.people),
            "until": now.until,
            "next": {"agents": people(now.next_people), "at": now.next_at} if now.next_people else None,
        }
        for schedule_id, name, now in await present.now_on_all(tx)
    ]


async def on_call_by_team(tx: Transaction) -> dict[UUID, list[Json]]:
    """What `on_call_now` says, of the schedules that belong to a team."""
    owners = {one.id: one.team_id for one in await schedules.rows(tx)}
    found: dict[UUID, list[Json]] = {}
    for one in await on_call_now(tx):
        team_id = owners.get(one["schedule"]["id"])
        if team_id is not None:
            found.setdefault(team_id, []).append(one)
    return found


async def get_alert(tx: Transaction, alert_id: UUID) -> Alert:
    alert = await tx.session.get(Alert, alert_id)
    if alert is None:
        raise NotFound("alert_not_found")
    return alert


async def alerts_of(tx: Transaction, ticket_id: UUID) -> list[Alert]:
    query = select(Alert).where(Alert.ticket_id == ticket_id).order_by(Alert.raised_at)
    return list(await tx.session.scalars(query))


async def alerts(tx: Transaction, status: AlertStatus | None, limit: int = 50) -> list[Alert]:
    """The newest alerts. Staff only; the caller leaves out those of inboxes the actor may not see."""
    permissions.require_reader(tx.actor)
    query = select(Alert).order_by(Alert.raised_at.desc()).limit(limit)
    if status is not None:
        query = query.where(Alert.status == status.value)
    return list(await tx.session.scalars(query))


async def entries_of(tx: Transaction, alert_id: UUID) -> list[AlertEntry]:
    """What happened to an alert, in order."""
    query = select(AlertEntry).where(AlertEntry.alert_id == alert_id)
    return list(await tx.session.scalars(query.order_by(AlertEntry.at, AlertEntry.id)))


async def rings_of(tx: Transaction, alert_id: UUID) -> list[AlertNotification]:
    query = select(AlertNotification).where(AlertNotification.alert_id == alert_id)
    return list(await tx.session.scalars(query.order_by(AlertNotification.created_at, AlertNotification.id)))


async def due_alerts(tx: Transaction, limit: int = 100) -> list[tuple[UUID, UUID | None]]:
    """(alert, ticket) of open alerts whose next step is due, and of acknowledgements that run out, longest
    due first.."""
    query = (
        select(Alert.id, Alert.ticket_id)
        .where(Alert.status != AlertStatus.CLOSED.value, Alert.next_at <= tx.now)
        .order_by(Alert.next_at)
        .limit(limit)
    )
    return [(alert_id, ticket_id) for alert_id, ticket_id in await tx.session.execute(query)]


async def oldest_overdue(tx: Transaction) -> float:
    """Seconds the most overdue step or ring of an open alert has been waiting; the dead man watches it."""
    step = await tx.session.scalar(
        select(func.min(Alert.next_at)).where(Alert.status == AlertStatus.OPEN.value, Alert.next_at <= tx.now)
    )
    ring = await tx.session.scalar(
        select(func.min(AlertNotification.due_at))
        .join(Alert, AlertNotification.alert_id == Alert.id)
        .where(
            AlertNotification.state.in_([RingState.QUEUED.value, RingState.LEASED.value]),
            AlertNotification.due_at <= tx.now,
            Alert.status == AlertStatus.OPEN.value,
        )
    )
    return max(((tx.now - at).total_seconds() for at in (step, ring) if at is not None), default=0.0)


async def policy_for(tx: Transaction, team_id: UUID | None) -> EscalationPolicyRow | None:
    """The team's own, else the oldest that belongs to no team, else the oldest."""
    query = select(EscalationPolicyRow).order_by(
        (EscalationPolicyRow.team_id == team_id).desc().nulls_last()
        if team_id is not None
        else EscalationPolicyRow.team_id.is_(None).desc(),
        EscalationPolicyRow.team_id.is_(None).desc(),
        EscalationPolicyRow.id,
    )
    found: EscalationPolicyRow | None = await tx.session.scalar(query.limit(1))
    return found
