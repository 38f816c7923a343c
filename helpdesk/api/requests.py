"""What every endpoint needs of a request: who asks, a transaction, and creating things once."""

import hashlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.api.answers import answer
from helpdesk.auth import api_keys, visitors
from helpdesk.auth.requests import bearer_of, session_of
from helpdesk.errors import Conflict, Invalid, Unauthenticated
from helpdesk.parsing import parse_json, parse_number
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.tables import IdempotencyKey
from helpdesk.storage.transaction import Transaction
from helpdesk.wire import encode

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
Create = Callable[[Transaction, Request, T], Awaitable[Any]]

LARGEST_PAGE = 200
LONGEST_KEY = 200


def database_of(request: Request) -> Database:
    return cast(Database, request.app.state.database)


def files_of(request: Request) -> Files:
    return cast(Files, request.app.state.files)


async def actor_of(request: Request) -> Actor:
    """The agent behind the session cookie, or the API token's; looked up once. Errors: Unauthenticated."""
    state = request.scope.setdefault("state", {})
    if "actor" not in state:
        state["actor"] = await _identified(request)
    actor: Actor = state["actor"]
    return actor


async def visitor_of(request: Request) -> Actor:
    """The visitor behind a widget token. Errors: Unauthenticated."""
    token = bearer_of(request.headers)
    if token is None or not token.startswith("vt_"):
        raise Unauthenticated("visitor_token_missing")
    return await visitors.actor_of(database_of(request), token)


def creating(
    shape: type[T], create: Create[T], status: int = 201
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that creates something in one transaction, once per Idempotency-Key.

    The same key with the same body gives the same answer; with another one Conflict `key_reused`.
    """

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        wanted = parse_json(body, shape)
        actor = await actor_of(request)
        key = _key(request)
        async with database_of(request).transaction(actor) as tx:
            if key is None:
                return answer(await create(tx, request, wanted), status)
            said = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()
            before = await _begin_once(tx, actor, key, said)
            if before is not None:
                return Response(before.body, before.status, media_type="application/json")
            made = encode(await create(tx, request, wanted))
            await _remember(tx, actor, key, status, made)
        return Response(made, status, media_type="application/json")

    endpoint.__doc__ = create.__doc__
    endpoint.__name__ = create.__name__
    return endpoint


def admitting(handler: Handler, allow: Callable[[Actor], None]) -> Handler:
    """The handler behind a door: nothing of a request is read before its caller is known and allowed."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        allow(await actor_of(request))
        return await handler(request)

    return endpoint


def page_of(request: Request, default: int = 50) -> tuple[int, str | None]:
    """`limit` and `after` of a list. Errors: Invalid."""
    limit = parse_number(request.query_params.get("limit", str(default)), "limit", LARGEST_PAGE)
    if limit < 1:
        raise Invalid("limit_invalid", f"limit is 1 to {LARGEST_PAGE}.", field="limit")
    return limit, request.query_params.get("after") or None


def whole_number(request: Request, name: str, default: int) -> int:
    return parse_number(request.query_params.get(name) or str(default), name)


async def _begin_once(tx: Transaction, actor: Actor, key: str, said: str) -> IdempotencyKey | None:
    """None when the key is new (and now ours); else the answer it was given before."""
    row = insert(IdempotencyKey).values(
        actor_id=actor.id, key=key, request_hash=said, status=0, body=b"", created_at=tx.now
    )
    fresh = await tx.session.execute(row.on_conflict_do_nothing().returning(IdempotencyKey.key))
    if fresh.scalar() is not None:
        return None
    query = select(IdempotencyKey).where(IdempotencyKey.actor_id == actor.id, IdempotencyKey.key == key)
    before: IdempotencyKey = (await tx.session.scalars(query)).one()
    if before.request_hash != said:
        raise Conflict("key_reused", "This Idempotency-Key was used for something else.")
    return before


async def _remember(tx: Transaction, actor: Actor, key: str, status: int, body: bytes) -> None:
    await tx.session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.actor_id == actor.id, IdempotencyKey.key == key)
        .values(status=status, body=body)
    )


async def _identified(request: Request) -> Actor:
    token = bearer_of(request.headers)
    if token is not None:  # also an empty one: who sends a token is never taken for their cookie
        return await api_keys.actor_of(database_of(request), token)
    session = await session_of(request)
    if session is None:
        raise Unauthenticated("sign_in_first", "Send a session cookie or an API token.")
    return session.actor


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise Invalid("key_invalid", f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
    return key
