"""Whoever is signed in asks for a second proof at their sign-ins: a code of their app."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.actors import SYSTEM
from helpdesk.auth import attempts, half_sign_ins, second_factors, sessions
from helpdesk.auth.requests import caller_of
from helpdesk.domain import agents, inboxes, tickets
from helpdesk.errors import HelpdeskError, Invalid, LimitReached, Unauthenticated
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import translator
from helpdesk.web.templating import Pages
from helpdesk.web.visits import give_cookie, own_agent

PATH = "/second-factor"


async def show_second_factor(request: Request) -> Response:
    """GET /second-factor: setting it up, or what there is."""
    return await _own_page(request, await own_agent(request))


async def submit_second_factor(request: Request) -> Response:
    """POST /second-factor with a code: confirms it, makes new recovery codes (`order=codes`), or turns it off
    (`order=off`). Every other sign-in of theirs ends when it is turned on."""
    agent = await own_agent(request)
    form = await request.form(max_files=0, max_fields=5)
    order, code = str(form.get("order", "")), str(form.get("code", ""))
    try:
        if order == "on":
            codes, cookie = await turn_on(request, agent, str(form.get("key", "")), code)
            return with_cookie(request, codes_page(request, agent, codes, "/"), cookie)
        await prove(request, agent, code)
    except (Invalid, Unauthenticated, LimitReached) as failure:
        return await _own_page(request, agent, failure)
    fresh: list[str] = []
    async with request.app.state.database.transaction(SYSTEM) as tx:
        if order == "codes":
            fresh = await second_factors.renew_recovery_codes(tx, agent.id)
        elif order == "off" and not is_asked_of(request, agent):
            await turn_off(request, tx, agent)
    return codes_page(request, agent, fresh, PATH) if fresh else RedirectResponse(PATH, 303)


async def turn_on(request: Request, agent: agents.Agent, key: str, code: str) -> tuple[list[str], str]:
    """`key` as it stood in the form. Recovery codes, and the cookie of the one sign-in that is left. Errors:
    Invalid, LimitReached, Unavailable, Conflict second_factor_on."""
    sealer = _sealer(request)
    secret = second_factors.offered(agent.id, sealer, key).secret
    async with _counted(request, agent), request.app.state.database.transaction(SYSTEM) as tx:
        codes = await second_factors.confirm(tx, agent.id, sealer, secret, code)
        await sessions.sign_out_everywhere(tx, agent.id)
        return codes, await enter(request, tx, agent)


async def enter(request: Request, tx: Transaction, agent: agents.Agent) -> str:
    """All is proven: the cookie of a new sign-in."""
    await half_sign_ins.end(tx, agent)
    return await sessions.start(tx, agent.id, caller_of(request), request.headers.get("user-agent", ""))


async def prove(request: Request, agent: agents.Agent, code: str) -> None:
    """A code of the app, or a recovery code: then they are told. Errors: Unauthenticated, LimitReached."""
    async with _counted(request, agent), request.app.state.database.transaction(SYSTEM) as tx:
        if await second_factors.prove(tx, agent.id, _sealer(request), code):
            t = translator(agent.locale, "pages")
            left = await second_factors.recovery_codes_left(tx, agent.id)
            lines = [
                t("A recovery code of your account was used."),
                t.plural("{n} is left.", "{n} are left.", left),
            ]
            await _tell(request, tx, agent, " ".join(lines))


async def turn_off(request: Request, tx: Transaction, agent: agents.Agent) -> None:
    """And they are told, since it may not have been them."""
    if await second_factors.remove(tx, agent.id):
        t = translator(agent.locale, "pages")
        await _tell(request, tx, agent, t("Your password alone signs in to your account again."))


def is_asked_of(request: Request, agent: agents.Agent) -> bool:
    return second_factors.is_asked_of(request.app.state.settings.second_factor_for, agent.role)


async def set_up_page(
    request: Request, agent: agents.Agent, action: str, failure: HelpdeskError | None = None
) -> Response:
    """The picture for their app, the same after a slip, and the field for its first code."""
    pages: Pages = request.app.state.pages
    sealer, given = _sealer(request), await _given_key(request)
    offer = (
        second_factors.offered(agent.id, sealer, given) if given else second_factors.offer(agent.id, sealer)
    )
    address = second_factors.address(offer.secret, agent.email, pages.company)
    picture = await asyncio.to_thread(_drawn, address)  # some 20 ms
    return pages.render(
        request, "second_factor_set_up.html", status=status_of(failure), locale=agent.locale,
        action=action, picture=picture, secret=_in_fours(offer.secret), key=offer.sealed, email=agent.email,
        failure=type(failure).__name__, is_asked=is_asked_of(request, agent),
    )  # fmt: skip


def _drawn(address: str) -> str:
    return segno.make(address, error="m").svg_inline(scale=4, light="#fff", omitsize=True)


def codes_page(request: Request, agent: agents.Agent, codes: Sequence[str], onward: str) -> Response:
    """Shown this once."""
    pages: Pages = request.app.state.pages
    return pages.render(
        request, "recovery_codes.html", locale=agent.locale, codes=codes, onward=onward, email=agent.email
    )


def with_cookie(request: Request, answer: Response, cookie: str) -> Response:
    give_cookie(request, answer, cookie)
    return answer


def status_of(failure: HelpdeskError | None) -> int:
    return {Invalid: 422, Unauthenticated: 422, LimitReached: 429}[type(failure)] if failure else 200


async def _own_page(request: Request, agent: agents.Agent, failure: HelpdeskError | None = None) -> Response:
    pages: Pages = request.app.state.pages
    async with request.app.state.database.transaction(SYSTEM) as tx:
        factor = await second_factors.of(tx, agent.id)
        left = await second_factors.recovery_codes_left(tx, agent.id)
    if factor is None:
        return await set_up_page(request, agent, PATH, failure)
    return pages.render(
        request, "second_factor.html", status=status_of(failure), locale=agent.locale, zone=agent.time_zone,
        since=factor.confirmed_at, left=left, failure=type(failure).__name__, email=agent.email,
        is_asked=is_asked_of(request, agent),
    )  # fmt: skip


async def _tell(request: Request, tx: Transaction, agent: agents.Agent, line: str) -> None:
    if not await inboxes.has_mail(tx):
        return
    t = translator(agent.locale, "pages")
    lines = [line, t("If that was not you, change your password and tell an administrator.")]
    await tickets.mail.mailing.queue_notice(
        tx, recipients=[agent.email], subject=t("Your sign-in to the helpdesk"), body="\n\n".join(lines)
    )


def _counted(request: Request, agent: agents.Agent) -> AbstractAsyncContextManager[None]:
    """Guessing codes is as slow as guessing passwords."""
    return attempts.counted(
        request.app.state.database, account=f"code of {agent.id}", address=caller_of(request)
    )


async def _given_key(request: Request) -> str:
    return str((await request.form()).get("key", "")) if request.method == "POST" else ""


def _sealer(request: Request) -> Sealer:
    return Sealer(request.app.state.settings.key)


def _in_fours(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
