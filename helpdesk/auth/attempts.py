"""Failed proofs of who somebody is, counted for each account and each address: guessing is slow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from helpdesk.actors import SYSTEM
from helpdesk.auth.tables import SignInAttempt
from helpdesk.errors import LimitReached
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

_WINDOW = timedelta(minutes=15)
_PER_ACCOUNT, _PER_ADDRESS = 10, 20


@asynccontextmanager
async def counted(database: Database, *, account: str, address: str) -> AsyncIterator[None]:
    """A try, which counts unless it ends well or never took place. Errors: LimitReached after too many.

    It counts before anything is looked at, so that many at once are not all let through.
    """
    limits = {f"account:{account[:254]}": _PER_ACCOUNT, f"address:{address}": _PER_ADDRESS}
    async with database.transaction(SYSTEM) as tx:
        for key in sorted(limits):
            await tx.one_at_a_time("sign-in", key)
        for key, most in limits.items():
            await _throttle(tx, key, most)
        tries = [SignInAttempt(id=tx.new_id(), key=key, at=tx.now) for key in limits]
        tx.session.add_all(tries)
        ids = [one.id for one in tries]
    try:
        yield
    except LimitReached:  # nothing was tried
        await _forget(database, ids)
        raise
    await _forget(database, ids)


async def sweep(tx: Transaction) -> None:
    await tx.session.execute(delete(SignInAttempt).where(SignInAttempt.at < tx.now - _WINDOW))


async def _forget(database: Database, ids: list[UUID]) -> None:
    async with database.transaction(SYSTEM) as tx:
        await tx.session.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(ids)))


async def _throttle(tx: Transaction, key: str, most: int) -> None:
    failures = await tx.session.scalar(
        select(func.count()).where(SignInAttempt.key == key, SignInAttempt.at > tx.now - _WINDOW)
    )
    if (failures or 0) >= most:
        raise LimitReached(
            "too_many_attempts",
            "Too many failed sign-ins. Wait a quarter of an hour.",
            retry_after=_WINDOW.total_seconds(),
        )
