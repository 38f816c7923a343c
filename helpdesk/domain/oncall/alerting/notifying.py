"""Whom a step of an alert rings, by which ways, and what its timeline says of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import agents
from helpdesk.domain.events import AlertNotified, CoverageMissing, Event
from helpdesk.domain.oncall.alerting import contact_methods, escalation
from helpdesk.domain.oncall.alerting.escalation import Taken, Target, TargetKind
from helpdesk.domain.oncall.model import Alert, AlertEntry, AlertNotification, RingState
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.shifts import on_call_at
from helpdesk.errors import NotFound
from helpdesk.storage.transaction import Transaction, Versioned


async def people_of(tx: Transaction, target: Target) -> list[str]:
    """The agents a target means now; those who have left are nobody."""
    match target.kind:
        case TargetKind.SCHEDULE:
            try:
                schedule = await schedules.load(tx, UUID(target.id))
            except NotFound:
                return []
            ids = [UUID(person) for person in on_call_at(schedule, tx.now).people]
        case TargetKind.TEAM:
            members = select(agents.TeamMember.agent_id).where(agents.TeamMember.team_id == UUID(target.id))
            ids = list(await tx.session.scalars(members))
        case TargetKind.PERSON:
            ids = [UUID(target.id)]
        case _:
            return []
    active = {agent.id for agent in await agents.active(tx)}
    return [str(agent_id) for agent_id in ids if agent_id in active]


async def ring(
    tx: Transaction,
    ticket: Versioned | None,
    alert: Alert,
    taken: Taken,
    rooms: Sequence[contact_methods.ContactMethod],
) -> None:
    """A step that was taken: its people and its rooms are rung, or it is told that nobody is there."""
    if taken.is_uncovered:
        await record(tx, ticket, alert, CoverageMissing(alert.id, taken.step))
        return
    await notify(tx, ticket, alert, taken)
    for room in rooms:
        key = escalation.key(str(alert.id), taken.loop, taken.step, str(room.id), "channel")
        if await _add_notification(tx, alert, taken, room, key, tx.now):
            tx.enqueue("ring", method_id=str(room.id))
            await record(tx, ticket, alert, AlertNotified(alert.id, None, room.name, room.kind, taken.step))


async def notify(tx: Transaction, ticket: Versioned | None, alert: Alert, taken: Taken) -> None:
    """Each person by the ways of their own rules, the later ones too; each of them once, however often."""
    for person in taken.people:
        agent = await agents.get(tx, UUID(person))
        for rule, method, after in await contact_methods.ways_to(tx, agent.id):
            key = escalation.key(str(alert.id), taken.loop, taken.step, person, rule)
            made = await _add_notification(tx, alert, taken, method, key, tx.now + after)
            if made and not after:
                tx.enqueue("ring", method_id=str(method.id))
                told = AlertNotified(alert.id, agent.id, agent.name, method.kind, taken.step)
                await record(tx, ticket, alert, told)


async def _add_notification(
    tx: Transaction,
    alert: Alert,
    taken: Taken,
    method: contact_methods.ContactMethod,
    key: str,
    due_at: datetime,
) -> bool:
    values = insert(AlertNotification).values(
        id=tx.new_id(),
        alert_id=alert.id,
        agent_id=method.agent_id,
        method_id=method.id,
        key=key,
        method=method.kind,
        loop=taken.loop,
        step=taken.step,
        state=RingState.QUEUED.value,
        due_at=due_at,
        created_at=tx.now,
    )
    fresh = values.on_conflict_do_nothing(index_elements=["key"]).returning(AlertNotification.id)
    return await tx.session.scalar(fresh) is not None


async def record(tx: Transaction, ticket: Versioned | None, alert: Alert, event: Event) -> None:
    """On the ticket's timeline, and on the alert's own."""
    tx.session.add(
        AlertEntry(id=tx.new_id(), alert_id=alert.id, name=event.name, data=event.data(), at=tx.now)
    )
    if ticket is not None:
        await tx.record(ticket, event)
