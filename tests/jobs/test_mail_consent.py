"""A mailbox read by its owner's consent: asked for, renewed in time, asked for again when refused."""

import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.app import Web
from helpdesk.auth import sessions
from helpdesk.channels.email.child import Readers
from helpdesk.clock import FixedClock
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.domain.tickets.mail import inlets
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import Unavailable
from helpdesk.jobs.mail import consent as mail_consent
from helpdesk.jobs.mail.fetch import connected, fetch_new
from helpdesk.jobs.mail.watch import watch_inlets
from helpdesk.storage.database import Database
from tests.factories import an_agent
from tests.mail_desk import MailDesk, a_mail, a_mail_desk
from tests.mail_servers import Dovecot, needs_dovecot, running_dovecot
from tests.oauth_server import CLIENT, SECRET, OAuthServer, an_oauth_server


@pytest.fixture
async def provider() -> AsyncIterator[OAuthServer]:
    async with an_oauth_server() as server:
        yield server


@pytest.fixture
async def desk(database: Database, tmp_path: Path, readers: Readers, provider: OAuthServer) -> MailDesk:
    return await a_mail_desk(
        database,
        tmp_path,
        readers,
        mail_oauth_client_id=CLIENT,
        mail_oauth_client_secret=SECRET,
        mail_oauth_authorize_url=f"{provider.address}/authorize",
        mail_oauth_token_url=f"{provider.address}/token",
        mail_oauth_scope="imap offline",
    )


@pytest.fixture
async def web(desk: MailDesk, clock: FixedClock) -> AsyncIterator[Web]:
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    yield web
    await web.database.close()


async def signed_in(desk: MailDesk, web: Web, name: str) -> httpx2.AsyncClient:
    """An administrator's browser."""
    async with desk.database.transaction(SYSTEM) as tx:
        admin = await an_agent(tx, name, role=Role.ADMIN)
        token = await sessions.start(tx, admin.id, "127.0.0.1", "test")
    csrf = (await sessions.resume(desk.database, token)).csrf
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(web.asgi),
        base_url="http://127.0.0.1:8000",
        cookies={web.starlette.state.session_cookie: token},
        headers={"X-CSRF-Token": csrf, "Origin": "http://127.0.0.1:8000"},
    )


@pytest.fixture
async def browser(desk: MailDesk, web: Web) -> AsyncIterator[httpx2.AsyncClient]:
    client = await signed_in(desk, web, "Olga")
    yield client
    await client.aclose()


async def a_mailbox(desk: MailDesk, browser: httpx2.AsyncClient) -> UUID:
    form = {"inbox": str(desk.inbox.id), "kind": "imap", "auth": "other", "host": "imap.example.com",
            "port": "993", "user": "support@example.com", "folder": "INBOX", "enabled": "on"}  # fmt: skip
    assert (await browser.post("/admin/mail", data=form)).status_code == 303
    return UUID(str((await desk.one(Inlet)).id))


async def asked(browser: httpx2.AsyncClient, inlet_id: UUID) -> str:
    """The address that the page sends the administrator to."""
    page = await browser.post(f"/admin/mail/{inlet_id}/authorise")
    found = re.search(r'href="(http://127[^"]+/authorize[^"]+)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


async def consented(browser: httpx2.AsyncClient, inlet_id: UUID) -> httpx2.Response:
    url = await asked(browser, inlet_id)
    async with httpx2.AsyncClient() as elsewhere:
        sent_back = (await elsewhere.get(url)).headers["location"]
    return await browser.get(sent_back.removeprefix("http://127.0.0.1:8000"))


async def test_an_administrator_authorises_a_mailbox_and_its_token_is_kept_sealed(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer
) -> None:
    inlet_id = await a_mailbox(desk, browser)

    answer = await consented(browser, inlet_id)

    token = await mail_consent.access_token(desk.workshop, inlet_id)
    inlet = await desk.one(Inlet)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/mail?saved=1")
    assert token in provider.good
    assert token.encode() not in inlet.tokens
    assert provider.grants == ["authorization_code"]
    assert "Authorise again" in (await browser.get("/admin/mail")).text


async def test_a_mailbox_just_authorised_does_not_say_that_it_works_before_it_was_opened(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    async with desk.database.transaction(SYSTEM) as tx:
        await inlets.failed(tx, inlet_id, "Nobody has authorised this mailbox yet.")

    await consented(browser, inlet_id)

    assert "Not looked into yet" in (await browser.get("/admin/mail")).text


async def test_a_mailbox_whose_server_nobody_knows_is_asked_for_it(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    form = {
        "inbox": str(desk.inbox.id),
        "kind": "imap",
        "user": "support@nowhere",
        "secret": "s",
        "enabled": "on",
    }

    answer = await browser.post("/admin/mail", data=form)

    assert answer.status_code == 422
    assert "No mail server was found for this address" in answer.text


async def test_an_answer_counts_once_for_the_one_who_asked_and_not_for_long(
    desk: MailDesk, web: Web, browser: httpx2.AsyncClient, provider: OAuthServer, clock: FixedClock
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    state = parse_qs(urlsplit(await asked(browser, inlet_id)).query)["state"][0]
    path = f"/admin/mail/authorised?code=stolen&state={state}"
    other = await signed_in(desk, web, "Per")

    foreign = await other.get(path)
    forged = await browser.get(path + "x")
    used = [await browser.get(path) for _ in range(2)]
    url = parse_qs(urlsplit(await asked(browser, inlet_id)).query)["state"][0]
    clock.advance(timedelta(minutes=21))
    late = await browser.get(f"/admin/mail/authorised?code=stolen&state={url}")
    await other.aclose()

    assert [one.status_code for one in (foreign, forged, *used, late)] == [422] * 5
    assert provider.grants == ["authorization_code"]  # the code of the first use, which no verifier fits
    assert (await desk.one(Inlet)).tokens is None


async def test_a_denied_consent_is_told_with_a_way_to_try_again(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    provider.denies = True

    answer = await consented(browser, inlet_id)

    assert answer.status_code == 422
    assert "access_denied" in answer.text
    assert f"/admin/mail/{inlet_id}/authorise" in answer.text


async def test_a_token_is_renewed_ahead_of_its_end(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer, clock: FixedClock
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    await consented(browser, inlet_id)
    first = await mail_consent.access_token(desk.workshop, inlet_id)

    clock.advance(timedelta(minutes=49))
    await mail_consent.renew_ahead(desk.workshop, inlet_id)
    same = await mail_consent.access_token(desk.workshop, inlet_id)
    clock.advance(timedelta(minutes=2))
    await mail_consent.renew_ahead(desk.workshop, inlet_id)

    assert same == first
    assert await mail_consent.access_token(desk.workshop, inlet_id) != first
    assert provider.grants == ["authorization_code", "refresh_token"]


async def test_a_consent_taken_back_alarms_administrators_at_once_and_a_new_one_ends_it(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer, clock: FixedClock
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    await consented(browser, inlet_id)
    provider.revoked = True
    clock.advance(timedelta(minutes=51))

    with pytest.raises(Unavailable):
        await mail_consent.renew_ahead(desk.workshop, inlet_id)
    await watch_inlets(desk.workshop)
    page = (await browser.get("/admin/mail")).text
    health = (await browser.get("/health/ready")).json()
    told = await desk.all(OutgoingMail)
    asked_again = len(provider.grants)
    with pytest.raises(Unavailable):
        await mail_consent.access_token(desk.workshop, inlet_id)

    assert "Token has been revoked" in page
    assert health["checks"]["mail_in"]["broken_inlets"][0]["kind"] == "imap"
    assert len(told) == 1
    assert len(provider.grants) == asked_again  # a refused token is not tried over and over

    provider.revoked = False
    await consented(browser, inlet_id)

    async with desk.database.transaction(SYSTEM) as tx:
        assert await inlets.broken(tx) == []
    assert await mail_consent.access_token(desk.workshop, inlet_id) in provider.good


@needs_dovecot
async def test_a_real_imap_server_lets_us_in_by_token_and_a_dead_one_is_renewed_once(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    await consented(browser, inlet_id)
    with running_dovecot(oauth=provider.address) as dovecot:
        await at(desk, dovecot)
        dovecot.deliver("one", a_mail("One"))
        first = await fetched(desk, inlet_id)

        provider.good.clear()  # as when a password was changed: the token ends before its time
        dovecot.deliver("two", a_mail("Two"))
        second = await fetched(desk, inlet_id)
        asked = provider.grants.copy()
        dovecot.deliver("three", a_mail("Three"))
        provider.gives_bad_tokens = True
        provider.good.clear()
        with pytest.raises(Unavailable):
            await fetched(desk, inlet_id)

    assert (first, second) == (1, 1)
    assert asked == ["authorization_code", "refresh_token"]
    assert (await desk.one(Inlet)).refused_at is not None


async def at(desk: MailDesk, dovecot: Dovecot) -> None:
    """The mailbox is really there."""
    async with desk.database.transaction(SYSTEM) as tx:
        inlet = (await inlets.all_of(tx))[0]
        place = {"host": "127.0.0.1", "port": dovecot.port, "user": "support", "security": "none"}
        inlet.options = dict(inlet.options) | place


async def fetched(desk: MailDesk, inlet_id: UUID) -> int:
    with ThreadPoolExecutor(1) as thread:
        mailbox, has_consent = await connected(desk.workshop, inlet_id, thread)
        assert has_consent
        try:
            return await fetch_new(desk.workshop, inlet_id, mailbox, thread)
        finally:
            mailbox.close()


async def test_a_provider_out_of_reach_is_no_refusal(
    desk: MailDesk, browser: httpx2.AsyncClient, provider: OAuthServer, clock: FixedClock
) -> None:
    inlet_id = await a_mailbox(desk, browser)
    await consented(browser, inlet_id)
    desk.workshop.settings.mail_oauth_token_url = "http://127.0.0.1:1/token"
    clock.advance(timedelta(hours=2))

    with pytest.raises(Unavailable):
        await mail_consent.access_token(desk.workshop, inlet_id)

    assert (await desk.one(Inlet)).refused_at is None
