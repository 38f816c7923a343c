"""Whoever is signed in chooses another password, by proving the one they have."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth import passwords, sessions
from helpdesk.auth.requests import caller_of
from helpdesk.domain import agents
from helpdesk.errors import HelpdeskError, Invalid, LimitReached, Unauthenticated
from helpdesk.web.sign_in import LONGEST_PASSWORD
from helpdesk.web.templating import Pages
from helpdesk.web.visits import give_cookie, own_agent


async def show_own_password(request: Request) -> Response:
    """GET /password"""
    return await _page(request, await own_agent(request))


async def submit_own_password(request: Request) -> Response:
    """POST /password: every other sign-in of theirs ends, this browser goes on with a new one."""
    agent = await own_agent(request)
    form = await request.form(max_files=0, max_fields=5)
    held, wanted = str(form.get("held", "")), str(form.get("password", ""))
    database = request.app.state.database
    try:
        if len(wanted) > LONGEST_PASSWORD:
            raise Invalid("password_too_long", field="password")
        hashed = await passwords.hash_password(wanted)
        # Guessing is as slow here as at the door, and counts as much.
        await sessions.prove_password(database, agent.email, held[:LONGEST_PASSWORD], caller_of(request))
    except (Invalid, Unauthenticated, LimitReached) as failure:
        return await _page(request, agent, failure)
    async with database.transaction(SYSTEM) as tx:
        await agents.change_password(tx, agent.id, hashed)
        await sessions.sign_out_everywhere(tx, agent.id)
        cookie = await sessions.start(tx, agent.id, caller_of(request), request.headers.get("user-agent", ""))
    answer = RedirectResponse("/", 303)
    give_cookie(request, answer, cookie)
    return answer


async def _page(request: Request, agent: agents.Agent, failure: HelpdeskError | None = None) -> Response:
    pages: Pages = request.app.state.pages
    status = {Invalid: 422, Unauthenticated: 422, LimitReached: 429}[type(failure)] if failure else 200
    return pages.render(
        request, "own_password.html", status=status, locale=agent.locale, email=agent.email,
        failure=type(failure).__name__, least=passwords.LEAST_LENGTH,
    )  # fmt: skip
