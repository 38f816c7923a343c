"""What is mine in the rota: shifts to come, time off, swaps, handovers, calendar addresses."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.channels import fetching
from helpdesk.domain import agents, oncall, tickets
from helpdesk.domain.oncall.rota import absences
from helpdesk.domain.oncall.rota.coverage import shifts
from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction
from helpdesk.web.oncall import shell

AHEAD = timedelta(days=90)


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
    form = await request.form(max_files=0, max_fields=5, max_part_size=absences.LARGEST)
    try:
        data, now = shell.text_of(form, "calendar").encode(), request.app.state.database.clock.now()
        found = await asyncio.to_thread(absences.read_absences, data, actor.time_zone, now)
        async with request.app.state.database.transaction(actor) as tx:
            await oncall.exceptions.import_time_off(tx, shell.own_id(actor), found)
    except HelpdeskError as failure:
        return await _shifts_page(request, actor, failure=failure)
    return shell.saved("/oncall/shifts")


async def submit_absence_feed(request: Request) -> Response:
    """POST /oncall/absences: the address of one's own calendar, asked now and every hour; or no more."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    settings, address = request.app.state.settings, shell.text_of(form, "address")
    address = address.replace("webcal://", "https://", 1)
    try:
        async with request.app.state.database.transaction(actor) as tx:
            if form.get("do") == "remove":
                await oncall.absence_feeds.forget_feed(tx)
            else:
                fetching.require_fetchable(address, any_port=bool(settings.private_networks))
                await oncall.absence_feeds.keep_feed(
                    tx, Sealer(settings.key).seal_text(address, oncall.absence_feeds.SEALED_FOR)
                )
    except HelpdeskError as failure:
        return await _shifts_page(request, actor, failure=failure)
    return shell.saved("/oncall/shifts#absences")


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
            "absence_feed": await oncall.absence_feeds.feed_of(tx, agent_id),
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
        absence_error=_feed_error(values["absence_feed"], actor),
        **values,
    )


def _feed_error(feed: oncall.AbsenceFeed | None, actor: Actor) -> str:
    if feed is None or not feed.error:
        return ""
    return shell.code_words(feed.error, shell.translator_of(actor)) or feed.error


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
