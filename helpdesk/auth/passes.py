"""Connection passes: what opens a socket, once, within a minute."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete

from helpdesk.actors import Actor, ActorKind
from helpdesk.auth import api_keys, sessions
from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import ConnectionPass
from helpdesk.auth.visitors import actor_for
from helpdesk.domain import agents, contacts
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

LIFETIME = timedelta(seconds=60)

Subject = dict[str, Any]
"""Whom a pass was issued to, as it is stored: ids only, rights are looked up when they are used."""

AGENTS, WIDGET = "/agent", "/widget"

_ISSUE = "INSERT INTO connection_passes (token_hash, namespace, subject, created_at) VALUES ($1, $2, $3, $4)"
_USE = """
    DELETE FROM connection_passes p USING unnest($1::bytea[], $2::text[]) AS shown (token_hash, namespace)
    WHERE p.token_hash = shown.token_hash AND p.namespace = shown.namespace
    RETURNING p.token_hash, p.namespace, p.subject, p.created_at
"""


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


async def redeem(database: Database, token: object, namespace: str) -> tuple[Subject, Actor]:
    """Uses the pass up: whom it was issued to, to be asked for again, and the actor as of now. When everybody
    comes back at once, many are looked at together.

    Errors: Unauthenticated when it is unknown, used, old, or for elsewhere.
    """
    if not isinstance(token, str):
        raise Unauthenticated("pass_invalid")
    used = await database.together(_use, (hashed(token), namespace))
    if used is None:
        raise Unauthenticated("pass_invalid")
    subject, actor = used
    return subject, _require(actor)


async def _use(
    tx: Transaction, shown: Sequence[tuple[bytes, str]]
) -> list[tuple[Subject, Actor | None] | None]:
    rows = await (await tx.driver()).fetch(_USE, *map(list, zip(*shown, strict=True)))
    good = [row for row in rows if tx.now - row["created_at"] <= LIFETIME]
    used = {(row["token_hash"], row["namespace"]): row["subject"] for row in good}
    subjects = [used.pop(one, None) for one in shown]  # who shows it twice enters once
    actors = iter(await actors_of(tx, [one for one in subjects if one is not None]))
    return [None if one is None else (one, next(actors)) for one in subjects]


async def actor_of(tx: Transaction, subject: Subject) -> Actor:
    """The actor with the rights of this moment. Errors: Unauthenticated once disabled or signed out."""
    return _require((await actors_of(tx, [subject]))[0])


async def actors_of(tx: Transaction, subjects: Sequence[Subject]) -> list[Actor | None]:
    """The same for many, asked for at once; None for whoever is out."""
    staff = [one for one in subjects if one["kind"] != ActorKind.CONTACT]
    acting = iter(await _staff(tx, staff) if staff else ())
    ids = {UUID(one["contact_id"]) for one in subjects if one["kind"] == ActorKind.CONTACT}
    people = await contacts.by_ids(tx, ids) if ids else {}
    return [_visitor(one, people) if one["kind"] == ActorKind.CONTACT else next(acting) for one in subjects]


def _require(actor: Actor | None) -> Actor:
    if actor is None:
        raise Unauthenticated("session_ended")
    return actor


def _visitor(subject: Subject, people: dict[UUID, contacts.Contact]) -> Actor | None:
    issued_to = UUID(subject["contact_id"])
    contact = people.get(issued_to)
    return actor_for(contact, UUID(subject["inbox_id"]), issued_to) if contact is not None else None


async def _staff(tx: Transaction, subjects: Sequence[Subject]) -> list[Actor | None]:
    sessions_of = {UUID(one["session"]) for one in subjects if "session" in one}
    keys_of = {UUID(one["id"]) for one in subjects if one["kind"] == ActorKind.API_KEY}
    good = await sessions.live(tx, sessions_of) if sessions_of else set()
    good |= await api_keys.valid(tx, keys_of) if keys_of else set()
    people = await agents.actors_of(tx, {UUID(one["agent_id"]) for one in subjects})
    return [
        _acting(one, people.get(UUID(one["agent_id"]))) if _proofs(one) <= good else None for one in subjects
    ]


def _proofs(subject: Subject) -> set[UUID]:
    """What must still stand: the sign-in, or the API token."""
    key = {subject["id"]} if subject["kind"] == ActorKind.API_KEY else set()
    return {UUID(one) for one in (*key, subject.get("session")) if one is not None}


def _acting(subject: Subject, agent: Actor | None) -> Actor | None:
    """An API token acts for its agent, within its scopes."""
    if agent is None or subject["kind"] != ActorKind.API_KEY:
        return agent
    scopes = frozenset(subject["scopes"])
    return replace(agent, kind=ActorKind.API_KEY, id=UUID(subject["id"]), scopes=scopes)


def subject_of(actor: Actor) -> Subject:
    """What is stored of an actor: ids only, its rights are looked up when it acts."""
    if actor.kind is ActorKind.CONTACT:
        inbox_id = next(iter(actor.inbox_ids or ()))
        issued_to = actor.came_as or actor.contact_id
        return {"kind": actor.kind.value, "contact_id": str(issued_to), "inbox_id": str(inbox_id)}
    return {
        "kind": actor.kind.value,
        "id": str(actor.id),
        "agent_id": str(actor.agent_id),
        "scopes": sorted(actor.scopes),
    }


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(ConnectionPass).where(ConnectionPass.created_at < tx.now - LIFETIME))
