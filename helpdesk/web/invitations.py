"""Invitations to chat, as a module the loader takes only where the site asks for them (`data-invite`).

A script, because then the host page needs no more than `script-src` for us. Who may be invited now is
decided here, each time anew: nobody is, while nobody could answer or many wait already.
"""

import json

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response

from helpdesk import translation
from helpdesk.actors import SYSTEM
from helpdesk.domain import availability, inboxes, tickets, widgets
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.web.assets import Assets


async def show_invitations(request: Request) -> Response:
    """GET /widget/invitations.js?inbox=&locale="""
    wanted = translation.best_locale(request.query_params.get("locale"))
    async with request.app.state.database.transaction(SYSTEM) as tx:
        inbox = await inboxes.by_key(tx, request.query_params.get("inbox", ""), inboxes.Channel.CHAT)
        setup = widgets.setup_of(inbox)
        rules = _rules(setup, wanted) if setup.invitations and await _may_invite(tx, inbox, setup) else []
    assets: Assets = request.app.state.assets
    pause = setup.invitation_pause_days * 86_400_000
    source = (
        f'import {{ invite }} from "{assets.url("widget/features/invitation.js")}"\n'
        f"export const rules = {json.dumps(rules)}\n"
        f"export default page => invite(page, rules, {pause})\n"
    )
    headers = {
        "Cache-Control": "no-store",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(source, 200, headers, "text/javascript")


def _rules(setup: widgets.Setup, locale: str) -> list[Json]:
    return [
        {
            "text": text,
            "page": one.page,
            "seconds": one.seconds,
            "attribute": one.attribute,
            "value": one.value,
        }
        for one in setup.invitations
        if (text := widgets.for_reader(one.text, locale))
    ]


async def _may_invite(tx: Transaction, inbox: inboxes.Inbox, setup: widgets.Setup) -> bool:
    """Open by the calendar, an agent at their workspace, and few enough waiting."""
    if not (await tickets.expectations.of_inbox(tx, inbox))["open"] or await widgets.brake.is_on(tx, inbox):
        return False
    if not await availability.online(tx):
        return False
    waiting = select(func.count()).where(tickets.Ticket.inbox_id == inbox.id, tickets.Ticket.waiting)
    return int(await tx.session.scalar(waiting) or 0) <= setup.invitation_longest_queue
