"""Behind the sign-in page, for whoever was right about their password: the code, or setting that up."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth import half_sign_ins, second_factors
from helpdesk.domain import agents
from helpdesk.errors import HelpdeskError, Invalid, LimitReached, Unauthenticated
from helpdesk.web import second_factor
from helpdesk.web.templating import Pages
from helpdesk.web.visits import give_half, half_come, own_path, take_half

CODE = "/sign-in/code"
SET_UP = "/sign-in/second-factor"


async def open_to(request: Request, agent: agents.Agent, wanted: str) -> Response:
    """Their password was right: in at once where nothing more is asked of them."""
    async with request.app.state.database.transaction(SYSTEM) as tx:
        has_one = await second_factors.of(tx, agent.id) is not None
        if not has_one and not second_factor.is_asked_of(request, agent):
            cookie = await second_factor.enter(request, tx, agent)
            return second_factor.with_cookie(request, RedirectResponse(wanted, 303), cookie)
        half = await half_sign_ins.begin(tx, agent)
    answer = RedirectResponse(_with_next(CODE if has_one else SET_UP, wanted), 303)
    give_half(request, answer, half)
    return answer


async def show_code(request: Request) -> Response:
    """GET /sign-in/code"""
    return _code_page(request, await half_come(request))


async def submit_code(request: Request) -> Response:
    """POST /sign-in/code: a code of the app, or a recovery code."""
    agent = await half_come(request)
    form = await request.form(max_files=0, max_fields=5)
    try:
        await second_factor.prove(request, agent, str(form.get("code", "")))
    except (Unauthenticated, LimitReached) as failure:
        return _code_page(request, agent, failure)
    async with request.app.state.database.transaction(SYSTEM) as tx:
        cookie = await second_factor.enter(request, tx, agent)
    return _in(request, RedirectResponse(_wanted(request), 303), cookie)


async def show_set_up(request: Request) -> Response:
    """GET /sign-in/second-factor: asked of them, and they have none yet."""
    return await _set_up_page(request, await half_come(request))


async def submit_set_up(request: Request) -> Response:
    """POST /sign-in/second-factor: its first code lets them in."""
    agent = await half_come(request)
    form = await request.form(max_files=0, max_fields=5)
    try:
        key, code = str(form.get("key", "")), str(form.get("code", ""))
        codes, cookie = await second_factor.turn_on(request, agent, key, code)
    except (Invalid, LimitReached) as failure:
        return await _set_up_page(request, agent, failure)
    return _in(request, second_factor.codes_page(request, agent, codes, _wanted(request)), cookie)


async def _set_up_page(
    request: Request, agent: agents.Agent, failure: HelpdeskError | None = None
) -> Response:
    action = _with_next(SET_UP, _wanted(request))
    return await second_factor.set_up_page(request, agent, action, failure)


def _code_page(request: Request, agent: agents.Agent, failure: HelpdeskError | None = None) -> Response:
    pages: Pages = request.app.state.pages
    return pages.render(
        request, "sign_in_code.html", status=second_factor.status_of(failure), locale=agent.locale,
        action=_with_next(CODE, _wanted(request)), email=agent.email, failure=type(failure).__name__,
    )  # fmt: skip


def _in(request: Request, answer: Response, cookie: str) -> Response:
    take_half(request, answer)
    return second_factor.with_cookie(request, answer, cookie)


def _wanted(request: Request) -> str:
    return own_path(request.query_params.get("next", "/"))


def _with_next(path: str, wanted: str) -> str:
    return path if wanted == "/" else f"{path}?next={quote(wanted, safe='')}"
