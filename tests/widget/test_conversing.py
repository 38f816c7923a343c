"""The chat on somebody's website, in Chromium: broken networks, several tabs, every state for everybody."""

import asyncio
import uuid
from typing import Any

import pytest
from playwright.async_api import Frame, expect

from tests.browser.chromium import BROKEN, PHONE, barriers
from tests.browser.shop import Shop
from tests.realtime.client import Socket
from tests.waiting import becomes, until
from tests.widget.conftest import Street

pytestmark = [pytest.mark.browser, pytest.mark.commits]

_PASTE_TOO_MUCH = """field => {
  const clipboardData = new DataTransfer()
  clipboardData.items.add(new File([new Uint8Array(11 << 20)], "huge.bin"))
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))
}"""
_COUNT_TONES = """{
  const { createOscillator } = AudioContext.prototype
  globalThis.tones = 0
  AudioContext.prototype.createOscillator = function () { tones++; return createOscillator.call(this) }
}"""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0"
    "f01f00050001ff89993d1d0000000049454e44ae426082"
)


def words(text: str) -> str:
    """Of which there is one of in the whole database."""
    return f"{text} {uuid.uuid4().hex[:6]}"


async def conversing(street: Street, text: str, **window: Any) -> tuple[Shop, Any]:
    """A visitor whose first words have arrived, and their ticket."""
    shop = await street.shop(**window)
    await shop.launcher.click()
    await shop.write(text)
    await expect(shop.state).to_contain_text("Sent")
    return shop, await street.served.ticket_of(text)


async def test_what_is_written_while_everything_breaks_arrives_once_and_in_order(street: Street):
    street.visits.forgive(BROKEN)
    served, first = street.served, words("Is it in stock?")
    shop, ticket = await conversing(street, first)

    await shop.page.context.set_offline(True)
    await shop.write("One")
    await expect(shop.state).to_contain_text("Not sent yet")
    await shop.page.context.set_offline(False)
    await expect(shop.state).to_contain_text("Sent")

    served.cut()  # another network
    await shop.write("Two")
    await expect(shop.state).to_contain_text("Sent")

    await served.stop()  # a deploy
    await shop.write("Three")
    await expect(shop.state).to_contain_text("Not sent yet")
    await served.start()
    await shop.page.reload()
    await expect(shop.said("Three")).to_be_visible()
    await expect(shop.state).to_contain_text("Sent")

    session = await shop.page.context.new_cdp_session(shop.page)
    await session.send("Page.setWebLifecycleState", {"state": "frozen"})  # asleep
    served.cut()
    await served.answers(ticket, "Four")
    await session.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(shop.said("Four")).to_be_visible()

    assert await served.stored(ticket) == [first, "One", "Two", "Three", "Four"]
    await becomes(shop.conversation, [first, "One", "Two", "Three", "Four"])


async def test_where_websockets_are_blocked_the_same_conversation_goes_by_http(street: Street):
    street.visits.forgive(BROKEN)
    street.served.blocked = True
    try:
        shop, ticket = await conversing(street, words("Behind a proxy"))
        await street.served.answers(ticket, "We hear you")
        await expect(shop.said("We hear you")).to_be_visible()
        assert street.served.upgrades >= 2
    finally:
        street.served.blocked = False


async def test_two_tabs_share_one_line_and_the_second_takes_over(street: Street):
    served, text = street.served, words("Two tabs")
    shop, ticket = await conversing(street, text)
    other = await street.enter(await shop.page.context.new_page())
    await expect(other.said(text)).to_be_visible()
    await until(lambda: served.sockets == 1)

    await served.answers(ticket, "To both")
    for tab in (shop, other):
        await expect(tab.said("To both")).to_be_visible()
    await shop.page.close()
    await other.write("Still here")
    await expect(other.state).to_contain_text("Sent")

    await until(lambda: served.sockets == 1)
    assert await served.stored(ticket) == [text, "To both", "Still here"]


async def at_the_ticket(street: Street, ticket: Any) -> tuple[Socket, int]:
    """An agent who has the ticket open, and its newest version."""
    client = await street.served.desk.with_token(street.served.house.agent)
    agent_pass = (await client.post("/api/v1/realtime/pass")).json()["pass"]
    agent = await (await Socket.open(street.served.address, "/agent")).enter(agent_pass)
    return agent, (await agent.ask("sync", {"ticket": str(ticket), "after": 0}))["head"]


def inside(shop: Shop) -> Frame:
    """The chat's own frame."""
    return next(one for one in shop.page.frames if "/widget/panel" in one.url)


async def test_an_answer_is_announced_in_badge_title_and_launcher_until_it_is_read(street: Street):
    shop, ticket = await conversing(street, words("Waiting"))
    await shop.page.keyboard.press("Escape")
    await expect(shop.launcher).to_be_focused()
    await shop.page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})"
    )

    await street.served.answers(ticket, "Here I am")

    await expect(shop.launcher).to_have_accessible_name("Open chat, 1 unread")
    await expect(shop.page).to_have_title("(1) The shop")
    await shop.page.evaluate("delete document.hidden")
    await shop.launcher.click()
    await expect(shop.launcher).to_have_accessible_name("Close chat")
    await expect(shop.page).to_have_title("The shop")


async def test_an_answer_sounds_unless_the_visitor_chose_silence_which_is_kept(street: Street):
    shop, ticket = await conversing(street, words("Ring me"))
    await shop.page.context.add_init_script(_COUNT_TONES)
    before = street.served.listeners(ticket)
    await shop.page.reload()
    await expect(shop.said("Ring me")).to_be_visible()
    await until(lambda: bool(street.served.listeners(ticket) - before))  # what it catches up on is silent
    await shop.launcher.click()

    await street.served.answers(ticket, "Loud")
    await expect(shop.launcher).to_have_accessible_name("Open chat, 1 unread")
    # Asked from here: in a frame that is not shown Playwright's own waiting never looks again.
    await becomes(lambda: inside(shop).evaluate("tones"), 2)

    await shop.launcher.click()
    await shop.chat.get_by_role("button", name="Sound").click()
    await shop.page.reload()
    await expect(shop.chat.get_by_role("button", name="Sound", pressed=False)).to_be_visible()
    await expect(shop.said("Loud")).to_be_visible()
    await shop.launcher.click()
    await street.served.answers(ticket, "Silent")
    await expect(shop.launcher).to_have_accessible_name("Open chat, 1 unread")
    assert await inside(shop).evaluate("tones") == 0


async def writes_on(agent: Socket, ticket: Any) -> None:
    """What is told of it may be lost, and is forgotten in some seconds."""
    while True:
        await agent.tell("typing", {"ticket": str(ticket), "state": True})
        await asyncio.sleep(2)


async def test_each_side_sees_the_other_write(street: Street):
    shop, ticket = await conversing(street, words("Anybody?"))
    agent, _ = await at_the_ticket(street, ticket)
    dots = shop.chat.locator(".group.typing")

    writing = asyncio.create_task(writes_on(agent, ticket))
    await expect(dots).to_be_visible()
    await expect(shop.chat.get_by_role("status").filter(has_text="is writing")).to_have_count(1)
    writing.cancel()
    await street.served.answers(ticket, "Yes")
    await expect(shop.said("Yes")).to_be_visible()
    await expect(dots).to_have_count(0)

    await shop.field.press_sequentially("He")
    heard = await agent.hear("ephemeral", lambda told: told["type"] == "typing")
    assert (heard["ticket"], heard["who"]["kind"]) == (str(ticket), "contact")
    await agent.close()


async def test_a_file_on_its_way_tells_how_far_it_is_and_can_be_stopped(street: Street):
    street.visits.forgive(BROKEN)
    shop, ticket = await conversing(street, words("A large file follows"))
    session = await shop.page.context.new_cdp_session(shop.page)
    await session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 50_000}
    await session.send("Network.emulateNetworkConditions", slow)
    large = {"name": "log.txt", "mimeType": "text/plain", "buffer": b"All quiet.\n" * 500_000}
    files = shop.chat.get_by_role("list", name="Files")

    await shop.chat.locator("input[type=file]").set_input_files(large)
    progress = files.get_by_role("progressbar", name="Uploading log.txt")
    await expect(progress).not_to_have_js_property("value", 0)
    await expect(shop.chat.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await files.get_by_role("button", name="Remove log.txt").click()

    await expect(files).to_have_count(0)
    await expect(shop.field).to_be_focused()
    await session.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    await shop.write("Without it, then")
    await expect(shop.state).to_contain_text("Sent")
    assert (await street.served.stored(ticket))[1:] == ["Without it, then"]


async def test_seen_stands_there_again_after_a_reload(street: Street):
    shop, ticket = await conversing(street, words("Did you see?"))
    agent, head = await at_the_ticket(street, ticket)
    await agent.ask("mark_read", {"ticket": str(ticket), "upto": head})
    await agent.close()
    await expect(shop.state).to_contain_text("Seen")

    await shop.page.reload()

    await expect(shop.state).to_contain_text("Seen")


async def test_every_state_is_clean_for_axe_and_readable(street: Street):
    street.visits.forgive(BROKEN)
    shop = await street.shop()
    found = {"closed": await barriers(shop.page)}
    await shop.launcher.focus()
    await shop.page.keyboard.press("Enter")
    await expect(shop.field).to_be_focused()
    found["open"] = await barriers(shop.page)

    await shop.chat.get_by_role("button", name="Emoji").click()
    await expect(shop.chat.get_by_role("group", name="Emoji").get_by_role("button").first).to_be_focused()
    await shop.page.keyboard.press("ArrowRight")
    await shop.page.keyboard.press("Enter")
    await expect(shop.field).to_have_value("😅")
    await shop.write(words("See https://example.com\nand the picture"))
    await expect(shop.state).to_contain_text("Sent")
    found["conversation"] = await barriers(shop.page)

    picker = shop.chat.locator("input[type=file]")
    await shop.field.evaluate(_PASTE_TOO_MUCH)
    await expect(shop.chat.get_by_role("alert")).to_contain_text("at most")
    found["too large a file"] = await barriers(shop.page)
    await picker.set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL})
    await expect(shop.chat.get_by_role("list", name="Files")).to_contain_text("dot.png")
    found["uploaded"] = await barriers(shop.page)
    await shop.write("with a file")
    await expect(shop.chat.get_by_role("img", name="dot.png")).to_be_visible()

    unknown = {"id": str(uuid.uuid4()), "name": "x.txt", "content_type": "text/plain", "size": 1}
    await shop.page.route("**/widget/uploads", lambda route: route.fulfill(status=201, json=unknown))
    await picker.set_input_files({"name": "x.txt", "mimeType": "text/plain", "buffer": b"x"})
    await expect(shop.chat.get_by_role("list", name="Files")).to_contain_text("x.txt")
    await shop.write("This one is refused")
    await expect(shop.chat.get_by_role("button", name="Try again")).to_be_visible()
    found["failed message"] = await barriers(shop.page)

    assert {state: said for state, said in found.items() if said} == {}


async def test_an_unknown_inbox_is_told_and_the_chat_can_be_closed(street: Street):
    street.visits.forgive(BROKEN)
    shop = await street.shop(inbox="nobodys", size=PHONE, has_touch=True)

    await shop.launcher.tap()
    await expect(shop.chat.get_by_text("The chat is not available on this page.")).to_be_visible()
    found = await barriers(shop.page)
    await shop.chat.get_by_role("button", name="Close chat").tap()

    await shop.page.wait_for_function("!Helpdesk.isOpen")
    assert found == []


async def test_a_chat_that_cannot_be_loaded_can_be_closed_and_comes_the_next_time(street: Street):
    street.visits.forgive(f"{BROKEN}|recipient window's origin")
    shop = await street.shop(size=PHONE, has_touch=True)
    await street.served.stop()

    await shop.launcher.tap()
    closer = shop.page.locator("helpdesk-widget dialog").get_by_role("button", name="Close chat")
    await closer.tap()
    await shop.page.wait_for_function("!Helpdesk.isOpen")
    await street.served.start()
    await shop.launcher.tap()

    await expect(shop.field).to_be_focused()


async def test_a_chat_opened_without_a_network_comes_by_itself_once_there_is_one(street: Street):
    street.visits.forgive(f"{BROKEN}|target origin provided")
    shop = await street.shop()
    await shop.launcher.wait_for()

    await shop.page.context.set_offline(True)
    await shop.launcher.click()
    await expect(shop.page.locator("helpdesk-widget iframe")).to_be_attached()
    await shop.page.context.set_offline(False)

    await expect(shop.field).to_be_focused()


async def test_a_picture_that_waits_for_the_network_is_shown_from_the_device(street: Street):
    street.visits.forgive(BROKEN)
    shop, _ = await conversing(street, words("A picture follows"))
    picture = {"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL}
    await shop.chat.locator("input[type=file]").set_input_files(picture)
    await expect(shop.chat.get_by_role("list", name="Files")).to_contain_text(" B")

    await shop.page.context.set_offline(True)
    await shop.write("See here")
    await expect(shop.state).to_contain_text("Not sent yet")

    shown = shop.said("See here").get_by_role("img", name="dot.png")
    await expect(shown).to_have_js_property("naturalWidth", 1)
    await shop.page.context.set_offline(False)
    await expect(shop.state).to_contain_text("Sent")
    await expect(shown).to_have_js_property("naturalWidth", 1)
