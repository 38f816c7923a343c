"""Who is there to take work, and how much each carries."""

from typing import Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import availability, permissions, tickets
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_json


class Chosen(BaseModel):
    """Online takes work, away keeps what one has and takes nothing new."""

    state: Literal["online", "away"]


async def show_availability(request: Request) -> Response:
    """The caller's own availability and load, everybody's, and whether the desk is overloaded."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_reader(tx.actor)
        own = await tickets.desk(tx, tx.actor.agent_id) if tx.actor.agent_id else None
        everybody = await tickets.desks(tx)
        overload = await tickets.overload.shown(tx)
    return answer({"own": own, "items": everybody, "next": None, "overload": overload.to_dict()})


async def change_availability(request: Request) -> Response:
    """Say whether new work may come. Closing the workspace makes an agent offline by itself."""
    wanted = parse_json(await request.body(), Chosen)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        permissions.require_replier(tx.actor)
        if tx.actor.agent_id is None:
            raise Invalid("no_agent", "This API token acts for no agent.")
        await availability.choose(tx, tx.actor.agent_id, availability.State(wanted.state))
        tx.enqueue("distribute")
        return answer(await tickets.desk(tx, tx.actor.agent_id))
