"""The rota, page by page, light and dark and on a phone: nothing axe-core objects to, nothing too wide."""

import asyncio
import json
import re
from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from helpdesk.actors import SYSTEM
from helpdesk.clock import SystemClock
from helpdesk.domain import oncall
from tests.browser.chromium import Visits, barriers, fits_a_phone
from tests.browser.workspace import signed_in
from tests.scenarios.desk import Desk
from tests.waiting import PATIENCE

pytestmark = pytest.mark.browser

OWN = ("shifts", "swaps", "methods", "schedules/new")
SHARED = ("alerts", "fairness", "policies", "policies/new")
FIRST_LINKS = {"/oncall/policies": "/oncall/policies/0", "/oncall/alerts": "/oncall/alerts/"}

LISTEN_FOR_TONES = """() => {
    window.tones = 0
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (...when) { window.tones += 1; return start.apply(this, when) }
}"""


async def test_every_page_of_a_schedule_is_for_everybody(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)
    schedule = await the_schedule(page)
    parts = ("", "?view=week", "/edit", "/temporary")

    assert await objections(page, [schedule + part for part in parts]) == {}


async def test_every_page_of_being_on_call_is_for_everybody(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)

    assert await objections(page, [f"/oncall/{one}" for one in OWN]) == {}


async def test_every_page_of_alerts_and_escalation_is_for_everybody(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)
    async with desk.database() as database, database.transaction(SYSTEM) as tx:
        assert await oncall.raise_alert(tx, None, "pages", "An inbox has stopped") is not None
    first = [await the_first_link(page, path, start) for path, start in FIRST_LINKS.items()]

    assert await objections(page, [*(f"/oncall/{one}" for one in SHARED), *first]) == {}


async def test_days_drawn_over_become_an_override_seen_before_it_is_saved(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)
    await page.goto(await the_schedule(page))
    days = page.locator("[data-local-start]")
    first, last = days.nth(15), days.nth(17)
    await first.scroll_into_view_if_needed()
    await first.hover()
    await page.mouse.down()
    await last.hover()
    await page.mouse.up()

    await expect(page.get_by_label("Från")).to_have_value(await at(first, "start"))
    await expect(page.get_by_label("Till", exact=True)).to_have_value(await at(last, "end"))
    await expect(page.get_by_label("Vem som kommer")).to_be_focused()
    await page.get_by_role("button", name="Visa vad som ändras").click()
    await expect(page.locator(".preview")).to_contain_text("Maja Lindqvist")
    await expect(page.get_by_label("Från")).to_have_value(re.compile("T00:00$"))


async def test_without_a_pointer_days_are_picked_by_keys_or_written_into_the_form(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)
    await page.goto(await the_schedule(page))
    days = page.locator("[data-local-start]")
    await days.nth(15).focus()
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Enter")

    await expect(page.get_by_label("Från")).to_have_value(await at(days.nth(15), "start"))
    await expect(page.get_by_label("Till", exact=True)).to_have_value(await at(days.nth(17), "end"))
    await expect(page.get_by_label("Vem som kommer")).to_be_focused()
    day = f"{SystemClock().now() + timedelta(days=100):%Y-%m-%d}"
    await page.get_by_label("Från").fill(f"{day}T18:00")
    await page.get_by_label("Till", exact=True).fill(f"{day}T23:00")
    await page.get_by_label("Skäl").press("Enter")
    await expect(page.locator(".preview")).to_contain_text("+5 h")


async def test_the_rota_is_an_application_on_a_phone_that_can_ring(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)
    await page.goto("/oncall/methods")

    manifest = await page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then(found => found.json())"
    )
    assert (manifest["display"], manifest["start_url"]) == ("standalone", "/oncall/alerts")
    for picture in manifest["icons"]:
        assert (await page.request.get(picture["src"])).headers["content-type"].startswith("image/")
    await expect(page.get_by_role("button", name="Ring mig i den här webbläsaren")).to_be_visible()
    scope = await page.evaluate(
        "navigator.serviceWorker.register('/oncall/worker.js', { scope: '/' })"
        ".then(() => navigator.serviceWorker.ready).then(found => new URL(found.scope).pathname)"
    )
    assert scope == "/"


async def test_a_browser_that_cannot_be_rung_says_why_and_what_is_pushed_sounds_and_is_shown_until_it_is_seen(
    desk: Desk, whole_visits: Visits
):
    """No push service can be reached from here: what one would deliver is handed in by the browser itself."""
    whole_visits.forgive("Push API in incognito mode")
    page = await a_lead(desk, whole_visits)
    await page.goto("/oncall/methods")
    ring_me, trouble = (
        page.get_by_role("button", name="Ring mig i den här"),
        page.locator("[data-push-trouble]"),
    )

    await ring_me.click()
    await expect(trouble).to_contain_text("låter oss inte visa aviseringar")
    await page.context.grant_permissions(["notifications"], origin=desk.address)
    await page.reload()
    await ring_me.click()
    await expect(trouble).to_contain_text("nådde inte sin push-tjänst")

    browser = await page.context.new_cdp_session(page)
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    browser.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: [
            found.set_result(one["registrationId"]) for one in told["registrations"] if not found.done()
        ],
    )
    await browser.send("ServiceWorker.enable")
    pushed = {
        "type": "alert",
        "title": "Jour: #7",
        "body": "Allt står",
        "url": "/oncall/alerts",
        "key": "k:1",
    }
    registration = await asyncio.wait_for(found, PATIENCE)
    delivery = {"origin": desk.address, "registrationId": registration, "data": json.dumps(pushed)}
    await page.evaluate(LISTEN_FOR_TONES)
    for _ in range(2):
        await browser.send("ServiceWorker.deliverPushMessage", delivery)
    await page.wait_for_function("window.tones >= 6")
    await page.wait_for_function(
        "navigator.serviceWorker.ready.then(one => one.getNotifications()).then(all => all.length > 0)"
    )
    shown = await page.evaluate(
        "navigator.serviceWorker.ready.then(one => one.getNotifications())"
        ".then(all => all.map(one => [one.title, one.body, one.tag, one.requireInteraction, one.data.url]))"
    )
    assert shown == [["Jour: #7", "Allt står", "k:1", True, "/oncall/alerts"]]
    errors = (await browser.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert {one["errorId"] for one in errors} <= {"in-incognito"}  # as every browser of a test is


async def test_turns_are_rows_that_are_added_moved_and_removed(desk: Desk, visits: Visits):
    page = await a_lead(desk, visits)
    await page.goto(await the_schedule(page) + "/edit")
    turns = page.locator("#layer0_slots [data-row]")
    before = await turns.count()
    people = [await turns.nth(n).locator("select").first.input_value() for n in range(before)]

    await page.get_by_role("button", name="Lägg till en tur").first.click()
    await expect(turns).to_have_count(before + 1)
    await turns.last.locator("select").first.select_option(label="Maja Lindqvist")
    await turns.last.get_by_role("button", name="Tidigare").click()
    await turns.nth(0).get_by_role("button", name="Ta bort").click()
    names = [await turns.nth(n).locator("select").first.get_attribute("name") for n in range(before)]
    await page.get_by_role("button", name="Visa vad som ändras").click()

    await expect(page.locator(".preview")).to_contain_text("Maja Lindqvist")
    assert names == [f"layer0_slot{n}" for n in range(before)]
    kept = [await turns.nth(n).locator("select").first.input_value() for n in range(before)]
    assert kept[:-2] == people[1:-1]
    assert kept[-1] == people[-1]


async def objections(page: Page, paths: list[str]) -> dict[str, list[str]]:
    """What axe finds, and whether a page is wider than a phone."""
    seen: dict[str, list[str]] = {}
    for path in paths:
        await page.goto(path)
        seen[path] = await barriers(page)
        if not await fits_a_phone(page):
            seen[path].append("wider than a phone")
    return {path: found for path, found in seen.items() if found}


async def the_first_link(page: Page, path: str, start: str) -> str:
    await page.goto(path)
    link = await page.locator(f"main a[href^='{start}']").first.get_attribute("href")
    assert link
    return link


async def a_lead(desk: Desk, visits: Visits) -> Page:
    """Maja, in Swedish."""
    return await signed_in(await visits.visitor(desk.address), desk.address, "maja", reads="sv")


async def the_schedule(page: Page) -> str:
    await page.goto("/oncall")
    return re.sub(r"https?://[^/]+", "", page.url)


async def at(day: Locator, edge: str) -> str:
    value = await day.get_attribute(f"data-local-{edge}")
    assert value
    return value
