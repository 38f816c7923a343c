"""Inboxes that no mail comes into at the moment: agents should know why it is quiet."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import inboxes, permissions
from helpdesk.domain.tickets.mail import inlets


class MailOutage(BaseModel):
    """No mail has come in since then, although it was asked for."""

    inbox: UUID
    name: str
    address: str
    since: datetime | None


async def list_outages(request: Request) -> Response:
    """Inboxes whose mail could not be fetched for five minutes, of those the caller sees."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = [one for one in await inlets.broken(tx) if permissions.may_see_inbox(tx.actor, one.inbox_id)]
        named = {one.inbox_id: await inboxes.get(tx, one.inbox_id) for one in found}
    items = [
        {
            "inbox": one.inbox_id,
            "name": named[one.inbox_id].name,
            "address": named[one.inbox_id].address or "",
            "since": one.failing_since,
        }
        for one in found
    ]
    return answer({"items": items, "next": None})
