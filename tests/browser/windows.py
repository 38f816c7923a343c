"""Chromium for tests, and windows in it that are watched for complaints."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser import chromium
from tests.browser.chromium import Visits


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = chromium.executable()
    if executable is None:
        pytest.skip("No Chromium is installed: browser tests are skipped.")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=executable)
        yield launched
        await launched.close()


@pytest.fixture
async def visits(browser: Browser) -> AsyncIterator[Visits]:
    """Opens pages, and fails the test for what they complained about."""
    visits = Visits(browser)
    yield visits
    await visits.close()
    assert visits.complaints == [], visits.complaints
