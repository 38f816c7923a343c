"""The language an agent reads, chosen at the foot of any page and kept with the agent."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.auth.requests import session_of
from helpdesk.domain import agents
from helpdesk.errors import Unauthenticated
from helpdesk.web.templating import remember_language
from helpdesk.web.visits import own_path


async def choose_language(request: Request) -> Response:
    """POST /language: back to the page it was chosen on, which speaks it now."""
    form = await request.form(max_files=0, max_fields=5)
    session = await session_of(request)
    if session is None:
        raise Unauthenticated("sign_in_first")
    chosen = str(form.get("language", ""))
    async with request.app.state.database.transaction(session.actor) as tx:
        await agents.set_locale(tx, chosen)
    answer = RedirectResponse(own_path(str(form.get("next", "/"))), 303)
    remember_language(answer, chosen)
    return answer
