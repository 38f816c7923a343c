"""As what mail leaves: name, signature and acknowledgement per inbox, and the keys that sign for a domain."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.channels.email import dkim_signing
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.tickets.mail import identity, signing_keys
from helpdesk.errors import Conflict, Invalid
from helpdesk.parsing import parse_id
from helpdesk.storage.sealing import Sealer
from helpdesk.web.admin import shell

PATH = "/admin/mail/sending"
_LONGEST_NAME = 100


async def show(request: Request) -> Response:
    """GET /admin/mail/sending"""
    return await _page(request, {}, 200)


async def save_inbox(request: Request) -> Response:
    """POST /admin/mail/sending/inboxes/{id}"""
    actor = await shell.require(request, "mail_sending")
    form = await request.form()
    async with request.app.state.database.transaction(actor) as tx:
        inbox = await inboxes.get(tx, parse_id(request.path_params["id"]))
        permissions.require_inbox(tx.actor, inbox.id)
        inbox.settings = dict(inbox.settings) | {
            "shown_name": " ".join(str(form.get("shown_name", "")).split())[:_LONGEST_NAME],
            "names_agents": form.get("names_agents") == "on",
            "signature": str(form.get("signature", "")).replace("\r\n", "\n")[: identity.LONGEST_SIGNATURE],
            "acknowledge": form.get("acknowledge") == "on",
            "takes_plus": form.get("takes_plus") == "on",
        }
    return shell.saved(PATH)


async def make_key(request: Request) -> Response:
    """POST /admin/mail/sending/keys: a new key, off until its record is published."""
    actor = await shell.require(request, "mail_sending")
    form = await request.form()
    secret = await asyncio.to_thread(dkim_signing.new_secret)
    try:
        async with request.app.state.database.transaction(actor) as tx:
            key_id = tx.new_id()
            sealed = Sealer(request.app.state.settings.key).seal(secret, key_id)
            await signing_keys.add(
                tx,
                str(form.get("domain", "")),
                str(form.get("selector", "")) or "helpdesk",
                dkim_signing.public_part(secret),
                sealed=sealed,
                key_id=key_id,
            )
    except (Invalid, Conflict) as failure:
        return await _page(request, {failure.field or "domain": failure.detail or failure.code}, 422)
    return shell.saved(PATH)


async def change_key(request: Request) -> Response:
    """POST /admin/mail/sending/keys/{id}: turned on or off, or removed."""
    actor = await shell.require(request, "mail_sending")
    form, key_id = await request.form(), parse_id(request.path_params["id"])
    async with request.app.state.database.transaction(actor) as tx:
        if form.get("do") == "remove":
            await signing_keys.remove(tx, key_id)
        else:
            await signing_keys.turn(tx, key_id, on=form.get("do") == "on")
    return shell.saved(PATH)


async def _page(request: Request, errors: dict[str, str], status: int) -> Response:
    actor = await shell.require(request, "mail_sending")
    async with request.app.state.database.transaction(actor) as tx:
        mailboxes = [one for one in await inboxes.all_of(tx) if one.channel == inboxes.Channel.EMAIL]
        keys = await signing_keys.all_of(tx)
    known = {key.domain for key in keys}
    domains = {str(one.address).rpartition("@")[2].lower() for one in mailboxes if one.address}
    return shell.render(
        request,
        "mail_sending",
        "admin/mail_sending.html",
        actor,
        status,
        mailboxes=mailboxes,
        keys=keys,
        records={key.id: dkim_signing.dns_record(key.public) for key in keys},
        domains=sorted(domains - known),
        errors=errors,
        longest=identity.LONGEST_SIGNATURE,
    )
