"""A temporary schedule on a page: its span, its shifts by hand, and what they would change."""

from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor, Role
from helpdesk.domain import oncall
from helpdesk.domain.oncall.rota.comparison import Comparison
from helpdesk.domain.oncall.rota.temporaries import Written
from helpdesk.errors import HelpdeskError
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction
from helpdesk.web.oncall import shell

ROWS = 50
"""Shifts a form may name; it shows what was written and one more, and scripts add further ones."""


async def show_temporaries(request: Request) -> Response:
    """GET /oncall/schedules/{id}/temporary"""
    return await _page(request, await shell.require(request, Role.LEAD))


async def submit_temporary(request: Request) -> Response:
    """POST /oncall/schedules/{id}/temporary: `do` is preview, save, or remove (with `temporary`)."""
    actor = await shell.require(request, Role.LEAD)
    form = await request.form(max_files=0, max_fields=200)
    schedule_id = parse_id(request.path_params["id"], "schedule")
    act = oncall.temporaries
    try:
        async with request.app.state.database.transaction(actor) as tx:
            if form.get("do") == "remove":
                await act.remove(tx, schedule_id, shell.text_of(form, "temporary"))
                return shell.saved(f"/oncall/schedules/{schedule_id}/temporary")
            zone = (await oncall.schedules.load(tx, schedule_id)).time_zone
            start, end = shell.moment(form, "start", zone), shell.moment(form, "end", zone)
            if form.get("do") == "save":
                made = await act.add(tx, schedule_id, start, end, _shifts(form, zone))
                on = shell.local(made.start, zone)[:10]
                return shell.saved(f"/oncall/schedules/{schedule_id}?view=month&on={on}")
            comparison = await act.preview(tx, schedule_id, start, end, _shifts(form, zone))
    except HelpdeskError as failure:
        return await _page(request, actor, form=form, failure=failure)
    return await _page(request, actor, form=form, comparison=comparison)


async def _page(
    request: Request,
    actor: Actor,
    *,
    form: FormData | None = None,
    comparison: Comparison | None = None,
    failure: HelpdeskError | None = None,
) -> Response:
    schedule_id = parse_id(request.path_params["id"], "schedule")
    async with request.app.state.database.transaction(actor) as tx:
        current = await oncall.schedules.load(tx, schedule_id)
        values = {
            "schedule": await oncall.schedules.row(tx, schedule_id),
            "temporaries": [one for one in current.temporaries if one.end > tx.now],
            "names": await shell.names(tx),
            "fields": _fields(form, tx, current.time_zone),
        }
    return shell.render(
        request,
        "calendar",
        "temporary.html",
        actor,
        status=422 if failure else 200,
        zone=current.time_zone,
        zone_name=current.time_zone,
        preview=comparison,
        failure=shell.words(failure, actor) if failure else "",
        **values,
    )


def _shifts(form: FormData, zone: str) -> list[Written]:
    """Rows without a person are not there; without times of their own they are as long as the whole."""
    found = []
    for number in range(ROWS):
        person = shell.id_of(form, f"person{number}")
        if person is None:
            continue
        opens = f"from{number}" if shell.text_of(form, f"from{number}") else "start"
        closes = f"until{number}" if shell.text_of(form, f"until{number}") else "end"
        found.append((person, shell.moment(form, opens, zone), shell.moment(form, closes, zone)))
    return found


def _fields(form: FormData | None, tx: Transaction, zone: str) -> dict[str, Any]:
    def sent(name: str) -> str:
        return shell.text_of(form, name) if form is not None else ""

    hour = tx.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    written = [(sent(f"person{n}"), sent(f"from{n}"), sent(f"until{n}")) for n in range(ROWS)]
    rows = [*(row for row in written if any(row)), ("", "", "")]
    start = sent("start") or shell.local(hour, zone)
    return {"start": start, "end": sent("end") or shell.local(hour + timedelta(days=1), zone), "rows": rows}
