"""Coming and going on pages: the cookie given and taken, and the way to the door and back."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.auth import sessions


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
