"""The chat for who reads it differently: from the right, magnified, in few colours, above a keyboard."""

import re
from typing import Any

import pytest
from playwright.async_api import Frame, Page, Route, expect

from tests.browser.chromium import PHONE, barriers
from tests.browser.shop import Shop
from tests.widget.conftest import Street

pytestmark = [pytest.mark.browser, pytest.mark.commits]

HEBREW = {"Write a message…": "כתבו הודעה…", "Sent": "נשלח"}
"""A language somebody has begun to translate."""


def panel(page: Page) -> Frame:
    return next(one for one in page.frames if "/widget/panel" in one.url)


async def overflow(page: Page) -> int:
    wide: int = await panel(page).evaluate("document.documentElement.scrollWidth - innerWidth")
    return wide


async def answered(street: Street, shop: Shop, text: str, sent: str = "Sent") -> None:
    """A conversation with a line of both sides in it."""
    await shop.chat.locator("#composer").fill(text)
    await shop.chat.locator("#composer").press("Enter")
    await expect(shop.state).to_contain_text(sent)
    await street.served.answers(await street.served.ticket_of(text), "A long answer of several lines. " * 6)
    await expect(shop.said("A long answer")).to_be_visible()


async def as_if_translated(route: Route) -> None:
    """The panel as the server would make it with a folder for Hebrew beside the Swedish one."""
    answer = await route.fetch()
    text = re.sub(r'"locale":"en","catalog":\{.*?\},"catalogs"', _beginning, await answer.text())
    await route.fulfill(response=answer, body=text)


def _beginning(_: re.Match[str]) -> str:
    texts = ",".join(f'"{english}":"{hebrew}"' for english, hebrew in HEBREW.items())
    return f'"locale":"he","catalog":{{{texts}}},"catalogs"'


async def test_from_right_to_left_all_is_mirrored_and_what_is_not_translated_is_english(street: Street):
    street.visits.forgive("LOCAL_NETWORK_ACCESS")  # a page that the test has answered is from nowhere
    page = await street.visits.visitor(street.site.address, size=PHONE, has_touch=True)
    await page.route("**/widget/panel?**", as_if_translated)
    shop = await street.enter(page, lang="he", right_to_left=True)
    launcher = await shop.launcher.bounding_box()
    await shop.launcher.tap()
    await expect(shop.chat.get_by_placeholder("כתבו הודעה…")).to_be_visible()
    await answered(street, shop, "שלום, איפה ההזמנה?", "נשלח")

    box = await page.locator("helpdesk-widget dialog").bounding_box()
    send = await shop.chat.get_by_role("button", name="Send", exact=True).bounding_box()
    own = await shop.said("שלום").bounding_box()
    theirs = await shop.said("A long answer").bounding_box()

    assert launcher is not None
    assert launcher["x"] == 20
    assert box == {"x": 0, "y": 0, "width": PHONE[0], "height": PHONE[1]}
    assert send is not None
    assert send["x"] < 40
    assert own is not None
    assert theirs is not None
    assert own["x"] < PHONE[0] - theirs["x"] - theirs["width"]
    assert await overflow(page) == 0
    assert await barriers(page) == []


async def test_magnified_twice_and_in_the_readers_own_colours_nothing_is_lost(street: Street):
    half: dict[str, Any] = {"size": (680, 425), "device_scale_factor": 2}  # what a desk is at 200 %
    shop = await street.shop(**half, forced_colors="active")
    await shop.launcher.click()
    await answered(street, shop, "Large and in two colours")

    assert await overflow(shop.page) == 0
    for part in (shop.field, shop.said("A long answer"), shop.chat.get_by_role("button", name="Close chat")):
        await expect(part).to_be_in_viewport()
    edges = "one => getComputedStyle(one).borderTopStyle"
    assert await shop.said("A long answer").evaluate(edges) == "solid"
    assert await shop.launcher.evaluate(edges) == "solid"
    assert await barriers(shop.page) == []


async def test_with_the_keyboard_open_the_last_line_and_the_field_stay_in_sight_and_nothing_moves(
    street: Street,
):
    shop = await street.shop(size=PHONE, has_touch=True)  # of somebody who wants less motion
    await shop.launcher.tap()
    await answered(street, shop, "On a phone")

    await shop.page.set_viewport_size({"width": PHONE[0], "height": 340})  # Android: the page gets smaller

    await expect(shop.field).to_be_in_viewport()
    await expect(shop.chat.locator(".messages .meta").last).to_be_in_viewport()
    assert await shop.said("A long answer").evaluate("one => getComputedStyle(one).animationName") == "none"

    await shop.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await shop.page.evaluate(_KEYBOARD_OF_AN_IPHONE)  # the page stays, what is seen of it is less
    dialog = shop.page.locator("helpdesk-widget dialog")
    await expect(dialog).to_have_css("height", "340px")
    await expect(shop.chat.locator(".messages .meta").last).to_be_in_viewport()
    assert await overflow(shop.page) == 0


_KEYBOARD_OF_AN_IPHONE = """() => {
  Object.defineProperty(visualViewport, "height", { get: () => 340, configurable: true })
  visualViewport.dispatchEvent(new Event("resize"))
}"""
