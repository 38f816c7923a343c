"""Alerts, open ones first, each with its way to be answered."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import agents, oncall, tickets
from helpdesk.errors import Forbidden, NotFound
from helpdesk.parsing import parse_id
from helpdesk.web import alerts
from helpdesk.web.oncall import shell


@dataclass(frozen=True)
class Row:
    alert: oncall.Alert
    what: str
    reason: str
    by: str


async def show_alerts(request: Request) -> Response:
    """GET /oncall/alerts"""
    actor = await shell.require(request)
    t = shell.translator_of(actor)
    rows = []
    async with request.app.state.database.transaction(actor) as tx:
        for alert in await oncall.alerts(tx, None, 100):
            what = oncall.words.in_words(str(alert.details.get("subject") or alert.reason), t)
            if alert.ticket_id is not None:
                try:
                    ticket = await tickets.get(tx, alert.ticket_id)
                except (Forbidden, NotFound):
                    continue
                what = f"#{ticket.number} {ticket.subject}"
            by = (await agents.get(tx, alert.acknowledged_by)).name if alert.acknowledged_by else ""
            rows.append(Row(alert, what, oncall.words.in_words(alert.reason, t), by))
    rows.sort(key=lambda row: row.alert.status != "open")
    return shell.render(request, "alerts", "alerts.html", actor, rows=rows)


async def show_alert(request: Request) -> Response:
    """GET /oncall/alerts/{id}: the one-tap page, in the reader's own name."""
    actor = await shell.require(request)
    return await alerts.page(request, parse_id(request.path_params["id"], "alert"), actor)


async def acknowledge_alert(request: Request) -> Response:
    """POST /oncall/alerts/{id}"""
    actor = await shell.require(request)
    return await alerts.carry_out(request, parse_id(request.path_params["id"], "alert"), actor)
