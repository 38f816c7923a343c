"""API tokens: `pat_…`, shown once, stored as a hash, acting for an agent within their scopes."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import SYSTEM, Actor, ActorKind, Role
from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import ApiToken
from helpdesk.domain import agents, permissions
from helpdesk.errors import Invalid, Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

SCOPES = frozenset({"all", "read", "write", "acknowledge"})
LONGEST = timedelta(days=365)
_USED_EVERY = timedelta(minutes=5)
_VALID = "SELECT id FROM api_tokens WHERE id = ANY($1) AND expires_at > $2"


async def create(tx: Transaction, *, name: str, scopes: frozenset[str], agent_id: UUID) -> str:
    """Answers with the token, which is not kept. Errors: Invalid for an unknown scope."""
    permissions.require_role(tx.actor, Role.ADMIN)
    if not scopes or scopes - SCOPES:
        raise Invalid("scope_unknown", f"Scopes are {', '.join(sorted(SCOPES))}.", field="scope")
    token = new_token("pat_")
    tx.session.add(
        ApiToken(
            id=tx.new_id(),
            token_hash=hashed(token),
            name=name[:100],
            scopes=sorted(scopes),
            agent_id=agent_id,
            created_at=tx.now,
            expires_at=tx.now + LONGEST,
        )
    )
    return token


async def actor_of(database: Database, token: str) -> Actor:
    """Who an API token acts for, with the agent's rights as they are now. Errors: Unauthenticated."""
    query = select(ApiToken, agents.Agent).join(agents.Agent, agents.Agent.id == ApiToken.agent_id)
    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        found = (await tx.session.execute(query.where(ApiToken.token_hash == hashed(token)))).one_or_none()
        if found is None or found[0].expires_at <= tx.now or found[1].disabled_at is not None:
            raise Unauthenticated("token_invalid", "This API token is not valid.")
        row, agent = found
        if row.last_used_at is None or tx.now - row.last_used_at > _USED_EVERY:
            row.last_used_at = tx.now
        actor = await agents.actor_of(tx, agent)
        return replace(actor, kind=ActorKind.API_KEY, id=row.id, scopes=frozenset(row.scopes))


async def valid(tx: Transaction, token_ids: Collection[UUID]) -> set[UUID]:
    """Which of these tokens are still there and have not expired."""
    found = await (await tx.driver()).fetch(_VALID, list(token_ids), tx.now)
    return {record["id"] for record in found}
