"""The first page of administration: what there is, and what needs attention now."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import agents, inboxes, plans, sla
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.storage import job_queue
from helpdesk.web.admin import shell


async def show_overview(request: Request) -> Response:
    """GET /admin"""
    actor = await shell.require(request, "overview")
    async with request.app.state.database.transaction(actor) as tx:
        shown: dict[str, Any] = {
            "people": await agents.active(tx),
            "inboxes": await inboxes.all_of(tx),
            "teams": {team.id: team.name for team in await agents.teams(tx)},
            "plans": {plan.id: plan.name for plan in await plans.all_of(tx)},
            "policies": await sla.policies(tx),
            "calendars": await sla.calendars.all_of(tx),
            "held": await job_queue.held(await tx.driver()),
            "broken": await inlets.broken(tx),
            "quarantined": (await intake.states(tx)).get("quarantined", 0),
        }
    return shell.render(request, "overview", "admin/overview.html", actor, **shown)
