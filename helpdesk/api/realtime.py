"""The pass that opens an agent's socket: a cookie alone never does."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import ActorKind
from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.auth import passes
from helpdesk.auth.requests import session_of
from helpdesk.domain import permissions


async def create_pass(request: Request) -> Response:
    """A single-use pass, good for 60 seconds."""
    actor = await actor_of(request)
    permissions.require_reader(actor)
    session = await session_of(request) if actor.kind is ActorKind.AGENT else None
    async with database_of(request).transaction(actor, is_autocommit=True) as tx:
        return answer({"pass": await passes.issue(tx, actor, session.id if session else None)})
