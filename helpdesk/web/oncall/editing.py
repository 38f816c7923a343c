"""Making and changing a schedule: its layers and whose turn comes when, seen before it is saved."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor, Role
from helpdesk.domain import agents, oncall, plans, wall_clock
from helpdesk.domain.oncall.rota.comparison import Comparison
from helpdesk.domain.oncall.rota.drafts import (
    LayerDraft,
    ScheduleDraft,
    current_version,
    slots_from,
    windows_from,
    windows_text,
)
from helpdesk.domain.oncall.rota.restrictions import Holidays
from helpdesk.domain.oncall.rota.rotations import Unit
from helpdesk.domain.oncall.rota.shifts import Schedule
from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.parsing import parse_id, time_zones
from helpdesk.storage.transaction import Transaction
from helpdesk.web.oncall import shell

LAYERS = 8
LONGEST_HORIZON = 366  # days


@dataclass(frozen=True)
class LayerFields:
    """A layer as the form shows it."""

    id: str
    name: str
    priority: str
    unit: str
    length: str
    handoff: str
    time_zone: str
    starts_on: str
    windows: str
    holidays: str
    slots: list[tuple[str, str]]


async def show_new(request: Request) -> Response:
    """GET /oncall/schedules/new"""
    actor = await shell.require(request, Role.LEAD)
    return await _page(request, actor, None)


async def show_edit(request: Request) -> Response:
    """GET /oncall/schedules/{id}/edit"""
    actor = await shell.require(request, Role.LEAD)
    return await _page(request, actor, parse_id(request.path_params["id"], "schedule"))


async def submit_new(request: Request) -> Response:
    """POST /oncall/schedules/new"""
    actor = await shell.require(request, Role.LEAD)
    form = await request.form(max_files=0, max_fields=400)
    try:
        async with request.app.state.database.transaction(actor) as tx:
            made = await oncall.schedules.create(
                tx, _draft(form), shell.id_of(form, "team"), wants_handover=bool(form.get("wants_handover"))
            )
            made.horizon_days = _horizon(form)
    except HelpdeskError as failure:
        return await _page(request, actor, None, form=form, failure=failure)
    return shell.saved(f"/oncall/schedules/{made.id}")


async def submit_edit(request: Request) -> Response:
    """POST /oncall/schedules/{id}/edit: `do=preview` or `do=save`"""
    actor = await shell.require(request, Role.LEAD)
    schedule_id = parse_id(request.path_params["id"], "schedule")
    form = await request.form(max_files=0, max_fields=400)
    try:
        draft = _draft(form)
        async with request.app.state.database.transaction(actor) as tx:
            if form.get("do") == "preview":
                comparison = await oncall.schedules.preview(tx, schedule_id, draft)
            else:
                version = int(shell.text_of(form, "version") or "0")
                stored = await oncall.schedules.change(tx, schedule_id, draft, version)
                await agents.require_open_team(tx, team := shell.id_of(form, "team"), stored.team_id)
                stored.team_id = team
                stored.wants_handover = bool(form.get("wants_handover"))
                stored.horizon_days = _horizon(form)
                return shell.saved(f"/oncall/schedules/{schedule_id}")
    except HelpdeskError as failure:
        return await _page(request, actor, schedule_id, form=form, failure=failure)
    return await _page(request, actor, schedule_id, form=form, comparison=comparison)


async def _page(
    request: Request,
    actor: Actor,
    schedule_id: UUID | None,
    *,
    form: FormData | None = None,
    comparison: Comparison | None = None,
    failure: HelpdeskError | None = None,
) -> Response:
    async with request.app.state.database.transaction(actor) as tx:
        fields = await _fields(tx, schedule_id, actor)
        names, teams, calendars = await shell.names(tx), await agents.teams(tx), await plans.calendars(tx)
        kept = await oncall.schedules.revisions(tx, schedule_id) if schedule_id else []
    if form is not None:
        fields = _sent(form, fields)
    return shell.render(
        request,
        "calendar",
        "schedule_edit.html",
        actor,
        status=422 if failure else 200,
        zone=fields["time_zone"],
        schedule_id=schedule_id,
        fields=fields,
        names=names,
        teams=teams,
        calendars=calendars,
        zones=sorted(time_zones()),
        preview=comparison,
        revisions=kept,
        failure=shell.words(failure, actor) if failure else "",
    )


async def _fields(tx: Transaction, schedule_id: UUID | None, actor: Actor) -> dict[str, Any]:
    today = wall_clock.reading(tx.now, wall_clock.zone(actor.time_zone)).date().isoformat()
    empty = LayerFields("", "", "0", "week", "1", "09:00", "", today, "", "any", [("", "")])
    if schedule_id is None:
        return {
            "name": "",
            "time_zone": actor.time_zone,
            "minimum": "1",
            "horizon": "60",
            "most_nights": "",
            "calendar": "",
            "own_holidays": 0,
            "team": "",
            "wants_handover": False,
            "version": "0",
            "layers": [empty],
        }
    stored = await oncall.schedules.row(tx, schedule_id)
    schedule = await oncall.schedules.load(tx, schedule_id)
    return {
        "name": stored.name,
        "time_zone": schedule.time_zone,
        "minimum": str(stored.minimum),
        "horizon": str(stored.horizon_days),
        "most_nights": str(schedule.most_nights or ""),
        "calendar": schedule.calendar_id or "",
        "own_holidays": len(stored.rota.get("holidays") or ()),
        "team": str(stored.team_id or ""),
        "wants_handover": stored.wants_handover,
        "version": str(stored.version),
        "layers": [*_layers(schedule, tx.now), empty],
    }


def _layers(schedule: Schedule, now: datetime) -> list[LayerFields]:
    found = []
    for layer in schedule.layers:
        version = current_version(layer, now)
        slots = version.slots if version is not None else (layer.people,)
        pairs = [(slot[0], slot[1] if len(slot) > 1 else "") for slot in slots if slot]
        found.append(
            LayerFields(
                id=layer.id,
                name=layer.name,
                priority=str(layer.priority),
                unit=version.unit.value if version else "week",
                length=str(version.length) if version else "1",
                handoff=f"{version.anchor:%H:%M}" if version else "09:00",
                time_zone=layer.time_zone or "",
                starts_on=version.anchor.date().isoformat() if version else "",
                windows=windows_text(layer.windows),
                holidays=layer.holidays.value,
                slots=[*pairs, ("", "")],  # one to fill; scripts add more
            )
        )
    return found


def _sent(form: FormData, fields: dict[str, Any]) -> dict[str, Any]:
    """What the reader wrote, shown again."""
    return {
        **fields,
        "name": shell.text_of(form, "name"),
        "time_zone": shell.text_of(form, "time_zone") if _is_zone(form) else fields["time_zone"],
        **{name: shell.text_of(form, name) for name in ("minimum", "horizon", "most_nights", "calendar")},
        "team": shell.text_of(form, "team"),
        "wants_handover": bool(form.get("wants_handover")),
        "version": shell.text_of(form, "version"),
        "layers": [_layer_fields(form, number) for number in range(LAYERS) if f"layer{number}_name" in form],
    }


def _is_zone(form: FormData) -> bool:
    return shell.text_of(form, "time_zone") in time_zones()


def _layer_fields(form: FormData, number: int) -> LayerFields:
    def given(name: str) -> str:
        return shell.text_of(form, f"layer{number}_{name}")

    slots: list[tuple[str, str]] = []
    while f"layer{number}_slot{len(slots)}" in form:
        slots.append((given(f"slot{len(slots)}"), given(f"second{len(slots)}")))
    return LayerFields(
        id=given("id"),
        name=given("name"),
        priority=given("priority"),
        unit=given("unit"),
        length=given("length"),
        handoff=given("handoff"),
        time_zone=given("time_zone"),
        starts_on=given("starts_on"),
        windows=given("windows"),
        holidays=given("holidays"),
        slots=[*(slot for slot in slots if any(slot)), ("", "")],
    )


def _draft(form: FormData) -> ScheduleDraft:
    """A layer without people is not one: that is how a layer is removed."""
    layers = []
    for number in range(LAYERS):
        if f"layer{number}_name" not in form:
            break
        fields = _layer_fields(form, number)
        slots = slots_from(fields.slots)
        if slots:
            layers.append(_layer_draft(fields, slots))
    return ScheduleDraft(
        name=shell.text_of(form, "name"),
        time_zone=shell.text_of(form, "time_zone"),
        layers=tuple(layers),
        minimum=_number(shell.text_of(form, "minimum"), "minimum"),
        calendar_id=str(calendar) if (calendar := shell.id_of(form, "calendar")) else None,
        most_nights=_number(shell.text_of(form, "most_nights") or "0", "most_nights"),
    )


def _layer_draft(fields: LayerFields, slots: tuple[tuple[str, ...], ...]) -> LayerDraft:
    try:
        return LayerDraft(
            id=fields.id,
            name=fields.name,
            slots=slots,
            priority=int(fields.priority or "0"),
            unit=Unit(fields.unit),
            length=_number(fields.length, "length"),
            handoff=fields.handoff,
            time_zone=fields.time_zone or None,
            starts_on=date.fromisoformat(fields.starts_on) if fields.starts_on else None,
            windows=windows_from(fields.windows),
            holidays=Holidays(fields.holidays),
        )
    except ValueError:
        raise Invalid("layer_invalid", "A field of this layer cannot be read.", field="layers") from None


def _horizon(form: FormData) -> int:
    """For how many days problems are foreseen."""
    days = _number(shell.text_of(form, "horizon") or "60", "horizon")
    if not 1 <= days <= LONGEST_HORIZON:
        raise Invalid("horizon_invalid", f"1 to {LONGEST_HORIZON} days.", field="horizon")
    return days


def _number(text: str, field: str) -> int:
    if not text.isdigit() or len(text) > 4:
        raise Invalid(f"{field}_invalid", field=field)
    return int(text)
