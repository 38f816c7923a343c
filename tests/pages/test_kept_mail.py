"""Mail that was set aside is read again or discarded by an administrator, a blocked sender let in again."""

import pytest
from playwright.async_api import expect

from helpdesk.actors import SYSTEM
from helpdesk.domain.tickets.mail import intake, senders
from tests.browser.chromium import Visits, barriers
from tests.browser.workspace import signed_in
from tests.scenarios.desk import SUPPORT, Desk, a_mail

pytestmark = pytest.mark.browser


async def set_aside(desk: Desk, subject: str) -> None:
    raw = a_mail(subject, "It took too long.").as_bytes()
    async with desk.database() as database, database.transaction(SYSTEM) as tx:
        mail_id = await intake.keep_for(tx, SUPPORT, path="smtp", envelope_from="kim@x.example", raw=raw)
        await intake.quarantine(tx, mail_id, "mail_took_too_long")


async def test_mail_set_aside_is_read_again_or_discarded_on_a_click(desk: Desk, visits: Visits):
    await set_aside(desk, "Kept, then wanted")
    await set_aside(desk, "Kept for nothing")
    page = await signed_in(await visits.visitor(desk.address), desk.address, "maja", reads="sv")
    await page.goto("/admin/mail/kept")
    await expect(page.get_by_role("row", name="Kept, then wanted")).to_contain_text(
        "Det tog för lång tid att läsa"
    )

    await page.get_by_role("row", name="Kept, then wanted").get_by_role("link").click()
    await expect(page.locator(".raw-mail").first).to_contain_text("Subject: Kept, then wanted")
    assert await barriers(page) == []
    await page.get_by_role("button", name="Läs igen med vidare gränser").click()
    await expect(page.get_by_role("row", name="Kept for nothing")).to_be_visible()
    await expect(page.get_by_role("row", name="Kept, then wanted")).to_have_count(0)
    assert (await (await desk.api()).row("Kept, then wanted"))["channel"] == "email"

    await page.get_by_role("row", name="Kept for nothing").get_by_role("link").click()
    await page.get_by_role("button", name="Kassera").click()
    await expect(page.get_by_role("row", name="Kept for nothing")).to_have_count(0)
    await page.get_by_role("link", name="Kasserade").click()
    await expect(page.get_by_role("row", name="Kept for nothing")).to_be_visible()


async def test_a_blocked_address_names_its_ticket_and_is_let_in_again_on_a_click(desk: Desk, visits: Visits):
    async with desk.database() as database, database.transaction(SYSTEM) as tx:
        await senders.block(tx, "loud@customer.example", "ticket #12")
    page = await signed_in(await visits.visitor(desk.address), desk.address, "maja", reads="sv")
    await page.goto("/admin/mail/kept?list=blocked")
    row = page.get_by_role("row", name="loud@customer.example")
    await expect(row).to_contain_text("i ärende #12")

    await row.get_by_role("button", name="Släpp in igen").click()

    await expect(page.get_by_role("status")).to_contain_text("Sparat")
    await expect(row).to_have_count(0)
