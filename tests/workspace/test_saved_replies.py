"""Saved replies while writing, with the keyboard alone."""

import pytest
from playwright.async_api import expect

from helpdesk.domain import saved_replies
from tests.browser.chromium import PHONE, Visits, barriers
from tests.browser.served import Served
from tests.workspace.test_broken_lines import a_chat, at_work

pytestmark = [pytest.mark.browser, pytest.mark.commits]

GREETING = "Hello {{contact.first_name}} of {{company.name}},\n\nthis is #{{ticket.number}}."


async def test_one_is_found_by_its_letters_filled_in_and_not_sent_with_a_hole(served: Served, visits: Visits):
    async with served.desk.system() as tx:
        await saved_replies.save(tx, None, name="Åter igen", body=GREETING, is_personal=False)
        await saved_replies.save(
            tx,
            None,
            name="Later",
            body="Later today.",
            is_personal=False,
            tags=["parcel", "north"],
            resolves=True,
        )
    ticket, office = await a_chat(served), await at_work(served, visits)
    page, press = office.page, office.page.keyboard.press
    choices = page.get_by_role("listbox", name="Saved replies").get_by_role("option")
    filled = f"Hello Kim of {{{{company.name}}}},\n\nthis is #{ticket['number']}."

    await office.open(ticket)
    await press("r")
    await expect(office.field).to_be_focused()
    await page.keyboard.type("One moment.\n/ater")
    await expect(choices).to_have_count(2)
    await expect(choices.first).to_have_attribute("aria-selected", "true")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    found = await barriers(page)
    await page.set_viewport_size({"width": 1360, "height": 850})
    await press("Escape")
    await expect(choices).to_have_count(0)
    await expect(office.field).to_have_value("One moment.\n/ater")
    await press("Control+a")
    await page.keyboard.type("/b")
    await expect(page.get_by_text("No saved reply is called “b” or says it")).to_be_visible()
    await expect(choices).to_have_count(0)
    await press("Control+a")
    await page.keyboard.type("/ater")
    await expect(choices.first).to_contain_text("Åter igen")
    await press("Enter")
    await expect(office.field).to_have_value(filled)

    await press("Control+Enter")
    await expect(page.get_by_role("alert").filter(has_text="Send it all the same?")).to_be_visible()
    await page.keyboard.type("Café Kim")
    await press("Control+Enter")
    await expect(office.said("of Café Kim,")).to_be_visible()
    await press("Escape")
    await press("q")
    await page.keyboard.type("lat")
    await expect(choices.first).to_contain_text("Later")
    await press("ArrowDown")
    await press("Tab")
    await expect(office.field).to_have_value("Later today.")
    await page.get_by_role("button", name="Without the tag north").click()
    await expect(page.get_by_role("button", name="Send & resolve")).to_have_count(1)
    await office.field.press("Control+Enter")
    await office.open(ticket)
    await expect(office.timeline).to_contain_text("Tomas tagged it parcel")
    await expect(office.timeline).to_contain_text("Tomas resolved it")
    await expect(office.timeline).not_to_contain_text("north")

    assert found == []
    assert await served.stored(ticket["id"]) == [
        "The mill does not turn.",
        filled.replace("{{company.name}}", "Café Kim"),
        "Later today.",
    ]
