"""A second proof at the door: a code of the agent's app (TOTP, RFC 6238), or a recovery code for who has lost
it. What is stored signs nobody in: secrets are sealed, recovery codes hashed."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from helpdesk.actors import Role
from helpdesk.auth.secrets import hashed
from helpdesk.auth.tables import RecoveryCode, SecondFactor
from helpdesk.errors import Conflict, Invalid, Unauthenticated
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction

RECOVERY_CODES = 10
_PERIOD = 30
"""Seconds that one code stands for, as every app has it."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of recovery codes: none is taken for another. 16 of them are 79 bits."""


Whom = Literal["nobody", "administrators", "everybody"]
"""Of whom a second factor is asked; anybody may have one."""


def is_asked_of(whom: Whom, role: str) -> bool:
    return whom == "everybody" or (whom == "administrators" and role in {Role.ADMIN, Role.OWNER})


@dataclass(frozen=True)
class Offer:
    """A secret for somebody's app, in base32. Nothing is kept before a code of it comes back with `sealed`:
    nobody else at the door is ever shown it."""

    secret: str
    sealed: str


async def of(tx: Transaction, agent_id: UUID) -> SecondFactor | None:
    return await tx.session.get(SecondFactor, agent_id)


async def holders(tx: Transaction) -> set[UUID]:
    """Every agent who has one."""
    return set(await tx.session.scalars(select(SecondFactor.agent_id)))


def offer(agent_id: UUID, sealer: Sealer) -> Offer:
    secret = pyotp.random_base32()
    return Offer(secret, sealer.seal_text(secret, _offered_to(agent_id)))


def offered(agent_id: UUID, sealer: Sealer, sealed: str) -> Offer:
    """The same once more. Errors: Unavailable when we never offered it to them."""
    return Offer(sealer.open_text(sealed, _offered_to(agent_id)), sealed)


async def confirm(tx: Transaction, agent_id: UUID, sealer: Sealer, secret: str, code: str) -> list[str]:
    """From now on it is asked for. Answers with recovery codes, which are shown this once. Errors: Invalid
    code_wrong, Conflict second_factor_on."""
    step = _step_of(tx.now, secret, _typed(code), after=0)
    if step is None:
        raise Invalid("code_wrong", "That is not the code of this moment.", field="code")
    sealed = sealer.seal(secret, agent_id)
    new = insert(SecondFactor).values(agent_id=agent_id, secret=sealed, used_step=step, confirmed_at=tx.now)
    kept = await tx.session.scalar(new.on_conflict_do_nothing().returning(SecondFactor.agent_id))
    if kept is None:
        raise Conflict("second_factor_on", "A second factor is on already.")
    return await renew_recovery_codes(tx, agent_id)


async def prove(tx: Transaction, agent_id: UUID, sealer: Sealer, code: str) -> bool:
    """A code is good once. Whether it was a recovery code, which is then used up. Errors: Unauthenticated."""
    # Locked, so that of two who show one code at once, one is let in.
    found = await tx.session.get(SecondFactor, agent_id, with_for_update=True, populate_existing=True)
    typed = _typed(code)
    if found is not None:
        step = _step_of(tx.now, sealer.open(found.secret, agent_id), typed, after=found.used_step)
        if step is not None:
            found.used_step = step
            return False
        used = delete(RecoveryCode).where(
            RecoveryCode.agent_id == agent_id, RecoveryCode.code_hash == hashed(typed)
        )
        if await tx.session.scalar(used.returning(RecoveryCode.id)):
            return True
    raise Unauthenticated("code_wrong", "That code is not right, or was used already.")


async def renew_recovery_codes(tx: Transaction, agent_id: UUID) -> list[str]:
    """Ten new ones, in the place of those there were."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    await tx.session.execute(delete(RecoveryCode).where(RecoveryCode.agent_id == agent_id))
    tx.session.add_all(
        RecoveryCode(id=tx.new_id(), agent_id=agent_id, code_hash=hashed(one)) for one in codes
    )
    await tx.flush()
    return ["-".join(re.findall("....", code)) for code in codes]


async def recovery_codes_left(tx: Transaction, agent_id: UUID) -> int:
    query = select(func.count()).where(RecoveryCode.agent_id == agent_id)
    return int(await tx.session.scalar(query) or 0)


async def remove(tx: Transaction, agent_id: UUID) -> bool:
    """The password alone is enough again. Whether there was one."""
    await tx.session.execute(delete(RecoveryCode).where(RecoveryCode.agent_id == agent_id))
    query = delete(SecondFactor).where(SecondFactor.agent_id == agent_id)
    return await tx.session.scalar(query.returning(SecondFactor.agent_id)) is not None


def address(secret: str, email: str, company: str) -> str:
    """The `otpauth:` address that apps read from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=company)


def _step_of(now: datetime, secret: str, typed: str, *, after: int) -> int | None:
    """The half minute whose code this is: this one, or the one before or after it, for clocks that differ."""
    totp = pyotp.TOTP(secret, interval=_PERIOD)
    moment = int(now.timestamp()) // _PERIOD
    steps = (step for step in (moment - 1, moment, moment + 1) if step > after)
    return next((step for step in steps if hmac.compare_digest(totp.generate_otp(step), typed)), None)


def _offered_to(agent_id: UUID) -> str:
    return f"second factor offered to {agent_id}"


def _typed(code: str) -> str:
    """However it was written down. ASCII, as the comparison asks for."""
    return re.sub(r"[^0-9a-z]", "", code[:100].lower())
