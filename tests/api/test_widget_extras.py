"""What a visitor can do in the chat besides writing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.auth import visitors
from helpdesk.domain import agents, availability, contacts, inboxes, knowledge, oncall, tickets, widgets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.tickets import OutgoingMail
from tests.conftest import NOON
from tests.desk import Desk, House
from tests.factories import (
    OFFICE_HOURS,
    a_company_of,
    a_plan,
    a_team,
    an_agent,
    an_inbox,
    as_agent,
)

MONDAY_ONLY = {"time_zone": "Europe/Stockholm", "week": {"mon": [["08:00", "17:00"]]}}


@pytest.fixture
async def widget(desk: Desk, house: House) -> httpx2.AsyncClient:
    return await desk.visitor(house.chat)


async def set_up(desk: Desk, inbox: inboxes.Inbox, **settings: Any) -> None:
    async with desk.system() as tx:
        row = await tx.session.get_one(inboxes.Inbox, inbox.id)
        row.settings = {**row.settings, **settings}


async def say(widget: httpx2.AsyncClient, body: str = "The mill is stuck.", ticket: str | None = None) -> Any:
    said = {"ticket": ticket, "client_id": str(uuid4()), "body": body}
    return (await widget.post("/widget/send_message", json=said)).json()


async def resolve(desk: Desk, house: House, ticket: str) -> None:
    agent = await desk.with_token(house.agent)
    assert (await agent.patch(f"/api/v1/tickets/{ticket}", json={"status": "resolved"})).status_code == 200


async def events_of(desk: Desk, house: House, ticket: str) -> list[dict[str, Any]]:
    agent = await desk.with_token(house.agent)
    return list((await agent.get(f"/api/v1/tickets/{ticket}/events")).json()["items"])


async def test_what_is_asked_before_the_chat_must_be_given_and_stands_on_the_timeline(
    desk: Desk, house: House
) -> None:
    fields = [
        {"key": "name", "label": {"en": "Your name"}, "required": True},
        {"key": "order", "label": {"en": "Order number", "sv": "Ordernummer"}},
    ]
    await set_up(desk, house.chat, fields=fields, consent={"en": "We keep what you write for a year."})
    page = {"url": "https://shop.example/mills?token=secret#x", "attributes": {"cart": 3}}
    session = (
        await desk.client().post("/widget/session", json={"inbox": house.chat.key, "page": page})
    ).json()
    widget = desk.client(Authorization=f"Bearer {session['visitor_token']}")
    assert [one["label"] for one in session["extras"]["fields"]] == ["Your name", "Order number"]

    assert (await say(widget))["code"] == "introduction_missing"
    nameless = await widget.post("/widget/introduction", json={"answers": {}, "consent": True})
    assert nameless.json()["field"] == "name"
    silent = await widget.post("/widget/introduction", json={"answers": {"name": "Eva"}})
    assert silent.json()["field"] == "consent"
    given = {"answers": {"name": "Eva", "order": "A-17", "role": "admin"}, "consent": True}
    assert (await widget.post("/widget/introduction", json=given)).json()["contact"]["name"] == "Eva"
    said = await say(widget)

    told = [one for one in await events_of(desk, house, said["ticket"]) if one["name"] == "VisitorIntroduced"]
    assert told[0]["data"] == {
        "answers": {"name": "Eva", "order": "A-17"},
        "page": "https://shop.example/mills",
        "consent": "We keep what you write for a year.",
    }


async def test_agents_see_the_page_a_visitor_is_on_now(desk: Desk, house: House) -> None:
    widget = await desk.visitor(house.chat)
    said = await say(widget)
    await widget.post(
        "/widget/visit", json={"url": "https://shop.example/checkout?pay=1", "attributes": {"cart": 3}}
    )

    agent = await desk.with_token(house.agent)
    ticket = (await agent.get(f"/api/v1/tickets/{said['ticket']}")).json()

    assert ticket["visitor"]["page"] == "https://shop.example/checkout"
    assert ticket["visitor"]["attributes"] == {"cart": 3}
    assert ticket["visitor"]["blocked"] is False


async def test_a_hundred_ratings_are_one(desk: Desk, house: House, widget: httpx2.AsyncClient) -> None:
    ticket = (await say(widget))["ticket"]
    early = await widget.post("/widget/rating", json={"ticket": ticket, "score": 5})
    assert early.json()["code"] == "not_solved"
    await resolve(desk, house, ticket)

    for score in (2, 2, 5, 4):
        told = {"ticket": ticket, "score": score, "comment": "Quick."}
        assert (await widget.post("/widget/rating", json=told)).status_code == 200

    async with desk.system() as tx:
        rows = list(await tx.session.scalars(select(tickets.chatting.Rating)))
        mine = [one for one in rows if str(one.ticket_id) == ticket]
    assert [(one.score, one.comment) for one in mine] == [(4, "Quick.")]
    rated = [one["data"] for one in await events_of(desk, house, ticket) if one["name"] == "TicketRated"]
    assert [one["score"] for one in rated] == [2, 5, 4]
    stranger = await desk.visitor(house.chat)
    assert (await stranger.post("/widget/rating", json={"ticket": ticket, "score": 1})).status_code == 404
    assert (await widget.post("/widget/rating", json={"ticket": ticket, "score": 6})).status_code == 422


async def test_a_visitor_ends_the_chat_and_opens_it_again_by_writing(
    desk: Desk, house: House, widget: httpx2.AsyncClient
) -> None:
    ticket = (await say(widget))["ticket"]

    ended = [await widget.post("/widget/end", json={"ticket": ticket}) for _ in range(2)]

    assert [one.json()["status"] for one in ended] == ["resolved", "resolved"]
    names = [one["name"] for one in await events_of(desk, house, ticket)]
    assert names.count("TicketResolved") == 1
    await say(widget, "One more thing", ticket)
    assert "TicketReopened" in [one["name"] for one in await events_of(desk, house, ticket)]


async def test_a_transcript_goes_to_the_contacts_own_address_and_only_once_somebody_has_answered(
    desk: Desk, house: House, widget: httpx2.AsyncClient
) -> None:
    ticket = (await say(widget, "Buy my pills"))["ticket"]
    sent = {"ticket": ticket}
    assert (await widget.post("/widget/transcript", json=sent)).json()["code"] == "address_missing"
    address = f"{uuid4().hex}@victim.example"
    await widget.post("/widget/contact", json={"email": address})
    assert (await widget.post("/widget/transcript", json=sent)).json()["code"] == "not_answered"
    agent = await desk.with_token(house.agent)
    await agent.post(f"/api/v1/tickets/{ticket}/messages", json={"body": "Which mill is it?"})
    await agent.post(f"/api/v1/tickets/{ticket}/notes", json={"body": "Looks like spam"})

    answers = [await widget.post("/widget/transcript", json=sent) for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    async with desk.system() as tx:
        query = select(OutgoingMail).where(OutgoingMail.kind == "transcript")
        mails = [one for one in await tx.session.scalars(query) if str(one.ticket_id) == ticket]
    assert [one.recipients for one in mails] == [[address]] * 3
    assert "Which mill is it?" in mails[0].body
    assert "spam" not in mails[0].body


async def test_a_call_is_offered_while_somebody_is_at_work_and_owed_like_every_promise(
    desk: Desk, house: House
) -> None:
    async with desk.system() as tx:
        inbox = await an_inbox(tx, inboxes.Channel.CHAT, plan=await a_plan(tx, hours=OFFICE_HOURS))
    widget = await desk.visitor(inbox)
    ticket = (await say(widget))["ticket"]
    slots = (await widget.get("/widget/expectations")).json()["slots"]
    assert slots[0] == "2026-11-18T12:30:00Z"
    assert slots[7] == "2026-11-19T07:00:00Z"  # 08:00 in Stockholm, the first after closing at 17:00

    wanted = {"ticket": ticket, "number": "070-174 06 12", "at": slots[7]}
    owed = await widget.post("/widget/callback", json=wanted)

    assert owed.status_code == 200, owed.text
    agent = await desk.with_token(house.agent)
    seen = (await agent.get(f"/api/v1/tickets/{ticket}")).json()
    clock = next(one for one in seen["clocks"] if one["metric"] == "callback")
    assert clock["due_at"] == "2026-11-19T07:00:01Z", "an opening is no earlier than the closing before it"
    event = next(one for one in await events_of(desk, house, ticket) if one["name"] == "CallbackRequested")
    assert event["data"] == {"number": "+46701740612", "at": slots[7]}
    night = await widget.post("/widget/callback", json={**wanted, "at": "2026-11-18T23:00:00Z"})
    assert night.json()["code"] == "slot_not_offered"
    nonsense = await widget.post("/widget/callback", json={**wanted, "number": "call me"})
    assert nonsense.json()["code"] == "phone_invalid"


async def wakeable(desk: Desk, *, may_page: bool = True, hours: Any = MONDAY_ONLY) -> Any:
    """A visitor of a company whose plan may page, known or not; somebody is on call."""
    async with desk.system() as tx:
        team = await a_team(tx, hours=hours)
        inbox = await an_inbox(tx, inboxes.Channel.CHAT, team=team)
        woken = await an_agent(tx, "Priya", team=team)
        policy = {"steps": [{"targets": [{"kind": "person", "id": str(woken.id)}], "delay_minutes": 5}]}
        tx.session.add(
            oncall.EscalationPolicyRow(
                id=tx.new_id(), name=f"Night {uuid4()}", policy=policy, created_at=tx.now
            )
        )
        contact = await contacts.create(tx, name="Eva")
        await a_company_of(tx, contact, await a_plan(tx, may_page=may_page))
        token = visitors._issue(tx, contact.id, inbox.id, None)
    return desk.client(Authorization=f"Bearer {token}"), contact


async def test_a_known_contact_with_a_round_the_clock_plan_wakes_somebody_and_only_after_saying_yes(
    desk: Desk, house: House
) -> None:
    widget, contact = await wakeable(desk)
    ticket = (await say(widget, "All shops are down"))["ticket"]
    wish = {"ticket": ticket, "reason": "All shops are down", "confirmed": True}
    assert (await widget.get("/widget/expectations")).json()["may_wake"] is False
    assert (await widget.post("/widget/wake", json=wish)).status_code == 403, "nothing is proven of them"
    async with desk.system() as tx:
        await contacts.add_identity(tx, contact, IdentityKind.EXTERNAL, f"site:{uuid4()}", verified=True)

    assert (await widget.get("/widget/expectations")).json()["may_wake"] is True
    unsure = await widget.post("/widget/wake", json={**wish, "confirmed": False})
    assert unsure.json() == {"ok": False}
    sure = [await widget.post("/widget/wake", json=wish) for _ in range(2)]

    assert [one.status_code for one in sure] == [200, 200]
    names = [one["name"] for one in await events_of(desk, house, ticket)]
    assert names.count("WakeRequested") == names.count("AlertRaised") == 1
    agent = await desk.with_token(house.agent)
    assert (await agent.get(f"/api/v1/tickets/{ticket}")).json()["priority"] == 1


async def test_nobody_is_woken_without_the_plan_or_while_people_are_at_work(desk: Desk, house: House) -> None:
    for given in ({"may_page": False}, {"hours": OFFICE_HOURS}):
        widget, contact = await wakeable(desk, **given)
        async with desk.system() as tx:
            await contacts.add_identity(tx, contact, IdentityKind.EXTERNAL, f"site:{uuid4()}", verified=True)
        ticket = (await say(widget))["ticket"]

        wish = {"ticket": ticket, "reason": "Down", "confirmed": True}

        assert (await widget.post("/widget/wake", json=wish)).status_code == 403
        assert "AlertRaised" not in [one["name"] for one in await events_of(desk, house, ticket)]


async def test_articles_are_suggested_by_what_is_written_and_drafts_are_not(desk: Desk, house: House) -> None:
    async with desk.system() as tx:
        lead = as_agent(tx, await an_agent(tx, role=Role.LEAD))
        for title, body, published in (
            ("Descaling a brewer", "Use citric acid once a month.", True),
            ("Grinder makes a noise", "Clean the burrs.", True),
            ("Descaling, new draft", "Not yet.", False),
        ):
            await knowledge.save(lead, None, title=title, body=body, locale="en", published=published)
    widget = await desk.visitor(house.chat)

    found = (
        await widget.get("/widget/articles", params={"q": "how do I descale my brewer? it's slow & old!"})
    ).json()

    assert [one["title"] for one in found["items"]] == ["Descaling a brewer"]
    assert (await widget.get("/widget/articles", params={"q": "'); --"})).json()["items"] == []
    session = {"inbox": house.chat.key, "locale": "sv"}
    token = (await desk.client().post("/widget/session", json=session)).json()["visitor_token"]
    swede = desk.client(Authorization=f"Bearer {token}")
    english = (await swede.get("/widget/articles", params={"q": "how do I descale my brewer?"})).json()[
        "items"
    ]
    assert [one["title"] for one in english] == ["Descaling a brewer"], "no page in Swedish: the English one"


async def test_a_blocked_visitor_reads_that_and_is_let_in_again(
    desk: Desk, house: House, widget: httpx2.AsyncClient
) -> None:
    ticket = (await say(widget))["ticket"]
    agent = await desk.with_token(house.agent)
    contact = (await agent.get(f"/api/v1/tickets/{ticket}")).json()["contact"]["id"]

    assert (await agent.post(f"/api/v1/contacts/{contact}/block", json={"reason": "rude"})).status_code == 201

    refused = await say(widget, "Again", ticket)
    assert (refused["ok"], refused["code"]) == (False, "blocked")
    assert (await agent.get(f"/api/v1/tickets/{ticket}")).json()["visitor"]["blocked"] is True
    assert (await agent.delete(f"/api/v1/contacts/{contact}/block")).status_code == 204
    assert (await say(widget, "Again", ticket))["ok"]
    names = [one["name"] for one in await events_of(desk, house, ticket)]
    assert [one for one in names if "Blocked" in one or "Unblocked" in one] == [
        "VisitorBlocked",
        "VisitorUnblocked",
    ]
    light = await desk.with_token(await _light(desk))
    assert (await light.post(f"/api/v1/contacts/{contact}/block", json={})).status_code == 403


async def _light(desk: Desk) -> agents.Agent:
    async with desk.system() as tx:
        return await an_agent(tx, role=Role.LIGHT)


async def test_the_brake_takes_forms_instead_of_chats_and_an_open_chat_goes_on(
    desk: Desk, house: House, widget: httpx2.AsyncClient
) -> None:
    before = await say(widget)
    await set_up(desk, house.chat, brake="on")
    other = await desk.visitor(house.chat)

    assert (await say(other))["code"] == "form_only"
    assert (await say(widget, "Still here", before["ticket"]))["ok"]
    form = {"client_id": str(uuid4()), "body": "The mill is stuck.", "email": "eva@customer.example"}
    taken = [await other.post("/widget/form", json=form) for _ in range(2)]

    assert taken[0].status_code == 200
    assert taken[0].json() == taken[1].json()
    session = await desk.client().post("/widget/session", json={"inbox": house.chat.key})
    assert session.json()["extras"]["form"] is True


async def test_the_brake_comes_on_by_itself_at_a_rush(desk: Desk, house: House) -> None:
    await set_up(desk, house.chat, brake_rate=2)
    people = [await desk.visitor(house.chat) for _ in range(3)]

    said = [await say(one) for one in people]

    assert [one["ok"] for one in said] == [True, True, False]
    async with desk.system() as tx:
        assert await widgets.brake.is_on(tx, await inboxes.get(tx, house.chat.id))
        tx.now = NOON + timedelta(minutes=11)
        assert not await widgets.brake.is_on(tx, await inboxes.get(tx, house.chat.id))


async def test_a_callback_may_replace_nothing_on_a_closed_ticket(
    desk: Desk, house: House, widget: httpx2.AsyncClient
) -> None:
    ticket = (await say(widget))["ticket"]
    agent = await desk.with_token(house.agent)
    await agent.patch(f"/api/v1/tickets/{ticket}", json={"status": "closed"})

    wanted = {"ticket": ticket, "number": "+46701740612", "at": "2026-11-18T13:00:00Z"}

    assert (await widget.post("/widget/callback", json=wanted)).json()["code"] == "closed"


async def test_over_a_limit_a_widget_works_and_is_let_in(desk: Desk, house: House) -> None:
    transport = httpx2.ASGITransport(desk.web.asgi, client=("203.0.113.77", 5000))
    async with httpx2.AsyncClient(transport=transport, base_url=desk.web.settings.address) as client:
        entered = {"inbox": house.chat.key}
        for _ in range(1000):
            if (answer := await client.post("/widget/session", json=entered)).status_code != 200:
                break
        assert answer.status_code == 429
        limit = answer.json()["limit"]
        told = (await client.post("/widget/challenge", json={"limit": limit})).json()
        text, bits = told["challenge"], told["bits"]
        number = next(n for n in range(2_000_000) if widgets.proofs.is_solved(text, str(n), bits))

        solved = {"challenge": text, "number": str(number)}

        assert (await client.post("/widget/proof", json=solved)).json() == {"ok": True}
        assert (await client.post("/widget/proof", json=solved)).status_code == 422
        assert (await client.post("/widget/session", json=entered)).status_code == 200


async def test_invitations_are_offered_only_while_somebody_could_answer(desk: Desk, house: House) -> None:
    await set_up(desk, house.chat, invitations=[{"text": {"en": "Need a hand?"}, "page": "/cart"}])
    address = f"/widget/invitations.js?inbox={house.chat.key}"

    nobody = await desk.client().get(address)
    async with desk.system() as tx:
        await availability.choose(tx, house.agent.id, availability.State.ONLINE)
        await availability.seen(tx, [house.agent.id])
    somebody = await desk.client().get(address)
    for _ in range(2):
        await say(await desk.visitor(house.chat))
    await set_up(desk, house.chat, invitation_longest_queue=1)
    rush = await desk.client().get(address)

    assert "rules = []" in nobody.text
    assert "Need a hand?" in somebody.text
    assert somebody.headers["access-control-allow-origin"] == "*"
    assert somebody.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "rules = []" in rush.text
