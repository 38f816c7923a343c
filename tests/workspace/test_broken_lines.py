"""The agents' workspace on broken networks: what was typed is kept, told how it stands, and arrives once."""

import re
import uuid
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, Route, expect

from helpdesk.auth import sessions
from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Channel
from tests.browser.chromium import BROKEN, Visits, barriers
from tests.browser.served import Served
from tests.browser.workspace import Workspace
from tests.factories import a_ticket, an_agent, as_agent, as_contact
from tests.waiting import becomes, eventually, until

pytestmark = [pytest.mark.browser, pytest.mark.commits]

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 20_000}
GONE = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
WELL = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


class AtWork(Workspace):
    """An agent's window, whose network the test decides."""

    def __init__(self, page: Page, line: CDPSession) -> None:
        super().__init__(page)
        self._line = line
        self.states = page.locator(".unsent .delivery")
        self.banner = page.locator(".banner")

    async def network(self, conditions: dict[str, Any]) -> None:
        await self._line.send("Network.emulateNetworkConditions", conditions)

    async def sleep(self) -> None:
        await self._line.send("Page.setWebLifecycleState", {"state": "frozen"})

    async def wake(self) -> None:
        await self._line.send("Page.setWebLifecycleState", {"state": "active"})

    async def all_sent(self, last: str) -> None:
        """Also the last words, which stand there before they are sent."""
        await expect(self.said(last)).to_be_visible()
        await expect(self.states).to_have_count(0)


async def at_work(served: Served, visits: Visits) -> AtWork:
    """A new agent, signed in, with the queue before them."""
    async with served.desk.system() as tx:
        agent = await an_agent(tx, "Tomas")
        cookie = await sessions.start(tx, agent.id, "127.0.0.1", "tests")
    page = await visits.visitor(served.address)
    await page.context.add_cookies([{"name": "helpdesk", "value": cookie, "url": served.address}])
    return await window(page)


async def window(page: Page) -> AtWork:
    """Another tab, or the first."""
    line = await page.context.new_cdp_session(page)
    await line.send("Network.enable")
    await page.goto("/")
    office = AtWork(page, line)
    return await office.is_ready()


async def a_chat(served: Served) -> Any:
    async with served.desk.system() as tx:
        ticket = await a_ticket(tx, inbox=served.house.chat, subject=f"Grinder {uuid.uuid4().hex[:6]}")
        return {"id": ticket.id, "number": ticket.number, "contact": ticket.contact_id}


async def writes(served: Served, ticket: Any, text: str) -> None:
    """The visitor does."""
    async with served.desk.system() as tx:
        visitor = as_contact(tx, ticket["contact"], served.house.chat.id)
        await tickets.receive_message(
            visitor,
            tickets.InboundMessage(
                inbox_id=served.house.chat.id,
                channel=Channel.CHAT,
                contact_id=ticket["contact"],
                ticket_id=ticket["id"],
                body=text,
            ),
        )


async def test_a_view_that_could_not_be_loaded_comes_by_itself_also_while_the_line_is_well(
    served: Served, visits: Visits
):
    visits.forgive(BROKEN)
    office = await at_work(served, visits)
    is_cut = True

    async def ask(asked: Route) -> None:
        await (asked.abort() if is_cut else asked.continue_())

    await office.page.route("**/api/v1/queue?*", ask)
    await office.page.get_by_role("link", name="Snoozed").click()
    await expect(office.page.get_by_text("The queue could not be loaded")).to_be_visible()
    is_cut = False

    await expect(office.page.get_by_text("The queue could not be loaded")).to_be_hidden()


async def test_what_is_written_while_everything_breaks_arrives_once_and_in_order(
    served: Served, visits: Visits
):
    visits.forgive(BROKEN)
    ticket, office = await a_chat(served), await at_work(served, visits)
    await office.open(ticket)

    await office.network(SLOW)
    async with served.desk.system() as tx:
        await (await tx.driver()).execute("SELECT 1 FROM tickets WHERE id = $1 FOR UPDATE", ticket["id"])
        await office.reply("One")
        await expect(office.states).to_contain_text("Sending")
    await office.all_sent("One")

    await office.network(GONE)
    await office.reply("Two")
    await office.reply("Three")
    await expect(office.states.first).to_contain_text("Not sent yet")
    await expect(office.banner.filter(has_text="2 messages wait")).to_be_visible()
    found = await barriers(office.page)
    await office.network(WELL)
    await office.all_sent("Three")

    served.cut()
    await office.reply("Four")
    await office.all_sent("Four")

    await served.stop()
    await office.reply("Five")
    await expect(office.states).to_contain_text("Not sent yet")
    await served.start()
    await office.page.reload()
    await office.is_open(ticket["number"])
    await office.all_sent("Five")
    await expect(office.banner).to_have_count(0)

    expected = ["The mill does not turn.", "One", "Two", "Three", "Four", "Five"]
    await becomes(office.conversation, expected)
    assert await served.stored(ticket["id"]) == expected
    assert found == []


async def test_queue_and_ticket_are_as_they_are_after_a_sleep(served: Served, visits: Visits):
    visits.forgive(BROKEN)
    ticket, taken = await a_chat(served), await a_chat(served)
    office = await at_work(served, visits)
    await office.open(ticket)
    await expect(office.row(taken["number"])).to_be_visible()

    await office.sleep()
    served.cut()
    await writes(served, ticket, "Are you there?")
    fresh = await a_chat(served)
    async with served.desk.system() as tx:
        colleague = as_agent(tx, await an_agent(tx, "Noor"))
        await tickets.change_ticket(
            colleague, taken["id"], tickets.TicketChange(fields=frozenset({"status"}), status="resolved")
        )
    await office.wake()

    await expect(office.said("Are you there?")).to_be_visible()
    await expect(office.row(fresh["number"])).to_be_visible()
    await expect(office.row(taken["number"])).to_have_count(0)
    other = await window(await office.page.context.new_page())

    async def show_the_same() -> bool:
        return await office.order() == await other.order()

    await eventually(show_the_same)


async def test_what_the_server_refuses_is_told_and_can_be_tried_again(served: Served, visits: Visits):
    visits.forgive(BROKEN)
    ticket, office = served.house.ticket, await at_work(served, visits)
    await office.open({"id": ticket.id, "number": ticket.number})
    refusal = {"code": "invalid", "detail": "Not today.", "status": 422}
    await office.page.route("**/held_replies", lambda route: route.fulfill(status=422, json=refusal), times=1)

    await office.reply("Try turning it.")
    await expect(office.states).to_contain_text("Not sent: Not today.")
    found = await barriers(office.page)
    await office.page.reload()
    await expect(office.states).to_contain_text("Not sent: Not today.")
    await office.page.get_by_role("button", name="Try again").click()

    await expect(office.page.locator(".held")).to_contain_text(re.compile("Leaves in|Leaving now"))
    await expect(office.page.get_by_text("Try turning it.")).to_have_count(1)
    assert found == []


async def test_what_was_begun_is_there_after_a_reload(served: Served, visits: Visits):
    ticket, office = await a_chat(served), await at_work(served, visits)
    await office.open(ticket)

    await office.field.fill("Have you tried")
    await office.page.reload()

    await expect(office.field).to_have_value("Have you tried")


async def test_two_tabs_show_the_same_and_one_sends_what_the_other_cannot(served: Served, visits: Visits):
    visits.forgive(BROKEN)
    ticket, office = await a_chat(served), await at_work(served, visits)
    await office.open(ticket)
    other = await window(await office.page.context.new_page())
    await other.open(ticket)

    await office.reply("One")
    await other.all_sent("One")
    await office.all_sent("One")
    await office.network(GONE)
    await office.reply("Two")
    await other.all_sent("Two")
    await other.reply("Three")
    await other.all_sent("Three")
    await office.network(WELL)
    await office.all_sent("Three")

    expected = ["The mill does not turn.", "One", "Two", "Three"]
    await becomes(office.conversation, expected)
    await becomes(other.conversation, expected)
    assert await served.stored(ticket["id"]) == expected


async def test_a_ticket_that_is_left_is_not_followed_any_more(served: Served, visits: Visits):
    ticket, next_one, office = await a_chat(served), await a_chat(served), await at_work(served, visits)
    followed = served.desk.web.broadcaster._watched
    await office.open(ticket)
    await until(lambda: ticket["id"] in followed)

    await office.page.evaluate(f"location.hash = '#/queue/t/{next_one['id']}'")
    await office.is_open(next_one["number"])

    await until(lambda: next_one["id"] in followed and ticket["id"] not in followed)
