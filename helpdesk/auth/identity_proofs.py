"""Who a visitor is, in the words of a website: a JWT signed with one of the inbox's keys, good for a while.

HS256 only. What names another algorithm (or none) is refused before any key is touched.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from helpdesk.domain import contacts, inboxes, widgets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.errors import Invalid, Unauthenticated
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction

ALGORITHMS = ["HS256"]
LONGEST_LIFE = timedelta(hours=24)
"""A token that would open somebody's conversation for longer is refused: sign a fresh one per page."""

_LEEWAY = timedelta(seconds=30)
_LONGEST = 4096


@dataclass(frozen=True)
class Proof:
    """`subject` is the site's own id of its user; `email` is None where the site says it is not verified."""

    subject: str
    email: str | None
    name: str


async def read(tx: Transaction, inbox: inboxes.Inbox, token: str, sealer: Sealer) -> Proof:
    """Errors: Unauthenticated `identity_…` for whatever is wrong with it."""
    if len(token) > _LONGEST:
        raise Unauthenticated("identity_invalid")
    keys = await widgets.identity_keys.of_inbox(tx, inbox.id)
    for key in keys:
        claims = _claims(token, sealer.open(key.secret, key.id))
        if claims is not None:
            key.used_at = tx.now
            return _checked(claims, inbox, tx)
    raise Unauthenticated("identity_invalid", "The identity is not signed with a key of this inbox.")


def external_id(inbox: inboxes.Inbox, subject: str) -> str:
    """Ids of different sites do not meet: each is kept with its inbox."""
    return f"{inbox.key}:{subject}"


async def contact_of(tx: Transaction, inbox: inboxes.Inbox, proof: Proof) -> contacts.Contact | None:
    """Whom a proof means: known by the site's id, else by the address it vouches for."""
    found = await contacts.by_identity(tx, IdentityKind.EXTERNAL, external_id(inbox, proof.subject))
    if found is None and proof.email is not None:
        found = await contacts.by_identity(tx, IdentityKind.EMAIL, proof.email)
    return found


async def note(tx: Transaction, inbox: inboxes.Inbox, contact: contacts.Contact, proof: Proof) -> None:
    """Write down what was proven. An address that belongs to somebody else is left with them."""
    await contacts.add_identity(
        tx, contact, IdentityKind.EXTERNAL, external_id(inbox, proof.subject), verified=True
    )
    if proof.email is not None:
        owner = await contacts.by_identity(tx, IdentityKind.EMAIL, proof.email)
        if owner is None or owner.id == contact.id:
            await contacts.add_identity(tx, contact, IdentityKind.EMAIL, proof.email, verified=True)
    if proof.name and contact.name != proof.name:
        contact.name = proof.name
    await tx.session.flush()


def _claims(token: str, secret: str) -> dict[str, Any] | None:
    """None when this key did not sign it. Time is judged by our own clock, afterwards."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=ALGORITHMS,
            options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False, "verify_nbf": False,
                     "verify_aud": False},
        )  # fmt: skip
    except jwt.MissingRequiredClaimError as failure:
        raise Unauthenticated("identity_incomplete", f"The identity has no {failure.claim}.") from None
    except jwt.PyJWTError:
        return None
    return claims


def _checked(claims: dict[str, Any], inbox: inboxes.Inbox, tx: Transaction) -> Proof:
    now = tx.now.timestamp()
    expires, begins = claims["exp"], claims.get("nbf", 0)
    if not _is_moment(expires) or not _is_moment(begins):
        raise Unauthenticated("identity_invalid")
    if expires < now - _LEEWAY.total_seconds() or begins > now + _LEEWAY.total_seconds():
        raise Unauthenticated("identity_expired", "The identity has run out.")
    if expires > now + LONGEST_LIFE.total_seconds() + _LEEWAY.total_seconds():
        raise Unauthenticated("identity_too_long", "An identity may be good for a day at most.")
    audience = claims.get("aud")
    if audience is not None and inbox.key not in (audience if isinstance(audience, list) else [audience]):
        raise Unauthenticated("identity_foreign", "The identity is meant for another inbox.")
    subject = str(claims["sub"]).strip()
    if not subject or len(subject) > 200:
        raise Unauthenticated("identity_invalid")
    return Proof(subject, _email(claims), str(claims.get("name") or "").replace("\x00", "").strip()[:200])


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _email(claims: dict[str, Any]) -> str | None:
    """The site vouches for it by saying so or by saying nothing about it; any other word is a no."""
    given = claims.get("email")
    if not given or str(claims.get("email_verified", True)).lower() != "true":
        return None
    try:
        return contacts.normalise(IdentityKind.EMAIL, str(given))
    except Invalid:
        return None
