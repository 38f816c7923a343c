"""Connection passes: what opens a socket, once, within a minute."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete

from helpdesk.actors import SYSTEM, Actor, ActorKind, Role
from helpdesk.auth import api_keys, sessions
from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import ConnectionPass
from helpdesk.auth.visitors import actor_for
from helpdesk.domain import agents, contacts
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

LIFETIME = timedelta(seconds=60)

AGENTS, WIDGET = "/agent", "/widget"

_ISSUE = "INSERT INTO connection_passes (token_hash, namespace, subject, created_at) VALUES ($1, $2, $3, $4)"
_USE = "DELETE FROM connection_passes WHERE token_hash = $1 AND namespace = $2 RETURNING subject, created_at"


async def issue(tx: Transaction, actor: Actor, session_id: UUID | None = None) -> str:
    """A pass for the namespace this actor belongs to. What it opens ends with the session, if given."""
    subject = subject_of(actor)
    if session_id is not None:
        subject["session"] = str(session_id)
    token = new_token("cp_")
    namespace = WIDGET if actor.kind is ActorKind.CONTACT else AGENTS
    told = orjson.dumps(subject).decode()
    await (await tx.driver()).execute(_ISSUE, hashed(token), namespace, told, tx.now)
    return token


async def redeem(database: Database, token: object, namespace: str) -> tuple[dict[str, Any], Actor]:
    """Uses the pass up: whom it was issued to, to be asked for again, and the actor as of now.

    Errors: Unauthenticated when it is unknown, used, old, or for elsewhere.
    """
    if not isinstance(token, str):
        raise Unauthenticated("pass_invalid")
    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        used = await (await tx.driver()).fetchrow(_USE, hashed(token), namespace)
        if used is None or tx.now - used["created_at"] > LIFETIME:
            raise Unauthenticated("pass_invalid")
        return used["subject"], await actor_of(tx, used["subject"])


async def actor_of(tx: Transaction, subject: dict[str, Any]) -> Actor:
    """The actor with the rights of this moment. Errors: Unauthenticated once disabled or signed out."""
    if subject["kind"] == ActorKind.CONTACT:
        contact = await contacts.get(tx, UUID(subject["contact_id"]))
        return actor_for(contact, UUID(subject["inbox_id"]))
    agent = await agents.get(tx, UUID(subject["agent_id"]))
    ended = "session" in subject and not await sessions.is_live(tx, UUID(subject["session"]))
    if ended or agent.disabled_at is not None:
        raise Unauthenticated("session_ended")
    actor = await agents.actor_of(tx, agent)
    if subject["kind"] == ActorKind.API_KEY:
        if not await api_keys.is_valid(tx, UUID(subject["id"])):
            raise Unauthenticated("token_invalid")
        return Actor(
            kind=ActorKind.API_KEY,
            id=UUID(subject["id"]),
            name=actor.name,
            role=Role(agent.role),
            agent_id=agent.id,
            inbox_ids=actor.inbox_ids,
            scopes=frozenset(subject["scopes"]),
            locale=actor.locale,
            time_zone=actor.time_zone,
        )
    return actor


def subject_of(actor: Actor) -> dict[str, Any]:
    """What is stored of an actor: ids only, its rights are looked up when it acts."""
    if actor.kind is ActorKind.CONTACT:
        inbox_id = next(iter(actor.inbox_ids or ()))
        return {"kind": actor.kind.value, "contact_id": str(actor.contact_id), "inbox_id": str(inbox_id)}
    return {
        "kind": actor.kind.value,
        "id": str(actor.id),
        "agent_id": str(actor.agent_id),
        "scopes": sorted(actor.scopes),
    }


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(ConnectionPass).where(ConnectionPass.created_at < tx.now - LIFETIME))
