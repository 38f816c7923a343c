"""Administrators set up the widget, its keys and the help pages."""

import re

import pytest

from helpdesk.actors import Role
from helpdesk.domain import inboxes, tickets, widgets
from tests.desk import Desk, House
from tests.factories import an_agent


@pytest.fixture
async def admin(desk: Desk, house: House):
    async with desk.system() as tx:
        agent = await an_agent(tx, role=Role.ADMIN)
    client = await desk.signed_in(agent)
    client.headers["Accept"] = "text/html"
    return client


async def setup_of(desk: Desk, house: House) -> widgets.Setup:
    async with desk.system() as tx:
        return widgets.setup_of(await inboxes.get(tx, house.chat.id))


async def test_what_is_saved_is_what_visitors_meet_and_what_the_form_shows_again(desk, house, admin):
    wanted = {
        "shown_name": "Nordkvarn",
        "accent": "#23594a",
        "greeting_en": "Hello!",
        "greeting_sv": "Hej!",
        "quick_replies_en": "Where is my order?\nRepair",
        "quick_replies_sv": "Var är min order?",
        "fields": "name* | Your name | Ditt namn\ntopic | Topic | Ämne | choice | Order, Repair",
        "consent_en": "We keep it for a year.",
        "invitations": "/checkout | 30 | cart=full | Need a hand?",
        "origins": "https://www.example.com/",
        "unread_mail_minutes": "5",
        "brake": "auto",
        "brake_rate": "40",
        "callbacks": "on",
    }

    answer = await admin.post(f"/admin/widget/{house.chat.id}", data=wanted)

    assert answer.status_code == 303, answer.text
    setup = await setup_of(desk, house)
    assert [one.key for one in setup.fields] == ["name", "topic"]
    assert setup.fields[1].choices == ("Order", "Repair")
    assert setup.quick_replies[0] == {"en": "Where is my order?", "sv": "Var är min order?"}
    assert setup.invitations[0] == widgets.Invitation({"en": "Need a hand?"}, "/checkout", 30, "cart", "full")
    assert setup.origins == ("https://www.example.com",)
    page = (await admin.get(f"/admin/widget?inbox={house.chat.id}")).text
    assert "topic | Topic | Ämne | choice | Order, Repair" in page
    assert "data-invite" in page
    shown = await desk.client().post("/widget/session", json={"inbox": house.chat.key, "locale": "sv"})
    assert shown.json()["inbox"]["greeting"] == "Hej!"
    assert shown.json()["extras"]["quick_replies"] == ["Var är min order?", "Repair"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accent", "red; background: url(//evil)"),
        ("consent_link", "javascript:alert(1)"),
        ("origins", "https://ok.example\nnot an origin'; script-src *"),
        ("fields", "Ordernummer!"),
        ("brake", "maybe"),
        ("invitations", "/x | soon | | Hello"),
    ],
)
async def test_what_cannot_be_meant_is_refused_beside_its_field(desk, house, admin, name, value):
    answer = await admin.post(f"/admin/widget/{house.chat.id}", data={"brake": "auto", name: value})

    assert answer.status_code == 422
    assert await setup_of(desk, house) == widgets.Setup()


async def test_a_key_is_shown_once_and_two_are_the_most(desk, house, admin):
    path = f"/admin/widget/{house.chat.id}/keys"
    made = await admin.post(path)
    key = re.search(r"ik_[\w-]{40,}", made.text)
    assert key is not None
    assert made.headers["cache-control"] == "no-store"

    again = await admin.get(f"/admin/widget?inbox={house.chat.id}")
    assert key[0] not in again.text
    assert key[0][-4:] in again.text
    assert (await admin.post(path)).status_code == 200
    assert (await admin.post(path)).status_code == 422


async def test_a_help_page_is_written_found_on_the_support_page_and_taken_away(desk, house, admin):
    page = {
        "title": "Descaling <b>",
        "body": "Once a month.\n\nWith acid.",
        "locale": "en",
        "published": "on",
    }
    assert (await admin.post("/admin/articles", data=page)).status_code == 303

    seen = (await desk.client(Accept="text/html").get("/support")).text

    assert "Descaling &lt;b&gt;" in seen
    article = re.search(r"article=([0-9a-f-]{36})", (await admin.get("/admin/articles")).text)[1]
    assert "Once a month." in (await admin.get(f"/admin/articles?article={article}")).text
    assert (await admin.post(f"/admin/articles/{article}/remove")).status_code == 303
    assert "Descaling" not in (await desk.client(Accept="text/html").get("/support")).text
    empty = await admin.post("/admin/articles", data={"title": "", "body": "x", "locale": "en"})
    assert empty.status_code == 422


async def test_only_administrators_see_the_widgets_keys(desk, house):
    async with desk.system() as tx:
        agent = await an_agent(tx)
    client = await desk.signed_in(agent)

    assert (await client.get("/admin/widget")).status_code == 403
    assert (await client.post(f"/admin/widget/{house.chat.id}/keys")).status_code == 403
    assert (await client.get("/admin/articles")).status_code == 403


async def test_a_blocked_visitor_is_listed_and_let_in_again(desk, house, admin):
    visitor = await desk.visitor(house.chat)
    body = {"client_id": "018f0000-0000-7000-8000-000000000001", "body": "Hello"}
    ticket = (await visitor.post("/widget/send_message", json=body)).json()["ticket"]
    agent = await desk.with_token(house.agent)
    contact = (await agent.get(f"/api/v1/tickets/{ticket}")).json()["contact"]["id"]
    await agent.post(f"/api/v1/contacts/{contact}/block", json={"reason": "Very rude"})
    assert "Very rude" in (await admin.get("/admin/widget")).text

    assert (await admin.post(f"/admin/widget/unblock/{contact}")).status_code == 303

    async with desk.system() as tx:
        assert not await widgets.blocking.is_blocked(tx, (await tickets.get(tx, ticket)).contact_id)


async def test_a_chat_greets_with_its_companys_name_until_it_has_one_of_its_own(desk, house, admin):
    async def name() -> str:
        session = (await desk.client().post("/widget/session", json={"inbox": house.chat.key})).json()
        panel = (await desk.client().get(f"/widget/panel?inbox={house.chat.key}")).text
        shown: str = session["inbox"]["name"]
        assert f"<title>{shown}</title>" in panel
        return shown

    async def call_it(text: str) -> None:
        given = {"shown_name": text, "unread_mail_minutes": "5", "brake": "auto", "brake_rate": "40"}
        answer = await admin.post(f"/admin/widget/{house.chat.id}", data=given)
        assert answer.status_code == 303, answer.text

    await call_it("")
    first = await name()
    await call_it("Nordkvarn")

    assert (first, await name()) == ("Helpdesk", "Nordkvarn")
