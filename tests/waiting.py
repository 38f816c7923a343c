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
    failing: Callable[[], object] | None = None,
) -> T:
    """Asks again until the answer is something; what stands in `failing` is said when it never is."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        if found := await check():
            return found
        if loop.time() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {failing() if failing else check}")
        await asyncio.sleep(0.05)


async def becomes(read: Callable[[], Awaitable[T]], expected: T, *, within: float = 60.0) -> None:
    """What is read comes to be this; what it is instead is said when it never does."""
    seen: list[T] = []

    async def is_so() -> bool:
        seen[:] = [await read()]
        return seen == [expected]

    await eventually(is_so, within=within, failing=lambda: f"{seen[0]!r} instead of {expected!r}")
