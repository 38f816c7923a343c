"""2. A visitor writes on the sample website, an agent answers in the workspace, and both see it live."""

import re
import signal

import pytest
from playwright.async_api import expect

from tests.browser.chromium import BROKEN, PHONE, Visits
from tests.browser.shop import Shop
from tests.browser.workspace import Workspace
from tests.scenarios.conftest import ADesk
from tests.scenarios.desk import Api, Desk
from tests.waiting import becomes, eventually

pytestmark = pytest.mark.browser

HIGH = (1360, 6000)
"""So high that every row of the queue is drawn."""


async def test_a_visitor_writes_and_an_agent_claims_and_answers_live(desk: Desk, visits: Visits):
    priya = await desk.api("priya")
    workspace = await Workspace(await visits.visitor(desk.address, size=HIGH)).sign_in("priya")
    shop = await Shop(await visits.visitor(desk.address)).enter()

    await shop.open_chat_by_keyboard()
    await shop.page.keyboard.type("Is the Kvarn 58 in stock in green?")
    await shop.page.keyboard.press("Enter")
    ticket = await priya.row("Is the Kvarn 58 in stock in green?")
    await expect(shop.state).to_contain_text("Sent")
    await expect(workspace.row(ticket["number"])).to_be_visible()
    await _stands_in_its_place(workspace, priya)

    await priya.colleagues_take(
        [row for row in await priya.queue() if row["ticket_id"] != ticket["ticket_id"]]
    )
    await workspace.claim_next()
    await workspace.is_open(ticket["number"])
    await workspace.reply("Yes, nine of them. Shall I put one aside?")
    await expect(shop.said("Shall I put one aside?")).to_be_visible()
    await shop.write("Please do!")
    await expect(workspace.said("Please do!")).to_be_visible()

    whole = ["Is the Kvarn 58 in stock in green?", "Yes, nine of them. Shall I put one aside?", "Please do!"]
    assert await priya.messages(ticket["ticket_id"]) == whole
    await shop.page.reload()
    await becomes(shop.conversation, whole)
    await workspace.page.reload()
    await becomes(workspace.conversation, whole)
    await _gets_a_name_and_a_subject(workspace)


async def test_what_is_written_while_the_server_is_down_arrives_once_by_itself(a_desk: ADesk, visits: Visits):
    visits.forgive(BROKEN)
    desk = await (await a_desk()).start()
    shop = await Shop(await visits.visitor(desk.address, size=PHONE, has_touch=True)).enter()
    await shop.launcher.tap()
    await shop.write("Can I grind for a moka pot?")
    await expect(shop.state).to_contain_text("Sent")
    assert await _width(shop) <= PHONE[0]
    ticket = await (await desk.api("priya")).row("Can I grind for a moka pot?")
    workspace = await Workspace(await visits.visitor(desk.address)).sign_in("priya")
    await workspace.open(ticket | {"id": ticket["ticket_id"]})

    await desk.stop(signal.SIGTERM)
    await shop.write("And which setting is right?")
    await expect(shop.state).to_contain_text("Not sent yet")
    await workspace.reply("Yes, on setting 12.")
    await expect(workspace.timeline).to_contain_text("Not sent yet")
    await desk.start()
    await expect(shop.state).to_contain_text(re.compile("Sent|Seen"))
    await expect(workspace.timeline).not_to_contain_text("Not sent yet")
    await expect(shop.said("Yes, on setting 12.")).to_be_visible()
    await expect(workspace.said("And which setting is right?")).to_be_visible()

    stored = await (await desk.api("priya")).messages(ticket["ticket_id"])
    assert stored[0] == "Can I grind for a moka pot?"
    assert sorted(stored[1:]) == ["And which setting is right?", "Yes, on setting 12."]
    await becomes(shop.conversation, stored)
    await becomes(workspace.conversation, stored)


async def _stands_in_its_place(workspace: Workspace, api: Api) -> None:
    """The list shows the server's order, as far down as it is drawn."""

    async def agree() -> bool:
        drawn, order = await workspace.order(), [row["number"] for row in await api.queue()]
        return bool(drawn) and drawn == order[: len(drawn)]

    await eventually(agree)


async def _width(shop: Shop) -> int:
    width: int = await shop.page.evaluate("document.documentElement.scrollWidth")
    return width


async def _gets_a_name_and_a_subject(workspace: Workspace) -> None:
    page, picker = workspace.page, workspace.page.get_by_role("combobox")
    await page.keyboard.press("u")
    await picker.fill("Lisa Berg")
    await picker.press("Enter")
    await expect(page.get_by_role("heading", name="Lisa Berg")).to_be_visible()
    await page.keyboard.press("s")
    await expect(picker).to_have_value("Is the Kvarn 58 in stock in green?")
    await picker.fill("A green Kvarn 58")
    await picker.press("Enter")
    await expect(workspace.title).to_contain_text("A green Kvarn 58")
