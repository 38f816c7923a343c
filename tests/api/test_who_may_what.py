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
    "/contacts/{id}/merge": {"from": "00000000-0000-4000-8000-000000000000"},
}
"""What each address takes when it is not refused."""

CHANGING = [one for one in STAFF if one.method != "GET"]
BY_TICKET = [one for one in STAFF if one.path.startswith(("/tickets/{id}", "/alerts/{id}"))]
LIGHT_MAY = {
    "/tickets/{id}/notes",
    "/uploads",
    "/realtime/pass",
}


async def call(client, address, ticket, alert=None, base=V1):
    about = alert if "/alerts/" in address.path else ticket.id
    path = base + address.path.replace("{id}", str(about)).replace("{message}", str(uuid.uuid4()))
    if address.is_upload:
        return await client.post(path, files={"file": ("a.txt", b"hello")})
    return await client.request(address.method, path, json=BODIES.get(address.path, {}))


async def each(client, addresses, house, alert=None, base=V1):
    """The status of every address, by name."""
    return {
        f"{one.method} {one.path}": (await call(client, one, house.ticket, alert, base)).status_code
        for one in addresses
    }


async def state_of(desk, ticket):
    """Every event raises the version, so it tells of any change."""
    async with desk.system() as tx:
        now = await tickets.get(tx, ticket.id)
        return now.version, now.public_version, now.status, now.assignee_id


@pytest.fixture(scope="module")
async def alert(desk, house):
    """An alert about the ticket that is meant for the agent of the house."""
    async with desk.system() as tx:
        meant = {"kind": "person", "id": str(house.agent.id)}
        policy = {"steps": [{"targets": [meant], "delay_minutes": 5}]}
        tx.session.add(
            oncall.EscalationPolicyRow(id=tx.new_id(), name="Night", policy=policy, created_at=tx.now)
        )
        await tx.session.flush()
        ticket = await tickets.lock(tx, house.ticket.id)
        return (await oncall.raise_alert(tx, ticket, "test", "Test")).id


async def test_nobody_and_visitors_get_nothing_from_staff_addresses(desk, house, alert):
    before = await state_of(desk, house.ticket)

    for client in (desk.client(), await desk.visitor(house.chat)):
        answers = await each(client, STAFF, house, alert)
        assert {name: status for name, status in answers.items() if status != 401} == {}
    assert await state_of(desk, house.ticket) == before


async def test_staff_credentials_open_nothing_of_the_widgets(desk, house):
    theirs = [one for one in VISITORS if one.path != "/session" and not one.takes]

    for client in (desk.client(), await desk.with_token(house.agent), await desk.signed_in(house.agent)):
        answers = await each(client, theirs, house, base="/widget")
        assert {name: status for name, status in answers.items() if status != 401} == {}


@pytest.mark.parametrize("role", [Role.LIGHT, Role.AGENT, Role.LEAD])
async def test_a_ticket_of_a_foreign_inbox_does_not_exist(desk, house, alert, role):
    async with desk.system() as tx:
        limited = await an_agent(tx, role=role, inboxes=[house.chat])
    before = await state_of(desk, house.ticket)

    for client in (await desk.signed_in(limited), await desk.with_token(limited)):
        answers = await each(client, BY_TICKET, house, alert)
        # 422: what an address would need, it asks before it looks; still nothing is told or changed.
        assert {name: status for name, status in answers.items() if status not in (403, 404, 422)} == {}
        if role is not Role.LIGHT:
            must = {
                name: answers[name] for name in answers if name.partition(" ")[2] in BODIES or "GET" in name
            }
            assert {name: status for name, status in must.items() if status != 404} == {}
    assert await state_of(desk, house.ticket) == before


async def test_lists_hold_nothing_of_a_foreign_inbox(desk, house, alert):
    async with desk.system() as tx:
        chat = await an_inbox(tx, Channel.CHAT)
        limited = await an_agent(tx, inboxes=[chat])
        own = await a_ticket(tx, inbox=chat, subject="Mill of our own")
    await desk.index()
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


async def test_a_token_that_may_read_changes_nothing(desk, house, alert):
    program = await desk.with_token(house.agent, "read")
    before = await state_of(desk, house.ticket)

    answers = await each(program, CHANGING, house, alert)

    assert answers.pop("POST /realtime/pass") == 200  # changes nothing; its socket may only listen
    assert {name: status for name, status in answers.items() if status != 403} == {}
    assert await state_of(desk, house.ticket) == before


async def test_a_token_that_may_acknowledge_does_only_that(desk, house, alert):
    async with desk.system() as tx:
        lead = await an_agent(tx, role=Role.LEAD)
    program = await desk.with_token(lead, "acknowledge")
    asked = [
        one
        for one in STAFF
        if one in CHANGING or "/tickets" in one.path or one.path in ("/queue", "/contacts")
    ]

    answers = await each(program, [one for one in asked if one.needs != "acknowledge"], house, alert)
    acknowledged = await program.post(f"{V1}/alerts/{alert}/acknowledge")

    assert {name: status for name, status in answers.items() if status != 403} == {}
    assert acknowledged.status_code == 200
    assert house.ticket.subject not in acknowledged.text


async def test_a_light_agent_reads_writes_notes_and_nothing_else(desk, house, alert):
    async with desk.system() as tx:
        light = await an_agent(tx, role=Role.LIGHT)
    asked = [one for one in CHANGING if one.path in BODIES or one.path in LIGHT_MAY or "/alerts" in one.path]

    answers = await each(await desk.signed_in(light), asked, house, alert)

    may = {name for name, status in answers.items() if status < 300}
    assert may == {f"POST {path}" for path in LIGHT_MAY}
    assert {status for name, status in answers.items() if name not in may} == {403}


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
