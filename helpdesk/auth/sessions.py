"""Agents' sign-ins: a random cookie, a row in the database, revocable at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from helpdesk.actors import SYSTEM, Actor
from helpdesk.auth import attempts, passwords
from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import HalfSignIn, SessionRow
from helpdesk.domain import agents
from helpdesk.errors import Unauthenticated
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
_SEEN_EVERY = timedelta(minutes=5)

_LIVE = "SELECT id FROM sessions WHERE id = ANY($1) AND created_at >= $2"


@dataclass(frozen=True)
class Session:
    id: UUID
    csrf: str
    actor: Actor


async def prove_password(database: Database, email: str, password: str, address: str) -> agents.Agent:
    """Whose password this is. Errors: Unauthenticated, LimitReached after too many failures.

    An unknown address and a wrong password look and take the same.
    """
    async with attempts.counted(database, account=email.strip().lower(), address=address):
        async with database.transaction(SYSTEM) as tx:
            agent = await agents.by_email(tx, email)
        right = await passwords.is_right(password, agent.password_hash if agent else None)
        if not right or agent is None or agent.disabled_at is not None:
            raise Unauthenticated("sign_in_failed", "That address and password do not belong together.")
    return agent


async def start(tx: Transaction, agent_id: UUID, address: str, user_agent: str) -> str:
    """A new session of an agent who has proved who they are; answers with the cookie's value."""
    token = new_token()
    tx.session.add(
        SessionRow(
            id=tx.new_id(),
            token_hash=hashed(token),
            agent_id=agent_id,
            csrf=new_token(),
            user_agent=user_agent[:200],
            address=address,
            created_at=tx.now,
            seen_at=tx.now,
        )
    )
    return token


async def resume(database: Database, token: str) -> Session:
    """The session behind a cookie, with the agent's rights as they are now. Errors: Unauthenticated."""
    query = select(SessionRow, agents.Agent).join(agents.Agent, agents.Agent.id == SessionRow.agent_id)
    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        found = (await tx.session.execute(query.where(SessionRow.token_hash == hashed(token)))).one_or_none()
        if found is None or found[1].disabled_at is not None:
            raise Unauthenticated("session_ended")
        row, agent = found
        if tx.now - row.seen_at > IDLE or tx.now - row.created_at > LONGEST:
            raise Unauthenticated("session_ended")
        if tx.now - row.seen_at > _SEEN_EVERY:
            row.seen_at = tx.now
        return Session(row.id, row.csrf, await agents.actor_of(tx, agent))


async def sign_out(database: Database, token: str) -> None:
    async with database.transaction(SYSTEM) as tx:
        await tx.session.execute(delete(SessionRow).where(SessionRow.token_hash == hashed(token)))


async def sign_out_everywhere(tx: Transaction, agent_id: UUID) -> None:
    """Also who is at the door with a password that was right."""
    await tx.session.execute(delete(HalfSignIn).where(HalfSignIn.agent_id == agent_id))
    await tx.session.execute(delete(SessionRow).where(SessionRow.agent_id == agent_id))


async def live(tx: Transaction, session_ids: Collection[UUID]) -> set[UUID]:
    """Which of these sessions still stand: open sockets are asked this now and then."""
    found = await (await tx.driver()).fetch(_LIVE, list(session_ids), tx.now - LONGEST)
    return {record["id"] for record in found}


async def sweep(tx: Transaction) -> None:
    """Forget what has ended."""
    await tx.session.execute(
        delete(SessionRow).where(
            (SessionRow.seen_at < tx.now - IDLE) | (SessionRow.created_at < tx.now - LONGEST)
        )
    )
