"""Waiting for what happens by itself: jobs, other processes and browsers work in their own time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 180.0
"""Seconds, generous: machines that run tests do other things beside."""

T = TypeVar("T")


async def eventually(
    check: Callable[[], Awaitable[T]],
    *,
    within: float = PATIENCE,
    every: float = 0.05,
    failing: Callable[[], object] | None = None,
) -> T:
    """Asks again until the answer is something; what stands in `failing` is said when it never is, or when
    no answer comes."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        found = await _answer(check, within)
        if found:
            return found
        if loop.time() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {failing() if failing else place_of(check)}")
        await asyncio.sleep(every)


async def until(is_so: Callable[[], bool]) -> None:
    """Gives way to others until it is so."""

    async def ask() -> bool:
        return is_so()

    await eventually(ask, every=0.005, failing=lambda: place_of(is_so))


async def becomes(read: Callable[[], Awaitable[T]], expected: T) -> None:
    """What is read comes to be this; what it is instead is said when it never does."""
    seen: list[T] = []

    async def is_so() -> bool:
        seen[:] = [await read()]
        return seen == [expected]

    await eventually(is_so, failing=lambda: f"{seen[0]!r} instead of {expected!r}")


def place_of(check: Callable[..., object]) -> str:
    """Where it stands, for whoever reads that it never came true."""
    code = getattr(check, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else repr(check)


async def _answer(check: Callable[[], Awaitable[T]], within: float) -> T:
    try:
        async with asyncio.timeout(within) as patience:
            return await check()
    except TimeoutError as silence:
        if not patience.expired():
            raise
        raise AssertionError(f"no answer within {within:.0f} s: {place_of(check)}") from silence
