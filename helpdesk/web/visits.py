"""Who is looking at a page: the signed-in agent, their cookie, and the way to the door for everybody else."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.auth import sessions
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.web.cross_site import Resume, bearer_of


def session_cookie(*, https: bool) -> str:
    """`__Host-` pins the cookie to this very host, but browsers take it over https only."""
    return "__Host-helpdesk" if https else "helpdesk"


def resuming(database: Database) -> Resume:
    """For the guard: the session behind a cookie, or nothing once it has ended."""

    async def resume(cookie: str) -> sessions.Session | None:
        try:
            return await sessions.resume(database, cookie)
        except Unauthenticated:
            return None

    return resume


async def session_of(request: Request) -> sessions.Session | None:
    """The agent's sign-in, looked up once per request; its token is then at hand for the page's forms."""
    state = request.scope.setdefault("state", {})
    if "session" not in state:
        has_token = bearer_of(request.headers) is not None  # who sends one is not who the cookie says
        cookie = None if has_token else request.cookies.get(request.app.state.session_cookie)
        state["session"] = await resuming(request.app.state.database)(cookie) if cookie else None
    session: sessions.Session | None = state["session"]
    if session is not None:
        state["csrf"] = session.csrf
    return session


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


def to_sign_in(request: Request) -> Response:
    """And back here afterwards."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}", 303)


def own_path(wanted: str) -> str:
    """Where to go next, if that is a page of ours; never another site."""
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_own else "/"


def caller_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"
