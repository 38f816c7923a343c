"""What stands around the conversation, in Chromium: forms, copies, calls, refusals; axe looks at each."""

import re
import uuid
from datetime import timedelta
from typing import Any

import jwt
import pytest
from playwright.async_api import expect
from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.auth import sessions
from helpdesk.domain import availability, contacts, inboxes, knowledge, limits, oncall, tickets, widgets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import chatting
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction
from tests.browser.chromium import DESK, PHONE, barriers
from tests.browser.served import Served
from tests.browser.shop import Shop
from tests.desk import KEY
from tests.factories import PICTURE, a_company_of, a_plan, a_team, an_agent, an_inbox, as_agent
from tests.widget.conftest import SHOP, Street

pytestmark = [pytest.mark.browser, pytest.mark.commits]

REFUSED = "Failed to load resource"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture
def found() -> dict[str, list[str]]:
    """What axe says of each state; the test ends with nothing in it."""
    return {}


async def chat_of(street: Street, **settings: Any) -> tuple[Shop, inboxes.Inbox]:
    """An opened chat on a phone, of an inbox set up like this."""
    async with street.served.desk.system() as tx:
        inbox = await an_inbox(tx, Channel.CHAT, **settings)
    shop = await street.shop(inbox=inbox.key, size=PHONE, has_touch=True)
    await shop.launcher.tap()
    return shop, inbox


async def write(shop: Shop, text: str) -> None:
    await shop.chat.locator("#composer").fill(text)
    await shop.chat.locator("#composer").press("Enter")
    await expect(shop.state).to_contain_text("Sent")


async def newest_ticket(served: Served, inbox: inboxes.Inbox) -> tickets.Ticket:
    async with served.desk.system() as tx:
        query = select(tickets.Ticket).where(tickets.Ticket.inbox_id == inbox.id)
        ticket = await tx.session.scalar(query.order_by(tickets.Ticket.number.desc()).limit(1))
        assert ticket is not None
        return ticket


async def test_from_the_first_question_to_the_rating(street: Street, found: dict[str, list[str]]):
    street.visits.forgive(REFUSED)
    served = street.served
    async with served.desk.system() as tx:
        lead = as_agent(tx, await an_agent(tx, role=Role.LEAD))
        await knowledge.save(
            lead,
            None,
            title="Descaling a brewer",
            body="See https://example.com",
            locale="en",
            published=True,
        )
    shop, inbox = await chat_of(
        street,
        fields=[
            {"key": "name", "label": {"en": "Your name"}, "required": True},
            {"key": "topic", "kind": "choice", "label": {"en": "Topic"}, "choices": ["Grinder", "Brewer"]},
        ],
        consent={"en": "We keep what you write for a year."},
        quick_replies=[{"en": "Where is my order?"}],
    )
    chat = shop.chat

    await chat.get_by_role("button", name="Start the chat").click()
    await expect(chat.get_by_label("Your name")).to_be_focused()
    await chat.get_by_label("Your name").fill("Eva")
    await chat.get_by_role("button", name="Start the chat").click()
    await expect(chat.get_by_role("checkbox")).to_be_focused()
    await expect(chat.get_by_role("alert")).to_contain_text("agree")
    found["questions"] = await barriers(shop.page)
    await chat.get_by_role("checkbox").check()
    await chat.get_by_role("button", name="Start the chat").click()

    await expect(shop.field).to_be_focused()
    await shop.field.fill("descaling my brewer")
    await chat.get_by_text("Descaling a brewer").click()
    await expect(chat.get_by_role("link", name="https://example.com")).to_be_visible()
    found["articles"] = await barriers(shop.page)
    await shop.field.fill("")
    await chat.get_by_role("button", name="Where is my order?").click()
    await expect(chat.get_by_text(re.compile(r"You are (next|number \d+ in line)\."))).to_be_visible()
    await expect(shop.field).to_be_focused()

    await chat.get_by_role("button", name="Send me a copy").click()
    where = chat.get_by_label("Where may we send it?")
    await expect(where).to_be_focused()
    await where.press("Escape")
    await expect(where).to_have_count(0)
    await expect(shop.field).to_be_focused()
    await chat.get_by_role("button", name="Send me a copy").click()
    await chat.locator("form.address").get_by_role("button", name="Send").click()
    await expect(chat.get_by_role("alert")).to_contain_text("name@example.com")
    found["where to send a copy"] = await barriers(shop.page)
    address = f"{uuid.uuid4().hex[:8]}@customer.example"
    await where.fill(address)
    await where.press("Enter")
    await expect(chat.get_by_text("once somebody has answered")).to_be_visible()
    await expect(shop.field).to_be_focused()
    ticket = await newest_ticket(served, inbox)
    await served.answers(ticket.id, "On its way.\n[Thanks] [Which day?]")
    await chat.get_by_role("button", name="Which day?").click()
    await chat.get_by_role("button", name="Send me a copy").click()
    await expect(chat.get_by_text(f"On its way to {address}.")).to_be_visible()

    await chat.get_by_role("button", name="End chat").click()
    await chat.get_by_role("button", name="Yes, end it").click()
    await chat.get_by_role("button", name="4 of 5").click()
    await chat.get_by_label("What should we know?").fill("Quick")
    found["rating"] = await barriers(shop.page)
    await chat.locator(".extra form").get_by_role("button", name="Send").click()
    await expect(chat.get_by_text("Thank you for your opinion.")).to_be_visible()

    async with served.desk.system() as tx:
        rating = await chatting.rating_of(tx, ticket.id)
        assert rating is not None
        assert (rating.score, rating.comment) == (4, "Quick")
        sent = select(tickets.OutgoingMail).where(tickets.OutgoingMail.ticket_id == ticket.id)
        assert (await tx.session.scalars(sent)).one().recipients == [address]
    assert {state: said for state, said in found.items() if said} == {}


async def test_nobody_there_offers_a_call_which_is_remembered_and_wakes_who_may_be_woken(
    street: Street, found: dict[str, list[str]]
):
    street.visits.forgive(REFUSED)
    served = street.served
    at = served.desk.clock.now() + timedelta(days=2)
    hours = {"time_zone": "UTC", "week": {DAYS[at.weekday()]: [["08:00", "17:00"]]}}
    async with served.desk.system() as tx:
        team = await a_team(tx, hours=hours)
        inbox = await an_inbox(tx, Channel.CHAT, team=team, plan=await a_plan(tx, hours=hours))
        target = {"kind": "person", "id": str((await an_agent(tx, team=team)).id)}
        policy = {"steps": [{"targets": [target], "delay_minutes": 5}]}
        name = f"Night {uuid.uuid4()}"
        row = oncall.EscalationPolicyRow(id=tx.new_id(), name=name, policy=policy, created_at=tx.now)
        tx.session.add(row)
    shop = await street.shop(inbox=inbox.key, size=PHONE, has_touch=True)
    await shop.launcher.tap()
    chat = shop.chat
    await write(shop, "All shops are down")
    await chat.get_by_label("Where may we write?").fill("eva@customer.example")
    found["nobody there"] = await barriers(shop.page)
    await chat.get_by_role("button", name="Save").click()
    await expect(chat.get_by_text("also goes to eva@customer.example")).to_be_visible()

    await chat.get_by_role("button", name="Call me instead").click()
    await expect(chat.get_by_label("Your phone number")).to_be_focused()
    await chat.get_by_label("Your phone number").fill("12")
    await chat.get_by_role("button", name="Call me", exact=True).click()
    await expect(chat.get_by_role("alert")).to_contain_text("+46")
    found["a call"] = await barriers(shop.page)
    await chat.get_by_label("Your phone number").fill("070-174 06 12")
    await chat.get_by_role("button", name="Call me", exact=True).click()
    await expect(chat.get_by_text("We call you")).to_be_visible()
    await expect(chat.get_by_text("Nobody is here right now.")).to_be_visible()
    async with served.desk.system() as tx:
        ticket = await newest_ticket(served, inbox)
        contact = await contacts.get(tx, ticket.contact_id)
        await a_company_of(tx, contact, await a_plan(tx, may_page=True, hours=hours))
        await contacts.add_identity(tx, contact, IdentityKind.EXTERNAL, f"site:{uuid.uuid4()}", verified=True)
    await shop.page.reload()
    await shop.launcher.tap()
    await expect(chat.get_by_text("We call you")).to_be_visible()
    await expect(chat.get_by_text("You asked for a call")).to_be_visible()
    await expect(chat.get_by_role("button", name="Another time")).to_be_visible()

    await chat.get_by_role("button", name="Production down").click()
    await chat.get_by_role("button", name="Yes, wake someone").click()
    await expect(chat.get_by_label("What is down")).to_be_focused()
    found["wake somebody"] = await barriers(shop.page)
    await chat.get_by_label("What is down").fill("Everything")
    await chat.get_by_role("button", name="Yes, wake someone").click()
    await expect(chat.get_by_text("Somebody is being woken now.")).to_be_visible()

    assert {state: said for state, said in found.items() if said} == {}


async def test_the_form_instead_of_the_chat_takes_a_message(street: Street, found: dict[str, list[str]]):
    shop, inbox = await chat_of(street, brake="on")
    chat = shop.chat

    await chat.get_by_role("button", name="Send").click()
    await expect(chat.get_by_label("Message")).to_be_focused()
    found["the form"] = await barriers(shop.page)
    await chat.get_by_label("Message").fill("The mill is stuck.")
    await chat.get_by_label("Email").fill("eva@customer.example")
    await chat.get_by_role("button", name="Send").click()

    await expect(chat.get_by_role("status").get_by_text("Your message is number")).to_be_visible()
    assert (await newest_ticket(street.served, inbox)).subject == "The mill is stuck."
    assert {state: said for state, said in found.items() if said} == {}


async def test_over_a_limit_the_device_works_a_little_and_then_the_visitor_reads_why_not(
    street: Street, found: dict[str, list[str]]
):
    street.visits.forgive(REFUSED)
    served, address = street.served, "203.0.113.9"
    served.visitors_from = address
    try:
        async with served.desk.system() as tx:
            await use_up(tx, limits.NEW_VISITORS, address)
        shop, _ = await chat_of(street)
        await write(shop, "Let in by work")

        async with served.desk.system() as tx:
            for limit in (limits.NEW_VISITORS, widgets.proofs.SOLVED):
                await use_up(tx, limit, address)
        shop, _ = await chat_of(street)
        await expect(shop.chat.get_by_text("Too many people from your network")).to_be_visible()
        found["too many"] = await barriers(shop.page)
    finally:
        served.visitors_from = ""
    assert found["too many"] == []


async def use_up(tx: Transaction, limit: limits.Limit, network: str) -> None:
    left = limit.most - await limits.spent(tx, limit, network)
    await limits.spend(tx, limit, network, left)


async def test_who_must_sign_in_first_reads_so_and_is_let_in_when_they_have(
    street: Street, found: dict[str, list[str]]
):
    street.visits.forgive(REFUSED)
    shop, inbox = await chat_of(street, identity_required=True)
    served = street.served
    async with served.desk.system() as tx:
        admin = as_agent(tx, await an_agent(tx, role=Role.ADMIN))
        key = await widgets.identity_keys.make(admin, inbox, Sealer(KEY.encode()))
    ends = int((served.desk.clock.now() + timedelta(minutes=5)).timestamp())

    await expect(shop.chat.get_by_text("Please sign in on this website first.")).to_be_visible()
    found["sign in first"] = await barriers(shop.page)
    signed = jwt.encode({"sub": "4711", "exp": ends, "name": "Eva"}, key)
    await shop.page.evaluate("jwt => Helpdesk.identify({ jwt })", signed)

    await write(shop, "It is me")
    assert found["sign in first"] == []


async def test_who_is_blocked_is_told_politely(street: Street, found: dict[str, list[str]]):
    street.visits.forgive(REFUSED)
    shop, inbox = await chat_of(street)
    await write(shop, "Something rude")
    ticket = await newest_ticket(street.served, inbox)
    agent = await street.served.desk.with_token(street.served.house.agent)
    assert (await agent.post(f"/api/v1/contacts/{ticket.contact_id}/block", json={})).is_success

    await shop.field.fill("Again")
    await shop.field.press("Enter")

    await expect(shop.state).to_contain_text("Please write us a mail instead.")
    found["blocked"] = await barriers(shop.page)
    assert found["blocked"] == []


async def test_an_invitation_is_made_once_and_opens_the_chat(street: Street, found: dict[str, list[str]]):
    served = street.served
    async with served.desk.system() as tx:
        await availability.choose(tx, served.house.agent.id, availability.State.ONLINE)
        await availability.seen(tx, [served.house.agent.id])
        rule = {"text": {"en": "Need a hand?"}, "seconds": 0}
        inbox = await an_inbox(tx, Channel.CHAT, invitations=[rule])
    page = SHOP.format(lang="en", dir="ltr", help=served.address, inbox=inbox.key)
    street.site.pages["/invited"] = ({}, page.replace(" async>", " data-invite async>"))
    shop = Shop(await street.visits.visitor(street.site.address, size=DESK))
    await shop.page.goto("/invited")

    invitation = shop.page.locator("helpdesk-widget").get_by_role("status").get_by_role("button").first
    await expect(invitation).to_have_text("Need a hand?")
    found["invited"] = await barriers(shop.page)
    await invitation.click()

    await expect(shop.field).to_be_focused()
    await expect(invitation).not_to_be_visible()
    assert found["invited"] == []


async def test_an_agent_chooses_a_picture_and_the_visitor_sees_who_answers(
    street: Street, found: dict[str, list[str]]
):
    served = street.served
    async with served.desk.system() as tx:
        agent = await an_agent(tx, "Anna Berg")
        braked = await an_inbox(tx, Channel.CHAT, brake="on")
        cookie = await sessions.start(tx, agent.id, "127.0.0.1", "tests")
    desk = await street.visits.visitor(served.address, size=DESK)
    await desk.context.add_cookies([{"name": "helpdesk", "value": cookie, "url": served.address}])
    await desk.goto("/")
    await expect(desk.get_by_text("The brake is on")).to_contain_text(braked.name)

    await desk.get_by_role("button", name="Anna Berg").click()
    picture = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": PICTURE}
    await desk.locator(".dialog input[type=file]").set_input_files(picture)
    await expect(desk.locator(".dialog img.avatar")).to_have_js_property("naturalWidth", 128)
    found["the profile"] = await barriers(desk)
    await desk.locator(".dialog input[type=file]").set_input_files({**picture, "buffer": b"no picture"})
    await expect(desk.get_by_role("alert")).to_contain_text("cannot be read")

    shop, inbox = await chat_of(street)
    await write(shop, "Who are you?")
    answers = await served.desk.with_token(agent)
    path = f"/api/v1/tickets/{(await newest_ticket(served, inbox)).id}/messages"
    assert (await answers.post(path, json={"body": "I am Anna"})).is_success
    await expect(shop.said("I am Anna")).to_be_visible()
    await expect(shop.chat.locator("header img.avatar")).to_have_js_property("naturalWidth", 128)
    await expect(shop.chat.locator(".messages img.avatar")).to_have_js_property("naturalWidth", 128)
    found["answered"] = await barriers(shop.page)
    assert {state: said for state, said in found.items() if said} == {}
