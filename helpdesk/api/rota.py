"""Schedules, overrides, swaps and escalation policies for programs."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.domain.oncall.rota.coverage import findings, shifts
from helpdesk.domain.oncall.rota.exceptions import OverrideDraft
from helpdesk.domain.oncall.rota.overrides import Change
from helpdesk.domain.oncall.rota.shifts import Schedule, final
from helpdesk.domain.permissions import require_reader
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LONGEST = timedelta(days=400)


class NewOverride(BaseModel):
    change: Change
    start: AwareDatetime
    end: AwareDatetime
    person_id: UUID | None = None
    target_id: UUID | None = None
    reason: Annotated[str, Field(max_length=300)] = ""


class NewSwap(BaseModel):
    schedule_id: UUID
    start: AwareDatetime
    end: AwareDatetime
    offered_to_id: UUID | None = None
    return_start: AwareDatetime | None = None
    return_end: AwareDatetime | None = None
    note: Annotated[str, Field(max_length=300)] = ""


class NewEscalationStep(BaseModel):
    delay_minutes: Annotated[float, Field(ge=0, le=1440)] = 5
    mode: str = "everyone"
    targets: Annotated[list[dict[str, str]], Field(max_length=10)]


class NewEscalationPolicy(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    steps: Annotated[list[NewEscalationStep], Field(min_length=1, max_length=10)]
    repeats: Annotated[int, Field(ge=0, le=20)] = 1
    owner_id: UUID | None = None
    team_id: UUID | None = None
    each_acknowledges: bool = False


async def list_schedules(request: Request) -> Response:
    """Every schedule, without its shifts."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        require_reader(tx.actor)
        stored = await oncall.schedules.rows(tx)
        return answer({"items": [_schedule(row) for row in stored], "next": None})


async def show_schedule(request: Request) -> Response:
    """A schedule with its layers, and from `from` to `to` (a week unless told otherwise) who is on call, each
    person's shifts, and what is lacking."""
    schedule_id = parse_id(request.path_params["id"], "schedule")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        require_reader(tx.actor)
        row = await oncall.schedules.row(tx, schedule_id)
        start = _moment(request, "from", tx.now)
        end = _moment(request, "to", start + timedelta(days=7))
        if not start < end <= start + LONGEST:
            raise Invalid("span_invalid", "`to` is after `from`, at most 400 days.", field="to")
        since = start - oncall.rest.LOOK_BACK if row.rota.get("most_nights") else start
        schedule = await oncall.schedules.load(tx, schedule_id, since)
        names = {str(agent.id): agent.name for agent in await agents.active(tx)}
        overrides = await oncall.exceptions.overrides_of(tx, schedule_id, start)
    shown = {**_schedule(row), "layers": row.rota["layers"], **_duty(schedule, start, end, names)}
    return answer({**shown, "overrides": [_override(one) for one in overrides]})


async def create_override(tx: Transaction, request: Request, wanted: NewOverride) -> Json:
    """Somebody takes over, joins or is left out for a span. A start in the past means now."""
    schedule_id = parse_id(request.path_params["id"], "schedule")
    draft = OverrideDraft(
        wanted.change, wanted.start, wanted.end, wanted.person_id, wanted.target_id, wanted.reason
    )
    foresight = await oncall.exceptions.preview_override(tx, schedule_id, draft)
    made = await oncall.exceptions.add_override(tx, schedule_id, draft)
    return {**_override(made), "doubts": [doubt.value for doubt in foresight.doubts]}


async def remove_override(request: Request) -> Response:
    """From now on it says nothing any more."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await oncall.exceptions.remove_override(tx, parse_id(request.path_params["id"], "override"))
    return answer(None)


async def list_swaps(request: Request) -> Response:
    """The newest requests; `state=open` leaves out the decided ones."""
    only_open = request.query_params.get("state") == "open"
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = await oncall.swaps.swaps(tx, only_open=only_open)
        return answer({"items": [_swap(one) for one in found], "next": None})


async def create_swap(tx: Transaction, request: Request, wanted: NewSwap) -> Json:
    """Ask one person, or whoever is first, to take a span of one's own."""
    in_return = None
    if wanted.return_start is not None and wanted.return_end is not None:
        in_return = (wanted.return_start, wanted.return_end)
    made = await oncall.swaps.request(
        tx,
        wanted.schedule_id,
        wanted.start,
        wanted.end,
        offered_to=wanted.offered_to_id,
        in_return=in_return,
        note=wanted.note,
    )
    return _swap(made)


async def take_swap(request: Request) -> Response:
    """It is the caller's shift from now on. The first one wins."""
    return await _decide(request, oncall.swaps.take)


async def decline_swap(request: Request) -> Response:
    """The person asked says no."""
    return await _decide(request, oncall.swaps.decline)


async def withdraw_swap(request: Request) -> Response:
    """The asker needs it no more."""
    return await _decide(request, oncall.swaps.withdraw)


async def list_escalation_policies(request: Request) -> Response:
    """Every escalation policy."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = await oncall.policies.policies(tx)
        return answer({"items": [_policy(row) for row in found], "next": None})


async def show_escalation_policy(request: Request) -> Response:
    """One policy, and whom it would wake if an alert came at `at` (now unless told otherwise)."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        require_reader(tx.actor)
        row = await oncall.policies.get_policy(tx, parse_id(request.path_params["id"], "policy"))
        at = _moment(request, "at", tx.now)
        expected = await oncall.policies.what_if(tx, Policy.parse(row.policy), at)
    steps = [
        {
            "at": one.at,
            "loop": one.loop,
            "step": one.step,
            "agents": [
                {
                    "id": rung.agent_id,
                    "name": rung.name,
                    "by": [{"method": kind, "after_minutes": after} for kind, after in rung.by],
                }
                for rung in one.people
            ],
        }
        for one in expected
    ]
    return answer({**_policy(row), "expected": steps})


async def create_escalation_policy(tx: Transaction, request: Request, wanted: NewEscalationPolicy) -> Json:
    """Steps of targets (`schedule`, `person` or `team`), begun again `repeats` times."""
    return _policy(await oncall.policies.add_policy(tx, wanted.name, _parsed(wanted), wanted.team_id))


async def _decide(
    request: Request, act: Callable[[Transaction, UUID], Awaitable[oncall.SwapRequest]]
) -> Response:
    async with database_of(request).transaction(await actor_of(request)) as tx:
        return answer(_swap(await act(tx, parse_id(request.path_params["id"], "swap"))))


def _parsed(wanted: NewEscalationPolicy) -> Policy:
    try:
        return Policy.parse(
            {
                "steps": [step.model_dump() for step in wanted.steps],
                "repeats": wanted.repeats,
                "owner": str(wanted.owner_id) if wanted.owner_id else None,
                "each_acknowledges": wanted.each_acknowledges,
            }
        )
    except (ValueError, KeyError):
        raise Invalid("policy_invalid", "A step has targets of kind and id.", field="steps") from None


def _duty(schedule: Schedule, start: datetime, end: datetime, names: dict[str, str]) -> Json:
    def people(ids: tuple[str, ...]) -> list[Json]:
        return [{"id": person, "name": names.get(person, "?")} for person in ids]

    return {
        "from": start,
        "to": end,
        "final": [
            {"start": span.start, "end": span.end, "agents": people(span.people)}
            for span in final(schedule, start, end)
        ],
        "shifts": [
            {
                "agent": people((one.person,))[0],
                "start": one.start,
                "end": one.end,
                "truncated": one.truncated,
            }
            for one in shifts(schedule, start, end)
        ],
        "problems": [
            {
                "problem": one.problem.value,
                "start": one.start,
                "end": one.end,
                "days": [day.isoformat() for day in one.days(schedule.zone)],
                "agents": people(one.people),
            }
            for one in findings(schedule, start, end)
        ],
    }


def _schedule(row: oncall.ScheduleRow) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "time_zone": row.rota["time_zone"],
        "team_id": row.team_id,
        "minimum": row.minimum,
        "version": row.version,
    }


def _override(row: oncall.OverrideRow) -> Json:
    return {
        "id": row.id,
        "schedule_id": row.schedule_id,
        "change": row.change,
        "start": row.starts_at,
        "end": row.ends_at,
        "person_id": row.person_id,
        "target_id": row.target_id,
        "reason": row.reason,
    }


def _swap(row: oncall.SwapRequest) -> Json:
    return {
        "id": row.id,
        "schedule_id": row.schedule_id,
        "asker_id": row.asker_id,
        "start": row.starts_at,
        "end": row.ends_at,
        "offered_to_id": row.offered_to,
        "return_start": row.return_starts_at,
        "return_end": row.return_ends_at,
        "state": row.state,
        "taken_by_id": row.taken_by,
        "expires_at": row.expires_at,
        "note": row.note,
    }


def _policy(row: oncall.EscalationPolicyRow) -> Json:
    return {"id": row.id, "name": row.name, "team_id": row.team_id, "version": row.version, **row.policy}


def _moment(request: Request, name: str, default: datetime) -> datetime:
    given = request.query_params.get(name)
    if not given:
        return default
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = default.replace(tzinfo=None)
    if at.tzinfo is None:
        raise Invalid("time_invalid", f"{name} is an ISO 8601 time with its offset.", field=name)
    return at
