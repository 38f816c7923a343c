"""Signing in and out."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk import translation
from helpdesk.actors import SYSTEM
from helpdesk.auth import sessions
from helpdesk.auth.requests import caller_of, session_of
from helpdesk.domain import agents
from helpdesk.errors import LimitReached, Unauthenticated
from helpdesk.web import second_door
from helpdesk.web.templating import Pages, language_of
from helpdesk.web.visits import own_path, take_cookie

LONGEST_PASSWORD = 1000


@dataclass(frozen=True)
class DemoAccount:
    """Somebody of the sample company, whose password may be known to everybody."""

    name: str
    email: str
    role: str
    password: str


async def show_sign_in(request: Request) -> Response:
    """GET /sign-in"""
    wanted = own_path(request.query_params.get("next", "/"))
    if await session_of(request) is not None:
        return RedirectResponse(wanted, 303)
    return await _door(request, wanted)


async def submit_sign_in(request: Request) -> Response:
    """POST /sign-in: back to where the agent was going, or first to the second factor; in any case with a new
    session."""
    form = await request.form(max_files=0, max_fields=10)
    email, password = str(form.get("email", "")).strip(), str(form.get("password", ""))
    wanted = own_path(str(form.get("next", "/")))
    t = translation.translator(language_of(request))
    await session_of(request)
    try:
        if len(password) > LONGEST_PASSWORD:
            raise Unauthenticated("sign_in_failed")
        agent = await sessions.prove_password(request.app.state.database, email, password, caller_of(request))
    except Unauthenticated:
        failure = t("That email and password do not belong together.")
        return await _door(request, wanted, email=email, failure=failure, status=401)
    except LimitReached as limit:
        failure = t("Too many failed attempts. Wait a quarter of an hour, then try again.")
        answer = await _door(request, wanted, email=email, failure=failure, status=429)
        answer.headers["Retry-After"] = str(round(limit.retry_after or 900))
        return answer
    return await second_door.open_to(request, agent, wanted)


async def sign_out(request: Request) -> Response:
    """POST /sign-out: the session ends on the server, not only in this browser."""
    cookie = request.cookies.get(request.app.state.session_cookie)
    if cookie:
        await sessions.sign_out(request.app.state.database, cookie)
    answer = RedirectResponse("/sign-in", 303)
    take_cookie(request, answer)
    return answer


async def _door(
    request: Request, wanted: str, *, email: str = "", failure: str | None = None, status: int = 200
) -> Response:
    pages: Pages = request.app.state.pages
    accounts = getattr(request.app.state, "demo_accounts", ())
    async with request.app.state.database.transaction(SYSTEM) as tx:
        is_empty = not accounts and not await agents.exist(tx)
    return pages.render(
        request,
        "sign_in.html",
        status=status,
        next=wanted,
        email=email,
        failure=failure,
        is_empty=is_empty,
        accounts=accounts,
    )
