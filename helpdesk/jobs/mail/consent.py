"""The access token of a mailbox, renewed ahead of its end; a refusal is an administrator's business."""

from dataclasses import dataclass
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.channels.email import oauth
from helpdesk.channels.email.oauth import Tokens
from helpdesk.domain.tickets.mail import consents, inlets
from helpdesk.errors import Unauthenticated, Unavailable
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.sealing import Sealer

REFUSED = "mail_consent_refused"


@dataclass(frozen=True)
class _Held:
    provider: str
    tokens: bytes | None
    is_refused: bool
    is_due: bool


async def access_token(workshop: Workshop, inlet_id: UUID, *, renew: bool = False) -> str:
    """Errors: Unavailable, also while only a new consent would help."""
    held = await _held(workshop, inlet_id)
    if held.is_refused:
        raise Unavailable(REFUSED, "The provider no longer lets us read this mailbox: authorise it again.")
    if held.tokens is None:
        raise Unavailable("mail_consent_missing", "Nobody has authorised this mailbox yet.")
    sealer = Sealer(workshop.settings.key)
    access, token = oauth.unpacked(sealer.open(held.tokens, inlet_id))
    if not renew and not held.is_due:
        return access
    fresh = await _renewed(workshop, inlet_id, held.provider, token)
    async with workshop.database.transaction(SYSTEM) as tx:
        await consents.renewed(tx, inlet_id, sealer.seal(fresh.packed(), inlet_id), fresh.expire_at)
    return fresh.access


async def renew_ahead(workshop: Workshop, inlet_id: UUID) -> None:
    """While a mailbox is being waited on: the next connection finds a token that holds."""
    held = await _held(workshop, inlet_id)
    if held.tokens is not None and held.is_due:
        await access_token(workshop, inlet_id)


async def refuse(workshop: Workshop, inlet_id: UUID, why: str) -> None:
    async with workshop.database.transaction(SYSTEM) as tx:
        await consents.refused(tx, inlet_id, why)


async def _held(workshop: Workshop, inlet_id: UUID) -> _Held:
    async with workshop.database.transaction(SYSTEM) as tx:
        inlet = await inlets.get(tx, inlet_id)
        return _Held(
            str(inlet.options.get("auth", "")),
            inlet.tokens,
            inlet.refused_at is not None,
            consents.is_due(inlet, tx.now),
        )


async def _renewed(workshop: Workshop, inlet_id: UUID, name: str, token: str) -> Tokens:
    provider = oauth.providers(workshop.settings).get(name)
    if provider is None:
        raise Unavailable("mail_provider_not_set", f"The client id of {name} is not set.")
    try:
        return await oauth.refresh(provider, token, workshop.database.clock.now())
    except Unauthenticated as refusal:
        await refuse(workshop, inlet_id, f"The provider refused: {refusal.detail}")
        raise Unavailable(REFUSED, refusal.detail) from refusal
