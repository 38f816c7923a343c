"""An agent looks for a ticket by words they remember of it."""

import uuid

import pytest
from playwright.async_api import expect

from helpdesk.auth import sessions
from helpdesk.domain import tickets
from tests.browser.chromium import Visits, barriers
from tests.browser.served import Served
from tests.browser.workspace import Workspace
from tests.factories import a_ticket, an_agent, as_agent

pytestmark = [pytest.mark.browser, pytest.mark.commits]


async def test_an_old_message_is_found_while_typing_and_stands_in_sight(served: Served, visits: Visits):
    word = f"cog{uuid.uuid4().hex}"
    async with served.desk.system() as tx:
        agent = await an_agent(tx, "Rut")
        cookie = await sessions.start(tx, agent.id, "127.0.0.1", "tests")
        ticket = await a_ticket(
            tx, inbox=served.house.chat, subject="Worn", body=f"Is a <b>{word}</b> in stock?"
        )
        for number in range(70):  # more than is loaded at first
            await tickets.add_note(as_agent(tx, agent), ticket.id, f"Asked the shop, {number}")
    await served.desk.index()
    page = await visits.visitor(served.address)
    await page.context.add_cookies([{"name": "helpdesk", "value": cookie, "url": served.address}])
    await page.goto("/")
    await Workspace(page).is_ready()

    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    await field.fill(f"{word}nowhere")
    await expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Nothing found")
    assert await barriers(page) == []
    await field.fill(word[:-3])
    option = page.get_by_role("dialog").get_by_role("option", name=f"#{ticket.number}")
    await expect(option.locator("mark")).to_have_text(word)
    await expect(option).to_contain_text(f"<b>{word}</b>")
    assert await barriers(page) == []
    await page.get_by_role("button", name="is:done").click()
    await expect(option).to_have_count(0)
    await field.fill(word)
    await expect(option).to_be_visible()
    await field.press("Enter")

    found = page.locator("[data-found=true]")
    await expect(found).to_contain_text(word)
    await expect(found).to_be_in_viewport()
    await expect(page.get_by_role("dialog")).to_have_count(0)
