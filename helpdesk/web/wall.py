"""The desk on a big screen: dark, readable from three metres, drawn anew every five seconds."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.auth.requests import session_of
from helpdesk.domain import tickets
from helpdesk.web.templating import Pages
from helpdesk.web.visits import to_sign_in

_CHANNELS = ("chat", "phone", "email", "api")


async def show_wall(request: Request) -> Response:
    """GET /wall"""
    session = await session_of(request)
    if session is None:
        return to_sign_in(request)
    actor = session.actor
    async with request.app.state.database.transaction(actor) as tx:
        zone = ZoneInfo(actor.time_zone)
        midnight = datetime.combine(tx.now.astimezone(zone).date(), time(), zone)
        told = await tickets.wall.wall(tx, midnight)
    counts = {(row["channel"], row["priority"]): row["count"] for row in told["waiting"]}
    channels = [one for one in _CHANNELS if any(channel == one for channel, _ in counts)] or ["chat", "email"]
    pages: Pages = request.app.state.pages
    return pages.render(
        request,
        "wall.html",
        locale=actor.locale,
        zone=actor.time_zone,
        wall=told,
        counts=counts,
        channels=channels,
        present=[one for one in told["agents"] if one["state"] != "offline"],
        absent=sum(one["state"] == "offline" for one in told["agents"]),
    )
