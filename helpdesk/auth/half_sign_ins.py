"""Between the password and the second factor: who was right about the first may try the other for a while."""

from datetime import timedelta

from sqlalchemy import delete, select

from helpdesk.auth.secrets import hashed, new_token
from helpdesk.auth.tables import HalfSignIn
from helpdesk.domain import agents
from helpdesk.errors import Unauthenticated
from helpdesk.storage.transaction import Transaction

LIFETIME = timedelta(minutes=10)


async def begin(tx: Transaction, agent: agents.Agent) -> str:
    """Answers with the cookie's value; it opens nothing but the page that asks for the code."""
    token = new_token()
    tx.session.add(HalfSignIn(token_hash=hashed(token), agent_id=agent.id, created_at=tx.now))
    return token


async def agent_of(tx: Transaction, token: str) -> agents.Agent:
    """Errors: Unauthenticated when it is unknown, over, or the agent is out."""
    query = select(agents.Agent).join(HalfSignIn, HalfSignIn.agent_id == agents.Agent.id)
    query = query.where(HalfSignIn.token_hash == hashed(token), HalfSignIn.created_at > tx.now - LIFETIME)
    agent: agents.Agent | None = await tx.session.scalar(query)
    if agent is None or agent.disabled_at is not None:
        raise Unauthenticated("sign_in_first", "That took a while: sign in again.")
    return agent


async def end(tx: Transaction, agent: agents.Agent) -> None:
    """All of theirs: whoever else was at the door has to begin anew."""
    await tx.session.execute(delete(HalfSignIn).where(HalfSignIn.agent_id == agent.id))


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(HalfSignIn).where(HalfSignIn.created_at < tx.now - LIFETIME))
