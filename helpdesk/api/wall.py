"""The wall view's numbers, for its page and for screens of one's own."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import tickets


async def show_wall(request: Request) -> Response:
    """What waits by channel and priority, what is late or at risk, what was missed since the reader's
    midnight, and every agent's load."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        zone = ZoneInfo(tx.actor.time_zone)
        midnight = datetime.combine(tx.now.astimezone(zone).date(), time(), zone)
        return answer(await tickets.wall.wall(tx, midnight), 200, **{"Cache-Control": "no-store"})
