"""How an agent is reached: methods with a code to prove them, after how many minutes, and a test ring."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.channels import pagers
from helpdesk.channels.notify_addresses import require_notify_address
from helpdesk.domain import agents, contacts, oncall
from helpdesk.domain.oncall.alerting.contact_methods import ContactMethod, MethodKind
from helpdesk.errors import HelpdeskError, Invalid, Unavailable
from helpdesk.jobs.ring import ADDRESS_PURPOSE, send_code, send_test
from helpdesk.jobs.workshop import Workshop, open_workshop
from helpdesk.parsing import parse_id
from helpdesk.storage.sealing import Sealer
from helpdesk.web.oncall import shell

_PAGE = "/oncall/methods"


async def show_methods(request: Request) -> Response:
    """GET /oncall/methods"""
    return await _page(request, await shell.require(request))


async def submit_method(request: Request) -> Response:
    """POST /oncall/methods: a new one; a code goes to it at once."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=10)
    try:
        kind, address = read_address(shell.text_of(form, "kind"), shell.text_of(form, "address"))
        sealed = Sealer(request.app.state.settings.key).seal_text(address, ADDRESS_PURPOSE)
        name = shell.text_of(form, "name") or address.partition("://")[0]
        async with request.app.state.database.transaction(actor) as tx:
            method, code = await oncall.contact_methods.add_method(tx, kind, name, sealed)
        await send_code(workshop_of(request), method, actor.locale, code)
    except HelpdeskError as failure:
        return await _page(request, actor, failure=failure)
    return shell.saved(_PAGE)


async def submit_push(request: Request) -> Response:
    """POST /oncall/methods/push: this browser's own subscription, as JSON in a form field."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    subscription = pagers.parse_subscription(shell.text_of(form, "subscription"))
    sealed = Sealer(request.app.state.settings.key).seal_text(subscription, ADDRESS_PURPOSE)
    async with request.app.state.database.transaction(actor) as tx:
        method, _ = await oncall.contact_methods.add_method(
            tx, MethodKind.PUSH, shell.text_of(form, "name") or "Web push", sealed
        )
        await oncall.contact_methods.prove_by_browser(tx, method.id)
    return shell.saved(_PAGE)


async def change_method(request: Request) -> Response:
    """POST /oncall/methods/{id}: `do` is verify, code, test or remove."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    method_id = parse_id(request.path_params["id"], "method")
    try:
        async with request.app.state.database.transaction(actor) as tx:
            method = await oncall.contact_methods.own_method(tx, method_id)
            match form.get("do"):
                case "verify":
                    right = await oncall.contact_methods.verify(tx, method_id, shell.text_of(form, "code"))
                case "remove":
                    right = True
                    await oncall.contact_methods.remove_method(tx, method_id)
                case "code":
                    right, code = True, await oncall.contact_methods.new_code(tx, method_id)
                case _:
                    right, code = True, ""
        if form.get("do") == "code":
            await send_code(workshop_of(request), method, actor.locale, code)
        if form.get("do") == "test":
            await send_test(workshop_of(request), method, actor.locale)
        if not right:
            raise Invalid("code_wrong", shell.translator_of(actor)("That is not the code."), field="code")
    except HelpdeskError as failure:
        return await _page(request, actor, failure=failure)
    return shell.saved(_PAGE)


async def submit_rule(request: Request) -> Response:
    """POST /oncall/rules: after so many minutes, by this method too."""
    actor = await shell.require(request)
    form = await request.form(max_files=0, max_fields=5)
    minutes = shell.text_of(form, "after_minutes")
    try:
        method_id = shell.id_of(form, "method")
        if method_id is None or not minutes.isdigit():
            raise Invalid("minutes_invalid", field="after_minutes")
        async with request.app.state.database.transaction(actor) as tx:
            await oncall.contact_methods.add_rule(tx, method_id, int(minutes))
    except HelpdeskError as failure:
        return await _page(request, actor, failure=failure)
    return shell.saved(_PAGE)


async def remove_rule(request: Request) -> Response:
    """POST /oncall/rules/{id}/remove"""
    actor = await shell.require(request)
    async with request.app.state.database.transaction(actor) as tx:
        await oncall.contact_methods.remove_rule(tx, parse_id(request.path_params["id"], "rule"))
    return shell.saved(_PAGE)


async def _page(request: Request, actor: Actor, *, failure: HelpdeskError | None = None) -> Response:
    key, agent_id = request.app.state.settings.key, shell.own_id(actor)
    async with request.app.state.database.transaction(actor) as tx:
        await oncall.contact_methods.own_email(tx, agent_id)
        methods = await oncall.contact_methods.methods_of(tx, agent_id)
        rules = await oncall.contact_methods.rules_of(tx, agent_id)
        ways = await oncall.contact_methods.ways_to(tx, agent_id)
        email = (await agents.get(tx, agent_id)).email
    shown = {method.id: _shown(key, method, email) for method in methods}
    secrets = {
        method.id: pagers.webhook_secret(key, method.id)
        for method in methods
        if method.kind == MethodKind.WEBHOOK
    }
    return shell.render(
        request,
        "methods",
        "methods.html",
        actor,
        status=422 if failure else 200,
        methods=methods,
        shown=shown,
        secrets=secrets,
        rules=rules,
        ways=ways,
        by_id={method.id: method for method in methods},
        push_key=pagers.public_push_key(key),
        failure=shell.words(failure, actor) if failure else "",
    )


def read_address(kind: str, text: str) -> tuple[MethodKind, str]:
    if kind == MethodKind.EMAIL:
        return MethodKind.EMAIL, contacts.normalise(contacts.IdentityKind.EMAIL, text)
    if kind == MethodKind.WEBHOOK:
        return MethodKind.WEBHOOK, pagers.require_web_address(text)
    if kind == MethodKind.NOTIFY:
        return MethodKind.NOTIFY, require_notify_address(text)
    raise Invalid("method_kind_unknown", field="kind")


def _shown(key: bytes, method: ContactMethod, email: str) -> str:
    """Enough to know which it is; what may hold a password is not shown again."""
    if method.address is None:
        return email
    try:
        address = Sealer(key).open_text(method.address, ADDRESS_PURPOSE)
    except Unavailable:
        return "?"
    if method.kind == MethodKind.EMAIL:
        return address
    if method.kind == MethodKind.PUSH:
        address = str(orjson.loads(address)["endpoint"])
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}/…"


def workshop_of(request: Request) -> Workshop:
    state = request.app.state
    return open_workshop(state.database, state.settings, state.files)
