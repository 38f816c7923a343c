"""The ways to a password: an invitation, a link for whoever has lost theirs, or the one they have."""

from datetime import timedelta
from uuid import UUID, uuid5

from helpdesk.domain.agents.model import Agent
from helpdesk.domain.agents.queries import get_lower
from helpdesk.errors import Conflict, NotFound
from helpdesk.storage.transaction import Transaction

INVITED_FOR = timedelta(days=14)
"""How long a link to choose a password holds."""

RENEWED_WITHIN = timedelta(days=1)
"""How long a link to choose another password holds."""


async def invite(tx: Transaction, agent_id: UUID) -> Agent:
    """They are about to be sent a link. Errors: NotFound, Forbidden, Conflict invitation_taken."""
    agent = await get_lower(tx, agent_id)
    if agent.password_hash is not None:
        raise Conflict("invitation_taken", "They have a password already.")
    agent.invited_at = tx.now
    await tx.flush()
    return agent


async def welcome(tx: Transaction, agent_id: UUID, password_hash: str | None = None) -> Agent:
    """Whoever was invited a short while ago and has no password, and gets one here. Errors: NotFound."""
    agent = await _sent_a_link(tx, agent_id, INVITED_FOR)
    if agent.password_hash is not None:
        raise NotFound("invitation_over")
    if password_hash is not None:
        agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def set_password(tx: Transaction, agent_id: UUID, password_hash: str) -> Agent:
    """In the place of one that is lost; links that were sent hold no more. The sessions are the caller's to
    end. Errors: NotFound, Forbidden, Conflict agent_disabled."""
    agent = await _renewable(tx, agent_id)
    agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def change_password(tx: Transaction, agent_id: UUID, password_hash: str) -> Agent:
    """By whoever has just proved the one they had; links that were sent hold no more. The sessions are the
    caller's to end. Errors: NotFound."""
    agent = await tx.session.get(Agent, agent_id, with_for_update=True, populate_existing=True)
    if agent is None or agent.disabled_at is not None:
        raise NotFound("agent_not_found")
    agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def offer_renewal(tx: Transaction, agent_id: UUID) -> Agent:
    """They are about to be sent a link to choose another password with; earlier links hold no more. Errors:
    NotFound, Forbidden, Conflict agent_disabled, not_signed_in_yet."""
    agent = await _renewable(tx, agent_id)
    if agent.password_hash is None:
        raise Conflict("not_signed_in_yet", "They have no password yet: invite them.")
    agent.invited_at = tx.now
    await tx.flush()
    return agent


def renewal_of(agent: Agent) -> UUID:
    """Names the newest link that was sent to them."""
    return uuid5(agent.id, agent.invited_at.isoformat() if agent.invited_at else "")


async def renew(tx: Transaction, agent_id: UUID, renewal: UUID, password_hash: str | None = None) -> Agent:
    """Whoever was sent this link within a day and has not used it, and gets another password here; the
    sessions are the caller's to end. Errors: NotFound."""
    agent = await _sent_a_link(tx, agent_id, RENEWED_WITHIN)
    if agent.password_hash is None or renewal != renewal_of(agent):
        raise NotFound("invitation_over")
    if password_hash is not None:
        agent.password_hash, agent.invited_at = password_hash, None
    return agent


async def _renewable(tx: Transaction, agent_id: UUID) -> Agent:
    agent = await get_lower(tx, agent_id)
    if agent.disabled_at is not None:
        raise Conflict("agent_disabled", f"{agent.email} may not sign in any more; let them in again first.")
    return agent


async def _sent_a_link(tx: Transaction, agent_id: UUID, within: timedelta) -> Agent:
    """Locked, so that a link is used once. Errors: NotFound when it was sent longer ago, or to nobody."""
    agent = await tx.session.get(Agent, agent_id, with_for_update=True, populate_existing=True)
    if agent is None or agent.disabled_at is not None:
        raise NotFound("invitation_over")
    if agent.invited_at is None or agent.invited_at < tx.now - within:
        raise NotFound("invitation_over")
    return agent
