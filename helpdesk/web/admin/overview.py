"""The first page of administration: every section, and what needs attention now."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import agents, inboxes
from helpdesk.web.admin import shell


async def show_overview(request: Request) -> Response:
    """GET /admin"""
    actor = await shell.require(request, "overview")
    async with request.app.state.database.transaction(actor) as tx:
        people, found = await agents.active(tx), await inboxes.all_of(tx)
    return shell.render(request, "overview", "admin/overview.html", actor, people=people, inboxes=found)
