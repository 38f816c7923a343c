"""Calendars and plans: when clocks run, what companies buy, and what changing them would move."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Role
from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.api.sla_policies import ChannelName, PriorityTargets, Targets
from helpdesk.channels import fetching
from helpdesk.domain import permissions, plans, sla
from helpdesk.domain.sla import CalendarHours, calendars
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.tickets.replanning import Foreseen, Proposal, Scope, would_move
from helpdesk.parsing import parse_id, parse_json
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, Field(pattern=r"^\d{1,2}:\d{2}$")]


class NewCalendar(BaseModel):
    """`week` has the openings of each day; an end before its start is on the next day. Days off come from
    `country` and `region`, the iCalendar address `feed_url`, and `days_off` by date."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    time_zone: Annotated[str, Field(max_length=60)]
    always: bool = False
    week: dict[Day, Annotated[list[tuple[Clock, Clock]], Field(max_length=12)]] = {}
    country: Annotated[str, Field(max_length=2)] = ""
    region: Annotated[str, Field(max_length=10)] = ""
    days_off: Annotated[dict[str, Annotated[str, Field(max_length=200)]], Field(max_length=1000)] = {}
    feed_url: Annotated[str, Field(max_length=1000)] = ""


class NewPlan(BaseModel):
    """`targets` are seconds by channel and metric at P3. Other priorities have them scaled, or a time of
    their own in `priority_targets`, by `P1`, `P2`, `P4` and `P5`. `handling` are the minutes an answer takes
    by channel. `channels` are those it is for, none: every one."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    key: Annotated[str, Field(pattern="^[a-z0-9-]{0,50}$")] = ""
    calendar_id: UUID
    head_start_minutes: Annotated[int, Field(ge=0, le=240)] = 0
    handling: dict[ChannelName, Annotated[int, Field(ge=0, le=240)]] = {}
    may_page: bool = False
    tells_contact: bool = False
    targets: Targets = {}
    priority_targets: PriorityTargets = {}
    channels: Annotated[list[ChannelName], Field(max_length=4)] = []


async def list_calendars(request: Request) -> Response:
    """Every calendar, by name."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        return answer({"items": [_calendar(*one) for one in await calendars.all_of(tx)], "next": None})


async def create_calendar(tx: Transaction, request: Request, wanted: NewCalendar) -> Any:
    """A further calendar. Its address is asked right after."""
    permissions.require_role(tx.actor, Role.ADMIN)
    row = await calendars.save_calendar(tx, None, wanted.name, _said(wanted, {}))
    return _calendar(row, await calendars.feed_of(tx, row.id))


async def change_calendar(request: Request) -> Response:
    """Replace a calendar. Open clocks are replayed by its new hours."""
    wanted = parse_json(await request.body(), NewCalendar)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        row = await plans.calendar(tx, _id(request, "calendar"))
        known = calendars.said_of(row).feed_days if wanted.feed_url else {}
        row = await calendars.save_calendar(tx, row.id, wanted.name, _said(wanted, known))
        return answer(_calendar(row, await calendars.feed_of(tx, row.id)))


async def preview_calendar(request: Request) -> Response:
    """Which open tickets would be due at another time if this calendar were so; nothing is written."""
    wanted = parse_json(await request.body(), NewCalendar)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        row = await plans.calendar(tx, _id(request, "calendar"))
        hours = Calendar.parse(calendars.stored(_said(wanted, calendars.said_of(row).feed_days), tx.now))
        proposal = Proposal(calendars={row.id: hours})
        return answer(_foreseen(await would_move(tx, Scope(calendar_id=row.id), proposal)))


async def delete_calendar(request: Request) -> Response:
    """Remove a calendar; 409 while anything counts by it."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        await calendars.delete_calendar(tx, _id(request, "calendar"))
    return answer(None)


async def list_plans(request: Request) -> Response:
    """What companies can buy: targets in seconds by channel and metric, at priority 3."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        return answer({"items": [_plan(one) for one in await plans.all_of(tx)], "next": None})


async def create_plan(tx: Transaction, request: Request, wanted: NewPlan) -> Any:
    """A further plan."""
    permissions.require_role(tx.actor, Role.ADMIN)
    return _plan(await plans.save(tx, None, wanted.model_dump()))


async def change_plan(request: Request) -> Response:
    """Replace a plan. The open tickets that have it are measured by it at once."""
    wanted = parse_json(await request.body(), NewPlan)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        plan = await plans.get(tx, _id(request, "plan"))
        return answer(_plan(await plans.save(tx, plan.id, wanted.model_dump() | _key(wanted, plan))))


async def preview_plan(request: Request) -> Response:
    """Which open tickets would be due at another time if this plan were so; nothing is written."""
    wanted = parse_json(await request.body(), NewPlan)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        plan = await plans.get(tx, _id(request, "plan"))
        values = wanted.model_dump() | _key(wanted, plan)
        proposed = plans.Plan(id=plan.id, created_at=plan.created_at, **values)
        foreseen = await would_move(tx, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))
        return answer(_foreseen(foreseen))


async def archive_plan(request: Request) -> Response:
    """Sell a plan no more; companies and tickets that have it keep it."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_role(tx.actor, Role.ADMIN)
        await plans.archive(tx, _id(request, "plan"))
    return answer(None)


def _key(wanted: NewPlan, plan: plans.Plan) -> Json:
    return {"key": wanted.key or plan.key}


def _said(wanted: NewCalendar, known: dict[str, str]) -> CalendarHours:
    if wanted.feed_url:
        fetching.require_fetchable(wanted.feed_url)
    week = {str(day): [list(span) for span in spans] for day, spans in wanted.week.items()}
    return CalendarHours(
        time_zone=wanted.time_zone,
        always=wanted.always,
        week=week,
        country=wanted.country.upper(),
        region=wanted.region.upper(),
        days_off=wanted.days_off,
        feed_url=wanted.feed_url,
        feed_days=known,
    )


def _calendar(row: plans.CalendarRow, feed: sla.HolidayFeed | None) -> Json:
    said = calendars.said_of(row, feed)
    return {
        "id": row.id,
        "name": row.name,
        "time_zone": said.time_zone,
        "always": said.always,
        "week": said.week,
        "country": said.country,
        "region": said.region,
        "days_off": said.days_off,
        "feed_url": said.feed_url,
        "feed_error": feed.error if feed else "",
        "fetched_at": feed.fetched_at if feed else None,
        "holidays": Calendar.parse(row.hours).to_dict()["holidays"],
    }


def _plan(plan: plans.Plan) -> Json:
    return {
        "id": plan.id,
        "key": plan.key,
        "name": plan.name,
        "calendar_id": plan.calendar_id,
        "head_start_minutes": plan.head_start_minutes,
        "handling": plan.handling or {},
        "may_page": plan.may_page,
        "tells_contact": bool(plan.tells_contact),
        "channels": plan.channels or [],
        "targets": plan.targets,
        "priority_targets": plan.priority_targets or {},
    }


def _foreseen(found: Foreseen) -> Json:
    moves = [
        {
            "id": one.id,
            "number": one.number,
            "subject": one.subject,
            "due_before": one.before,
            "due_at": one.after,
            "late": one.late,
        }
        for one in found.moves
    ]
    counts = {"touched": found.touched, "looked_at": found.looked_at, "reranked": len(found.reranked)}
    return counts | {"items": moves, "next": None}


def _id(request: Request, what: str) -> UUID:
    return parse_id(request.path_params["id"], what)
