"""Who is on call now, and which alerts are open."""

from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import agents, permissions
from helpdesk.domain.oncall.coverage import now_and_next
from helpdesk.domain.oncall.model import Alert, AlertStatus, ScheduleRow
from helpdesk.domain.oncall.shifts import Schedule, on_call_at
from helpdesk.errors import NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


def schedule_of(row: ScheduleRow) -> Schedule:
    return Schedule.parse({**row.rota, "id": str(row.id), "name": row.name})


async def people_on_call(tx: Transaction, schedule_id: UUID) -> list[UUID]:
    """The agents on call at this moment, the first to ring first."""
    row = await tx.session.get(ScheduleRow, schedule_id)
    if row is None:
        return []
    return [UUID(person) for person in on_call_at(schedule_of(row), tx.now).people]


async def on_call_now(tx: Transaction) -> list[Json]:
    """Every schedule: who is on call, until when, and who comes next."""
    permissions.require_reader(tx.actor)
    names = {str(agent.id): agent.name for agent in await tx.session.scalars(select(agents.Agent))}

    def people(ids: tuple[str, ...]) -> list[Json]:
        return [{"id": person, "name": names.get(person, "?")} for person in ids]

    found = []
    for row in await tx.session.scalars(select(ScheduleRow).order_by(ScheduleRow.name)):
        now = now_and_next(schedule_of(row), tx.now)
        following = {"agents": people(now.next_people), "at": now.next_at} if now.next_people else None
        found.append(
            {
                "schedule": {"id": row.id, "name": row.name},
                "agents": people(now.people),
                "until": now.until,
                "next": following,
            }
        )
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


async def due_alerts(tx: Transaction, limit: int = 100) -> list[tuple[UUID, UUID]]:
    """(alert, ticket) of open alerts whose next step is due, longest due first."""
    query = (
        select(Alert.id, Alert.ticket_id)
        .where(Alert.status == AlertStatus.OPEN.value, Alert.next_at <= tx.now)
        .order_by(Alert.next_at)
        .limit(limit)
    )
    return [(alert_id, ticket_id) for alert_id, ticket_id in await tx.session.execute(query)]
