"""Calendars: when clocks run. The week as a picture, holidays for two years, and what a change would do."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import holidays
import orjson
from babel import Locale
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.channels import fetching
from helpdesk.domain import plans, tickets
from helpdesk.domain.sla import CalendarHours, HolidayFeed, calendars
from helpdesk.domain.sla.business_time import DAYS, Calendar
from helpdesk.domain.sla.holiday_feeds import LARGEST, days_off
from helpdesk.domain.tickets.replanning import Foreseen, Proposal, Scope
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse_id, time_zones
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import shell

PATH = "/admin/calendars"
NEW = "new"
_MINUTE_WIDTH = 0.25
_ROW = 22


@dataclass(frozen=True)
class Bar:
    """One opening in the picture of a week."""

    x: float
    y: int
    width: float
    label: str


@dataclass(frozen=True)
class Shown:
    """A calendar as the list tells of it."""

    row: plans.CalendarRow
    calendar: Calendar
    feed: HolidayFeed | None
    uses: list[str]
    years: list[tuple[int, list[tuple[date, str]]]]


@dataclass(frozen=True)
class Preview:
    calendar: Calendar
    years: list[tuple[int, list[tuple[date, str]]]]
    foreseen: Foreseen | None


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


def holiday_years(calendar: Calendar, today: date) -> list[tuple[int, list[tuple[date, str]]]]:
    """Of this year and the next."""
    found = sorted(calendar.holidays.items())
    return [(year, [one for one in found if one[0].year == year]) for year in (today.year, today.year + 1)]


async def show_calendars(request: Request) -> Response:
    """GET /admin/calendars"""
    actor = await shell.require(request, "calendars")
    async with request.app.state.database.transaction(actor) as tx:
        today, found = tx.now.date(), []
        for row, feed in await calendars.all_of(tx):
            calendar = Calendar.parse(row.hours)
            uses, years = await calendars.uses(tx, row.id), holiday_years(calendar, today)
            found.append(Shown(row, calendar, feed, uses, years))
        now = tx.now
    return shell.render(
        request, "calendars", "admin/calendars.html", actor, calendars=found, picture=picture, now=now
    )


async def show_calendar(request: Request) -> Response:
    """GET /admin/calendars/{id}, `new` for another one"""
    actor = await shell.require(request, "calendars")
    async with request.app.state.database.transaction(actor) as tx:
        row, said = await _row(request, tx)
        return _form(request, actor, row, _fields(row.name if row else "", said), {}, None)


async def submit_calendar(request: Request) -> Response:
    """POST /admin/calendars/{id}: first a preview of what would change, then saving; or removing."""
    actor = await shell.require(request, "calendars")
    given = {name: str(value) for name, value in (await request.form(max_part_size=LARGEST + 1)).items()}
    async with request.app.state.database.transaction(actor) as tx:
        row, before = await _row(request, tx)
        try:
            if given.get("remove") and row is not None:
                await calendars.delete_calendar(tx, row.id)
                return shell.saved(PATH)
            said = _said(given, before, tx.now.year)
            if not given.get("name", "").strip():
                raise Invalid("name_missing", field="name")
            calendar = Calendar.parse(calendars.stored(said, tx.now))
            given["feed_days"] = orjson.dumps(said.feed_days).decode()
            if given.get("save") == "yes":
                await calendars.save_calendar(tx, row.id if row else None, given["name"], said)
                return shell.saved(PATH)
        except (Invalid, Conflict) as failure:
            field = failure.field or ("name" if failure.code == "calendar_name_taken" else "all")
            return _form(request, actor, row, given, {field: failure.detail or failure.code}, None, 422)
        foreseen = None
        if row is not None:
            proposal = Proposal(calendars={row.id: calendar})
            foreseen = await tickets.replanning.would_move(tx, Scope(calendar_id=row.id), proposal)
        preview = Preview(calendar, holiday_years(calendar, tx.now.date()), foreseen)
        return _form(request, actor, row, given, {}, preview)


async def _row(request: Request, tx: Transaction) -> tuple[plans.CalendarRow | None, CalendarHours]:
    """The calendar that is asked about and what was said of it; a new one starts with office hours."""
    wanted = request.path_params["id"]
    if wanted == NEW:
        week = {day: [["08:00", "17:00"]] for day in DAYS[:5]}
        return None, CalendarHours(tx.actor.time_zone or "UTC", week=week)
    calendar_id: UUID = parse_id(wanted, "calendar")
    row = await plans.calendar(tx, calendar_id)
    return row, calendars.said_of(row, await calendars.feed_of(tx, calendar_id))


def _form(
    request: Request, actor: Actor, row: plans.CalendarRow | None, given: dict[str, str],
    errors: dict[str, str], preview: Preview | None, status: int = 200,
) -> Response:  # fmt: skip
    territories = Locale.parse(actor.locale).territories
    known = holidays.list_supported_countries()
    country = given.get("country", "")
    return shell.render(
        request, "calendars", "admin/calendar.html", actor, status, row=row, given=given, errors=errors,
        preview=preview, picture=picture, zones=sorted(time_zones()), days=DAYS,
        countries=sorted(((code, territories.get(code, code)) for code in known), key=lambda one: one[1]),
        regions=known.get(country, []), fed=len(orjson.loads(given.get("feed_days") or "{}")),
    )  # fmt: skip


def _fields(name: str, said: CalendarHours) -> dict[str, str]:
    """The form's fields: a line a day, as 08:00–12:00, 13:00–17:00."""
    spans = {day: ", ".join("–".join(span) for span in said.week.get(day, ())) for day in DAYS}
    return {f"week.{day}": spans[day] for day in DAYS} | {
        "name": name,
        "time_zone": said.time_zone,
        "always": "yes" if said.always else "",
        "country": said.country,
        "region": said.region,
        "days_off": "\n".join(f"{on} {named}".strip() for on, named in sorted(said.days_off.items())),
        "feed_url": said.feed_url,
        "feed_days": orjson.dumps(said.feed_days).decode(),
    }


def _said(given: dict[str, str], before: CalendarHours, year: int) -> CalendarHours:
    """What the form means. Errors: Invalid with the field."""
    week = {day: [_span(text, day) for text in _listed(given.get(f"week.{day}", ""))] for day in DAYS}
    lines = [line.strip().partition(" ") for line in given.get("days_off", "").splitlines() if line.strip()]
    url = given.get("feed_url", "").strip()
    if url:
        try:
            fetching.require_fetchable(url)
        except Invalid as failure:
            raise Invalid("address_refused", field="feed_url") from failure
    said = CalendarHours(
        time_zone=given.get("time_zone", "").strip(),
        always=given.get("always") == "yes",
        week=week,
        country=given.get("country", "").strip().upper(),
        region=given.get("region", "").strip().upper(),
        days_off={on: name.strip() for on, _, name in lines},
        feed_url=url,
        feed_days=_known_days(given, before),
    )
    if contents := given.pop("feed_text", "").strip():
        return replace(said, feed_url="", feed_days=days_off(contents.encode(), year - 1))
    return said


def _known_days(given: dict[str, str], before: CalendarHours) -> dict[str, str]:
    """Days of an uploaded file or of the address so far; gone with the address, or on demand."""
    if given.get("forget_days") == "yes":
        return {}
    try:
        told = orjson.loads(given.get("feed_days") or "{}")
    except orjson.JSONDecodeError:
        return before.feed_days
    return {str(on): str(name) for on, name in told.items()} if isinstance(told, dict) else {}


def _listed(text: str) -> list[str]:
    return [part for part in text.replace(";", ",").split(",") if part.strip()]


def _span(text: str, day: str) -> list[str]:
    """Errors: Invalid with the day it stands at."""
    opens, dash, closes = text.strip().replace("–", "-").replace(".", ":").partition("-")
    if not dash:
        raise Invalid("calendar_interval_invalid", field=f"week.{day}")
    return [_padded(opens), _padded(closes)]


def _padded(clock: str) -> str:
    """`8` is 08:00."""
    hours, colon, minutes = clock.strip().partition(":")
    return f"{hours.zfill(2)}:{minutes if colon else '00'}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
