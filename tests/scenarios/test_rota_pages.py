"""The rota, page by page, light and dark and on a phone: nothing axe-core objects to, nothing too wide."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import DESK, PHONE, Visits, barriers
from tests.browser.workspace import Workspace
from tests.scenarios.desk import Desk

pytestmark = pytest.mark.browser

OWN = ("shifts", "swaps", "methods", "schedules/new")
SHARED = ("alerts", "fairness", "policies", "policies/new")
FIRST_LINKS = {"/oncall/policies": "/oncall/policies/0", "/oncall/alerts": "/oncall/alerts/"}


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
    await page.get_by_label("Från").fill("2027-03-01T18:00")
    await page.get_by_label("Till", exact=True).fill("2027-03-01T23:00")
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


async def objections(page: Page, paths: list[str]) -> dict[str, list[str]]:
    """What axe finds, and whether a page is wider than a phone."""
    seen: dict[str, list[str]] = {}
    for path in paths:
        await page.goto(path)
        seen[path] = await barriers(page)
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        if await page.evaluate("document.documentElement.scrollWidth") > PHONE[0]:
            seen[path].append("wider than a phone")
        await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    return {path: found for path, found in seen.items() if found}


async def the_first_link(page: Page, path: str, start: str) -> str:
    await page.goto(path)
    link = await page.locator(f"main a[href^='{start}']").first.get_attribute("href")
    assert link
    return link


async def a_lead(desk: Desk, visits: Visits) -> Page:
    """Maja, who reads Swedish."""
    page = await visits.visitor(desk.address)
    await Workspace(page).sign_in("maja")
    return page


async def the_schedule(page: Page) -> str:
    await page.goto("/oncall")
    return re.sub(r"https?://[^/]+", "", page.url)


async def at(day: Locator, edge: str) -> str:
    value = await day.get_attribute(f"data-local-{edge}")
    assert value
    return value
