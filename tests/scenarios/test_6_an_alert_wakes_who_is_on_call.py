"""6. A P1 of a 24/7 plan outside staffed hours wakes who is on call, who acknowledges it."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from helpdesk.actors import SYSTEM
from tests.browser.chromium import DESK, PHONE, Visits
from tests.browser.workspace import Workspace
from tests.scenarios.desk import Api, Desk
from tests.waiting import eventually

TOM = "tom@harbourandgrind.example"
CLOSE = text(
    "WITH closed AS (INSERT INTO calendars (id, name, hours, created_at) "
    "SELECT gen_random_uuid(), 'Closed ' || gen_random_uuid(), "
    "jsonb_set(hours, '{holidays}', CAST(:days AS jsonb)), created_at FROM calendars "
    "WHERE id = (SELECT calendar_id FROM teams LIMIT 1) RETURNING id) "
    "UPDATE teams SET calendar_id = (SELECT id FROM closed)"
)


@pytest.fixture
async def nobody_is_at_work(desk: Desk) -> AsyncIterator[None]:
    """Holidays around today for every team, and their usual hours again afterwards."""
    async with desk.database() as database, database.transaction(SYSTEM) as tx:
        usual = (await tx.session.execute(text("SELECT id, calendar_id FROM teams"))).all()
        days = [(tx.now + timedelta(days=offset)).date().isoformat() for offset in (-1, 0, 1)]
        await tx.session.execute(CLOSE, {"days": json.dumps(dict.fromkeys(days, "Closed"))})
    yield
    async with desk.database() as database, database.transaction(SYSTEM) as tx:
        for team in usual:
            await tx.session.execute(
                text("UPDATE teams SET calendar_id = :calendar_id WHERE id = :id"), team._mapping
            )


@pytest.mark.browser
@pytest.mark.usefixtures("nobody_is_at_work")
async def test_the_alert_stands_on_the_timeline_and_is_acknowledged_from_the_workspace(
    desk: Desk, visits: Visits
):
    api = await desk.api("priya")
    ticket = await _a_critical_ticket(api, "All eleven shops are down")

    workspace = await Workspace(await visits.visitor(desk.address, size=PHONE)).sign_in("priya")
    line = workspace.page.get_by_role("region", name="Open alerts").locator(".alert-banner").first
    await expect(line.get_by_role("button", name="Acknowledge")).to_be_visible()
    assert await line.evaluate("line => line.offsetHeight") < PHONE[1] / 12  # one line, with what answers it
    await expect(line.get_by_role("button", name="Wake the next person")).to_be_hidden()
    await line.locator(".alert-more").press("Enter")
    await expect(line.get_by_role("button", name="Wake the next person")).to_be_visible()

    await workspace.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    await workspace.open(ticket)
    await expect(workspace.timeline).to_contain_text("Alert raised")
    await expect(workspace.timeline).to_contain_text("was alerted by email")
    page = workspace.page
    said = page.get_by_role("alert").filter(has_text="P1 outside staffed hours")
    banner = page.get_by_role("main").locator(".alert-banner", has=said)
    await banner.get_by_role("button", name="Acknowledge").click()

    await expect(workspace.timeline).to_contain_text("Priya Raman acknowledged the alert")
    await expect(banner).to_have_count(0)
    alert = await _alert(api, ticket)
    assert (alert["state"], alert["acknowledged_by"]["name"]) == ("acknowledged", "Priya Raman")


@pytest.mark.browser
@pytest.mark.usefixtures("nobody_is_at_work")
async def test_who_is_on_call_gets_a_mail_and_acknowledges_by_one_tap_on_a_phone(desk: Desk, visits: Visits):
    api = await desk.api()
    on_call = (await api.get("oncall/now"))["items"][0]["agents"][0]["name"]
    ticket = await _a_critical_ticket(api, "The line of the roastery stands still")

    async def notified() -> Any:
        return next((one for one in await api.events(ticket["id"]) if one["name"] == "AlertNotified"), None)

    assert (await eventually(notified))["data"]["agent_name"] == on_call
    link = await _link_in_the_outbox(desk, ticket["subject"])
    phone = await visits.visitor(desk.address, size=PHONE)
    await phone.goto(link)
    await expect(phone.get_by_role("heading", level=1)).to_have_text("The line of the roastery stands still")
    await phone.get_by_role("button", name=re.compile("^(Acknowledge|Kvittera)$")).click()  # as they read

    async def acknowledged() -> Any:
        alert = await _alert(api, ticket)
        return alert if alert["state"] == "acknowledged" else None

    alert = await eventually(acknowledged)
    assert alert["acknowledged_by"]["name"] == on_call
    await phone.reload()
    await expect(phone.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.usefixtures("nobody_is_at_work")
async def test_other_plans_and_other_priorities_wake_nobody(desk: Desk):
    api = await desk.api()

    business = await api.post("tickets", body="Down", email="ciara@lighthouseroasters.example", priority=1)
    calm = await api.post("tickets", body="A question", email=TOM, priority=2)

    assert [await _alert(api, ticket) for ticket in (business, calm)] == [None, None]


async def _a_critical_ticket(api: Api, subject: str) -> Any:
    """With its alert, which is raised right after the ticket has been committed."""
    made = await api.post("tickets", subject=subject, body="Nothing works.", email=TOM, priority=1)

    async def alerted() -> Any:
        return made if await _alert(api, made) else None

    return await eventually(alerted)


async def _alert(api: Api, ticket: Any) -> Any:
    """That of the rule for critical tickets; an overload alert may hang on the same ticket."""
    alerts = (await api.get(f"tickets/{ticket['id']}"))["alerts"]
    return next((one for one in alerts if one["reason"].startswith("P1 outside staffed hours")), None)


async def _link_in_the_outbox(desk: Desk, subject: str) -> str:
    """Of the mail about this ticket that leads to its alert, as soon as it is there."""
    async with desk.ask() as caller:

        async def found() -> str | None:
            page = (await caller.get("/demo/outbox")).text
            entries = re.findall(r'href="(/demo/outbox/[0-9a-f-]{36})">(.*?)</a>', page, re.DOTALL)
            for address in [address for address, shown in entries if subject in shown]:
                link = re.search(r"/alert/[A-Za-z0-9._~-]+", (await caller.get(address)).text)
                if link and f"<h1>{subject}</h1>" in (await caller.get(link.group())).text:
                    return link.group()
            return None

        link = await eventually(found, failing=lambda: desk.printed[-1500:])
    assert link is not None
    return link
