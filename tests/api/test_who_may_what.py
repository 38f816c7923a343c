"""Every address against everybody who should not reach through it, from the route table itself."""

import uuid

import pytest

from helpdesk.actors import Role
from helpdesk.api.routes import STAFF, V1, VISITORS
from helpdesk.domain import oncall, tickets
from helpdesk.domain.inboxes import Channel
from tests.desk import furnish
from tests.factories import a_ticket, an_agent, an_inbox

pytestmark = pytest.mark.commits


@pytest.fixture(scope="module")
async def house(desk):
    """One for all: whoever is refused here changes nothing of it."""
    return await furnish(desk)


BODIES = {
    "/tickets": {"body": "Hello", "email": "kim@customer.example"},
    "/tickets/{id}": {"subject": "Mine now"},
    "/tickets/{id}/messages": {"body": "Hello"},
    "/tickets/{id}/notes": {"body": "Hello"},
    "/calls": {"caller": "+46701740612"},
    "/telephony/events": {"event": "new_call", "call_id": "4711", "caller": "+46701740612"},
    "/availability": {"state": "away"},
    "/contacts": {"name": "Kim"},
    "/contacts/{id}": {"name": "Kim"},
}
"""What each address takes when it is not refused."""

READING = [one for one in STAFF if one.method == "GET"]
CHANGING = [one for one in STAFF if one.method != "GET"]
LISTENING = "/realtime/pass"
"""Changes nothing; what its socket may then do is asked for every command."""


def _name(address):
    return f"{address.method} {address.path}"


async def call(client, address, ticket, alert=None, base=V1):
    path = address.path.replace("{id}", str(alert if "/alerts/" in address.path else ticket.id))
    if address.is_upload:
        return await client.post(base + path, files={"file": ("a.txt", b"hello")})
    return await client.request(address.method, base + path, json=BODIES.get(address.path, {}))


async def state_of(desk, ticket):
    """Every event raises the version, so it tells of any change."""
    async with desk.system() as tx:
        now = await tickets.get(tx, ticket.id)
        return now.version, now.public_version, now.status, now.assignee_id


async def an_alert(desk, ticket):
    """An alert about the ticket that wakes nobody."""
    async with desk.system() as tx:
        policy = {"steps": [{"targets": [], "delay_minutes": 5}]}
        tx.session.add(
            oncall.EscalationPolicyRow(id=tx.new_id(), name="Night", policy=policy, created_at=tx.now)
        )
        locked = await tickets.lock(tx, ticket.id)
        return (await oncall.raise_alert(tx, locked, f"test:{tx.new_id()}", "Test")).id


@pytest.mark.parametrize("address", STAFF, ids=_name)
async def test_nobody_and_visitors_get_nothing_from_staff_addresses(desk, house, address):
    before = await state_of(desk, house.ticket)

    answers = [
        await call(client, address, house.ticket)
        for client in (desk.client(), await desk.visitor(house.chat))
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert await state_of(desk, house.ticket) == before


@pytest.mark.parametrize("address", [one for one in VISITORS if one.path != "/session"], ids=_name)
async def test_staff_credentials_open_nothing_of_the_widgets(desk, house, address):
    clients = [desk.client(), await desk.with_token(house.agent), await desk.signed_in(house.agent)]

    answers = [await call(client, address, house.ticket, base="/widget") for client in clients]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


BY_TICKET = [one for one in STAFF if one.path.startswith(("/tickets/{id}", "/alerts/{id}"))]


@pytest.mark.parametrize("address", BY_TICKET, ids=_name)
async def test_a_ticket_of_a_foreign_inbox_does_not_exist(desk, house, address):
    alert = await an_alert(desk, house.ticket)
    before = await state_of(desk, house.ticket)

    for role in (Role.LIGHT, Role.AGENT, Role.LEAD):
        async with desk.system() as tx:
            limited = await an_agent(tx, role=role, inboxes=[house.chat])
        clients = await desk.signed_in(limited), await desk.with_token(limited)
        answers = [await call(client, address, house.ticket, alert) for client in clients]

        may_never = role is Role.LIGHT and (address.method == "PATCH" or "messages" in address.path)
        assert [answer.status_code for answer in answers] == [403 if may_never else 404] * 2
    assert await state_of(desk, house.ticket) == before


async def test_lists_hold_nothing_of_a_foreign_inbox(desk, house):
    async with desk.system() as tx:
        chat = await an_inbox(tx, Channel.CHAT)
        limited = await an_agent(tx, inboxes=[chat])
        own = await a_ticket(tx, inbox=chat, subject="Mill of our own")
    await an_alert(desk, house.ticket)
    browser = await desk.signed_in(limited)

    queue = (await browser.get(f"{V1}/queue")).json()
    found = (await browser.get(f"{V1}/tickets?q=mill")).json()
    alerts = (await browser.get(f"{V1}/alerts")).json()
    inboxes = (await browser.get(f"{V1}/inboxes")).json()

    assert {row["ticket_id"] for row in queue["items"] + found["items"]} == {str(own.id)}
    assert queue["counts"]["queue"] == 1
    assert alerts["items"] == []
    assert [one["id"] for one in inboxes["items"]] == [str(chat.id)]


async def test_nobody_writes_into_a_foreign_inbox(desk, house):
    async with desk.system() as tx:
        limited = await an_agent(tx, inboxes=[await an_inbox(tx, Channel.CHAT)])
    browser = await desk.signed_in(limited)

    ticket = await browser.post(f"{V1}/tickets", json=BODIES["/tickets"] | {"inbox": house.mail.key})
    call = await browser.post(f"{V1}/calls", json=BODIES["/calls"])
    ringing = await browser.post(f"{V1}/telephony/events", json=BODIES["/telephony/events"])
    claimed = await browser.post(f"{V1}/queue/claim", json={})

    assert [ticket.status_code, call.status_code, ringing.status_code] == [404, 404, 404]
    assert claimed.status_code == 204


@pytest.mark.parametrize("address", CHANGING, ids=_name)
async def test_a_token_that_may_read_changes_nothing(desk, house, address):
    alert = await an_alert(desk, house.ticket)
    program = await desk.with_token(house.agent, "read")
    before = await state_of(desk, house.ticket)

    answer = await call(program, address, house.ticket, alert)

    assert answer.status_code == (200 if address.path == LISTENING else 403), answer.text
    assert await state_of(desk, house.ticket) == before


@pytest.mark.parametrize("address", STAFF, ids=_name)
async def test_a_token_that_may_acknowledge_does_only_that(desk, house, address):
    alert = await an_alert(desk, house.ticket)
    program = await desk.with_token(house.agent, "acknowledge")

    answer = await call(program, address, house.ticket, alert)

    assert answer.status_code == (200 if address.path in ("/me", "/alerts/{id}/acknowledge") else 403), (
        answer.text
    )
    assert "subject" not in answer.text


LIGHT_MAY = {"/tickets/{id}/notes", "/uploads", "/alerts/{id}/acknowledge", LISTENING}


@pytest.mark.parametrize("address", CHANGING, ids=_name)
async def test_a_light_agent_reads_writes_notes_and_nothing_else(desk, house, address):
    async with desk.system() as tx:
        light = await an_agent(tx, role=Role.LIGHT)
    alert = await an_alert(desk, house.ticket)
    browser = await desk.signed_in(light)

    answer = await call(browser, address, house.ticket, alert)

    assert (answer.status_code < 300) == (address.path in LIGHT_MAY), answer.text
    assert answer.status_code in (200, 201, 403)


async def test_a_visitor_reaches_no_ticket_of_another_visitor_or_inbox(desk, house):
    async with desk.system() as tx:
        elsewhere = await an_inbox(tx, Channel.CHAT)
    one, other = await desk.visitor(house.chat), await desk.visitor(house.chat)
    neighbour = await desk.visitor(elsewhere)
    first = {"client_id": str(uuid.uuid4()), "body": "Mine"}
    ticket = (await one.post("/widget/send_message", json=first)).json()["ticket"]

    async def tried(client):
        said = {"ticket": ticket, "client_id": str(uuid.uuid4()), "body": "Hers?"}
        return [
            await client.post("/widget/sync", json={"ticket": ticket, "after": 0}),
            await client.post("/widget/send_message", json=said),
            await client.post("/widget/mark_read", json={"ticket": ticket, "upto": 1}),
            await client.get("/widget/events", params={"ticket": ticket}),
        ]

    for client in (other, neighbour):
        assert [answer.status_code for answer in await tried(client)] == [404] * 4
    unknown = {"ticket": str(uuid.uuid4()), "after": 0}
    absent, foreign = await one.post("/widget/sync", json=unknown), (await tried(other))[0]
    assert absent.json() == foreign.json()
    assert [answer.status_code for answer in await tried(one)] == [200] * 4
