"""Whoever was invited, or has lost their password, chooses one, and is in."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth import links, passwords, sessions
from helpdesk.domain import agents
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction
from helpdesk.web.sign_in import LONGEST_PASSWORD
from helpdesk.web.templating import Pages


async def show_welcome(request: Request) -> Response:
    """GET /welcome/{token} and /new-password/{token}"""
    return await _page(request, None)


async def submit_welcome(request: Request) -> Response:
    """POST /welcome/{token} and /new-password/{token}: then they sign in with it."""
    form = await request.form(max_files=0, max_fields=5)
    password = str(form.get("password", ""))
    async with request.app.state.database.transaction(SYSTEM) as tx:
        await _whom(request, tx)
    try:
        if len(password) > LONGEST_PASSWORD:
            raise Invalid("password_too_long", field="password")
        hashed = await passwords.hash_password(password)
    except Invalid as failure:
        return await _page(request, failure.code, 422)
    async with request.app.state.database.transaction(SYSTEM) as tx:
        agent = await _whom(request, tx, hashed)
        await sessions.sign_out_everywhere(tx, agent.id)
    return RedirectResponse("/sign-in", 303)


async def _whom(request: Request, tx: Transaction, password_hash: str | None = None) -> agents.Agent:
    """The agent the link was sent to, who gets this password. Errors: NotFound for a link that is over."""
    key, token = request.app.state.settings.key, request.path_params["token"]
    if request.url.path.startswith("/new-password/"):
        agent_id, renewal = links.read(key, links.LinkKind.RENEWAL, token)
        return await agents.renew(tx, agent_id, renewal, password_hash)
    agent_id, _ = links.read(key, links.LinkKind.WELCOME, token)
    return await agents.welcome(tx, agent_id, password_hash)


async def _page(request: Request, error: str | None, status: int = 200) -> Response:
    pages = request.app.state.pages
    async with request.app.state.database.transaction(SYSTEM) as tx:
        agent = await _whom(request, tx)
    assert isinstance(pages, Pages)
    return pages.render(
        request, "welcome.html", status=status, locale=agent.locale, name=agent.name, email=agent.email,
        error=error, least=passwords.LEAST_LENGTH,
    )  # fmt: skip
