"""Passwords: argon2id, hashed away from the event loop, two at a time."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from helpdesk.errors import Invalid, LimitReached

LEAST_LENGTH = 12
MOST_WAITING = 20
"""Passwords that may wait for their turn; whoever comes after them is sent away at once."""

HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
"""Passes, KiB and lanes of argon2id: about a tenth of a second for us, too much for whoever guesses."""

_hasher = HASHER
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_waiting: set[object] = set()


async def hash_password(password: str) -> str:
    """Errors: Invalid when it is too short to be safe."""
    if len(password) < LEAST_LENGTH:
        raise Invalid("password_too_short", f"At least {LEAST_LENGTH} characters.", field="password")
    return await asyncio.get_running_loop().run_in_executor(_pool, _hasher.hash, password)


async def is_right(password: str, stored: str | None) -> bool:
    """Takes as long for an unknown account as for a known one. Errors: LimitReached when too many wait."""
    verify = asyncio.get_running_loop().run_in_executor
    with _in_line():
        right = await verify(_pool, _verify, stored, password[:1000])
    return right and stored is not None


@contextmanager
def _in_line() -> Iterator[None]:
    if len(_waiting) >= MOST_WAITING:
        raise LimitReached("too_many_sign_ins", "Many people sign in just now. Try again.", retry_after=5)
    place = object()
    _waiting.add(place)
    try:
        yield
    finally:
        _waiting.discard(place)


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")
