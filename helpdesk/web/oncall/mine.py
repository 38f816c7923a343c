"""What is mine in the rota: shifts to come, time off, swaps, handovers, calendar addresses."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import icalendar
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.domain import agents, oncall, tickets, wall_clock
from helpdesk.domain.oncall.rota.coverage import shifts
from helpdesk.domain.oncall.rota.overrides import Duty
from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.oncall import shell

AHEAD = timedelta(days=90)
LARGEST_CALENDAR = 512_000
MOST_ABSENCES = 200


async def show_shifts(request: Request) -> Response:
    """GET /oncall/shifts"""
    return await _shifts_page(request, await shell.require(request))


async def submit_time_off(request: Request) -> Response:
    """POST /oncall/time-off"""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=10)
    try:
        async with request.app.state.database.transaction(actor) as tx:
            await oncall.exceptions.add_time_off(
                tx,
                shell.id_of(form, "agent") or shell.own_id(actor),
                shell.moment(form, "start", actor.time_zone),
                shell.moment(form, "end", actor.time_zone),
                shell.text_of(form, "reason"),
            )
    except HelpdeskError as failure:
        return await _shifts_page(request, actor, failure=failure)
    return shell.saved("/oncall/shifts")


async def import_time_off(request: Request) -> Response:
    """POST /oncall/time-off/import: the iCalendar text of one's own absences; safe to send again."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5, max_part_size=LARGEST_CALENDAR)
    try:
        absences = read_absences(shell.text_of(form, "calendar").encode(), actor.time_zone)
        async with request.app.state.database.transaction(actor) as tx:
            await oncall.exceptions.import_time_off(tx, shell.own_id(actor), absences)
    except HelpdeskError as failure:
        return await _shifts_page(request, actor, failure=failure)
    return shell.saved("/oncall/shifts")


async def remove_time_off(request: Request) -> Response:
    """POST /oncall/time-off/{id}/remove"""
    actor = await shell.require(request)
    async with request.app.state.database.transaction(actor) as tx:
        await oncall.exceptions.remove_time_off(tx, parse_id(request.path_params["id"], "time_off"))
    return shell.saved("/oncall/shifts")


async def submit_feed(request: Request) -> Response:
    """POST /oncall/feeds: a new secret calendar address, shown this once."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    async with request.app.state.database.transaction(actor) as tx:
        _, token = await oncall.calendars.new_feed(tx, shell.id_of(form, "schedule"))
    address = f"{request.app.state.settings.address}/oncall/feeds/{token}.ics"
    return await _shifts_page(request, actor, new_feed=address)


async def revoke_feed(request: Request) -> Response:
    """POST /oncall/feeds/{id}/revoke"""
    actor = await shell.require(request)
    async with request.app.state.database.transaction(actor) as tx:
        await oncall.calendars.revoke_feed(tx, parse_id(request.path_params["id"], "feed"))
    return shell.saved("/oncall/shifts")


async def show_swaps(request: Request) -> Response:
    """GET /oncall/swaps"""
    return await _swaps_page(request, await shell.require(request))


async def submit_swap(request: Request) -> Response:
    """POST /oncall/swaps: ask somebody, or everybody, to take one of my shifts."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=10)
    try:
        async with request.app.state.database.transaction(actor) as tx:
            schedule_id, start, end = _span(shell.text_of(form, "shift"))
            wanted = shell.text_of(form, "in_return")
            in_return = _span(wanted)[1:] if wanted else None
            await oncall.swaps.request(
                tx,
                schedule_id,
                start,
                end,
                offered_to=shell.id_of(form, "offered_to"),
                in_return=in_return,
                note=shell.text_of(form, "note"),
            )
    except HelpdeskError as failure:
        return await _swaps_page(request, actor, failure=failure)
    return shell.saved("/oncall/swaps")


async def decide_swap(request: Request) -> Response:
    """POST /oncall/swaps/{id}: `do` is take, decline or withdraw."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    acts = {"take": oncall.swaps.take, "decline": oncall.swaps.decline, "withdraw": oncall.swaps.withdraw}
    act = acts.get(shell.text_of(form, "do"))
    try:
        if act is None:
            raise Invalid("decision_unknown")
        async with request.app.state.database.transaction(actor) as tx:
            await act(tx, parse_id(request.path_params["id"], "swap"))
    except HelpdeskError as failure:
        return await _swaps_page(request, actor, failure=failure)
    return shell.saved("/oncall/swaps")


async def show_handover(request: Request) -> Response:
    """GET /oncall/handovers/{id}"""
    return await _handover_page(request, await shell.require(request))


async def submit_handover(request: Request) -> Response:
    """POST /oncall/handovers/{id}: write the note, or accept it."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    handover_id = parse_id(request.path_params["id"], "handover")
    try:
        async with request.app.state.database.transaction(actor) as tx:
            if form.get("do") == "accept":
                await oncall.handovers.accept(tx, handover_id)
            else:
                await oncall.handovers.write_note(tx, handover_id, shell.text_of(form, "note"))
    except HelpdeskError as failure:
        return await _handover_page(request, actor, failure=failure)
    return shell.saved(request.url.path)


def read_absences(data: bytes, zone: str) -> list[tuple[str, Duty, str]]:
    """(uid, span, summary) of the events in an iCalendar file. Whole days are days of the reader's zone."""
    try:
        read = icalendar.Calendar.from_ical(data)
    except ValueError:
        raise Invalid("calendar_unreadable", "That is no iCalendar file.", field="calendar") from None
    found = []
    for event in read.walk("VEVENT"):
        start, end = event.get("DTSTART"), event.get("DTEND")
        if start is None or event.get("STATUS") == "CANCELLED":
            continue
        opens = _instant(start.dt, zone)
        closes = _instant(end.dt, zone) if end is not None else opens + timedelta(days=1)
        if opens < closes and event.get("UID"):
            found.append((str(event["UID"])[:200], Duty("", opens, closes), str(event.get("SUMMARY", ""))))
    return found[:MOST_ABSENCES]


async def own_shifts(tx: Transaction, agent_id: UUID, until: datetime) -> list[dict[str, Any]]:
    """What is to come for one person on every schedule, in order of time."""
    stored = await oncall.schedules.rows(tx)
    loaded = await oncall.schedules.load_all(tx, stored)
    found = [
        {
            "schedule": row,
            "start": shift.start,
            "end": shift.end,
            "value": f"{row.id} {shift.start.isoformat()} {shift.end.isoformat()}",
        }
        for row in stored
        for shift in shifts(loaded[row.id], tx.now, until)
        if shift.person == str(agent_id)
    ]
    return sorted(found, key=lambda one: one["start"])


async def _shifts_page(
    request: Request, actor: Actor, *, failure: HelpdeskError | None = None, new_feed: str = ""
) -> Response:
    agent_id = shell.own_id(actor)
    async with request.app.state.database.transaction(actor) as tx:
        values = {
            "shifts": await own_shifts(tx, agent_id, tx.now + AHEAD),
            "time_off": await oncall.exceptions.time_off_of(tx),
            "handovers": await oncall.handovers.handovers(tx, agent_id=agent_id, limit=8),
            "feeds": await oncall.calendars.feeds_of(tx, agent_id),
            "schedules": await oncall.schedules.rows(tx),
            "names": await shell.names(tx),
            "now": tx.now,
        }
    return shell.render(
        request,
        "shifts",
        "shifts.html",
        actor,
        status=422 if failure else 200,
        failure=shell.words(failure, actor) if failure else "",
        new_feed=new_feed,
        **values,
    )


async def _swaps_page(request: Request, actor: Actor, *, failure: HelpdeskError | None = None) -> Response:
    agent_id = shell.own_id(actor)
    async with request.app.state.database.transaction(actor) as tx:
        names = await shell.names(tx)
        others = {
            UUID(person): await own_shifts(tx, UUID(person), tx.now + AHEAD)
            for person in names
            if person != str(agent_id)
        }
        values = {
            "mine": await own_shifts(tx, agent_id, tx.now + AHEAD),
            "others": {str(person): found for person, found in others.items() if found},
            "swaps": await oncall.swaps.swaps(tx),
            "schedules": {row.id: row for row in await oncall.schedules.rows(tx)},
            "names": names,
        }
    return shell.render(
        request,
        "swaps",
        "swaps.html",
        actor,
        status=422 if failure else 200,
        failure=shell.words(failure, actor) if failure else "",
        **values,
    )


async def _handover_page(request: Request, actor: Actor, *, failure: HelpdeskError | None = None) -> Response:
    handover_id = parse_id(request.path_params["id"], "handover")
    async with request.app.state.database.transaction(actor) as tx:
        handover = await oncall.handovers.get(tx, handover_id)
        people = {
            str(one): (await agents.get(tx, one)).name for one in (*handover.leaving, *handover.arriving)
        }
        values = {
            "handover": handover,
            "names": people,
            "schedule": await oncall.schedules.row(tx, handover.schedule_id),
            "open_alerts": await oncall.alerts(tx, oncall.AlertStatus.OPEN, 20),
            "urgent": await tickets.urgent(tx),
        }
    return shell.render(
        request,
        "shifts",
        "handover.html",
        actor,
        status=422 if failure else 200,
        failure=shell.words(failure, actor) if failure else "",
        **values,
    )


def _span(text: str) -> tuple[UUID, datetime, datetime]:
    try:
        schedule, start, end = text.split(" ")
        return UUID(schedule), datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        raise Invalid("shift_missing", field="shift") from None


def _instant(value: date | datetime, zone: str) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    wall = value if isinstance(value, datetime) else datetime.combine(value, time())
    return wall_clock.first_instant(wall, wall_clock.zone(zone))
