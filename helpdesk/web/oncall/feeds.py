"""Shifts for calendar applications behind a secret address: UTC, stable ids, cancelled ones as such."""

import hashlib
from datetime import timedelta

import icalendar
from starlette.requests import Request
from starlette.responses import Response

from helpdesk import translation
from helpdesk.actors import SYSTEM
from helpdesk.domain import agents, oncall
from helpdesk.errors import NotFound

_REFRESH = timedelta(minutes=15)


async def show_feed(request: Request) -> Response:
    """GET /oncall/feeds/{token}.ics"""
    name = request.path_params["token"]
    async with request.app.state.database.transaction(SYSTEM) as tx:
        feed = await oncall.calendars.feed_by(tx, name)
        agent = await agents.get(tx, feed.agent_id)
        if agent.disabled_at is not None:
            raise NotFound("feed_not_found")
        names = {one.id: one.name for one in await agents.active(tx)}
        stored = await oncall.schedules.rows(tx)
        if feed.schedule_id is not None:
            stored = [row for row in stored if row.id == feed.schedule_id]
        shown = [(row, one) for row in stored for one in await oncall.calendars.publish(tx, row)]
    t = translation.translator(agent.locale)
    title = (
        stored[0].name if feed.schedule_id is not None and stored else t("On call: {name}", name=agent.name)
    )
    read = _calendar(title)
    for row, one in shown:
        if feed.schedule_id is None and one.agent_id != agent.id:
            continue
        who = "" if feed.schedule_id is None else f"{names.get(one.agent_id, '?')}: "
        read.add_component(_event(one, f"{who}{row.name}"))
    body = read.to_ical()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def _calendar(title: str) -> icalendar.Calendar:
    read = icalendar.Calendar()
    read.add("PRODID", "-//Helpdesk//On-call rota//EN")
    read.add("VERSION", "2.0")
    read.add("METHOD", "PUBLISH")
    read.add("X-WR-CALNAME", title)
    read.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    return read


def _event(one: oncall.PublishedShift, summary: str) -> icalendar.Event:
    event = icalendar.Event()
    event.add("UID", f"{one.id}@helpdesk")
    event.add("DTSTAMP", one.changed_at)
    event.add("LAST-MODIFIED", one.changed_at)
    event.add("SEQUENCE", one.sequence)
    event.add("DTSTART", one.starts_at)
    event.add("DTEND", one.ends_at)
    event.add("SUMMARY", summary)
    event.add("STATUS", "CANCELLED" if one.cancelled_at is not None else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")
    return event
