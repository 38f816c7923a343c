"""Whoever was invited chooses a password, and is in."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth import links, passwords
from helpdesk.domain import agents
from helpdesk.errors import Invalid
from helpdesk.web.sign_in import LONGEST_PASSWORD
from helpdesk.web.templating import Pages


async def show_welcome(request: Request) -> Response:
    """GET /welcome/{token}"""
    return await _page(request, None)


async def submit_welcome(request: Request) -> Response:
    """POST /welcome/{token}: then they sign in with it."""
    form = await request.form(max_files=0, max_fields=5)
    password = str(form.get("password", ""))
    agent_id, _ = links.read(
        request.app.state.settings.key, links.LinkKind.WELCOME, request.path_params["token"]
    )
    async with request.app.state.database.transaction(SYSTEM) as tx:
        await agents.welcome(tx, agent_id)
    try:
        if len(password) > LONGEST_PASSWORD:
            raise Invalid("password_too_long", field="password")
        hashed = await passwords.hash_password(password)
    except Invalid as failure:
        return await _page(request, failure.code, 422)
    async with request.app.state.database.transaction(SYSTEM) as tx:
        await agents.welcome(tx, agent_id, hashed)
    return RedirectResponse("/sign-in", 303)


async def _page(request: Request, error: str | None, status: int = 200) -> Response:
    settings, pages = request.app.state.settings, request.app.state.pages
    agent_id, _ = links.read(settings.key, links.LinkKind.WELCOME, request.path_params["token"])
    async with request.app.state.database.transaction(SYSTEM) as tx:
        agent = await agents.welcome(tx, agent_id)
    assert isinstance(pages, Pages)
    return pages.render(
        request, "welcome.html", status=status, locale=agent.locale, name=agent.name, email=agent.email,
        error=error, least=passwords.LEAST_LENGTH,
    )  # fmt: skip
