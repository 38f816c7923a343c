"""A schedule of three people, as leads edit it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.rota import (
    drafts,
    schedules,
)
from helpdesk.domain.oncall.rota.drafts import LayerDraft, ScheduleDraft
from helpdesk.domain.oncall.rota.shifts import on_call_at
from helpdesk.storage.transaction import Transaction
from tests.factories import an_agent

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
HANDOFF = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # Monday 09:00 in Stockholm


def a_draft(*people: agents.Agent, **changes: object) -> ScheduleDraft:
    layer = LayerDraft(
        name="Week", slots=tuple((str(one.id),) for one in people), starts_on=NOON.date() - 2 * DAY
    )
    return ScheduleDraft(
        **{"name": "Technical", "time_zone": "Europe/Stockholm", "layers": (layer,), **changes}
    )  # type: ignore[arg-type]


async def a_rota(tx: Transaction) -> tuple[oncall.ScheduleRow, agents.Agent, agents.Agent, agents.Agent]:
    mikko, priya, oskar = [await an_agent(tx, name) for name in ("Mikko", "Priya", "Oskar")]
    return await schedules.create(tx, a_draft(mikko, priya, oskar)), mikko, priya, oskar


async def on_call(tx: Transaction, stored: oncall.ScheduleRow, at: datetime | None = None) -> list[UUID]:
    schedule = await schedules.load(tx, stored.id, at)
    return [UUID(one) for one in on_call_at(schedule, at or tx.now).people]


def again(schedule: oncall.coverage.Schedule, **changes: object) -> ScheduleDraft:
    """The draft an unchanged editor would send back, with some of it changed in its first layer."""
    [layer] = schedule.layers
    version = drafts.current_version(layer, NOON)
    assert version is not None
    kept = {
        "name": layer.name,
        "slots": version.slots,
        "id": layer.id,
        "unit": version.unit,
        "length": version.length,
    }
    draft = LayerDraft(**{**kept, "handoff": f"{version.anchor:%H:%M}", **changes})  # type: ignore[arg-type]
    return ScheduleDraft(schedule.name, schedule.time_zone, (draft,))
