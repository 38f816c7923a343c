"""The server's own pages, asked for as a browser does, on a real database."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import links, passwords
from helpdesk.auth.requests import resuming
from helpdesk.domain import inboxes, oncall, tickets
from helpdesk.domain.events import OnCallWoken
from helpdesk.errors import HelpdeskError
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.web.assets import Assets
from helpdesk.web.failures import failure_page, refusal
from helpdesk.web.routes import routes
from helpdesk.web.security import Protection, protect
from helpdesk.web.templating import Pages
from tests.factories import a_contact, a_plan, a_ticket, an_agent, an_inbox, as_agent, as_contact

pytestmark = pytest.mark.commits

KEY = "a key that only these tests know 0123456789"
PASSWORD = "correct horse battery"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@dataclass
class Site:
    browser: httpx2.AsyncClient
    database: Database
    settings: Settings

    def link(self, kind: links.LinkKind, thing: object, reader: object) -> str:
        folder = {"ticket": "t", "alert": "alert"}[kind.value]
        return f"/{folder}/{links.token_for(self.settings.key, kind, thing, reader)}"  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


@pytest.fixture
async def site(database: Database, assets: Assets, tmp_path: Path) -> AsyncIterator[Site]:
    settings = Settings(secret_key=KEY, demo=True)
    pages = Pages(assets, name="Nordkvarn", zone="Europe/Stockholm")
    failures = {HelpdeskError: failure_page, 404: failure_page}
    app = Starlette(routes=routes(assets), exception_handlers=failures)  # type: ignore[arg-type]
    app.state.database, app.state.settings, app.state.session_cookie = database, settings, "helpdesk"
    app.state.assets, app.state.pages = assets, pages
    app.state.files = Files(tmp_path, settings.key)
    protection = Protection(cookie="helpdesk", resume=resuming(database), refuse=refusal(pages))
    transport = httpx2.ASGITransport(protect(app, protection))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://helpdesk", headers=OWN_PAGE
    ) as browser:
        yield Site(browser, database, settings)


async def mira(site: Site) -> str:
    """An agent who can sign in; answers with the address."""
    async with site.database.transaction(SYSTEM) as tx:
        return (await an_agent(tx, "Mira", password_hash=await passwords.hash_password(PASSWORD))).email


async def test_a_stranger_is_led_to_the_door_and_back_to_where_they_wanted(site):
    answer = await site.browser.get("/?queue=mine")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2F%3Fqueue%3Dmine")


async def test_an_agent_signs_in_and_goes_where_they_wanted(site):
    fields = {"email": await mira(site), "password": PASSWORD, "next": "/?queue=mine"}

    answer = await site.browser.post("/sign-in", data=fields)

    assert (answer.status_code, answer.headers["location"]) == (303, "/?queue=mine")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
async def test_signing_in_never_leads_to_another_site(site, wanted):
    fields = {"email": await mira(site), "password": PASSWORD, "next": wanted}

    assert (await site.browser.post("/sign-in", data=fields)).headers["location"] == "/"


@pytest.mark.parametrize("email", ["mira", "nobody@demo.localhost", "' OR 1=1 --"])
async def test_a_wrong_password_and_an_unknown_address_read_the_same(site, email):
    await mira(site)

    answer = await site.browser.post("/sign-in", data={"email": email, "password": "wrong"})

    assert answer.status_code == 401
    assert "That email and password do not belong together." in answer.text
    assert "set-cookie" not in answer.headers


async def test_the_workspace_starts_with_what_it_must_know_and_refuses_strings_as_code(site):
    await site.browser.post("/sign-in", data={"email": await mira(site), "password": PASSWORD})

    page = await site.browser.get("/")

    boot = json.loads(re.search(r'id="boot"[^>]*>(.*?)</script>', page.text, re.DOTALL)[1])
    assert (boot["me"]["name"], boot["me"]["role"]) == ("Mira", "agent")
    assert boot["csrf"]
    assert "require-trusted-types-for 'script'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_the_panel_may_be_framed_by_the_sites_of_its_inbox_only(site):
    async with site.database.transaction(SYSTEM) as tx:
        await an_inbox(tx, inboxes.Channel.CHAT, key="shop", origins=["https://shop.example"])

    panel = await site.browser.get("/widget/panel?inbox=shop&locale=sv-SE")

    assert panel.headers["content-security-policy"].endswith("frame-ancestors 'self' https://shop.example")
    assert '<html lang="sv">' in panel.text
    assert (await site.browser.get("/widget/panel?inbox=unknown")).status_code == 404


async def test_an_agent_chooses_their_language_at_the_foot_of_a_page(site):
    await site.browser.post("/sign-in", data={"email": await mira(site), "password": PASSWORD})
    csrf = (await resuming(site.database)(site.browser.cookies["helpdesk"])).csrf
    chosen = {"csrf": csrf, "language": "sv", "next": "/oncall/shifts?all=1"}

    before = await site.browser.get("/oncall/shifts?all=1")
    answer = await site.browser.post("/language", data=chosen)
    after = await site.browser.get("/oncall/shifts?all=1")

    assert 'name="next" value="/oncall/shifts?all=1"' in before.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/oncall/shifts?all=1")
    assert ('<html lang="en">' in before.text, '<html lang="sv">' in after.text) == (True, True)


@pytest.mark.parametrize("language", ["", "tlh", "../sv"])
async def test_a_language_that_we_do_not_speak_is_refused(site, language):
    await site.browser.post("/sign-in", data={"email": await mira(site), "password": PASSWORD})
    csrf = (await resuming(site.database)(site.browser.cookies["helpdesk"])).csrf

    answer = await site.browser.post("/language", data={"csrf": csrf, "language": language})

    assert answer.status_code == 422


async def test_after_signing_out_the_cookie_opens_nothing(site):
    await site.browser.post("/sign-in", data={"email": await mira(site), "password": PASSWORD})
    cookie = site.browser.cookies["helpdesk"]
    csrf = (await resuming(site.database)(cookie)).csrf

    await site.browser.post("/sign-out", data={"csrf": csrf})

    again = await site.browser.get("/", headers={"Cookie": f"helpdesk={cookie}"})
    assert again.headers["location"] == "/sign-in"


async def test_the_support_page_lists_every_way_in(site):
    async with site.database.transaction(SYSTEM) as tx:
        plan = await a_plan(tx)
        mail = await an_inbox(tx, plan=plan)
        await an_inbox(tx, inboxes.Channel.CHAT, key="web")
        phone = await an_inbox(tx, inboxes.Channel.PHONE)
        phone.address = "+46846500400"

    page = (await site.browser.get("/support")).text

    assert f'href="mailto:{mail.address}"' in page
    assert 'href="tel:+46846500400"' in page
    assert 'data-inbox="web"' in page
    assert "Open now" in page


async def test_the_support_page_speaks_the_readers_language_and_remembers_a_choice(site):
    swedish = await site.browser.get("/support", headers={"Accept-Language": "sv-SE,sv;q=0.9,en;q=0.5"})
    chosen = await site.browser.get("/support?language=en", headers={"Accept-Language": "sv"})

    assert "Hur kan vi hjälpa till?" in swedish.text
    assert "How can we help?" in chosen.text
    assert "helpdesk_language=en" in chosen.headers["set-cookie"]


WISH = {
    "name": "Anna Ek",
    "email": "anna@example.com",
    "subject": "Mill stuck",
    "message": "It hums.",
    "request_key": "k1",
}


async def test_a_form_sent_twice_is_one_ticket(site):
    async with site.database.transaction(SYSTEM) as tx:
        await an_inbox(tx)

    first = await site.browser.post("/support", data=WISH)
    again = await site.browser.post("/support", data=WISH)

    numbers = [re.search(r"number\">#(\d+)", answer.text)[1] for answer in (first, again)]
    assert first.status_code == 200
    assert numbers[0] == numbers[1]
    assert "anna@example.com" in first.text


@pytest.mark.parametrize(
    "change", [{"message": "It smokes now."}, {"subject": "Fire"}, {"email": "b@b.example"}]
)
async def test_a_form_sent_again_with_other_words_is_not_lost(site, change):
    async with site.database.transaction(SYSTEM) as tx:
        await an_inbox(tx)

    sent = [await site.browser.post("/support", data=wish) for wish in (WISH, WISH | change)]

    numbers = {re.search(r"number\">#(\d+)", answer.text)[1] for answer in sent}
    assert len(numbers) == 2


@pytest.mark.parametrize("field", ["name", "email", "subject", "message"])
async def test_an_unfilled_field_is_named_and_nothing_is_lost(site, field):
    answer = await site.browser.post("/support", data=WISH | {field: " "})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    kept = "It hums." if field != "message" else "Mill stuck"
    assert kept in answer.text


async def test_who_fills_in_the_invisible_field_is_asked_again(site):
    assert (await site.browser.post("/support", data=WISH | {"website": "http://spam"})).status_code == 422


async def test_a_contact_reads_their_ticket_and_answers_without_signing_in(site):
    async with site.database.transaction(SYSTEM) as tx:
        contact = await a_contact(tx)
        ticket = await a_ticket(tx, contact=contact)
        agent = await an_agent(tx, "Tomas")
        await tickets.add_note(as_agent(tx, agent), ticket.id, "Between us: he is right.")
    link = site.link(links.LinkKind.TICKET, ticket.id, contact.id)

    answered = await site.browser.post(link, data={"message": "Still <b>stuck</b>."})
    page = await site.browser.get(answered.headers["location"])

    assert "The mill does not turn." in page.text
    assert "Still &lt;b&gt;stuck&lt;/b&gt;." in page.text
    assert "Between us" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_a_contact_reads_when_we_are_back_and_that_somebody_was_woken(site):
    async with site.database.transaction(SYSTEM) as tx:
        tomorrow = f"{tx.now + timedelta(days=1):%a}".lower()
        inbox = await an_inbox(tx, plan=await a_plan(tx, hours={"week": {tomorrow: [["07:25", "16:00"]]}}))
        contact = await a_contact(tx)
        ticket = await a_ticket(tx, inbox=inbox, contact=contact)
        await tx.record(ticket, OnCallWoken(tx.new_id(), "P1 outside staffed hours, plan Enterprise"))

    page = (await site.browser.get(site.link(links.LinkKind.TICKET, ticket.id, contact.id))).text

    assert re.search(r"We are closed now and back on \w+ \d+ \w+ 0?7:25", page)
    assert "somebody was woken for this" in page
    assert "plan Enterprise" not in page


async def test_a_contact_finds_the_files_that_were_sent(site):
    async with site.database.transaction(SYSTEM) as tx:
        inbox, contact = await an_inbox(tx), await a_contact(tx)
        ticket = await a_ticket(tx, inbox=inbox, contact=contact)
        own = as_contact(tx, contact.id, inbox.id)
        file = await tickets.attachments.add(
            own, tickets.attachments.StoredFile("key1", "mill.mp4", "video/mp4", 2_400_000, "0" * 64)
        )
        said = tickets.InboundMessage(
            inbox_id=inbox.id,
            channel=inboxes.Channel.EMAIL,
            body="See the film.",
            contact_id=contact.id,
            ticket_id=ticket.id,
            attachment_ids=(file.id,),
        )
        await tickets.receive_message(own, said)

    page = (await site.browser.get(site.link(links.LinkKind.TICKET, ticket.id, contact.id))).text

    assert 'href="/files/key1?name=mill.mp4' in page
    assert "mill.mp4<small>2.4 MB</small>" in page


async def test_a_link_that_is_not_ours_or_for_something_else_leads_nowhere(site):
    async with site.database.transaction(SYSTEM) as tx:
        contact, stranger = await a_contact(tx), await a_contact(tx, "Bo")
        ticket = await a_ticket(tx, contact=contact)
    good = site.link(links.LinkKind.TICKET, ticket.id, contact.id)
    bad = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace("/t/", "/alert/"),
        site.link(links.LinkKind.TICKET, ticket.id, stranger.id),
        "/t/x",
    ]

    for address in bad:
        answer = await site.browser.get(address)
        assert (answer.status_code, "Nothing here" in answer.text) == (404, True), address


async def test_one_tap_acknowledges_an_alert_and_a_second_changes_nothing(site):
    async with site.database.transaction(SYSTEM) as tx:
        agent = await an_agent(tx, "Tomas", role=Role.LEAD)
        tx.session.add(a_policy(tx))
        ticket = await a_ticket(tx)
        alert = await oncall.raise_alert(tx, ticket, "p1", "P1 outside staffed hours, plan Critical")
    link = site.link(links.LinkKind.ALERT, alert.id, agent.id)

    woken = await site.browser.get(link)
    tapped = await site.browser.post(link)
    await site.browser.post(link)
    after = await site.browser.get(tapped.headers["location"])

    assert "Acknowledge" in woken.text
    assert "The mill does not turn." in woken.text
    assert "You have it" in after.text


async def test_the_demos_outbox_shows_what_would_have_been_sent(site):
    async with site.database.transaction(SYSTEM) as tx:
        ticket = await a_ticket(tx)
        await tickets.reply(as_agent(tx, await an_agent(tx)), ticket.id, "Try turning it.")
        mail = (await tickets.mail.mailing.kept(tx))[0]
        html = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>Try <script>alert(1)</script></p>"
        await tickets.mail.mailing.freeze(tx, mail.id, "<1@demo.localhost>", html)

    listed = await site.browser.get("/demo/outbox")
    shown = await site.browser.get(f"/demo/outbox/{mail.id}/html")

    assert "Re: Mill stuck" in listed.text
    assert "not sent yet" in listed.text
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


async def test_the_sample_shop_stands_in_the_demo_only_and_embeds_the_widget(site):
    async with site.database.transaction(SYSTEM) as tx:
        await an_inbox(tx, inboxes.Channel.CHAT, key="web")

    shop = await site.browser.get("/demo")
    site.settings.demo = False

    assert 'data-inbox="web"' in shop.text
    for address in ("/demo", "/demo/outbox"):
        assert (await site.browser.get(address)).status_code == 404


async def test_an_unknown_address_is_a_page_with_a_way_on(site):
    answer = await site.browser.get("/no/such/page")

    assert answer.status_code == 404
    assert 'href="/support"' in answer.text


async def test_no_page_needs_anything_inline(site):
    async with site.database.transaction(SYSTEM) as tx:
        await an_inbox(tx)

    for address in ("/sign-in", "/support", "/demo/outbox", "/no/such/page"):
        page = (await site.browser.get(address)).text
        assert not re.search(r"<script(?![^>]*\b(?:src|type=\"application/json\"))", page), address
        assert not re.search(r"<style|\sstyle=|\son\w+=", page), address


def a_policy(tx):
    """Wakes nobody: the alert itself is what these tests look at."""
    step = {"targets": [], "delay_minutes": 5}
    return oncall.EscalationPolicyRow(
        id=tx.new_id(), name="Night", policy={"steps": [step]}, created_at=tx.now
    )
