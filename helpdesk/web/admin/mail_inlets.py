"""Mail inboxes and their ways in: settings with write-only secrets, whether each works, the day's count."""

from datetime import UTC, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.channels.email import discovery, oauth, providers
from helpdesk.domain import inboxes
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id, parse_number
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.web.admin import mail_consent, shell

PATH = "/admin/mail"
_DAYS = 7
_SECURITY = ("tls", "starttls", "none")
_WRITE_ONLY = ("secret", "s3_secret", "csrf")
_AFTER = ("keep", "seen", "move")


async def show_mail(request: Request) -> Response:
    """GET /admin/mail?change=: with the settings of that inlet in the form"""
    actor = await shell.require(request, "mail")
    wanted, given = request.query_params.get("change"), {}
    if wanted:
        async with request.app.state.database.transaction(actor) as tx:
            inlet = await inlets.get(tx, parse_id(wanted))
        given = {name: str(value) for name, value in inlet.options.items()}
        given |= {"kind": inlet.kind, "inbox": str(inlet.inbox_id)}
    return await _page(request, given, {}, 200)


async def save_inlet(request: Request) -> Response:
    """POST /admin/mail: a new way in, or another setting of one that is there."""
    actor = await shell.require(request, "mail")
    form = await request.form()
    try:
        options = await _options(request, str(form.get("kind", "")), form)
        async with request.app.state.database.transaction(actor) as tx:
            await _save(request, tx, form, options)
    except Invalid as failure:
        given = {name: str(value) for name, value in form.items() if name not in _WRITE_ONLY}
        return await _page(request, given, {failure.field or "kind": failure.detail or failure.code}, 422)
    return shell.saved(PATH)


async def remove_inlet(request: Request) -> Response:
    """POST /admin/mail/{id}/remove"""
    actor = await shell.require(request, "mail")
    async with request.app.state.database.transaction(actor) as tx:
        await inlets.remove(tx, parse_id(request.path_params["id"]))
    return shell.saved(PATH)


async def _page(request: Request, given: dict[str, str], errors: dict[str, str], status: int) -> Response:
    actor = await shell.require(request, "mail")
    async with request.app.state.database.transaction(actor) as tx:
        mailboxes = [one for one in await inboxes.all_of(tx) if one.channel == inboxes.Channel.EMAIL]
        found = await inlets.all_of(tx)
        too_large = await intake.too_large(tx)
        broken = {one.id for one in await inlets.broken(tx)}
        today = tx.now.astimezone(UTC).date()
        days = [await inlets.day_count(tx, today - timedelta(days=back)) for back in range(_DAYS)]
    shown: dict[str, Any] = {
        "mailboxes": mailboxes, "inlets": found, "broken": broken, "too_large": too_large,
        "days": days, "kinds": inlets.KINDS,
        "names": {one.id: one for one in mailboxes}, "given": given, "errors": errors,
        "address": request.app.state.settings.address, "settings": request.app.state.settings,
        "providers": oauth.providers(request.app.state.settings), "callback": mail_consent.CALLBACK,
    }  # fmt: skip
    return shell.render(request, "mail", "admin/mail.html", actor, status, **shown)


async def _save(request: Request, tx: Transaction, form: FormData, options: Json) -> None:
    """The secret is only ever written: an empty field keeps the one that is there."""
    kind, secret = str(form.get("kind", "")), str(form.get("secret", ""))
    enabled = form.get("enabled") == "on"
    inbox_id: UUID = parse_id(str(form.get("inbox", "")), "inbox")
    inlet = await inlets.save(tx, inbox_id, kind, options, enabled=enabled, inlet_id=tx.new_id())
    sealer = Sealer(request.app.state.settings.key)
    if inlet.options.get("auth", "password") != "password":
        inlet.secret = None
        return
    if kind == "ses":
        before = sealer.open(inlet.secret, inlet.id) if inlet.secret else ""
        secret = providers.ses_secret(before, secret, str(form.get("s3_secret", "")))
    if secret:
        inlet.secret = sealer.seal(secret, inlet.id)
    elif inlet.secret is None:
        raise Invalid("secret_missing", "Without a password or key nobody can be let in.", field="secret")


async def _options(request: Request, kind: str, form: FormData) -> Json:
    if kind == "ses":
        return {name: str(form.get(name, "")).strip()[:100] for name in ("s3_key", "s3_region")}
    if kind != "imap":
        return {}
    text = {name: str(form.get(name, "")).strip()[:255] for name in ("host", "user", "folder", "archive")}
    security, after = str(form.get("security", "tls")), str(form.get("after", "keep"))
    if security not in _SECURITY or after not in _AFTER:
        raise Invalid("option_unknown", field="security")
    auth = str(form.get("auth") or "password")
    if auth != "password":
        provider = oauth.providers(request.app.state.settings).get(auth)
        if provider is None:
            raise Invalid("mail_provider_not_set", "Its client id is not set.", field="auth")
        text["host"] = provider.host or text["host"]  # a token is for its provider's own door
        if security == "none":
            raise Invalid("option_unknown", "A token is never sent in clear text.", field="security")
    knock = partial(discovery.answers, networks=request.app.state.settings.private_networks)
    text["host"] = text["host"] or await discovery.find(text["user"], knock=knock) or ""
    text["folder"] = text["folder"] or "INBOX"
    port = parse_number(str(form.get("port") or 993), "port", 65535)
    return text | {"port": port, "security": security, "after": after, "auth": auth}
