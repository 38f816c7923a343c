"""Chromium for tests, and windows in it that are watched for complaints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser import chromium
from tests.browser.chromium import Visits


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with _launched(chromium.executable()) as browser:
        yield browser


@pytest.fixture
async def visits(browser: Browser) -> AsyncIterator[Visits]:
    """Opens pages, and fails the test for what they complained about."""
    async with _watched(browser) as visits:
        yield visits


@pytest.fixture
async def whole_visits() -> AsyncIterator[Visits]:
    """In a Chromium that can show notifications, too."""
    async with _launched(chromium.executable(whole=True)) as browser, _watched(browser) as visits:
        yield visits


@asynccontextmanager
async def _launched(executable: str | None) -> AsyncIterator[Browser]:
    if executable is None:
        pytest.skip("No Chromium is installed: browser tests are skipped.")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=executable, timeout=chromium.PATIENCE)
        yield launched
        await launched.close()


@asynccontextmanager
async def _watched(browser: Browser) -> AsyncIterator[Visits]:
    visits = Visits(browser)
    yield visits
    await visits.close()
    assert visits.complaints == [], visits.complaints
