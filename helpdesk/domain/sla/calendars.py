"""Making, changing and removing calendars, and the days they are closed: computed, from a feed, by hand.

Whoever calls has asked for permission. What a change means for open tickets is replayed by a job.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from helpdesk.domain import agents, plans
from helpdesk.domain.oncall.rota.model import ScheduleRow
from helpdesk.domain.sla.business_time import Calendar
from helpdesk.domain.sla.model import CalendarRevision, HolidayFeed, SlaPolicy
from helpdesk.domain.sla.public_holidays import YEARS_AHEAD, public_holidays
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LONGEST_NAME = 100


@dataclass(frozen=True)
class CalendarHours:
    """What somebody says of a calendar. `days_off` are days and their names, written by hand; `feed_url` is
    an iCalendar address, empty for none; `feed_days` those it told last, or that were uploaded."""

    time_zone: str
    always: bool = False
    week: dict[str, list[list[str]]] = field(default_factory=dict)
    country: str = ""
    region: str = ""
    days_off: dict[str, str] = field(default_factory=dict)
    feed_url: str = ""
    feed_days: dict[str, str] = field(default_factory=dict)


def stored(said: CalendarHours, now: datetime) -> Json:
    """The shape a calendar row keeps, its holidays worked out for the years ahead. Errors: Invalid, each
    with its field."""
    computed = public_holidays(said.country, said.region, now.year - 1) if said.country else {}
    hours: Json = {
        "time_zone": said.time_zone,
        "always": said.always,
        "week": {day: spans for day, spans in said.week.items() if spans},
        "country": said.country,
        "region": said.region,
        "days_off": _days(said.days_off, "days_off"),
        "feed_days": _days(said.feed_days, "feed_url"),
    }
    hours["holidays"] = dict(sorted({**computed, **hours["feed_days"], **hours["days_off"]}.items()))
    Calendar.parse(hours)
    return hours


def said_of(row: plans.CalendarRow, feed: HolidayFeed | None = None) -> CalendarHours:
    """What was said when it was saved."""
    hours = row.hours
    known: dict[str, str] = hours.get("feed_days") or {}
    by_hand = hours.get("days_off")
    if by_hand is None:  # a row whose holidays came without saying where from
        by_hand = {} if hours.get("country") else dict(_named(hours.get("holidays") or {}))
    return CalendarHours(
        time_zone=str(hours.get("time_zone") or "UTC"),
        always=bool(hours.get("always")),
        week=hours.get("week") or {},
        country=hours.get("country", ""),
        region=hours.get("region", ""),
        days_off=by_hand,
        feed_url=feed.url if feed else "",
        feed_days=known,
    )


async def save_calendar(
    tx: Transaction, calendar_id: UUID | None, name: str, said: CalendarHours
) -> plans.CalendarRow:
    """A new one, or other hours in the place of the old. Errors: NotFound, Invalid, Conflict
    calendar_name_taken."""
    name = name.strip()[:LONGEST_NAME]
    if not name:
        raise Invalid("name_missing", field="name")
    await _require_free_name(tx, name, calendar_id)
    hours = stored(said, tx.now)
    if calendar_id is None:
        row = plans.CalendarRow(id=tx.new_id(), name=name, hours=hours, created_at=tx.now)
        tx.session.add(row)
        await tx.flush()
    else:
        row = await plans.calendar(tx, calendar_id)
        row.name = name
        await put_hours(tx, row, hours)
    await _keep_feed(tx, row.id, said)
    return row


async def put_hours(tx: Transaction, row: plans.CalendarRow, hours: Json) -> bool:
    """Whether other hours count from now on; then the open clocks are replayed."""
    before, after = Calendar.parse(row.hours), Calendar.parse(hours)
    if before != after:
        tx.session.add(
            CalendarRevision(id=tx.new_id(), calendar_id=row.id, hours=row.hours, until=tx.now),
        )
        tx.held.pop(row.id, None)
        tx.enqueue("replay_clocks", calendar_id=str(row.id))
    row.hours = hours
    await tx.flush()
    return before != after


async def delete_calendar(tx: Transaction, calendar_id: UUID) -> None:
    """Errors: NotFound, Conflict calendar_in_use where anything counts by it."""
    row = await plans.calendar(tx, calendar_id)
    for used_by in await uses(tx, calendar_id):
        raise Conflict("calendar_in_use", f"{used_by} counts by this calendar.")
    if await _has_clocks(tx, calendar_id):
        raise Conflict("calendar_in_use", "Tickets were promised something by this calendar.")
    await tx.session.delete(row)
    tx.known.pop((plans.CalendarRow, calendar_id), None)
    await tx.flush()


async def uses(tx: Transaction, calendar_id: UUID) -> list[str]:
    """The names of the plans, teams, policies and schedules that count by a calendar."""
    found: list[str] = []
    for kind in (plans.Plan, agents.Team, SlaPolicy):
        table: Any = kind
        named = select(table.name).where(table.calendar_id == calendar_id)
        if kind is not SlaPolicy:
            named = named.where(table.archived_at.is_(None))
        found += list(await tx.session.scalars(named.order_by(table.name)))
    on_call = select(ScheduleRow.name).where(ScheduleRow.rota["calendar_id"].astext == str(calendar_id))
    return [*found, *await tx.session.scalars(on_call.order_by(ScheduleRow.name))]


async def all_of(tx: Transaction) -> list[tuple[plans.CalendarRow, HolidayFeed | None]]:
    query = select(plans.CalendarRow, HolidayFeed).outerjoin(
        HolidayFeed, HolidayFeed.calendar_id == plans.CalendarRow.id
    )
    found = await tx.session.execute(query.order_by(plans.CalendarRow.name))
    return [(row, feed) for row, feed in found.all()]


async def feed_of(tx: Transaction, calendar_id: UUID) -> HolidayFeed | None:
    return await tx.session.get(HolidayFeed, calendar_id, populate_existing=True)


async def feeds_due(tx: Transaction, before: datetime) -> list[UUID]:
    """Calendars whose address was last asked before then."""
    query = select(HolidayFeed.calendar_id).where(
        func.coalesce(HolidayFeed.tried_at, datetime.min.replace(tzinfo=before.tzinfo)) < before
    )
    return list(await tx.session.scalars(query.order_by(HolidayFeed.calendar_id)))


async def feed_failed(tx: Transaction, calendar_id: UUID, url: str, error: str) -> None:
    """The last good days stay."""
    feed = await feed_of(tx, calendar_id)
    if feed is not None and feed.url == url:
        feed.tried_at, feed.error = tx.now, error[:300]


async def feed_told(tx: Transaction, calendar_id: UUID, url: str, days: dict[str, str]) -> None:
    """A good answer; ignored where the address was changed meanwhile."""
    feed = await feed_of(tx, calendar_id)
    if feed is None or feed.url != url:
        return
    feed.tried_at = feed.fetched_at = tx.now
    feed.error, feed.dates = "", days
    await refresh(tx, calendar_id, days)


async def refresh(tx: Transaction, calendar_id: UUID, feed_days: dict[str, str] | None = None) -> bool:
    """Work the holidays out anew, for as many years ahead as ever. Whether anything changed."""
    row = await plans.calendar(tx, calendar_id)
    said = said_of(row)
    known = said.feed_days if feed_days is None else feed_days
    fresh = CalendarHours(
        said.time_zone, said.always, said.week, said.country, said.region, said.days_off, "", known
    )
    return await put_hours(tx, row, stored(fresh, tx.now))


async def outdated(tx: Transaction) -> list[UUID]:
    """Calendars of a country whose computed holidays end sooner than they should."""
    last_year = tx.now.year - 2 + YEARS_AHEAD
    rows = await tx.session.scalars(select(plans.CalendarRow))
    return [
        row.id
        for row in rows
        if row.hours.get("country") and max(row.hours.get("holidays") or [""]) < f"{last_year}"
    ]


async def _keep_feed(tx: Transaction, calendar_id: UUID, said: CalendarHours) -> None:
    feed = await feed_of(tx, calendar_id)
    if not said.feed_url:
        if feed is not None:
            await tx.session.delete(feed)
        return
    if feed is None:
        tx.session.add(HolidayFeed(calendar_id=calendar_id, url=said.feed_url, dates=said.feed_days))
    elif feed.url != said.feed_url:
        feed.url, feed.tried_at, feed.fetched_at, feed.error = said.feed_url, None, None, ""
    else:
        return
    tx.enqueue("fetch_holidays", calendar_id=str(calendar_id))


async def _require_free_name(tx: Transaction, name: str, own: UUID | None) -> None:
    same = select(plans.CalendarRow.id).where(func.lower(plans.CalendarRow.name) == name.lower())
    if (await tx.session.scalar(same)) not in (None, own):
        raise Conflict("calendar_name_taken", "Another calendar has this name.")


async def _has_clocks(tx: Transaction, calendar_id: UUID) -> bool:
    connection = await tx.driver()
    found = await connection.fetchval("SELECT 1 FROM sla_clocks WHERE calendar_id = $1 LIMIT 1", calendar_id)
    return found is not None


def _named(days: Any) -> dict[str, str]:
    return dict(days) if isinstance(days, dict) else dict.fromkeys(days, "")


def _days(days: dict[str, str], where: str) -> dict[str, str]:
    try:
        return {date.fromisoformat(on).isoformat(): name.strip()[:200] for on, name in days.items()}
    except ValueError:
        raise Invalid("holiday_invalid", "A date is written as 2026-12-31.", field=where) from None
