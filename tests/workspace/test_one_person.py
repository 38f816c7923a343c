"""An agent sees that two contacts may be one person, merges them by keys, and takes them apart again."""

import uuid

import pytest
from playwright.async_api import expect

from helpdesk.auth import sessions
from helpdesk.domain import contacts
from tests.browser.chromium import Visits, barriers, fits_a_phone
from tests.browser.served import Served
from tests.factories import a_contact, a_ticket, an_agent

pytestmark = [pytest.mark.browser, pytest.mark.commits]


async def test_two_contacts_are_merged_by_keys_and_taken_apart_again(served: Served, visits: Visits):
    word = uuid.uuid4().hex
    async with served.desk.system() as tx:
        agent = await an_agent(tx, "Rut")
        cookie = await sessions.start(tx, agent.id, "127.0.0.1", "tests")
        office = await a_contact(tx, "Kim Berg", email=f"kim.{word}@cafe.example")
        orders = await a_contact(tx, "K. Berg", email=f"kim.{word}+orders@cafe.example")
        ticket = await a_ticket(tx, inbox=served.house.mail, contact=office)
        await a_ticket(tx, inbox=served.house.mail, contact=orders, subject="Two more mills")
    page = await visits.visitor(served.address, size=(360, 740))
    await page.context.add_cookies([{"name": "helpdesk", "value": cookie, "url": served.address}])
    await page.goto(f"/#/queue/t/{ticket.id}/details")
    details = page.get_by_role("complementary", name="Details")
    dialog = page.get_by_role("dialog")

    await expect(details).to_contain_text(f"the same address, written kim.{word}+orders@cafe.example")
    assert await barriers(page) == []
    await details.get_by_role("button", name="K. Berg").press("Enter")
    await expect(dialog).to_contain_text("1 ticket, 1 open")
    await expect(dialog).to_contain_text("Name: Kim Berg stays, K. Berg is not shown")
    assert await barriers(page) == []
    assert await fits_a_phone(page)
    await page.keyboard.press("Control+Enter")

    await expect(dialog).to_have_count(0)
    await expect(details).to_contain_text("Two more mills")
    await expect(details.get_by_role("link", name="+orders@cafe.example")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("status").get_by_role("button", name="Undo").click()
    await expect(details).not_to_contain_text("Two more mills")
    await expect(details).to_contain_text("Possible duplicates")
    async with served.desk.system() as tx:
        assert (await contacts.get(tx, orders.id)).id == orders.id

    await page.set_viewport_size({"width": 1360, "height": 900})
    await page.keyboard.press("=")
    await page.keyboard.type(f"{word}+orders")
    await expect(dialog.get_by_role("option", name="K. Berg")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("Which contact stays?")
    await dialog.get_by_role("radio", name="K. Berg").check()
    await expect(dialog).to_contain_text("Name: K. Berg stays, Kim Berg is not shown")
    await dialog.get_by_role("button", name="Merge the contacts").click()
    await expect(page.get_by_role("heading", name="K. Berg")).to_be_visible()
    undo = details.get_by_role("button", name="Undo the merge of Kim Berg")
    await undo.click()
    await expect(page.get_by_role("heading", name="Kim Berg")).to_be_visible()
    assert visits.complaints == []
