"""Visitors over HTTP, as agents see to them: who may not write in the chat any more."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import tickets, widgets
from helpdesk.parsing import parse_id
from helpdesk.storage.transaction import Transaction


class NewBlock(BaseModel):
    """`with_network`: nobody from where they last called may write either, for a day."""

    reason: Annotated[str, Field(max_length=500)] = ""
    with_network: bool = False


async def create_block(tx: Transaction, request: Request, wanted: NewBlock) -> Any:
    """A visitor may not write in the chat any more; they are told so, and pointed to mail."""
    contact_id = parse_id(request.path_params["id"], "contact")
    block = await tickets.chatting.blocked(tx, contact_id, wanted.reason, with_network=wanted.with_network)
    return _told(block)


async def remove_block(request: Request) -> Response:
    """The visitor may write again."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await tickets.chatting.unblocked(tx, parse_id(request.path_params["id"], "contact"))
    return answer(None)


def _told(block: widgets.Block) -> dict[str, Any]:
    return {
        "contact_id": block.contact_id,
        "reason": block.reason,
        "with_network": block.network is not None,
        "ends_at": block.ends_at,
    }
