"""Letting the helpdesk read a mailbox at Google, Microsoft or another OAuth 2 provider."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.channels.email import oauth
from helpdesk.domain.tickets.mail import consents, inlets
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import HelpdeskError, Invalid, Unauthenticated
from helpdesk.parsing import parse_id
from helpdesk.storage.sealing import Sealer
from helpdesk.web.admin import shell

CALLBACK = "/admin/mail/authorised"
_LONGEST = 4000


async def ask(request: Request) -> Response:
    """POST /admin/mail/{id}/authorise: a page with the way to the provider.

    A redirect would not do: our own policy lets no form lead to another site.
    """
    actor, settings = await shell.require(request, "mail"), request.app.state.settings
    async with request.app.state.database.transaction(actor) as tx:
        inlet = await inlets.get(tx, parse_id(request.path_params["id"]))
        provider = _provider(request, inlet)
        wanted = str(inlet.options.get("user", ""))
        asked = oauth.ask(provider, consents.new_state(inlet.id), _back(request), wanted)
        verifier = Sealer(settings.key).seal(asked.verifier, inlet.id)
        await consents.begin(tx, inlet.id, asked.state, verifier)
    return _page(request, actor, url=asked.url, user=wanted, provider=provider.name, error="", inlet=inlet)


async def take_answer(request: Request) -> Response:
    """GET /admin/mail/authorised: where the provider sends the administrator back to."""
    actor, query = await shell.require(request, "mail"), request.query_params
    database, sealer = request.app.state.database, Sealer(request.app.state.settings.key)
    inlet = None
    try:
        async with database.transaction(actor) as tx:
            inlet, verifier = await consents.answered(tx, query.get("state", "")[:_LONGEST])
        if "code" not in query:
            raise Unauthenticated("mail_consent_refused", query.get("error", "")[:200])
        plain = sealer.open(verifier, inlet.id)
        tokens = await oauth.exchange(
            _provider(request, inlet), query["code"][:_LONGEST], plain, _back(request), database.clock.now()
        )
    except HelpdeskError as failure:
        return _page(request, actor, url="", user="", provider="", error=failure.detail or "", inlet=inlet)
    async with database.transaction(actor) as tx:
        await consents.given(tx, inlet.id, sealer.seal(tokens.packed(), inlet.id), tokens.expire_at)
    return shell.saved("/admin/mail")


def _provider(request: Request, inlet: Inlet) -> oauth.Provider:
    found = oauth.providers(request.app.state.settings).get(str(inlet.options.get("auth", "")))
    if found is None:
        raise Invalid("mail_provider_not_set", "This mailbox is read with a password.")
    return found


def _back(request: Request) -> str:
    return f"{request.app.state.settings.address}{CALLBACK}"


def _page(
    request: Request, actor: Actor, *, url: str, user: str, provider: str, error: str, inlet: Inlet | None
) -> Response:
    status = 200 if url else 422
    shown: dict[str, object] = {"url": url, "user": user, "provider": provider, "error": error}
    shown["inlet_id"] = inlet.id if inlet else None
    return shell.render(request, "mail", "admin/mail_consent.html", actor, status, **shown)
