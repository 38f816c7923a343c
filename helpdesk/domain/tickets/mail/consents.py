"""A mailbox that is read with its owner's consent (OAuth 2): asked for, given, renewed, taken back."""

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from helpdesk.actors import Role
from helpdesk.domain import permissions
from helpdesk.domain.tickets.mail import inlets
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction

ANSWER_WITHIN = timedelta(minutes=20)
AHEAD = timedelta(minutes=10)
"""How long before its end an access token is renewed: a provider that refuses is known before mail stops."""


def new_state(inlet_id: UUID) -> str:
    """Names the inlet, and cannot be guessed."""
    return f"{inlet_id}.{secrets.token_urlsafe(32)}"


async def begin(tx: Transaction, inlet_id: UUID, state: str, sealed_verifier: bytes) -> Inlet:
    """Remembers what was asked; a later question takes the place of an earlier one."""
    permissions.require_role(tx.actor, Role.ADMIN)
    inlet = await inlets.get(tx, inlet_id)
    inlet.asked_state, inlet.asked_verifier = state, sealed_verifier
    inlet.asked_by, inlet.asked_until = tx.actor.agent_id, tx.now + ANSWER_WITHIN
    return inlet


async def answered(tx: Transaction, state: str) -> tuple[Inlet, bytes]:
    """The question behind an answer, once. Errors: Invalid for an answer to nothing that was asked."""
    permissions.require_role(tx.actor, Role.ADMIN)
    inlet = await _asked(tx, state)
    verifier = inlet.asked_verifier if inlet else None
    if inlet is None or verifier is None:
        raise Invalid("consent_not_asked", "This answer belongs to no question of ours. Begin again.")
    inlet.asked_state = inlet.asked_verifier = inlet.asked_by = inlet.asked_until = None
    return inlet, verifier


async def given(tx: Transaction, inlet_id: UUID, sealed_tokens: bytes, expire_at: datetime) -> None:
    """Mail comes in again from where it stopped: the cursor stays."""
    inlet = await inlets.get(tx, inlet_id)
    inlet.tokens, inlet.tokens_expire_at, inlet.authorised_at = sealed_tokens, expire_at, tx.now
    inlet.refused_at = inlet.error = inlet.failing_since = inlet.alerted_at = inlet.checked_at = None


async def renewed(tx: Transaction, inlet_id: UUID, sealed_tokens: bytes, expire_at: datetime) -> None:
    inlet = await inlets.get(tx, inlet_id)
    inlet.tokens, inlet.tokens_expire_at = sealed_tokens, expire_at


async def refused(tx: Transaction, inlet_id: UUID, error: str) -> None:
    """The consent is no longer worth anything: only an administrator can get another."""
    await inlets.failed(tx, inlet_id, error)
    inlet = await inlets.get(tx, inlet_id)
    inlet.refused_at = inlet.refused_at or tx.now


def is_due(inlet: Inlet, now: datetime) -> bool:
    return inlet.tokens_expire_at is None or inlet.tokens_expire_at - AHEAD <= now


async def _asked(tx: Transaction, state: str) -> Inlet | None:
    try:
        inlet_id = UUID(state.partition(".")[0])
    except ValueError:
        return None
    inlet = await tx.session.get(Inlet, inlet_id, with_for_update=True, populate_existing=True)
    if inlet is None or inlet.asked_until is None or inlet.asked_until < tx.now:
        return None
    same = hmac.compare_digest((inlet.asked_state or "").encode(), state.encode())
    return inlet if same and inlet.asked_by == tx.actor.agent_id else None
