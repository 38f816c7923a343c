"""Who is let in over HTTP: sessions with their CSRF token, the throttle, API tokens."""

from datetime import timedelta

import pytest

from helpdesk.auth import passwords
from helpdesk.auth.tables import SignInAttempt
from helpdesk.domain import agents
from tests.desk import OWN_PAGE
from tests.factories import an_agent

pytestmark = pytest.mark.commits

PASSWORD = "correct horse battery"


async def mira(desk):
    async with desk.system() as tx:
        return await an_agent(tx, "Mira", password_hash=await passwords.hash_password(PASSWORD))


async def test_a_sign_in_opens_the_api_and_tells_the_token_for_changes(desk):
    agent = await mira(desk)
    browser = desk.client(**OWN_PAGE)

    door = await browser.post("/sign-in", data={"email": agent.email, "password": PASSWORD})
    me = (await browser.get("/api/v1/me")).json()

    assert door.status_code == 303
    assert (me["name"], me["email"], me["role"]) == ("Mira", agent.email, "agent")
    changed = await browser.post("/api/v1/realtime/pass", headers={"X-CSRF-Token": me["csrf"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("header", [{}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": "é"}])
async def test_without_its_token_a_session_changes_nothing(desk, house, header):
    browser = await desk.signed_in(house.agent)
    del browser.headers["X-CSRF-Token"]
    raw = {key: value.encode() for key, value in header.items()}

    answer = await browser.post("/api/v1/queue/claim", json={}, headers=raw)

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_wrong")
    assert (await browser.get(f"/api/v1/tickets/{house.ticket.id}")).json()["assignee"] is None


async def test_another_site_changes_nothing_even_with_the_token(desk, house):
    browser = await desk.signed_in(house.agent)

    answer = await browser.post("/api/v1/queue/claim", json={}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


async def test_a_wrong_password_is_refused_and_the_eleventh_try_waits_even_when_it_is_right(desk):
    agent = await mira(desk)
    browser = desk.client(**OWN_PAGE)
    async with desk.system() as tx:
        for _ in range(8):  # each real one takes a while, on purpose
            tx.session.add(SignInAttempt(id=tx.new_id(), key=f"account:{agent.email}", at=tx.now))
    wrong = {"email": agent.email, "password": "wrong"}

    refused = [(await browser.post("/sign-in", data=wrong)).status_code for _ in range(2)]
    late = await browser.post("/sign-in", data={"email": agent.email, "password": PASSWORD})

    assert refused == [401, 401]
    assert (late.status_code, late.headers["retry-after"]) == (429, "900")
    desk.clock.advance(timedelta(minutes=16))
    assert (
        await browser.post("/sign-in", data={"email": agent.email, "password": PASSWORD})
    ).status_code == 303


async def test_a_session_ends_at_sign_out_after_twelve_idle_hours_and_with_the_agent(desk, house):
    left, idle, disabled = [await desk.signed_in(house.agent) for _ in range(3)]

    await left.post("/sign-out")
    assert (await left.get("/api/v1/me")).status_code == 401
    assert (await disabled.get("/api/v1/me")).status_code == 200
    async with desk.system() as tx:
        await agents.disable(tx, house.agent.id)
    assert (await disabled.get("/api/v1/me")).status_code == 401
    desk.clock.advance(timedelta(hours=13))
    assert (await idle.get("/api/v1/me")).status_code == 401


async def test_an_api_token_works_until_its_agent_is_disabled_or_a_year_has_passed(desk, house):
    program = await desk.with_token(house.agent)
    assert (await program.get("/api/v1/me")).json()["csrf"] is None

    desk.clock.advance(timedelta(days=366))
    ended = await program.get("/api/v1/me")

    assert (ended.status_code, ended.json()["code"]) == (401, "token_invalid")
    assert ended.headers["www-authenticate"] == "Bearer"
    young = await desk.with_token(house.agent)
    async with desk.system() as tx:
        await agents.disable(tx, house.agent.id)
    assert (await young.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("given", ["Bearer", "Bearer nonsense", "Basic bWlyYTpwYXNz", "Bearer pat_"])
async def test_a_credential_that_is_none_lets_nobody_in(desk, given):
    answer = await desk.client(Authorization=given).get("/api/v1/queue")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_password_costs_whoever_guesses_memory_and_time():
    hashed = passwords.HASHER.hash("correct horse battery")

    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
