"""Channels a step of a policy may tell: added once a word sent there has arrived, tested, removed."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Role
from helpdesk.domain import oncall
from helpdesk.errors import HelpdeskError
from helpdesk.jobs.ring import ADDRESS_PURPOSE, send_test
from helpdesk.parsing import parse_id
from helpdesk.storage.sealing import Sealer
from helpdesk.web.oncall import methods, policies, shell

_PAGE = "/oncall/policies#channels"


async def submit_channel(request: Request) -> Response:
    """POST /oncall/channels: kept only when the first word arrived."""
    actor = await shell.require(request, Role.LEAD)
    form = await request.form(max_files=0, max_fields=10)
    key = request.app.state.settings.key
    try:
        kind, address = methods.read_address(shell.text_of(form, "kind"), shell.text_of(form, "address"))
        sealed = Sealer(key).seal_text(address, ADDRESS_PURPOSE)
        async with request.app.state.database.transaction(actor) as tx:
            made = await oncall.channels.add_channel(tx, kind, shell.text_of(form, "name"), sealed)
        try:
            await send_test(methods.workshop_of(request), made, actor.locale)
        except HelpdeskError:
            async with request.app.state.database.transaction(actor) as tx:
                await oncall.channels.remove_channel(tx, made.id)
            raise
    except HelpdeskError as failure:
        return await policies.overview(request, actor, failure=failure)
    return shell.saved(_PAGE)


async def change_channel(request: Request) -> Response:
    """POST /oncall/channels/{id}: `do` is test or remove."""
    actor = await shell.require(request, Role.LEAD)
    form = await request.form(max_files=0, max_fields=5)
    channel_id = parse_id(request.path_params["id"], "channel")
    try:
        async with request.app.state.database.transaction(actor) as tx:
            channel = await oncall.channels.get_channel(tx, channel_id)
            if form.get("do") == "remove":
                await oncall.channels.remove_channel(tx, channel_id)
        if form.get("do") == "test":
            await send_test(methods.workshop_of(request), channel, actor.locale)
    except HelpdeskError as failure:
        return await policies.overview(request, actor, failure=failure)
    return shell.saved(_PAGE)
