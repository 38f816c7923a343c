"""The page the agents' workspace lives in; everything on it is drawn by agents_ui."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.security import Policy
from helpdesk.web.templating import Pages, iso
from helpdesk.web.visits import session_of, to_sign_in


async def show_workspace(request: Request) -> Response:
    """GET /"""
    session = await session_of(request)
    if session is None:
        return to_sign_in(request)
    state, actor = request.app.state, session.actor
    request.state.policy = Policy.WORKSPACE
    pages: Pages = state.pages
    boot = {
        "me": {
            "id": actor.agent_id,
            "name": actor.name,
            "email": session.actor.name,
            "role": actor.role,
            "locale": actor.locale,
            "time_zone": actor.time_zone,
        },
        "epoch": getattr(state, "epoch", ""),
        "csrf": session.csrf,
        "locale": actor.locale,
        "server_now": iso(state.database.clock.now()),
        "public_url": state.settings.address,
        "demo": state.settings.demo,
        "build": state.assets.build,
    }
    # "<" is the only character that could end the data block early.
    text = orjson.dumps(boot).decode().replace("<", "\\u003c")
    return pages.render(request, "workspace.html", locale=actor.locale, boot=text)
