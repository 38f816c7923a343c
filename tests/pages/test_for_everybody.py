"""Every page, light and dark: nothing axe-core objects to, no console error, no policy violation."""

import pyotp
import pytest
from playwright.async_api import expect

from tests.browser.chromium import Visits, barriers, fits_a_phone
from tests.browser.outbox import open_sent_mail
from tests.browser.shop import Shop
from tests.browser.workspace import PASSWORD, Workspace
from tests.scenarios.desk import Desk, a_mail

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/sign-in", "/support", "/demo", "/demo/outbox"])
async def test_public_pages_are_for_everybody(desk: Desk, visits: Visits, path: str):
    page = await visits.visitor(desk.address)
    await page.goto(path)

    assert await barriers(page) == []
    assert await fits_a_phone(page)


async def test_a_page_that_is_not_there_says_so(desk: Desk, visits: Visits):
    visits.forgive("404")
    page = await visits.visitor(desk.address)

    answer = await page.goto("/nothing-here")

    assert answer is not None
    assert answer.status == 404
    assert await barriers(page) == []


async def test_the_support_form_and_the_page_behind_its_link_are_for_everybody(desk: Desk, visits: Visits):
    page = await visits.visitor(desk.address)
    await page.goto("/support")
    await page.get_by_label("Your name").fill("Kim Berg")
    await page.get_by_label("Email").fill("kim@customer.example")
    await page.get_by_label("What is it about?").fill("A question from the support page")
    await page.get_by_label("Message").fill("Do you ship to Åland?")
    await page.get_by_role("button", name="Send", exact=True).click()

    await expect(page.get_by_text("Your request has the number")).to_be_visible()
    await (await desk.api()).row("A question from the support page")
    assert await barriers(page) == []
    assert await fits_a_phone(page)


async def test_the_chat_is_for_everybody(desk: Desk, visits: Visits):
    shop = await Shop(await visits.visitor(desk.address)).enter()
    await shop.launcher.click()
    await shop.write("Is this readable?")
    await expect(shop.state).to_contain_text("Sent")

    assert await barriers(shop.page) == []


async def test_a_mail_in_the_outbox_is_for_everybody(desk: Desk, visits: Visits):
    api = await desk.api()
    await desk.mail(a_mail("For the outbox page", "Hello"))
    ticket = await api.row("For the outbox page")
    await api.post(f"tickets/{ticket['ticket_id']}/messages", body="An answer to look at.")
    page = await visits.visitor(desk.address)

    await open_sent_mail(page, "An answer to look at")
    assert await barriers(page) == []
    assert await fits_a_phone(page)


async def test_two_factor_sign_in_is_for_everybody(desk: Desk, visits: Visits):
    visits.forgive("422")
    page = (await Workspace(await visits.visitor(desk.address)).sign_in("aoife")).page
    await page.goto("/second-factor")
    app = pyotp.TOTP((await page.locator(".app-key").inner_text()).replace(" ", ""))
    code = page.get_by_label("The six digits")

    async def is_for_everybody():
        assert await barriers(page) == []
        assert await fits_a_phone(page)

    await code.fill("000000")
    await page.get_by_role("button", name="Turn it on").click()
    await expect(page.get_by_text("That is not the code of this moment")).to_be_visible()
    await is_for_everybody()
    kept = page.get_by_role("heading", name="Keep these")
    for _ in range(5):  # a code is good for half a minute, which a machine may spend on something else
        await code.fill(app.now())
        async with page.expect_navigation():
            await page.get_by_role("button", name="Turn it on").click()
        if await kept.is_visible():
            break
    await expect(kept).to_be_visible()
    await is_for_everybody()
    first, second, *_ = await page.locator(".recovery-codes code").all_inner_texts()
    await page.context.clear_cookies()
    await page.goto("/sign-in?next=/second-factor")
    await page.get_by_label("Email").fill("aoife@demo.localhost")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    await is_for_everybody()
    await code.fill(first)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
    await is_for_everybody()
    await code.fill(second)
    await page.get_by_role("button", name="Turn it off").click()
    await expect(page.get_by_role("button", name="Turn it on")).to_be_visible()


async def test_the_workspace_is_for_everybody(desk: Desk, visits: Visits):
    workspace = await Workspace(await visits.visitor(desk.address)).sign_in("priya")
    page = workspace.page
    assert await barriers(page) == []

    api = await desk.api("priya")
    ticket = await api.post(
        "tickets", subject="To look at", body="Hello", email="tom@harbourandgrind.example"
    )
    await api.post(f"tickets/{ticket['id']}/notes", body="A note")
    await workspace.open(ticket)
    assert await barriers(page) == []

    for key, words in (
        ("t", "Log a call"),
        ("?", "Keyboard"),
        ("h", "Snooze until"),
        ("Control+k", "Take the next"),
    ):
        await page.keyboard.press(key)
        await expect(page.get_by_role("dialog")).to_contain_text(words)
        assert await barriers(page) == [], words
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.get_by_title("Your profile").click()
    dialog = page.get_by_role("dialog", name="Your profile")
    await expect(dialog.get_by_label("Show a notice on the desktop")).not_to_be_checked()
    assert await barriers(page) == []
    await page.keyboard.press("Escape")

    switch, told = page.get_by_role("switch"), page.get_by_text("You are away. No new work is given to you.")
    await page.keyboard.press("b")
    await expect(told).to_be_visible()
    await expect(switch).to_have_attribute("aria-checked", "false")
    assert await barriers(page) == []
    await page.get_by_role("button", name="Back at work").click()
    await expect(told).to_have_count(0)
    assert await fits_a_phone(page)
