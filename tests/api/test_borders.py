"""What a caller may pretend, and what it gets: typed addresses, foreign contacts, odd headers and dates."""

import base64
import uuid

import pytest

from helpdesk.actors import Role
from helpdesk.api.routes import V1
from helpdesk.app import _hosts
from helpdesk.domain import availability, contacts, oncall, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.settings import Settings
from tests.desk import KEY, OWN_PAGE
from tests.factories import a_contact, a_plan, a_ticket, an_agent

pytestmark = pytest.mark.commits


async def test_an_address_that_was_only_typed_joins_nobody(desk, house):
    address = f"kim-{uuid.uuid4().hex}@customer.example"
    async with desk.system() as tx:
        known = await a_contact(tx, email=address, plan=await a_plan(tx, key="gold"))
        tx.session.add(known)

    form = {"name": "Kim Berg", "email": address, "subject": "Give me access", "message": "Please."}
    sent = await desk.client(**OWN_PAGE).post("/support", data=form)

    assert sent.status_code == 200
    await desk.index()
    async with desk.system() as tx:
        rows, _ = await tickets.search.page(tx, "Give me access")
        identities = await contacts.identities_of(tx, rows[0]["contact"]["id"])
        assert rows[0]["contact"]["id"] != known.id
        assert rows[0]["company"] is None
        assert rows[0]["contact"]["email"] == address  # answers go there all the same
        assert [one.verified_at for one in identities] == [None]
        assert (await contacts.by_identity(tx, IdentityKind.EMAIL, address)).id == known.id


async def test_a_limited_agent_knows_only_the_contacts_of_their_inboxes(desk, house):
    async with desk.system() as tx:
        limited = await an_agent(tx, "Bo", inboxes=[house.chat])
        own = await a_contact(tx, "Kim Own")
        await a_ticket(tx, inbox=house.chat, contact=own)
        foreign = await a_contact(tx, "Kim Foreign")
        await a_ticket(tx, inbox=house.mail, contact=foreign)
    browser = await desk.signed_in(limited)

    listed = (await browser.get(f"{V1}/contacts?q=Kim ")).json()["items"]
    answers = [
        await browser.get(f"{V1}/contacts/{foreign.id}"),
        await browser.patch(f"{V1}/contacts/{foreign.id}", json={"name": "Mine"}),
        await browser.post(
            f"{V1}/tickets", json={"body": "x", "contact_id": str(foreign.id), "inbox": house.chat.key}
        ),
    ]

    assert [one["id"] for one in listed] == [str(own.id)]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "contact_not_found")] * 3
    assert (await browser.get(f"{V1}/contacts/{own.id}")).status_code == 200


async def test_an_alert_is_answered_by_whom_it_is_for_and_by_leads(desk, house):
    async with desk.system() as tx:
        meant, other = await an_agent(tx, "Mikko"), await an_agent(tx, "Priya")
        light, lead = await an_agent(tx, "Lia", role=Role.LIGHT), await an_agent(tx, "Lea", role=Role.LEAD)
        policy = {"steps": [{"targets": [{"kind": "person", "id": str(meant.id)}], "delay_minutes": 5}]}
        name = f"Night {uuid.uuid4().hex}"
        tx.session.add(
            oncall.EscalationPolicyRow(id=tx.new_id(), name=name, policy=policy, created_at=tx.now)
        )
        await tx.session.flush()
        ticket = await tickets.lock(tx, house.ticket.id)
        alert = await oncall.raise_alert(tx, ticket, f"test:{name}", "Test")
        alone = await oncall.raise_alert(tx, None, f"alone:{name}", "Inbox stopped")
        for row in (alert, alone):
            row.policy = policy

    async def ask(agent, one, what="acknowledge"):
        return (await (await desk.signed_in(agent)).post(f"{V1}/alerts/{one.id}/{what}")).status_code

    for one in (alert, alone):
        assert [await ask(agent, one) for agent in (light, other)] == [403, 403]
        assert [await ask(agent, one, "hand_on") for agent in (light, other)] == [403, 403]
        assert await ask(meant, one) == 200
        assert await ask(lead, one, "hand_on") == 200


async def test_only_who_works_tickets_chooses_availability(desk, house):
    async with desk.system() as tx:
        light = await an_agent(tx, "Lia", role=Role.LIGHT)
    for client in (await desk.signed_in(light), await desk.with_token(house.agent, "read")):
        assert (await client.put(f"{V1}/availability", json={"state": "away"})).status_code == 403
    async with desk.system() as tx:
        assert await availability.known_of(tx, light.id) == availability.ABSENT


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", "bearer  ", "Bearer nonsense"])
async def test_who_sends_a_token_is_never_taken_for_their_cookie(desk, house, given):
    browser = await desk.signed_in(house.agent)
    del browser.headers["X-CSRF-Token"]

    answer = await browser.post(f"{V1}/queue/claim", json={}, headers={"Authorization": given})

    assert answer.status_code in (401, 403)
    assert (await browser.get(f"{V1}/me", headers={"Authorization": given})).status_code == 401
    assert (await browser.get(f"{V1}/tickets/{house.ticket.id}")).json()["assignee"] is None


@pytest.mark.parametrize("origin", ["http://[", "http://[::", "https://[x]"])
async def test_an_origin_that_is_none_is_another_site(desk, house, origin):
    browser = await desk.signed_in(house.agent)
    del browser.headers["Sec-Fetch-Site"]

    answer = await browser.post(f"{V1}/queue/claim", json={}, headers={"Origin": origin})

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-18T12:00:00"]
)
async def test_a_cursor_from_beyond_time_is_none_of_ours(desk, house, moment):
    cursor = base64.urlsafe_b64encode(f"{moment}|{uuid.uuid4()}".encode()).decode()
    browser = await desk.signed_in(house.agent)

    for view in ("queue", "all"):
        answer = await browser.get(f"{V1}/queue", params={"view": view, "after": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid"), view


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T00:00:00Z"]
)
async def test_nothing_is_snoozed_beyond_time(desk, house, moment):
    browser = await desk.signed_in(house.agent)

    answer = await browser.patch(f"{V1}/tickets/{house.ticket.id}", json={"snooze_until": moment})

    assert (answer.status_code, answer.json()["field"]) == (422, "snooze_until")


async def test_a_name_that_is_not_ours_gets_no_page_and_a_slash_is_not_corrected(desk, house):
    stranger = await desk.client().get("/support", headers={"Host": "evil.example"})
    slash = await desk.client().get("/support/")
    watched = await desk.client().get("/health/live", headers={"Host": "10.0.0.7:8000"})

    assert (stranger.status_code, slash.status_code, watched.status_code) == (421, 404, 200)
    assert (await desk.client().get("/support", headers={"Host": "localhost:8000"})).status_code == 200
    assert (await desk.client().get("/support", headers={"Host": "[::1]:8000"})).status_code == 200


def test_we_answer_to_our_public_name_and_to_any_where_we_cannot_know_it():
    def names(**given):
        return _hosts(Settings(secret_key=KEY, **given))

    local = {"localhost", "127.0.0.1", "::1"}
    assert names() == local
    assert names(host="10.0.0.7") == local | {"10.0.0.7"}
    assert names(host="0.0.0.0") == set()
    assert names(host="0.0.0.0", public_url="https://Help.example.com") == local | {"help.example.com"}


async def test_metrics_are_local_only_without_a_public_address(desk, monkeypatch):
    figures = await desk.client().get("/metrics")
    assert figures.status_code == 200
    assert "\nhelpdesk_search_unindexed " in figures.text

    monkeypatch.setattr(desk.web.settings, "public_url", "https://help.example.com")

    assert (await desk.client().get("/metrics")).status_code == 404


async def test_health_tells_of_a_bus_that_is_lost_and_stays_in_service(desk):
    well = (await desk.client().get("/health/ready")).json()
    state = desk.web.starlette.state
    as_it_is, state.bus_lost_for = state.bus_lost_for, lambda: 12.0
    try:
        lost = await desk.client().get("/health/ready")
    finally:
        state.bus_lost_for = as_it_is

    assert well["checks"]["bus"] == {"ok": True, "lost_seconds": 0.0}
    assert (lost.status_code, lost.json()["status"]) == (200, "degraded")
    assert lost.json()["checks"]["bus"]["lost_seconds"] == 12.0
