"""Plans: what companies buy, who has which, and which open tickets a change would move."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.domain import contacts, inboxes, plans, sla, wall_clock
from helpdesk.domain.sla.clocks import PRIORITY_FACTORS
from helpdesk.domain.tickets.queue.ranking import LONGEST_HEAD_START, in_force
from helpdesk.domain.tickets.replanning import Foreseen, Proposal, Scope, would_move
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.parsing import parse_id, parse_number
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell
from helpdesk.web.admin.durations import shown
from helpdesk.web.admin.promised_times import (
    CHANNELS,
    METRICS,
    OTHERS,
    fields_of,
    names_others,
    scaled,
    serves_programs_otherwise,
    values_of,
)

PATH = "/admin/plans"
NEW = "new"
_CHOICES = 500
_LONGEST_HANDLING = 240
_DAY = timedelta(days=1)
_EVERY_CHANNEL = {f"includes.{channel}": "yes" for channel in CHANNELS}
_LAST_YEAR = 2200


async def show_plans(request: Request) -> Response:
    """GET /admin/plans"""
    actor = await shell.require(request, "plans")
    async with request.app.state.database.transaction(actor) as tx:
        found = await plans.all_of(tx)
        counts = await _companies_of(tx)
        calendars = {row.id: row.name for row, _ in await sla.calendars.all_of(tx)}
        own = await inboxes.all_of(tx)
    return shell.render(
        request, "plans", "admin/plans.html", actor, plans=found, counts=counts, calendars=calendars,
        inboxes={plan.id: [one.name for one in own if one.plan_id == plan.id] for plan in found},
        channels=CHANNELS, shown=shown,
    )  # fmt: skip


async def show_plan(request: Request) -> Response:
    """GET /admin/plans/{id}, `new` for another one"""
    actor = await shell.require(request, "plans")
    async with request.app.state.database.transaction(actor) as tx:
        plan = await _plan(request, tx)
        return await _page(request, actor, tx, plan, _fields(plan) if plan else _EVERY_CHANNEL, {}, None)


async def submit_plan(request: Request) -> Response:
    """POST /admin/plans/{id}: `what` is plan, company, founded or remove; what moves tickets is foreseen."""
    actor = await shell.require(request, "plans")
    given = {name: str(value) for name, value in (await request.form()).items()}
    async with request.app.state.database.transaction(actor) as tx:
        plan = await _plan(request, tx)
        what, saves = given.get("what", "plan"), given.get("save") == "yes"
        try:
            if what == "remove" and plan is not None:
                await plans.archive(tx, plan.id)
                return shell.saved(PATH)
            if what == "founded" and plan is not None:
                await _found(tx, plan, given)
                return shell.saved(f"{PATH}/{plan.id}")
            if what == "company" and plan is not None:
                foreseen = await _sell(tx, plan, given, saves=saves)
            else:
                foreseen = await _save(tx, plan, given, saves=saves)
        except (Invalid, Conflict, NotFound) as failure:
            field = failure.field or ("name" if failure.code == "plan_key_taken" else "company")
            fields = given if what == "plan" else _fields(plan) if plan else {}
            errors = {field: failure.code}
            return await _page(request, actor, tx, plan, fields | given, errors, None, 422, what)
        if foreseen is not None:
            fields = given if what == "plan" else (_fields(plan) if plan else {}) | given
            return await _page(request, actor, tx, plan, fields, {}, foreseen, what=what)
    return shell.saved(f"{PATH}/{plan.id}" if what == "company" and plan else PATH)


async def _save(
    tx: Transaction, plan: plans.Plan | None, given: dict[str, str], *, saves: bool
) -> Foreseen | None:
    """What it would move, or None once it is saved."""
    values = _values(given, plan)
    if saves:
        await plans.save(tx, plan.id if plan else None, values)
        return None
    if not values["name"]:
        raise Invalid("name_missing", field="name")
    if plan is None:
        return Foreseen(0, 0, [])
    proposed = plans.Plan(id=plan.id, created_at=plan.created_at, **(values | {"key": plan.key}))
    return await would_move(tx, Scope(plan_id=plan.id), Proposal(sold={plan.id: proposed}))


async def _sell(tx: Transaction, plan: plans.Plan, given: dict[str, str], *, saves: bool) -> Foreseen | None:
    """Gives a company the plan, or takes it away. What it would move, or None once it is done."""
    name = given.get("company", "").strip()
    company = await tx.session.scalar(select(contacts.Company).where(contacts.Company.name == name))
    if company is None:
        raise NotFound("company_not_found")
    if given.get("take") == "yes":
        wanted = contacts.Company(plan_id=None)
    else:
        begins_at, ends_at = await _term(tx, plan, given)
        wanted = contacts.Company(plan_id=plan.id, plan_begins_at=begins_at, plan_ends_at=ends_at)
    if saves:
        await contacts.sell(tx, company.id, wanted.plan_id, wanted.plan_begins_at, wanted.plan_ends_at)
        return None
    in_force = wanted.plan_at(tx.now)
    return await would_move(tx, Scope(company_id=company.id), Proposal(company_plans={company.id: in_force}))


async def _term(
    tx: Transaction, plan: plans.Plan, given: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """From the first moment of one day to the last of another, by the clock of the plan's hours of service.
    Errors: Invalid with the field."""
    zone = (await sla.open_calendar(tx, plan.calendar_id)).zone
    begins, ends = (_day(given, name) for name in ("begins", "ends"))
    begins_at = wall_clock.first_instant(datetime.combine(begins, time()), zone) if begins else None
    ends_at = wall_clock.first_instant(datetime.combine(ends + _DAY, time()), zone) if ends else None
    if ends_at is not None and ends_at <= (begins_at or tx.now):
        raise Invalid("plan_ends_too_soon", field="ends")
    return begins_at, ends_at


def _day(given: dict[str, str], name: str) -> date | None:
    try:
        on = date.fromisoformat(given[name]) if given.get(name) else None
        if on is not None and on.year > _LAST_YEAR:
            raise ValueError
        return on
    except ValueError:
        raise Invalid("date_invalid", field=name) from None


async def _found(tx: Transaction, plan: plans.Plan, given: dict[str, str]) -> None:
    """A company that is not known yet, with the plan: it has no tickets that could move."""
    company = await contacts.found(tx, given.get("company", ""), given.get("domain", ""))
    await contacts.sell(tx, company.id, plan.id)


async def _plan(request: Request, tx: Transaction) -> plans.Plan | None:
    wanted = request.path_params["id"]
    return None if wanted == NEW else await plans.get(tx, parse_id(wanted, "plan"))


async def _page(
    request: Request, actor: Actor, tx: Transaction, plan: plans.Plan | None, given: dict[str, str],
    errors: dict[str, str], foreseen: Foreseen | None, status: int = 200, what: str = "plan",
) -> Response:  # fmt: skip
    having, names = (
        [],
        list(
            await tx.session.scalars(
                select(contacts.Company.name).order_by(contacts.Company.name).limit(_CHOICES)
            )
        ),
    )
    if plan is not None:
        mine = select(contacts.Company).where(contacts.Company.plan_id == plan.id)
        zone = (await sla.open_calendar(tx, plan.calendar_id)).zone
        found = await tx.session.scalars(mine.order_by(contacts.Company.name).limit(_CHOICES))
        having = [_having(one, zone, tx.now) for one in found]
    return shell.render(
        request, "plans", "admin/plan.html", actor, status, plan=plan, given=given, errors=errors,
        foreseen=foreseen, what=what, companies=names, having=having, channels=CHANNELS, metrics=METRICS,
        calendars=[(row.id, row.name) for row, _ in await sla.calendars.all_of(tx)], shown=shown,
        factors=PRIORITY_FACTORS, usual=in_force().handling, scaled=scaled, others=OTHERS,
        names_others=names_others(given), programs_otherwise=serves_programs_otherwise(plan),
    )  # fmt: skip


def _having(
    company: contacts.Company, zone: ZoneInfo, now: datetime
) -> tuple[str, date | None, date | None, bool]:
    """Name, first and last day, and whether the plan is in force."""
    begins, ends = company.plan_begins_at, company.plan_ends_at
    last = (ends.astimezone(zone) - timedelta(microseconds=1)).date() if ends else None
    return (
        company.name,
        begins.astimezone(zone).date() if begins else None,
        last,
        company.plan_at(now) is not None,
    )


def _fields(plan: plans.Plan) -> dict[str, str]:
    handling = {f"handling.{channel}": str(minutes) for channel, minutes in (plan.handling or {}).items()}
    return (
        fields_of(plan)
        | handling
        | {
            "name": plan.name,
            **{name: "yes" for name in _EVERY_CHANNEL if plan.includes(name.rpartition(".")[2])},
            "calendar_id": str(plan.calendar_id),
            "head_start_minutes": str(plan.head_start_minutes),
            "may_page": "yes" if plan.may_page else "",
            "tells_contact": "yes" if plan.tells_contact else "",
        }
    )


def _values(given: dict[str, str], plan: plans.Plan | None) -> dict[str, Any]:
    """What the form means; what it does not show stays. Errors: Invalid with the field."""
    promised = values_of(given, plan)
    handling = {
        one: minutes for one, minutes in (plan.handling if plan else {}).items() if one not in CHANNELS
    }
    for channel in CHANNELS:
        minutes = given.get(f"handling.{channel}", "").strip()
        if minutes:
            handling[channel] = parse_number(minutes, f"handling.{channel}", _LONGEST_HANDLING)
    most = round(LONGEST_HEAD_START.total_seconds() / 60)
    return {
        "name": given.get("name", "").strip()[:100],
        "key": plan.key if plan and plan.key != plans.key_of(plan.name) else "",
        "calendar_id": _calendar(given),
        "head_start_minutes": parse_number(
            given.get("head_start_minutes", "").strip() or "0", "head_start_minutes", most
        ),
        "handling": handling,
        "channels": _channels(given, plan),
        "may_page": given.get("may_page") == "yes",
        "tells_contact": given.get("tells_contact") == "yes",
        **promised,
    }


def _channels(given: dict[str, str], plan: plans.Plan | None) -> list[str]:
    """None where all are. Programs have what mail has, unless the plan says otherwise, which no field shows.
    Errors: Invalid channels_missing."""
    chosen = [channel for channel in CHANNELS if given.get(f"includes.{channel}") == "yes"]
    is_for_programs = "email" in chosen
    if plan is not None and plan.includes("api") != plan.includes("email"):
        is_for_programs = plan.includes("api")
    if not chosen and not is_for_programs:
        raise Invalid("channels_missing", field="channels")
    if is_for_programs:
        chosen.append("api")
    return chosen if len(chosen) <= len(CHANNELS) else []


def _calendar(given: dict[str, str]) -> UUID:
    try:
        return UUID(given.get("calendar_id", ""))
    except ValueError:
        raise Invalid("calendar_missing", field="calendar_id") from None


async def _companies_of(tx: Transaction) -> dict[UUID | None, int]:
    query = select(contacts.Company.plan_id, func.count()).group_by(contacts.Company.plan_id)
    return {row[0]: row[1] for row in await tx.session.execute(query)}
