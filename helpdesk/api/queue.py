"""The prioritized queue over HTTP."""

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of, page_of
from helpdesk.channels.claiming import claim
from helpdesk.domain import tickets
from helpdesk.parsing import parse_json


class Claim(BaseModel):
    """Nothing is needed: the queue decides."""


async def show_queue(request: Request) -> Response:
    """The rows of a view in the order of `rank_at`, each with its why, and how many stand in each view.
    A count goes to 1,000, which means so many or more."""
    limit, after = page_of(request)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        out_of_reach = await tickets.out_of_reach(tx)
        rows, following = await tickets.queries.queue_page(
            tx,
            view=request.query_params.get("view", "queue"),
            channel=request.query_params.get("channel"),
            limit=limit,
            after=after,
            out_of_reach=out_of_reach,
        )
        counts = await tickets.queries.counts(tx)
        overload = await tickets.overload.shown(tx)
    return answer(
        {
            "items": rows,
            "next": following,
            "counts": counts,
            "as_of": tx.now,
            "overload": overload.to_dict(),
            "out_of_reach": {str(pool_id): why for pool_id, why in out_of_reach.items()},
        }
    )


async def claim_next(request: Request) -> Response:
    """Take the next ticket: 200 with it, 204 when nothing waits for you (or, by `X-Queue-Reason: full`,
    when nothing more fits on what you carry)."""
    parse_json(await request.body(), Claim)
    actor = await actor_of(request)
    ticket = await claim(database_of(request), actor)
    async with database_of(request).transaction(actor) as tx:
        if ticket is None:
            is_full = tx.actor.agent_id is not None and await tickets.is_full(tx, tx.actor.agent_id)
            return answer(None, 204, **({"X-Queue-Reason": "full"} if is_full else {}))
        return answer(await tickets.queries.ticket(tx, ticket.id))
