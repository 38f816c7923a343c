"""The page the agents' workspace lives in; everything on it is drawn by agents_ui."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.auth.requests import session_of
from helpdesk.channels.chat import epoch_of
from helpdesk.domain import agents
from helpdesk.web.security import Policy
from helpdesk.web.templating import Pages, iso, language_names
from helpdesk.web.visits import to_sign_in


async def show_workspace(request: Request) -> Response:
    """GET /"""
    session = await session_of(request)
    if session is None:
        return to_sign_in(request)
    state, actor = request.app.state, session.actor
    async with state.database.transaction(actor) as tx:
        epoch = await epoch_of(tx)
        email = (await agents.get(tx, actor.id)).email if actor.id else ""
    request.state.policy = Policy.WORKSPACE
    pages: Pages = state.pages
    boot = {
        "me": {
            "id": str(actor.agent_id),
            "name": actor.name,
            "email": email,
            "role": actor.role,
            "locale": actor.locale,
            "time_zone": actor.time_zone,
        },
        "epoch": epoch,
        "csrf": session.csrf,
        "locale": actor.locale,
        "languages": language_names(),
        "server_now": iso(state.database.clock.now()),
        "public_url": state.settings.address,
        "demo": state.settings.demo,
        "build": state.assets.build,
    }
    return pages.render(
        request,
        "workspace.html",
        locale=actor.locale,
        boot=boot,
        preloads=state.assets.preloads("agents_ui/app.js"),
    )
