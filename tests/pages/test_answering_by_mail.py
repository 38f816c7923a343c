"""An agent reads a designed mail safely and answers it: marks, copies, undo, and what then leaves."""

import json
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.chromium import PHONE, Visits, barriers, fits_a_phone
from tests.browser.outbox import open_sent_mail
from tests.browser.workspace import Workspace
from tests.scenarios.desk import Api, Desk, a_mail
from tests.waiting import eventually

pytestmark = pytest.mark.browser

HELD = "**/held_replies"

NASTY = """<body bgcolor="#ffffff"><script>alert(1)</script><svg onload="alert(1)"></svg>
<table width="2000" bgcolor="#f4f4f4"><tr><td><h2>Autumn offers</h2><b>Three</b> new roasts
<a href="https://evil.example/login">https://bank.example/login</a><img src="x" onerror="alert(1)">
<img src="https://cdn.example/hero.jpg" alt="Beans" width="600" height="200"></td></tr></table>
<div style="position:fixed;inset:0;background:red">cover</div><form action="https://evil.example"><input></form>
<div class="gmail_quote">On Monday we wrote:<blockquote>Old roasts</blockquote></div>"""

UNCLEANED = """<!DOCTYPE html><html><head><meta http-equiv="refresh" content="0;url=https://evil.example/refresh">
<link rel="stylesheet" href="https://evil.example/a.css"><style>@import url(https://evil.example/b.css);
body { background: url(https://evil.example/c.png) }</style></head><body><p>uncleaned</p>
<script>top.ran = 1</script><img src="https://evil.example/x" onerror="top.ran = 2">
<svg onload="top.ran = 3"></svg>
<img src="https://evil.example/i.png"><iframe srcdoc="<script>top.ran = 4</script>"></iframe>
<iframe src="javascript:top.ran = 5"></iframe><object data="https://evil.example/o.swf"></object>
<form action="https://evil.example/form" target="_top"><button>form</button></form>
<a href="javascript:top.ran = 6">script</a> <a target="_top" href="https://evil.example/top">top</a></body></html>"""


AS_HIGH_AS_IT_IS = """one => {
  const inside = one.contentDocument?.documentElement
  return inside && Math.abs(one.clientHeight - inside.scrollHeight) <= 2
}"""


async def test_a_designed_mail_is_shown_as_high_as_it_is_and_nothing_in_it_runs(desk: Desk, visits: Visits):
    page = await visits.visitor(desk.address, size=PHONE)
    page.on("dialog", lambda dialog: pytest.fail("something ran"))
    workspace = await Workspace(page).sign_in("priya")
    mail = a_mail("Roasts of the season", "Three new roasts.")
    mail.add_alternative(NASTY, subtype="html")
    await desk.mail(mail)
    row = await (await desk.api("priya")).row("Roasts of the season")
    await workspace.open({"id": row["ticket_id"], "number": row["number"]})

    inside = workspace.timeline.frame_locator("iframe")
    await expect(inside.get_by_role("heading", name="Autumn offers")).to_be_visible()
    await expect(inside.locator("script, svg, form, input, [style], [onerror]")).to_have_count(0)
    await expect(inside.get_by_text("(evil.example)").first).to_be_visible()
    await expect(inside.locator(".hd-held").first).to_contain_text("Beans")
    frame = workspace.timeline.locator("iframe")
    await page.wait_for_function(AS_HIGH_AS_IT_IS, arg=await frame.element_handle())
    assert await fits_a_phone(page)
    await expect(inside.get_by_text("Old roasts")).to_be_hidden()
    await inside.get_by_text("Show the whole mail").click()
    await expect(inside.get_by_text("Old roasts")).to_be_visible()
    await expect(inside.get_by_role("heading", name="Autumn offers")).to_have_count(1)
    await inside.get_by_text("Show only what is new").click()
    await expect(inside.get_by_text("Old roasts")).to_be_hidden()

    await workspace.timeline.get_by_role("button", name="Show as plain text").click()
    await expect(workspace.said("Three new roasts")).to_be_visible()
    await nothing_runs_even_uncleaned(workspace, visits)


async def nothing_runs_even_uncleaned(workspace: Workspace, visits: Visits) -> None:
    """The frame and its policy hold without the sanitiser in front of them (decision 12)."""
    page, left = workspace.page, []
    visits.forgive("evil.example|[Bb]locked|JavaScript URL|Unsafe attempt|sandboxed")

    async def uncleaned(route: Route) -> None:
        await route.fulfill(response=await route.fetch(), body=UNCLEANED)

    page.on("requestfinished", lambda one: left.append(one.url) if "evil.example" in one.url else None)
    await page.route("**/m/*", uncleaned)
    await workspace.timeline.get_by_role("button", name="Show as it was designed").click()
    inside = workspace.timeline.frame_locator("iframe")
    await expect(inside.get_by_text("uncleaned")).to_be_visible()
    for name in ("script", "form", "top"):
        await inside.locator("a, button").filter(has_text=name).click()

    assert await page.evaluate("window.ran") is None
    assert "evil.example" not in page.url
    assert left == []


async def test_an_answer_is_written_taken_back_and_leaves_as_it_was_laid_out(desk: Desk, visits: Visits):
    workspace = await Workspace(await visits.visitor(desk.address)).sign_in("priya")
    page = workspace.page
    await desk.mail(a_mail("Squeaking hinge", "It squeaks.", Cc="lee@customer.example"))
    row = await (await desk.api("priya")).row("Squeaking hinge")
    await workspace.open({"id": row["ticket_id"], "number": row["number"]})

    await page.keyboard.press("r")
    await expect(workspace.field).to_be_focused()
    await page.keyboard.type("Please ")
    await page.keyboard.press("Control+b")
    await page.keyboard.type("oil")
    await page.keyboard.press("End")
    await page.keyboard.type(" it")
    await expect(page.get_by_text("unproven: lee@customer.example")).to_be_visible()
    await page.get_by_role("button", name="Copy to them too").click()
    await expect(page.get_by_text("Adding lee@customer.example")).to_be_visible()
    await page.get_by_role("button", name="Change who gets this").click()
    assert await barriers(page) == []
    await a_note_keeps_its_own_words(workspace)
    await a_colleague_who_was_quicker_is_told_of(workspace, await desk.api("jonas"), row)
    await page.route(HELD, for_long)
    await workspace.field.press("Control+Enter")

    await page.get_by_role("button", name="Undo").click()
    await expect(workspace.field).to_have_value("Please **oil** it")
    await page.unroute(HELD)
    await page.reload()
    await expect(workspace.field).to_have_value("Please **oil** it")
    await workspace.field.press("Control+Enter")
    await expect(workspace.timeline.locator("strong", has_text="oil")).to_be_visible()

    await page.route(HELD, for_long)
    await page.keyboard.press("Escape")
    await page.keyboard.press("f")
    await page.keyboard.type("maker@mills.example,")
    await page.get_by_label("What to say to it").fill("Can you look?")
    await page.keyboard.press("Control+Enter")
    await expect(workspace.timeline.get_by_text("Forward to maker@mills.example")).to_be_visible()
    await (
        workspace.timeline.locator(".held", has_text="Can you look?")
        .get_by_role("button", name="Undo")
        .click()
    )
    await expect(page.get_by_label("What to say to it")).to_have_value("Can you look?")
    await page.get_by_role("button", name="Discard").click()
    await page.keyboard.press("n")
    await page.keyboard.type(" at once")
    await expect(page.get_by_label("Note for other agents")).to_have_value("between us at once")

    await what_a_held_answer_brings_is_seen(workspace, await desk.api("jonas"), row)
    api = await desk.api("priya")

    async def has_left() -> bool:
        return "Please **oil** it" in await api.messages(row["ticket_id"])

    await eventually(has_left)
    outbox = await visits.visitor(desk.address)
    await open_sent_mail(outbox, r"Squeaking hinge.*Please \W*oil")
    await expect(outbox.locator(".mail-head")).to_contain_text("lee@customer.example")
    await expect(outbox.frame_locator("iframe").locator("strong", has_text="oil")).to_be_visible()


async def for_long(route: Route) -> None:
    """Ten seconds are enough for people to take something back, not for a busy machine."""
    held = route.request.post_data_json | {"seconds": 59}
    await route.continue_(post_data=json.dumps(held))


async def a_note_keeps_its_own_words(workspace: Workspace) -> None:
    keys, note = workspace.page.keyboard, workspace.page.get_by_label("Note for other agents")
    await keys.press("Escape")
    await keys.press("n")
    await expect(note).to_have_value("")
    await keys.type("between us")
    await keys.press("Escape")
    await keys.press("r")
    await expect(workspace.field).to_have_value("Please **oil** it")


async def a_colleague_who_was_quicker_is_told_of(workspace: Workspace, colleague: Api, row: Any) -> None:
    told = workspace.page.get_by_text("Jonas Ekberg answered while you were writing.")
    await colleague.post(f"tickets/{row['ticket_id']}/messages", body="Try some oil.")
    await expect(told).to_be_visible()
    await workspace.field.press("Control+Enter")
    await expect(told).to_contain_text("Send yours all the same?")
    await expect(workspace.field).to_have_value("Please **oil** it")
    assert await barriers(workspace.page) == []


async def what_a_held_answer_brings_is_seen(workspace: Workspace, colleague: Api, row: Any) -> None:
    address, held = f"tickets/{row['ticket_id']}/held_replies", workspace.timeline.locator(".held")
    answer = {"body": "Oiled.", "seconds": 3600, "tags": ["hinge"], "then": "resolved"}
    written = await colleague.post(address, **answer)
    await expect(held.locator(".chip")).to_have_text(["hinge", "Resolved"])
    await colleague.post(f"{address}/{written['id']}/call_back")
    await expect(held).to_have_count(0)
