"""Whoever lost their password chooses another, by a link or a command; whoever knows it changes it."""

import asyncio
import re
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from typer.testing import CliRunner

from helpdesk.actors import Role
from helpdesk.auth import passwords, sessions
from helpdesk.cli.commands import main
from helpdesk.domain import agents
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.errors import Unauthenticated
from tests.factories import an_agent

pytestmark = pytest.mark.commits

ANOTHER = "another long password"


@pytest.fixture
async def forgetful(desk, house, monkeypatch):
    """An agent, where mail can leave."""
    monkeypatch.setattr(desk.web.settings, "smtp_out_url", SecretStr("smtp://relay.example"))
    hashed = await passwords.hash_password("the one that was lost")
    async with desk.system() as tx:
        agent = await an_agent(tx, "Fia")
        (await agents.get(tx, agent.id)).password_hash = hashed
    return agent


async def send_link(desk, agent) -> str:
    """By an administrator, from the agent's page. The path of the link in the mail."""
    async with desk.system() as tx:
        admin = await an_agent(tx, role=Role.ADMIN)
    browser = await desk.signed_in(admin)
    page = (await browser.get(f"/admin/agents/{agent.id}")).text
    sent = await browser.post(f"/admin/agents/{agent.id}", data={"order": "renew"})
    assert ("Send a new link" in page, sent.status_code) == (True, 303)
    async with desk.system() as tx:
        query = select(OutgoingMail.body).where(OutgoingMail.recipients == [agent.email])
        (*_, body) = await tx.session.scalars(query.order_by(OutgoingMail.id))
    return re.search(r"/new-password/\S+", body)[0]


async def has_password(desk, agent, password: str) -> bool:
    async with desk.system() as tx:
        return await passwords.is_right(password, (await agents.get(tx, agent.id)).password_hash)


async def test_a_link_lets_its_agent_choose_another_password_once_and_ends_every_session(desk, forgetful):
    elsewhere = await desk.signed_in(forgetful)
    link, stranger = await send_link(desk, forgetful), desk.client(Origin=desk.web.settings.address)

    asked = await stranger.get(link)
    too_short = await stranger.post(link, data={"password": "short"})
    held_on = (await elsewhere.get("/api/v1/me")).status_code
    chosen = await stranger.post(link, data={"password": ANOTHER})
    again = await stranger.post(link, data={"password": "and yet another one"})

    assert (asked.status_code, too_short.status_code, held_on) == (200, 422, 200)
    assert (chosen.status_code, again.status_code) == (303, 404)
    assert await has_password(desk, forgetful, ANOTHER)
    assert (await elsewhere.get("/api/v1/me")).status_code == 401


async def test_who_proves_the_password_they_have_changes_it_and_stays_signed_in_here_alone(desk, forgetful):
    here, elsewhere = await desk.signed_in(forgetful), await desk.signed_in(forgetful)
    held = "the one that was lost"

    shown = await here.get("/password")
    guessed = await here.post("/password", data={"held": "a wrong guess", "password": ANOTHER})
    too_short = await here.post("/password", data={"held": held, "password": "short"})
    as_before = await has_password(desk, forgetful, held)
    changed = await here.post("/password", data={"held": held, "password": ANOTHER})

    assert (shown.status_code, guessed.status_code, too_short.status_code, as_before) == (200, 422, 422, True)
    assert changed.status_code == 303
    assert await has_password(desk, forgetful, ANOTHER)
    assert (await elsewhere.get("/api/v1/me")).status_code == 401
    fresh = desk.client(Cookie=changed.headers["set-cookie"].partition(";")[0])
    assert (await fresh.get("/api/v1/me")).json()["email"] == forgetful.email
    assert (await desk.client().get("/password")).status_code in (303, 401)


async def test_only_the_newest_link_holds_and_for_a_day(desk, forgetful):
    first = await send_link(desk, forgetful)
    desk.clock.advance(timedelta(minutes=1))
    second, stranger = await send_link(desk, forgetful), desk.client()

    found = [(await stranger.get(link)).status_code for link in (first, second)]
    desk.clock.advance(timedelta(hours=25))

    assert found == [404, 200]
    assert (await stranger.get(second)).status_code == 404


async def test_a_link_is_nothing_for_a_disabled_agent(desk, forgetful):
    link = await send_link(desk, forgetful)

    async with desk.system() as tx:
        await agents.disable(tx, forgetful.id)

    assert (await desk.client().get(link)).status_code == 404


async def test_a_command_sets_another_password_and_ends_every_session(desk, forgetful):
    async with desk.system() as tx:
        cookie = await sessions.start(tx, forgetful.id, "127.0.0.1", "tests")

    given = {"HELPDESK_DATABASE_URL": desk.database.url}
    told = await asyncio.to_thread(
        CliRunner().invoke,
        main,
        ["agent", "password", forgetful.email, "--password-stdin"],
        f"{ANOTHER}\n",
        env=given,
    )

    assert (told.exit_code, await has_password(desk, forgetful, ANOTHER)) == (0, True)
    with pytest.raises(Unauthenticated):
        await sessions.resume(desk.database, cookie)
