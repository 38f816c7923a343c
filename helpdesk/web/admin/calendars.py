"""Calendars: when clocks run. The week as a picture, holidays for two years, and what a change would do."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import plans, sla
from helpdesk.domain.sla.business_time import DAYS, Calendar
from helpdesk.domain.sla.public_holidays import public_holidays
from helpdesk.domain.tickets import Status, Ticket
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/calendars"
_MINUTE_WIDTH = 0.25
_ROW = 22
_PREVIEWED = 200


@dataclass(frozen=True)
class Bar:
    """One opening in the picture of a week."""

    x: float
    y: int
    width: float
    label: str


def picture(calendar: Calendar) -> list[Bar]:
    """A row a day, a bar an opening; around the clock is seven whole bars."""
    week = [((0, 1440),)] * 7 if calendar.always else calendar.week
    return [
        Bar(
            opens * _MINUTE_WIDTH,
            day * _ROW,
            (closes - opens) * _MINUTE_WIDTH,
            f"{_clock(opens)}–{_clock(closes)}",
        )
        for day, intervals in enumerate(week)
        for opens, closes in intervals
    ]


def upcoming_holidays(calendar: Calendar, today: date) -> list[tuple[date, str]]:
    """Of this year and the next."""
    return [
        (on, name)
        for on, name in sorted(calendar.holidays.items())
        if today.year <= on.year <= today.year + 1
    ]


async def show_calendars(request: Request) -> Response:
    """GET /admin/calendars"""
    actor = await shell.require(request, "calendars")
    async with request.app.state.database.transaction(actor) as tx:
        rows = list(await tx.session.scalars(select(plans.CalendarRow).order_by(plans.CalendarRow.name)))
        shown = [(row, Calendar.parse(row.hours)) for row in rows]
        today = tx.now.date()
    return shell.render(
        request, "calendars", "admin/calendars.html", actor, calendars=shown, picture=picture,
        holidays={row.id: upcoming_holidays(calendar, today) for row, calendar in shown},
    )  # fmt: skip


async def show_calendar(request: Request) -> Response:
    """GET /admin/calendars/{id}"""
    actor = await shell.require(request, "calendars")
    async with request.app.state.database.transaction(actor) as tx:
        row = await plans.calendar(tx, parse_id(request.path_params["id"], "calendar"))
        return _form(request, actor, row, _shown(row.hours), {}, None)


async def submit_calendar(request: Request) -> Response:
    """POST /admin/calendars/{id}: first a preview of what would change, then saving."""
    actor = await shell.require(request, "calendars")
    given = {name: str(value) for name, value in (await request.form()).items()}
    async with request.app.state.database.transaction(actor) as tx:
        row = await plans.calendar(tx, parse_id(request.path_params["id"], "calendar"))
        try:
            hours = _hours(given, tx.now)
            calendar = Calendar.parse(hours)
        except (Invalid, Conflict) as failure:
            return _form(request, actor, row, given, {failure.field or "week": failure.code}, None, 422)
        if given.get("save") != "yes":
            return _form(request, actor, row, given, {}, (calendar, await _effect(tx, row.id, calendar)))
        row.hours = hours
    return shell.saved(PATH)


def _form(
    request: Request, actor: Any, row: plans.CalendarRow, given: dict[str, str], errors: dict[str, str],
    preview: Any, status: int = 200,
) -> Response:  # fmt: skip
    return shell.render(
        request, "calendars", "admin/calendar.html", actor, status, row=row, given=given, errors=errors,
        preview=preview, picture=picture,
    )  # fmt: skip


def _shown(hours: dict[str, Any]) -> dict[str, str]:
    """The form's fields: a line a day, as 08:00-12:00 13:00-17:00."""
    week = hours.get("week") or {}
    lines = [f"{day} " + " ".join("-".join(span) for span in week.get(day, ())) for day in DAYS]
    return {
        "time_zone": hours.get("time_zone", "UTC"),
        "always": "yes" if hours.get("always") else "",
        "week": "\n".join(line.strip() for line in lines),
        "country": hours.get("country", ""),
        "region": hours.get("region", ""),
    }


def _hours(given: dict[str, str], now: datetime) -> dict[str, Any]:
    """The stored shape. Errors: Invalid with the field."""
    week: dict[str, list[list[str]]] = {}
    for line in given.get("week", "").splitlines():
        day, *spans = line.split()[:9] or [""]
        if day:
            week[day.lower()] = [span.split("-", 1) for span in spans]
    hours: dict[str, Any] = {
        "time_zone": given.get("time_zone", "").strip(),
        "always": given.get("always") == "yes",
        "week": {day: spans for day, spans in week.items() if spans},
        "country": given.get("country", "").strip().upper(),
        "region": given.get("region", "").strip().upper(),
    }
    if hours["country"]:
        hours["holidays"] = public_holidays(hours["country"], hours["region"], now.year - 1)
    return hours


async def _effect(
    tx: Transaction, calendar_id: UUID, calendar: Calendar
) -> list[tuple[Ticket, datetime, datetime]]:
    """Open tickets whose next promise would fall due at another time from here on."""
    query = (
        select(Ticket, sla.SlaClock)
        .join(sla.SlaClock, (sla.SlaClock.ticket_id == Ticket.id) & (sla.SlaClock.due_at == Ticket.due_at))
        .where(Ticket.status == Status.OPEN.value, sla.SlaClock.calendar_id == calendar_id)
        .order_by(Ticket.rank_at)
        .limit(_PREVIEWED)
    )
    changed = []
    for ticket, clock in (await tx.session.execute(query)).all():
        if clock.running_since is None or clock.due_at is None:
            continue  # it stands still
        after = calendar.add(clock.running_since, max(0.0, clock.target_seconds - clock.consumed_seconds))
        if after != clock.due_at:
            changed.append((ticket, clock.due_at, after))
    return changed


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
