"""What PostgreSQL and its driver raise, in our own words."""

import asyncio
from collections.abc import Callable, Iterator

import asyncpg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from helpdesk.errors import Conflict, HelpdeskError, Invalid, Unavailable

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # told of its end and asked again before the socket closed
    ConnectionError,
    TimeoutError,
)


class _InOurWords:
    """What a transaction raises, as its callers know it."""

    def __enter__(self) -> None:
        """Nothing is kept: one serves all."""

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> None:
        if isinstance(failure, Exception):
            ours = _outcome(failure)
            if ours is not failure:
                raise ours from failure


IN_OUR_WORDS = _InOurWords()


def _outcome(failure: Exception) -> BaseException:
    """What a transaction that failed so ends with."""
    if isinstance(failure, HelpdeskError):
        return failure
    if _is_cancelled():  # cut off in its ROLLBACK: the driver's complaint would hide the end
        return asyncio.CancelledError()
    return _in_our_words(failure)


def _in_our_words(failure: Exception) -> Exception:
    """Driver errors become ours; anything else stays what it was."""
    if isinstance(failure, PoolTimeout):
        return Unavailable("database_busy", "Every connection is in use.")
    for cause in _causes(failure):
        for kinds, ours in _OURS:
            if isinstance(cause, kinds):
                return ours()
    return failure


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps: SQLAlchemy keeps the driver's behind its own, sometimes twice."""
    cause: BaseException | None = failure
    while cause is not None:
        yield cause
        cause = getattr(cause, "orig", None) or cause.__cause__


_OURS: list[tuple[tuple[type[BaseException], ...], Callable[[], HelpdeskError]]] = [
    ((asyncpg.DeadlockDetectedError, asyncpg.SerializationError), lambda: Conflict("try_again")),
    ((asyncpg.UniqueViolationError,), lambda: Conflict("already_exists")),  # somebody was a moment faster
    (
        (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError),
        lambda: Invalid("text_invalid", "Text may not hold the character U+0000."),
    ),
    (
        (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError),
        lambda: Unavailable("database_busy", "It took too long."),
    ),
    ((asyncpg.DiskFullError,), lambda: Unavailable("database_disk_full")),
    (
        (OperationalError, InterfaceError, OSError, EOFError, *CONNECTION_LOST),
        lambda: Unavailable("database_unavailable"),
    ),
]
"""The first that fits, of the outermost error that any fits."""


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
