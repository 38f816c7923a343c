"""Who sent a request: the sign-in behind its cookie, its token, its address."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.requests import Request

from helpdesk.auth import sessions
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database


def session_cookie(*, https: bool) -> str:
    """`__Host-` pins the cookie to this very host, but browsers take it over https only."""
    return "__Host-helpdesk" if https else "helpdesk"


def resuming(database: Database) -> Callable[[str], Awaitable[sessions.Session | None]]:
    """The session behind a cookie, or nothing once it has ended."""

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


def bearer_of(headers: Headers) -> str | None:
    """The token of an Authorization header; None without a bearer's, empty for one that names no token."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def caller_of(request: Request) -> str:
    """The address of the caller, of whom proxies tell only where they are trusted (web/callers.py)."""
    return request.client.host if request.client else "unknown"
