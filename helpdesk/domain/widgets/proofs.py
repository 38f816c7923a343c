"""Proof of work: whoever is over a limit may go on by letting their device work a little, once per answer.

A challenge is signed, so nothing is stored before it is solved; a solved one is remembered until it would
have run out, so that it counts once.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from helpdesk.domain import limits
from helpdesk.domain.widgets.model import SpentProof
from helpdesk.errors import Invalid
from helpdesk.storage.transaction import Transaction

LIFE = timedelta(minutes=5)
EASIEST = 14
WORTH = 5
"""How many more of what was limited one proof is good for."""

SOLVED = limits.Limit("proofs of a network", 40, timedelta(hours=1))
"""Above this no work helps: then it is a machine, or a very large office."""

_LIMITS = {limit.name: limit for limit in (limits.NEW_VISITORS, limits.NEW_TICKETS_OF_NETWORK, limits.FORMS)}


def challenge(key: bytes, limit: limits.Limit, who: str, now: datetime, bits: int = EASIEST) -> str:
    """Find a number so that sha256(text + "." + number) begins with `bits` zero bits."""
    until = int((now + LIFE).timestamp())
    salt = secrets.token_urlsafe(9)
    said = f"{_names()[limit.name]}.{until}.{bits}.{salt}"
    return f"{said}.{_signature(key, said, who)}"


async def redeem(tx: Transaction, key: bytes, text: str, number: str, who: str | None) -> None:
    """A right answer makes room for a few more. Errors: Invalid (wrong, old, somebody else's, or used),
    LimitReached for a network that solved too many."""
    if who is None:
        return
    limit, bits = _read(tx, key, text, who)
    if not is_solved(text, number, bits):
        raise Invalid("proof_wrong")
    fresh = await tx.session.execute(
        insert(SpentProof)
        .values(key=hashlib.sha256(text.encode()).digest(), at=tx.now)
        .on_conflict_do_nothing()
        .returning(SpentProof.key)
    )
    if fresh.scalar() is None:
        raise Invalid("proof_used")
    await limits.spend(tx, SOLVED, who)
    await limits.give_back(tx, limit, who, WORTH)


def is_solved(text: str, number: str, bits: int) -> bool:
    if not (number.isascii() and number.isdigit() and len(number) <= 12):
        return False
    digest = hashlib.sha256(f"{text}.{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - bits) == 0


def challenge_for(key: bytes, limit_name: str, who: str | None, now: datetime) -> str:
    """Errors: Invalid where no work helps."""
    if limit_name not in _LIMITS or who is None:
        raise Invalid("no_proof_helps", field="limit")
    return challenge(key, _LIMITS[limit_name], who, now)


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(SpentProof).where(SpentProof.at < tx.now - 2 * LIFE))


def _read(tx: Transaction, key: bytes, text: str, who: str) -> tuple[limits.Limit, int]:
    said, _, signature = text[:200].rpartition(".")
    if not hmac.compare_digest(_signature(key, said, who), signature):
        raise Invalid("proof_foreign")
    letter, until, bits, _salt = said.split(".")
    if int(until) < tx.now.timestamp():
        raise Invalid("proof_old")
    name = next(name for name, known in _names().items() if known == letter)
    return _LIMITS[name], int(bits)


def _names() -> dict[str, str]:
    """A letter for each limit, so that no text of ours has a dot or a space in it."""
    return {name: chr(ord("a") + number) for number, name in enumerate(_LIMITS)}


def _signature(key: bytes, said: str, who: str) -> str:
    signed = hmac.digest(key, f"proof of work\0{said}\0{who}".encode(), "sha256")
    return base64.urlsafe_b64encode(signed[:18]).decode()
