"""What a person sees when something fails: a page with a way on, in their language."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from helpdesk import errors, translation
from helpdesk.translation import Translator
from helpdesk.web.refusals import Refusal, problem
from helpdesk.web.templating import Pages, language_of
from helpdesk.web.visits import AT_THE_DOOR, to_sign_in

STATUS: dict[type[errors.HelpdeskError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Invalid: 422,
    errors.LimitReached: 429,
    errors.Unavailable: 503,
}
_NO_PAGES = ("/api/", "/widget/", "/inbound/", "/assets/", "/health/", "/socket.io/")


@dataclass(frozen=True)
class Words:
    title: str
    sentence: str
    symbol: str


def wants_page(request: Request) -> bool:
    """Whether a person waits for the answer, rather than a program."""
    asks_html = "text/html" in request.headers.get("accept", "")
    return asks_html and not request.url.path.startswith(_NO_PAGES)


def failure_page(request: Request, failure: Exception) -> Response:
    """Any failure as a page; who is not signed in is led to the door."""
    status = status_of(failure)
    if status == 401 and (request.method == "GET" or request.url.path.startswith(AT_THE_DOOR)):
        return to_sign_in(request)
    return _page(request.app.state.pages, request, status)


def refusal(pages: Pages) -> Refusal:
    """For the layers that stand before every handler, and before the application is known."""

    def refuse(request: Request, status: int, code: str, detail: str) -> Response:
        return (
            _page(pages, request, status) if wants_page(request) else problem(request, status, code, detail)
        )

    return refuse


def status_of(failure: Exception) -> int:
    if isinstance(failure, HTTPException):
        return failure.status_code
    return next((status for kind, status in STATUS.items() if isinstance(failure, kind)), 500)


def _page(pages: Pages, request: Request, status: int) -> Response:
    words = _words(status, translation.translator(language_of(request)))
    return pages.render(
        request, "error.html", status=status, title=words.title, sentence=words.sentence, symbol=words.symbol
    )


def _words(status: int, t: Translator) -> Words:
    if status == 503:
        return Words(
            t("One moment, please"),
            t("Something we depend on is not answering. It usually is back within a minute."),
            "hourglass",
        )
    if status >= 500:
        return Words(
            t("Something broke on our side"),
            t("It has been noted. Going back and trying once more often helps."),
            "triangle-alert",
        )
    if status in (401, 403):
        return Words(
            t("Not from here"),
            t("You may not do this, or the page was open for too long. Go back, load it again and repeat."),
            "lock",
        )
    if status == 413:
        return Words(t("That is too much at once"), t("What you sent is larger than we can take."), "file")
    if status == 429:
        return Words(
            t("A little slower, please"), t("That was often. Wait a moment, then try again."), "timer"
        )
    if status == 404:
        return Words(
            t("Nothing here"),
            t("This address leads nowhere. It may be mistyped, or what it showed is gone."),
            "search",
        )
    return Words(t("That did not work"), t("Go back, look at what you sent, and try again."), "circle-alert")
