"""Coming and going on pages: the cookies given and taken, who has come, the way to the door and back."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth import half_sign_ins, sessions
from helpdesk.auth.requests import session_of
from helpdesk.domain import agents
from helpdesk.errors import Unauthenticated

AT_THE_DOOR = "/sign-in/"
"""Pages between the password and being in."""


def give_cookie(request: Request, answer: Response, value: str) -> None:
    answer.set_cookie(
        request.app.state.session_cookie,
        value,
        max_age=int(sessions.LONGEST.total_seconds()),
        path="/",
        secure=request.app.state.settings.is_https,
        httponly=True,
        samesite="lax",
    )


def take_cookie(request: Request, answer: Response) -> None:
    answer.delete_cookie(
        request.app.state.session_cookie, path="/", secure=request.app.state.settings.is_https
    )


async def own_agent(request: Request) -> agents.Agent:
    """Who is signed in. Errors: Unauthenticated."""
    session = await session_of(request)
    if session is None or session.actor.agent_id is None:
        raise Unauthenticated("sign_in_first")
    async with request.app.state.database.transaction(session.actor) as tx:
        return await agents.get(tx, session.actor.agent_id)


def give_half(request: Request, answer: Response, value: str) -> None:
    """The cookie between password and code: a while, and for the door alone."""
    answer.set_cookie(
        _half_cookie(request), value, max_age=int(half_sign_ins.LIFETIME.total_seconds()), path="/",
        secure=request.app.state.settings.is_https, httponly=True, samesite="lax",
    )  # fmt: skip


async def half_come(request: Request) -> agents.Agent:
    """Who was right about their password a moment ago. Errors: Unauthenticated."""
    async with request.app.state.database.transaction(SYSTEM) as tx:
        return await half_sign_ins.agent_of(tx, request.cookies.get(_half_cookie(request), ""))


def take_half(request: Request, answer: Response) -> None:
    answer.delete_cookie(_half_cookie(request), path="/", secure=request.app.state.settings.is_https)


def to_sign_in(request: Request) -> Response:
    """And back here afterwards, unless this was at the door itself."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(
        "/sign-in"
        if wanted == "/" or wanted.startswith(AT_THE_DOOR)
        else f"/sign-in?next={quote(wanted, safe='')}",
        303,
    )


def own_path(wanted: str) -> str:
    """Where to go next, if that is a page of ours; never another site."""
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_own else "/"


def _half_cookie(request: Request) -> str:
    return f"{request.app.state.session_cookie}-half"
