"""What a visitor's widget asks beside the conversation, the same over a socket and over HTTP."""

from typing import Any
from uuid import UUID

from helpdesk.actors import Actor
from helpdesk.domain import inboxes, knowledge, tickets, widgets
from helpdesk.domain.tickets import chatting
from helpdesk.errors import Forbidden
from helpdesk.storage.database import Database
from helpdesk.storage.tables import Json

LONGEST_SEARCH = 300


async def expectations(database: Database, actor: Actor) -> Json:
    """How long it takes now: open or not, place in line, the times at which somebody can call."""
    if actor.contact_id is None:
        raise Forbidden("contact_only")
    async with database.transaction(actor) as tx:
        inbox = await inboxes.get(tx, inbox_of(actor))
        return await tickets.expectations.of_visitor(tx, inbox, actor.contact_id) | {
            "slots": await chatting.slots(tx, inbox) if widgets.setup_of(inbox).callbacks else [],
            "may_wake": await chatting.may_wake(tx, actor.contact_id, inbox),
        }


async def articles(database: Database, actor: Actor, sought: Any) -> Json:
    """Help pages that fit what the visitor is writing, the best first."""
    text = sought[:LONGEST_SEARCH] if isinstance(sought, str) else ""
    async with database.transaction(actor) as tx:
        found = await knowledge.suggest(tx, text, actor.locale, limit=3)
    return {"items": [{"id": one.id, "title": one.title, "body": one.body} for one in found]}


def inbox_of(visitor: Actor) -> UUID:
    """The one inbox whose widget the visitor came by."""
    return next(iter(visitor.inbox_ids or ()))
