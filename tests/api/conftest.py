"""A desk per file, furnished anew for each test; and a fresh one for tests that count everything."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpdesk.clock import FixedClock
from tests.conftest import NOON
from tests.desk import Desk, House, furnish, opened


@pytest.fixture(scope="module")
async def desk(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    async with opened(shared_database_url, FixedClock(NOON), folder) as desk:
        yield desk


@pytest.fixture
async def house(desk: Desk) -> House:
    return await furnish(desk)


@pytest.fixture
async def fresh_desk(database_url: str, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(database_url, clock, tmp_path) as desk:
        yield desk


@pytest.fixture
async def fresh_house(fresh_desk: Desk) -> House:
    return await furnish(fresh_desk)
