"""One seeded company for the whole run, one running server that most scenarios share, and browsers."""

import signal
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.browser.windows import browser, visits
from tests.ports import is_free
from tests.scenarios.desk import Desk, addresses_in, copy_of, scratch_folder
from tests.waiting import PATIENCE

__all__ = ["browser", "visits"]

ADesk = Callable[..., Awaitable[Desk]]


@dataclass
class FirstRun:
    """What somebody saw who started the demo on an empty directory, looked around and pressed Ctrl-C."""

    folder: Path
    printed: str = ""
    answers: dict[str, int] = field(default_factory=dict)
    greeting: int = 0
    exit_code: int | None = None
    left_running: bool = True
    ports_free: bool = False


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def first_run(scratch: Path) -> FirstRun:
    (scratch / "first").mkdir(mode=0o755)
    desk = Desk(scratch / "first")
    try:
        await desk.start()
        seen = FirstRun(desk.folder, desk.printed)
        async with httpx2.AsyncClient(follow_redirects=True, timeout=PATIENCE) as caller:
            seen.answers = {at: (await caller.get(at)).status_code for at in addresses_in(seen.printed)}
        with smtplib.SMTP("127.0.0.1", desk.smtp_port, timeout=PATIENCE) as server:
            seen.greeting = server.noop()[0]
    finally:
        code = await desk.stop(signal.SIGINT)
    seen.exit_code = code
    seen.left_running = desk.postgres is not None
    seen.ports_free = is_free(desk.port) and is_free(desk.smtp_port)
    return seen


@pytest.fixture(scope="session")
async def desk(scratch: Path, first_run: FirstRun) -> AsyncIterator[Desk]:
    """The running server that scenarios share; each makes the tickets it needs."""
    desk = Desk(copy_of(first_run.folder, scratch / "shared"))
    try:
        yield await desk.start()
    finally:
        await desk.stop()


@pytest.fixture
async def a_desk(scratch: Path, first_run: FirstRun) -> AsyncIterator[ADesk]:
    """A server of the test's own with the sample company, not started yet."""
    made: list[Desk] = []

    async def make(*, as_user: int | None = None, **settings: str) -> Desk:
        folder = scratch / f"own-{len(list(scratch.iterdir()))}"
        made.append(Desk(copy_of(first_run.folder, folder, owner=as_user), as_user=as_user, **settings))
        return made[-1]

    yield make
    for desk in made:
        if not desk.has_ended:
            await desk.stop(signal.SIGINT)
