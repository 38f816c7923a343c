"""4. A phone call becomes a ticket in the same queue, or a line on one: in the workspace and the API."""

import pytest
from playwright.async_api import expect

from tests.browser.chromium import Visits
from tests.browser.workspace import Workspace
from tests.scenarios.desk import Desk


@pytest.mark.browser
async def test_an_agent_logs_a_call_by_keyboard(desk: Desk, visits: Visits):
    workspace = await Workspace(await visits.visitor(desk.address)).sign_in("priya")
    page = workspace.page

    await page.keyboard.press("t")
    dialog = page.get_by_role("dialog", name="Log a call")
    await dialog.get_by_label("Phone number").fill("+44 117 496 0164")
    await expect(dialog.get_by_role("status")).to_contain_text("Beth Hargreaves")
    await dialog.get_by_label("Minutes").fill("4")
    await dialog.get_by_label("Notes").fill("The doser sticks. Promised a call back.")
    await dialog.get_by_text("Urgent", exact=True).click()
    await dialog.get_by_role("button", name="Log the call").click()
    await workspace.told("Call logged as #").get_by_role("button", name="Open ticket").click()

    await expect(workspace.timeline).to_contain_text("The doser sticks. Promised a call back.")
    await expect(workspace.timeline).to_contain_text("Logged by Priya Raman")
    api = await desk.api("priya")
    ticket = await api.get(f"tickets/{page.url.rpartition('/t/')[2]}")
    assert (ticket["channel"], ticket["priority"], ticket["contact"]["name"]) == (
        "phone",
        2,
        "Beth Hargreaves",
    )
    assert ticket["plan"]["name"] == "Enterprise"
    call = next(one for one in await api.events(ticket["id"]) if one["name"] == "CallLogged")
    assert call["data"]["duration"] == 240

    await page.keyboard.press("t")
    await expect(dialog.get_by_label("Phone number")).to_have_value("+441174960164")
    await expect(dialog.get_by_role("status")).to_contain_text("Beth Hargreaves")
    there = dialog.get_by_role("radio", name=f"#{ticket['number']}")
    await expect(there).not_to_be_checked()
    await there.check()
    await dialog.get_by_label("Notes").fill("She asked once more.")
    await page.keyboard.press("Control+Enter")
    await expect(workspace.timeline).to_contain_text("She asked once more.")
    await expect(workspace.told(f"Call logged on #{ticket['number']}")).to_be_visible()

    await page.keyboard.press(",")
    await expect(dialog.get_by_role("radio", name=f"#{ticket['number']}")).to_be_checked()
    await dialog.get_by_role("radio", name="We called").press(" ")
    await dialog.get_by_label("Notes").fill("Told her the part comes on Friday.")
    await dialog.get_by_role("button", name="Log it on #").click()
    await expect(workspace.timeline).to_contain_text("Told her the part comes on Friday.")
    answered = await api.get(f"tickets/{ticket['id']}")
    assert (answered["status"], answered["id"]) == ("pending", ticket["id"])
    calls = [one["data"] for one in await api.events(ticket["id"]) if one["name"] == "CallLogged"]
    assert [one["direction"] for one in calls] == ["inbound", "inbound", "outbound"]


async def test_a_telephone_system_logs_a_call_through_the_api(desk: Desk):
    api = await desk.api()
    call = {"caller": "070-174 06 90", "notes": "Cannot sign in", "direction": "inbound", "answered": False}

    mailed = await api.post("tickets", body="Hello", email="kim@customer.example")
    ticket = await api.post("calls", **call)

    rows = {row["ticket_id"]: row for row in await api.queue()}
    row = rows[ticket["id"]]
    assert row["channel"] == "phone"
    assert row["contact"]["phone"] == "+46701740690"
    assert "Cannot sign in" in row["preview"]
    assert rows[mailed["id"]]["channel"] == "email"


async def test_a_call_posted_twice_under_one_key_is_one_ticket(desk: Desk):
    api = await desk.api()
    call = {"caller": "+46701740691", "notes": "Asked for the invoice"}
    key = {"Idempotency-Key": "call-of-the-switchboard-77"}

    first = await api.raw("POST", "calls", json=call, headers=key)
    again = await api.raw("POST", "calls", json=call, headers=key)
    other = await api.raw("POST", "calls", json=call | {"notes": "Something else"}, headers=key)

    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
