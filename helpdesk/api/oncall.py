"""Who is on call, and the alerts that wake them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of, page_of
from helpdesk.domain import agents, oncall, tickets
from helpdesk.errors import Forbidden, Invalid, NotFound
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction


async def show_on_call_now(request: Request) -> Response:
    """Every schedule: who is on call, until when, and who comes next."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        return answer({"items": await oncall.on_call_now(tx), "next": None})


async def list_alerts(request: Request) -> Response:
    """The newest alerts; `state` is open, acknowledged or closed."""
    limit, _ = page_of(request)
    wanted = request.query_params.get("state")
    if wanted is not None and wanted not in list(oncall.AlertStatus):
        raise Invalid("state_unknown", "state is open, acknowledged or closed.", field="state")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = await oncall.alerts(tx, oncall.AlertStatus(wanted) if wanted else None, limit)
        items = [shown for alert in found if (shown := await _alert(tx, alert)) is not None]
    return answer({"items": items, "next": None})


async def acknowledge_alert(request: Request) -> Response:
    """Answer an alert: nobody else is woken for it. Idempotent."""
    actor = await actor_of(request)
    if actor.agent_id is None:
        raise Forbidden("no_agent")
    alert_id, agent_id = parse_id(request.path_params["id"], "alert"), actor.agent_id

    async def acknowledge(tx: Transaction) -> dict[str, Any]:
        alert = await tickets.acknowledge(tx, alert_id, agent_id)
        return await _alert(tx, alert) or {"id": alert.id, "state": alert.status}

    return answer(await database_of(request).settle(actor, acknowledge))


async def show_alert(request: Request) -> Response:
    """One alert with its story: every ring, failure and answer in order."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        alert = await oncall.get_alert(tx, parse_id(request.path_params["id"], "alert"))
        shown = await _alert(tx, alert)
        if shown is None:
            raise NotFound("alert_not_found")
        entries = await oncall.entries_of(tx, alert.id)
        history = [{"name": one.name, "at": one.at, "data": one.data} for one in entries]
        return answer({**shown, "history": history})


async def hand_on_alert(request: Request) -> Response:
    """Wake the next person now, whoever has it."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        alert = await tickets.hand_on(tx, parse_id(request.path_params["id"], "alert"))
        return answer(await _alert(tx, alert) or {"id": alert.id, "state": alert.status})


async def _alert(tx: Transaction, alert: oncall.Alert) -> dict[str, Any] | None:
    """None for an alert about a ticket this actor may not read."""
    about = None
    if alert.ticket_id is not None:
        try:
            ticket = await tickets.get(tx, alert.ticket_id)
        except (Forbidden, NotFound):
            return None
        about = {"id": ticket.id, "number": ticket.number, "subject": ticket.subject}
    by = await agents.get(tx, alert.acknowledged_by) if alert.acknowledged_by else None
    return {
        "id": alert.id,
        "state": alert.status,
        "reason": alert.reason,
        "policy": alert.policy_name,
        "ticket": about,
        "details": alert.details,
        "raised_at": alert.raised_at,
        "next_at": alert.next_at,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": {"id": by.id, "name": by.name} if by else None,
    }
