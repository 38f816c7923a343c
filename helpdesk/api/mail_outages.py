"""Inboxes that no mail comes into at the moment: agents should know why it is quiet."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Role
from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.api.shapes import Page
from helpdesk.domain import inboxes, permissions, tickets
from helpdesk.domain.tickets.mail import inlets


class MailOutage(BaseModel):
    """No mail has come in since then, although it was asked for."""

    inbox: UUID
    name: str
    address: str
    since: datetime | None


class MailOutages(Page[MailOutage]):
    """`unsent`: mails that wait because no mail server is set; told to administrators, 0 for others."""

    unsent: int


async def list_outages(request: Request) -> Response:
    """Inboxes whose mail could not be fetched for five minutes, of those the caller sees; mails that wait."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = [one for one in await inlets.broken(tx) if permissions.may_see_inbox(tx.actor, one.inbox_id)]
        is_told = permissions.has_role(tx.actor, Role.ADMIN)
        unsent = await tickets.mail.mailing.unsent(tx) if is_told else 0
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
    return answer({"items": items, "next": None, "unsent": unsent})
