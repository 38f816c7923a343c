"""The running demo, whose pages are looked at in Chromium."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.windows import browser, visits, whole_visits
from tests.scenarios.desk import Desk, scratch_folder

__all__ = ["browser", "visits", "whole_visits"]


@pytest.fixture(scope="session")
async def desk() -> AsyncIterator[Desk]:
    with scratch_folder() as folder:
        desk = Desk(folder)
        try:
            yield await desk.start()
        finally:
            await desk.stop()
