"""Administration, page by page, light and dark and on a phone: nothing axe-core objects to."""

import re

import pytest
from playwright.async_api import Page, expect

from helpdesk.web.admin.shell import SECTIONS
from tests.browser.chromium import PHONE, Visits, barriers, fits_a_phone
from tests.browser.workspace import Workspace, signed_in
from tests.scenarios.desk import Desk

pytestmark = pytest.mark.browser

FORMS = ("inboxes", "plans", "sla", "calendars", "agents", "teams", "replies")


async def test_every_page_of_administration_is_for_everybody(desk: Desk, visits: Visits):
    page = await an_owner(desk, visits)
    seen: dict[str, list[str]] = {}

    for path in [
        *(section.path for section in SECTIONS),
        *(f"/admin/{one}/new" for one in FORMS),
        "/wall",
    ]:
        await page.goto(path)
        seen[path] = await barriers(page)
        if not await fits_a_phone(page):
            seen[path].append("wider than a phone")

    assert {path: found for path, found in seen.items() if found} == {}


async def test_a_chat_for_another_website_is_made_and_says_what_to_paste(desk: Desk, visits: Visits):
    page = await an_owner(desk, visits)
    await page.goto("/admin")
    await page.get_by_role("link", name="Ny inkorg").click()
    await page.get_by_label("Namn").fill("Rosteriet")
    await page.get_by_label("Kanal").select_option("chat")
    await page.get_by_role("button", name="Spara").click()

    await expect(page.locator("#snippet")).to_contain_text('data-inbox="rosteriet"')
    assert await barriers(page) == []
    await page.get_by_role("link", name="Utseende, hälsning").click()
    preview = page.frame_locator("iframe.widget-preview")
    await expect(preview.get_by_text("Hej! Vad kan vi hjälpa till med?")).to_be_visible()


async def test_other_hours_are_foreseen_saved_and_replayed(desk: Desk, visits: Visits):
    page = await an_owner(desk, visits)
    await page.goto("/admin/calendars")
    await page.get_by_role("link", name="Ändra Working days 07:00–18:00").click()
    await page.get_by_label("Onsdag").fill("7-11:30, 12:30-18")
    await page.get_by_role("button", name="Förhandsgranska").click()

    await expect(
        page.get_by_role("img", name=re.compile("Onsdag 07:00–11:30, Onsdag 12:30–18:00"))
    ).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Spara").click()

    await expect(page.get_by_role("status")).to_contain_text("Sparat")
    await expect(page.get_by_role("img", name=re.compile("Onsdag 07:00–11:30"))).to_be_visible()


async def test_a_plan_is_made_given_to_a_company_and_taken_away(desk: Desk, visits: Visits):
    page = await an_owner(desk, visits)
    await page.goto("/admin/plans/new")
    await page.get_by_label("Namn").fill("Espresso")
    await page.get_by_label("Första svar, E-post").fill("1 h 30 min")
    await page.get_by_role("button", name="Förhandsgranska").click()
    await expect(page.get_by_role("row", name="E-post 22 min")).to_be_visible()
    own = page.get_by_label("E-post, Första svar, P1")
    await page.get_by_text("Andra tider för enskilda prioriteter").click()
    await expect(own).to_have_attribute("placeholder", "22 min 30 s")
    await own.fill("banan")
    visits.forgive("422")
    for name in ("Chatt", "E-post", "Telefon"):
        await page.get_by_role("checkbox", name=name).uncheck()
    await page.get_by_role("button", name="Förhandsgranska").click()
    await expect(page.locator("#targets-error")).to_be_visible()
    await own.fill("")
    await page.get_by_role("button", name="Förhandsgranska").click()
    await expect(page.locator("#channels-error")).to_be_visible()
    await page.get_by_role("checkbox", name="E-post").check()
    await page.get_by_text("Andra tider för enskilda prioriteter").click()
    await own.fill("banan")
    await page.get_by_role("button", name="Förhandsgranska").click()
    await expect(own).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#targets-error")).to_be_visible()
    await own.fill("10 min")
    await page.get_by_role("button", name="Förhandsgranska").click()
    await expect(page.get_by_role("row", name="E-post 10 min 45 min")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Spara").click()

    await page.get_by_role("link", name="Espresso").click()
    await expect(page.get_by_label("Första svar, E-post")).to_have_value("1 h 30 min")
    await expect(page.get_by_label("E-post, Första svar, P1")).to_have_value("10 min")
    await expect(page.get_by_role("checkbox", name="Telefon")).not_to_be_checked()
    company = await page.locator("#known-companies option").first.get_attribute("value")
    visits.forgive("422")
    await page.get_by_label("Ge det till").fill(company or "")
    await page.locator("#ends").fill("2020-01-31")
    await page.locator(".row-form").get_by_role("button", name="Förhandsgranska").click()
    await expect(page.locator("#ends-error")).to_be_visible()
    await page.locator("#ends").fill("2099-01-31")
    await page.locator(".row-form").get_by_role("button", name="Förhandsgranska").click()
    await page.get_by_role("button", name="Ge företaget avtalet").click()
    await expect(page.get_by_text("till och med 31 jan. 2099")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name=f"Ta bort från {company}").click()
    await page.get_by_role("button", name="Ta bort avtalet").click()

    await expect(page.get_by_text("Inga än.")).to_be_visible()
    assert await barriers(page) == []

    await page.get_by_label("Ge det till").fill("Café Nykund")
    await page.locator(".row-form").get_by_role("button", name="Förhandsgranska").click()
    await expect(page.get_by_label("E-postdomän")).to_be_focused()
    await page.keyboard.type("nykund")
    await page.keyboard.press("Enter")
    await expect(page.locator("#domain-error")).to_be_visible()
    await page.get_by_label("E-postdomän").fill("nykund.example")
    assert await barriers(page) == []
    await page.get_by_role("button", name="Skapa det och ge det avtalet").click()

    await expect(page.get_by_role("button", name="Ta bort från Café Nykund")).to_be_visible()


async def test_what_is_wrong_is_said_at_its_field_and_nothing_that_was_typed_is_lost(
    desk: Desk, visits: Visits
):
    page = await an_owner(desk, visits)
    visits.forgive("422")
    for path, label, button in (
        ("/admin/plans/new", "Första svar, E-post", "Förhandsgranska"),
        ("/admin/sla/new", "Första svar, E-post", "Förhandsgranska"),
        ("/admin/routing", "Enheter per ärende", re.compile("^Förhandsgranska")),
    ):
        await page.goto(path)
        if path != "/admin/routing":
            await page.get_by_label("Namn").fill("Lungo")
        await page.get_by_label(label).first.fill("banan")
        await page.get_by_role("button", name=button).first.click()

        field = page.locator("[aria-invalid=true]")
        await expect(field).to_have_value("banan")
        said = page.locator(f"[id='{await field.get_attribute('aria-describedby')}']")
        await expect(said).to_be_visible()
        assert await barriers(page) == []


async def test_an_invited_agent_chooses_a_password_and_is_in(desk: Desk, visits: Visits):
    page = await an_owner(desk, visits)
    await page.goto("/admin/agents/new")
    await page.get_by_label("Namn").fill("Vera Ny")
    await page.get_by_label("E-post").fill("vera@demo.localhost")
    await page.get_by_label("Support", exact=True).check()
    await page.get_by_role("button", name="Förhandsgranska").click()
    await page.locator(".preview").get_by_role("button", name="Bjud in").click()
    link = await page.locator("#snippet").inner_text()

    newcomer = await visits.visitor(desk.address)
    await newcomer.goto(link.replace(re.match(r"https?://[^/]+", link).group(), desk.address))
    assert await barriers(newcomer) == []
    await newcomer.get_by_label("Lösenord").fill("a password of her own")
    await newcomer.get_by_role("button").click()
    await newcomer.get_by_label(re.compile("Email|E-post")).fill("vera@demo.localhost")
    await newcomer.get_by_label(re.compile("Password|Lösenord")).fill("a password of her own")
    await newcomer.get_by_role("button", name=re.compile("Sign in|Logga in"), exact=True).first.click()

    await Workspace(newcomer).is_ready()
    visits.forgive("404")
    again = await newcomer.goto(link.replace(re.match(r"https?://[^/]+", link).group(), desk.address))
    assert again is not None
    assert again.status == 404


async def an_owner(desk: Desk, visits: Visits) -> Page:
    """Maja, in Swedish."""
    page = await visits.visitor(desk.address, size=(1280, 800))
    return await signed_in(page, desk.address, "maja", reads="sv")


async def test_steps_of_a_policy_are_added_and_left_out_by_the_keyboard(desk: Desk, visits: Visits):
    page = await an_owner(desk, visits)
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await page.goto("/admin/sla/new")
    await page.get_by_label("Namn").fill("Espresso först")
    for minutes in ("50", "10", "5"):
        await page.get_by_role("button", name="Lägg till ett steg").press("Enter")
        number = page.get_by_label(re.compile("hur mycket")).last
        await expect(number).to_be_focused()
        await page.keyboard.type(minutes)
    await page.get_by_label("Steg 2: när").select_option("before_minutes")
    await page.get_by_label("Steg 2: av vilket löfte").select_option("resolution")
    await page.get_by_role("button", name="Ta bort steg 3").press("Enter")
    await expect(page.get_by_label(re.compile("hur mycket"))).to_have_count(2)

    await page.get_by_label("Steg 1: hur mycket").press("Enter")  # the preview, as in any other field
    await expect(page.get_by_role("region", name="Vad som skulle ändras")).to_be_focused()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Spara").click()

    await page.get_by_role("link", name="Espresso först").click()
    await expect(page.get_by_label("Steg 2: när")).to_have_value("before_minutes")
    await expect(page.get_by_label("Steg 2: av vilket löfte")).to_have_value("resolution")
    await expect(page.get_by_label(re.compile("hur mycket"))).to_have_count(2)
