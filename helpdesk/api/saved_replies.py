"""Saved replies over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import inboxes, saved_replies
from helpdesk.parsing import parse_id, parse_json
from helpdesk.storage.transaction import Transaction


class NewSavedReply(BaseModel):
    """`body` is Markdown with placeholders like `{{contact.first_name|there}}`; `personal` keeps it to
    oneself, those of everybody are written by leads; `inbox_id` offers it on that inbox's tickets alone.
    Where it is sent, the ticket gets the `tags`, and is resolved if it `resolves`."""

    name: Annotated[str, Field(max_length=saved_replies.LONGEST_NAME)]
    body: Annotated[str, Field(max_length=saved_replies.LONGEST_BODY)]
    inbox_id: UUID | None = None
    personal: bool = True
    tags: Annotated[
        list[Annotated[str, Field(max_length=100)]], Field(max_length=saved_replies.MOST_TAGS)
    ] = []
    resolves: bool = False


async def list_replies(request: Request) -> Response:
    """One's own saved replies and those of everybody, by name."""
    sought = request.query_params.get("q", "")[:100]
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = [await _told(tx, one) for one in await saved_replies.all_of(tx, sought)]
    return answer({"items": found, "next": None})


async def list_for_ticket(request: Request) -> Response:
    """The saved replies for a ticket, filled in with what is known of it."""
    ticket_id = parse_id(request.path_params["id"], "ticket")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = [
            {
                "id": one.reply.id,
                "name": one.reply.name,
                "body": one.body,
                "missing": one.missing,
                "personal": one.reply.agent_id is not None,
                "tags": one.reply.tags,
                "resolves": one.reply.resolves,
            }
            for one in await saved_replies.for_ticket(tx, ticket_id)
        ]
    return answer({"items": found, "next": None})


async def create_reply(tx: Transaction, _request: Request, wanted: NewSavedReply) -> Any:
    """A new saved reply."""
    return await _saved(tx, None, wanted)


async def change_reply(request: Request) -> Response:
    """Other words for a saved reply."""
    wanted = parse_json(await request.body(), NewSavedReply)
    reply_id = parse_id(request.path_params["id"], "saved_reply")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        told = await _saved(tx, reply_id, wanted)
    return answer(told)


async def delete_reply(request: Request) -> Response:
    """Take a saved reply away."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await saved_replies.remove(tx, parse_id(request.path_params["id"], "saved_reply"))
    return answer(None)


async def _saved(tx: Transaction, reply_id: UUID | None, wanted: NewSavedReply) -> dict[str, Any]:
    reply = await saved_replies.save(
        tx,
        reply_id,
        name=wanted.name,
        body=wanted.body,
        inbox_id=wanted.inbox_id,
        is_personal=wanted.personal,
        tags=wanted.tags,
        resolves=wanted.resolves,
    )
    return await _told(tx, reply)


async def _told(tx: Transaction, one: saved_replies.SavedReply) -> dict[str, Any]:
    inbox = await inboxes.get(tx, one.inbox_id) if one.inbox_id else None
    return {
        "id": one.id,
        "name": one.name,
        "body": one.body,
        "inbox": {"id": inbox.id, "name": inbox.name} if inbox else None,
        "personal": one.agent_id is not None,
        "tags": one.tags,
        "resolves": one.resolves,
        "changed_at": one.changed_at,
    }
