"""Two-factor sign-in: turned on by its first code, asked for at the door, lost and found again."""

import asyncio
import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from helpdesk.actors import Role
from helpdesk.auth import passwords, second_factors
from helpdesk.auth.tables import HalfSignIn, RecoveryCode, SecondFactor, SignInAttempt
from helpdesk.cli.commands import main
from helpdesk.domain.agents import Agent
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.jobs import timetable
from tests.desk import OWN_PAGE
from tests.factories import an_agent

pytestmark = pytest.mark.commits

PASSWORD = "correct horse battery"
HASH = passwords.HASHER.hash(PASSWORD)


class Phone:
    """The agent's app, which read the key off the page."""

    def __init__(self, desk, page: str) -> None:
        self._desk = desk
        self.key = re.search(r'name="key" value="([^"]+)"', page)[1]
        self.secret = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)[1].replace(" ", "")
        self._totp = pyotp.TOTP(self.secret)

    def shows(self) -> str:
        return self._totp.at(self._desk.clock.now())


async def mira(desk, **values):
    async with desk.system() as tx:
        return await an_agent(tx, "Mira", password_hash=HASH, **values)


async def with_second_factor(desk, agent):
    """Their phone, and their recovery codes; half a minute later."""
    browser = await desk.signed_in(agent)
    phone = Phone(desk, (await browser.get("/second-factor")).text)
    page = await browser.post("/second-factor", data={"order": "on", "key": phone.key, "code": phone.shows()})
    desk.clock.advance(timedelta(seconds=30))
    return phone, re.findall(r"<code>([a-z0-9]{4}(?:-[a-z0-9]{4}){3})</code>", page.text)


async def at_the_door(desk, agent):
    """A browser whose password was right, and where it was sent."""
    browser = desk.client(**OWN_PAGE, Accept="text/html")
    answer = await browser.post("/sign-in", data={"email": agent.email, "password": PASSWORD})
    return browser, answer


async def is_in(browser) -> bool:
    answer = await browser.get("/api/v1/me")
    if answer.status_code == 200:
        browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer.status_code == 200


async def test_its_first_code_turns_it_on_ends_other_sign_ins_and_shows_recovery_codes_once(desk):
    agent = await mira(desk)
    here, elsewhere = await desk.signed_in(agent), await desk.signed_in(agent)
    phone = Phone(desk, (await here.get("/second-factor")).text)

    wrong = await here.post("/second-factor", data={"order": "on", "key": phone.key, "code": "123 45"})
    right = await here.post(
        "/second-factor", data={"order": "on", "key": phone.key, "code": f" {phone.shows()} "}
    )

    assert (wrong.status_code, right.status_code) == (422, 200)
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", right.text)
    assert len(set(codes)) == 10
    assert (await is_in(here), await is_in(elsewhere)) == (True, False)
    later = (await here.get("/second-factor")).text
    assert "10 recovery codes are left" in later
    assert not any(code in later for code in codes)
    assert right.headers["cache-control"] == "no-store"


async def test_after_the_password_a_code_is_asked_for_and_only_it_lets_in(desk):
    agent = await mira(desk)
    phone, _ = await with_second_factor(desk, agent)

    browser, answer = await at_the_door(desk, agent)
    browser.cookies.pop("helpdesk", None)
    before = await is_in(browser)
    wrong = await browser.post("/sign-in/code", data={"code": "000000"})
    right = await browser.post("/sign-in/code?next=/wall", data={"code": phone.shows()})

    assert answer.headers["location"] == "/sign-in/code"
    assert (before, wrong.status_code) == (False, 422)
    assert (right.status_code, right.headers["location"], await is_in(browser)) == (303, "/wall", True)


async def test_a_code_is_good_once_and_half_a_minute_around_its_own(desk):
    agent = await mira(desk)
    phone, _ = await with_second_factor(desk, agent)
    used, old = phone.shows(), phone.shows()

    async def enters(code):
        browser, _ = await at_the_door(desk, agent)
        return (await browser.post("/sign-in/code", data={"code": code})).status_code == 303

    together = await asyncio.gather(*(enters(used) for _ in range(3)))
    desk.clock.advance(timedelta(seconds=90))
    late = await enters(old)
    young = phone.shows()
    desk.clock.advance(timedelta(seconds=30))

    assert sorted(together) == [False, False, True]
    assert (late, await enters(young)) == (False, True)


async def test_a_recovery_code_lets_in_once_and_its_agent_is_told(desk, house):
    agent = await mira(desk)
    _, codes = await with_second_factor(desk, agent)

    first, _ = await at_the_door(desk, agent)
    entered = await first.post("/sign-in/code", data={"code": codes[3].upper().replace("-", " ")})
    second, _ = await at_the_door(desk, agent)
    again = await second.post("/sign-in/code", data={"code": codes[3]})

    assert (entered.status_code, again.status_code) == (303, 422)
    async with desk.system() as tx:
        bodies = list(await tx.session.scalars(select(OutgoingMail.body)))
    assert [body for body in bodies if "recovery code" in body and "9 are left" in body]


async def test_codes_are_guessed_as_slowly_as_passwords(desk):
    agent = await mira(desk)
    phone, _ = await with_second_factor(desk, agent)
    browser, _ = await at_the_door(desk, agent)

    guesses = [
        (await browser.post("/sign-in/code", data={"code": f"guess {n}"})).status_code for n in range(11)
    ]
    right = await browser.post("/sign-in/code", data={"code": phone.shows()})

    assert guesses == [422] * 10 + [429]
    assert right.status_code == 429


async def test_the_door_waits_ten_minutes_for_the_code(desk):
    agent = await mira(desk)
    phone, _ = await with_second_factor(desk, agent)
    browser, _ = await at_the_door(desk, agent)

    desk.clock.advance(timedelta(minutes=11))
    late = await browser.post("/sign-in/code", data={"code": phone.shows()})

    assert (late.status_code, late.headers["location"]) == (303, "/sign-in")
    assert (await desk.client(Accept="text/html").get("/sign-in/code")).headers["location"] == "/sign-in"


async def test_between_password_and_code_nothing_else_is_open(desk):
    agent = await mira(desk)
    await with_second_factor(desk, agent)
    browser, _ = await at_the_door(desk, agent)

    changed = await browser.post("/password", data={"held": PASSWORD, "password": "another long password"})

    assert (changed.status_code, await is_in(browser)) == (401, False)
    async with desk.system() as tx:
        assert (await tx.session.get(Agent, agent.id)).password_hash == HASH


async def test_where_it_is_asked_of_administrators_they_set_it_up_at_the_door(desk, monkeypatch):
    monkeypatch.setattr(desk.web.settings, "second_factor_for", "administrators")
    admin, agent = await mira(desk, role=Role.ADMIN), await mira(desk)

    _, others = await at_the_door(desk, agent)
    browser, answer = await at_the_door(desk, admin)
    before = await is_in(browser)
    phone = Phone(desk, (await browser.get("/sign-in/second-factor")).text)
    entered = await browser.post(
        "/sign-in/second-factor?next=/wall", data={"key": phone.key, "code": phone.shows()}
    )

    assert others.headers["location"] == "/"
    assert (answer.headers["location"], before) == ("/sign-in/second-factor", False)
    assert (entered.status_code, await is_in(browser)) == (200, True)
    assert 'href="/wall"' in entered.text
    desk.clock.advance(timedelta(seconds=30))
    await browser.post("/second-factor", data={"order": "off", "code": phone.shows()})

    assert "On since" in (await browser.get("/second-factor")).text


async def test_who_proves_a_code_gets_new_recovery_codes_or_turns_it_off(desk):
    agent = await mira(desk)
    phone, old = await with_second_factor(desk, agent)
    browser, _ = await at_the_door(desk, agent)
    await browser.post("/sign-in/code", data={"code": phone.shows()})
    assert await is_in(browser)

    guessed = await browser.post("/second-factor", data={"order": "off", "code": "000000"})
    desk.clock.advance(timedelta(seconds=30))
    renewed = await browser.post("/second-factor", data={"order": "codes", "code": phone.shows()})
    stale = await browser.post("/second-factor", data={"order": "off", "code": old[0]})
    desk.clock.advance(timedelta(seconds=30))
    off = await browser.post("/second-factor", data={"order": "off", "code": phone.shows()})

    assert (guessed.status_code, renewed.status_code, stale.status_code) == (422, 200, 422)
    assert len(re.findall(r"<code>[a-z0-9-]{19}</code>", renewed.text)) == 10
    assert off.status_code == 303
    _, answer = await at_the_door(desk, agent)
    assert answer.headers["location"] == "/"


async def test_an_administrator_lets_in_who_lost_their_phone_but_nobody_above_them_and_not_themselves(
    desk, house
):
    agent, owner = await mira(desk), await mira(desk, role=Role.OWNER)
    await with_second_factor(desk, agent)
    await with_second_factor(desk, owner)
    helper = await mira(desk, role=Role.ADMIN)
    await with_second_factor(desk, helper)
    admin = await desk.signed_in(helper)

    listed = (await admin.get("/admin/agents")).text
    helped, *refused = [
        (await admin.post(f"/admin/agents/{one.id}", data={"order": "password_alone"})).status_code
        for one in (agent, owner, helper)
    ]

    assert re.search(rf"{agent.id}.*?</th>", listed, re.DOTALL)[0].count("two-factor") == 1
    assert (helped, refused) == (303, [422, 422])
    async with desk.system() as tx:
        assert await tx.session.get(SecondFactor, agent.id) is None
        assert await tx.session.get(SecondFactor, owner.id) is not None
        told = await tx.session.scalars(select(OutgoingMail).where(OutgoingMail.recipients == [agent.email]))
        assert "Your password alone" in told.one().body


async def test_a_command_lets_in_who_lost_everything(desk):
    agent = await mira(desk, role=Role.OWNER)
    await with_second_factor(desk, agent)

    given = {"HELPDESK_DATABASE_URL": desk.database.url}
    told = await asyncio.to_thread(
        CliRunner().invoke, main, ["agent", "password-alone", agent.email], env=given
    )

    _, answer = await at_the_door(desk, agent)
    assert (told.exit_code, answer.headers["location"]) == (0, "/")


async def test_the_key_is_shown_to_one_browser_alone_and_stays_the_same_after_a_slip(desk):
    agent = await mira(desk)
    here, there = await desk.signed_in(agent), await desk.signed_in(agent)
    phone, others = [Phone(desk, (await one.get("/second-factor")).text) for one in (here, there)]

    slipped = await here.post("/second-factor", data={"order": "on", "key": phone.key, "code": "000000"})
    stranger = await desk.signed_in(await mira(desk))
    stolen = await stranger.post("/second-factor", data={"order": "on", "key": phone.key, "code": "000000"})

    assert Phone(desk, slipped.text).shows() == phone.shows() != others.shows()
    assert stolen.status_code == 503


async def test_a_stolen_dump_signs_nobody_in_and_what_is_over_is_swept(desk):
    agent = await mira(desk)
    phone, _ = await with_second_factor(desk, agent)
    async with desk.system() as tx:
        kept = await tx.session.get(SecondFactor, agent.id)
        assert phone.secret.encode() not in kept.secret
        await second_factors.remove(tx, agent.id)
    _, codes = await with_second_factor(desk, agent)
    await at_the_door(desk, agent)
    async with desk.system() as tx:
        hashes = [row.code_hash for row in await tx.session.scalars(select(RecoveryCode))]
        assert not any(code.replace("-", "").encode() in hashes for code in codes)
        assert await tx.session.scalar(select(HalfSignIn))

    desk.clock.advance(timedelta(minutes=16))
    await timetable.sweep_credentials(desk.web)
    async with desk.system() as tx:
        assert await tx.session.scalar(select(HalfSignIn)) is None
        assert await tx.session.scalar(select(SignInAttempt)) is None
