"""A schedule as a calendar, month or week; overrides are made here, seen before they are saved."""

import contextlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import Actor
from helpdesk.domain import oncall, wall_clock
from helpdesk.domain.oncall.rota.coverage import Finding, Problem
from helpdesk.domain.oncall.rota.exceptions import Foresight, OverrideDraft
from helpdesk.domain.oncall.rota.overrides import Change
from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.oncall import picture, shell

_WEEK, _MONTH = 7, 28


@dataclass(frozen=True)
class Wanted:
    """What the reader looks at: whole weeks from a Monday on."""

    view: str
    first: date
    count: int

    @property
    def earlier(self) -> date:
        return self.first - timedelta(days=self.count)

    @property
    def later(self) -> date:
        return self.first + timedelta(days=self.count)


async def show_first(request: Request) -> Response:
    """GET /oncall: the first schedule, or the way to make one."""
    actor = await shell.require(request)
    async with request.app.state.database.transaction(actor) as tx:
        known = await oncall.schedules.rows(tx)
    if known:
        return RedirectResponse(f"/oncall/schedules/{known[0].id}", 303)
    return shell.render(request, "calendar", "none.html", actor)


async def show_schedule(request: Request) -> Response:
    """GET /oncall/schedules/{id}?view=month|week&on=2026-11-23"""
    return await _page(request, await shell.require(request))


async def submit_override(request: Request) -> Response:
    """POST /oncall/schedules/{id}/overrides: `do=preview` shows who gains and loses, `do=save` saves."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=20)
    schedule_id = parse_id(request.path_params["id"], "schedule")
    try:
        async with request.app.state.database.transaction(actor) as tx:
            schedule = await oncall.schedules.load(tx, schedule_id)
            draft = _draft(form, schedule.time_zone)
            if form.get("do") == "save":
                await oncall.exceptions.add_override(tx, schedule_id, draft)
                on = wall_clock.reading(max(draft.start, tx.now), schedule.zone).date()
                return shell.saved(f"/oncall/schedules/{schedule_id}?view=month&on={on}")
            foresight = await oncall.exceptions.preview_override(tx, schedule_id, draft)
    except (Invalid, HelpdeskError) as failure:
        return await _page(request, actor, form=form, failure=failure)
    return await _page(request, actor, form=form, foresight=foresight, on=draft.start)


async def remove_override(request: Request) -> Response:
    """POST /oncall/overrides/{id}/remove"""
    actor = await shell.require(request)
    async with request.app.state.database.transaction(actor) as tx:
        override_id = parse_id(request.path_params["id"], "override")
        stored = await tx.session.get(oncall.OverrideRow, override_id)
        await oncall.exceptions.remove_override(tx, override_id)
    return shell.saved(f"/oncall/schedules/{stored.schedule_id}" if stored else "/oncall")


async def _page(
    request: Request,
    actor: Actor,
    *,
    form: FormData | None = None,
    foresight: Foresight | None = None,
    failure: HelpdeskError | None = None,
    on: datetime | None = None,
) -> Response:
    schedule_id = parse_id(request.path_params["id"], "schedule")
    async with request.app.state.database.transaction(actor) as tx:
        known = await oncall.schedules.rows(tx)
        current = await oncall.schedules.load(tx, schedule_id)
        wanted = _wanted(request, tx.now, current, on)
        start = wall_clock.first_instant(datetime.combine(wanted.first, datetime.min.time()), current.zone)
        schedule = await oncall.schedules.load(tx, schedule_id, min(start, tx.now))
        names = await shell.names(tx)
        drawn = picture.draw(schedule, wanted.first, wanted.count, names, tx.now)
        stored = await oncall.schedules.row(tx, schedule_id)
        values = {
            "schedules": known,
            "schedule": stored,
            "zone_name": current.time_zone,
            "now_next": oncall.coverage.now_and_next(current, tx.now),
            "lacking": await _lacking(tx, stored),
            "overrides": await oncall.exceptions.overrides_of(tx, schedule_id, tx.now),
            "form": _fields(form, tx, current.time_zone),
            "now": tx.now,
            "wakes": bool(await oncall.policies.policies(tx)),
        }
    return shell.render(
        request,
        "calendar",
        "calendar.html",
        actor,
        status=422 if failure else 200,
        zone=current.time_zone,
        wanted=wanted,
        picture=drawn,
        names=names,
        foresight=foresight,
        failure=shell.words(failure, actor) if failure else "",
        **values,
    )


async def _lacking(tx: Transaction, stored: oncall.ScheduleRow) -> list[Finding]:
    """What is to be mended, holes before nights without rest: the list shows only the first ones."""
    found = [one for known in await oncall.handovers.foreseen(tx, [stored]) for one in known.findings]
    return sorted(found, key=lambda one: one.problem is Problem.REST)


def _wanted(request: Request, now: datetime, schedule: Any, on: datetime | None) -> Wanted:
    view = "week" if request.query_params.get("view") == "week" else "month"
    day = wall_clock.reading(on or now, schedule.zone).date()
    if on is None:
        with contextlib.suppress(ValueError):
            day = date.fromisoformat(request.query_params.get("on", ""))
    first = day - timedelta(days=day.weekday())
    return Wanted(view, first, _WEEK if view == "week" else _MONTH)


def _fields(form: FormData | None, tx: Transaction, zone: str) -> dict[str, str]:
    """What the override form holds: what was sent, or an empty one for the next hours."""
    if form is not None:
        return {
            name: shell.text_of(form, name)
            for name in ("change", "person", "target", "start", "end", "reason")
        }
    hour = tx.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return {
        "change": "replace",
        "person": str(tx.actor.agent_id or ""),
        "target": "",
        "start": shell.local(hour, zone),
        "end": shell.local(hour + timedelta(hours=8), zone),
        "reason": "",
    }


def _draft(form: FormData, zone: str) -> OverrideDraft:
    try:
        change = Change(shell.text_of(form, "change"))
    except ValueError:
        raise Invalid("override_change_invalid", field="change") from None
    person: UUID | None = None if change is Change.REMOVE else shell.id_of(form, "person")
    target = None if change is Change.ADD else shell.id_of(form, "target")
    return OverrideDraft(
        change=change,
        start=shell.moment(form, "start", zone),
        end=shell.moment(form, "end", zone),
        person=person,
        target=target,
        reason=shell.text_of(form, "reason"),
    )
