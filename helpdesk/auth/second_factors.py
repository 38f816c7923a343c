"""A second proof at the door: a code of the agent's app (TOTP, RFC 6238), or a recovery code for who has lost
it. What is stored signs nobody in: secrets are sealed, recovery codes hashed."""

import hmac
import re
import secrets
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


async def of(tx: Transaction, agent_id: UUID) -> SecondFactor | None:
    """The agent's, once it was confirmed by a first code."""
    found = await tx.session.get(SecondFactor, agent_id)
    return found if found is not None and found.confirmed_at is not None else None


async def holders(tx: Transaction) -> set[UUID]:
    """Every agent who has one."""
    return set(
        await tx.session.scalars(select(SecondFactor.agent_id).where(SecondFactor.confirmed_at.is_not(None)))
    )


async def begin(tx: Transaction, agent_id: UUID, sealer: Sealer) -> str:
    """A secret for their app, in base32: the same each time, until a code of it confirms it. Errors: Conflict
    second_factor_on."""
    fresh = sealer.seal(pyotp.random_base32(), agent_id)
    new = insert(SecondFactor).values(agent_id=agent_id, secret=fresh, used_step=0)
    await tx.session.execute(new.on_conflict_do_nothing())
    found = await _locked(tx, agent_id)
    if found is None or found.confirmed_at is not None:
        raise Conflict("second_factor_on", "A second factor is on already.")
    return sealer.open(found.secret, agent_id)


async def confirm(tx: Transaction, agent_id: UUID, sealer: Sealer, code: str) -> list[str]:
    """From now on it is asked for. Answers with recovery codes, which are shown this once. Errors: Invalid
    code_wrong, Conflict second_factor_on."""
    found = await _locked(tx, agent_id)
    if found is None or found.confirmed_at is not None:
        raise Conflict("second_factor_on")
    if not _is_right(tx.now, found, sealer, _typed(code)):
        raise Invalid("code_wrong", "That is not the code of this moment.", field="code")
    found.confirmed_at = tx.now
    return await renew_recovery_codes(tx, agent_id)


async def prove(tx: Transaction, agent_id: UUID, sealer: Sealer, code: str) -> bool:
    """A code is good once. Whether it was a recovery code, which is then used up. Errors: Unauthenticated."""
    found = await _locked(tx, agent_id)
    typed = _typed(code)
    if found is not None and found.confirmed_at is not None:
        if _is_right(tx.now, found, sealer, typed):
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


async def _locked(tx: Transaction, agent_id: UUID) -> SecondFactor | None:
    """So that of two who show one code at once, one is let in."""
    return await tx.session.get(SecondFactor, agent_id, with_for_update=True, populate_existing=True)


def _is_right(now: datetime, factor: SecondFactor, sealer: Sealer, typed: str) -> bool:
    """Also the code before and the one after this moment's, for clocks that differ; never one used before."""
    totp = pyotp.TOTP(sealer.open(factor.secret, factor.agent_id), interval=_PERIOD)
    moment = int(now.timestamp()) // _PERIOD
    for step in (moment - 1, moment, moment + 1):
        if step > factor.used_step and hmac.compare_digest(totp.generate_otp(step), typed):
            factor.used_step = step
            return True
    return False


def _typed(code: str) -> str:
    """However it was written down. ASCII, as the comparison asks for."""
    return re.sub(r"[^0-9a-z]", "", code[:100].lower())
