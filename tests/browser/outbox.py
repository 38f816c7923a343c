"""The demo's outbox, as somebody opens a mail there that has left."""

import re

from playwright.async_api import Page

from tests.waiting import eventually

_NOT_YET = "not sent yet"


async def open_sent_mail(page: Page, words: str) -> None:
    """Waits until it has left: for ten seconds it can be undone, then somebody has to compose it."""
    link = page.get_by_role("link", name=re.compile(words))

    async def has_left() -> bool:
        await page.goto("/demo/outbox")
        return await link.count() == 1 and await link.filter(has_text=_NOT_YET).count() == 0

    await eventually(has_left)
    await link.click()
