"""Mail that nobody could read waits for an administrator, and leaves quarantine only by their decision."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.app import Web
from helpdesk.auth import sessions
from helpdesk.channels.email.child import Readers
from helpdesk.cli.mail_import import import_mail
from helpdesk.clock import FixedClock
from helpdesk.domain import oncall
from helpdesk.domain.oncall.alerting.escalation import Policy
from helpdesk.domain.tickets import OutgoingMail, RawMail, Ticket
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import Unavailable
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.mail.watch import requeue_unread_mail, watch_inlets
from helpdesk.storage.sealing import Sealer
from tests.factories import an_agent
from tests.mail_desk import MailDesk, a_mail

POISON = b"From: kim@customer.example\r\nSubject: Poison <script>\r\n\r\nstuck\r\n"


@pytest.fixture
async def browser(desk: MailDesk, clock: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator, signed in."""
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    async with desk.database.transaction(SYSTEM) as tx:
        admin = await an_agent(tx, "Olga", role=Role.ADMIN)
        token = await sessions.start(tx, admin.id, "127.0.0.1", "test")
    csrf = (await sessions.resume(desk.database, token)).csrf
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(web.asgi),
        base_url="http://127.0.0.1:8000",
        cookies={web.starlette.state.session_cookie: token},
        headers={"X-CSRF-Token": csrf, "Origin": "http://127.0.0.1:8000"},
    ) as client:
        yield client
    await web.database.close()


async def quarantined(desk: MailDesk, raw: bytes = POISON) -> RawMail:
    """Read three times by a reader that is stuck, as a poison mail makes it."""
    stuck = Readers(1, wall_seconds=0.3, module="tests.channels.email.stuck_reader")
    workshop = replace(desk.workshop, readers=stuck)
    desk.workshop, well = workshop, desk.workshop
    try:
        with pytest.raises(Unavailable):
            await desk.receive(raw)
        (kept,) = await desk.all(RawMail, state="new")
        with pytest.raises(Unavailable):
            await read_mail(workshop, {"mail_id": str(kept.id)})
        await read_mail(workshop, {"mail_id": str(kept.id)})
    finally:
        desk.workshop = well
        await stuck.close()
    found: RawMail = await desk.one(RawMail, id=kept.id)
    return found


async def test_a_mail_that_stops_its_reader_is_set_aside_after_three_tries_and_the_next_is_read(
    desk: MailDesk,
) -> None:
    kept = await quarantined(desk)
    after = await desk.receive(a_mail())

    assert (kept.state, kept.cause, kept.attempts) == ("quarantined", "mail_took_too_long", 3)
    assert after.state == "on_ticket"


async def test_an_administrator_sees_it_as_text_and_downloads_the_bytes(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    kept = await quarantined(desk)

    listed = await browser.get("/admin/mail/kept")
    shown = await browser.get(f"/admin/mail/kept/{kept.id}")
    original = await browser.get(f"/admin/mail/kept/{kept.id}/original")

    assert "Reading it took too long" in listed.text
    assert "Poison &lt;script&gt;" in listed.text
    assert "Poison &lt;script&gt;" in shown.text
    assert (original.content, original.headers["content-type"]) == (POISON, "message/rfc822")
    assert original.headers["content-disposition"].startswith("attachment")


async def test_released_it_is_read_again_with_wider_limits(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    kept = await quarantined(desk)

    answer = await browser.post(f"/admin/mail/kept/{kept.id}", data={"action": "wide"})
    await read_mail(desk.workshop, {"mail_id": str(kept.id)})

    assert answer.status_code == 303
    again = await desk.one(RawMail, id=kept.id)
    assert (again.state, again.is_wide) == ("on_ticket", True)


async def test_opened_by_hand_the_ticket_carries_the_mail_as_a_file(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    kept = await quarantined(desk)

    await browser.post(f"/admin/mail/kept/{kept.id}", data={"action": "whole"})

    message = await desk.message_of(await desk.one(RawMail, id=kept.id))
    (file,) = message.attachments
    assert await desk.workshop.files.get(str(file["key"])) == POISON
    assert (await desk.one(Ticket)).subject == "Poison <script>"


async def test_discarded_it_is_gone_from_the_list_and_the_count_still_balances(
    desk: MailDesk, browser: httpx2.AsyncClient, clock: FixedClock
) -> None:
    kept = await quarantined(desk)

    await browser.post(f"/admin/mail/kept/{kept.id}", data={"action": "discard"})
    again = await browser.post(f"/admin/mail/kept/{kept.id}", data={"action": "discard"})

    assert "mail_took_too_long" not in (await browser.get("/admin/mail/kept")).text
    assert again.status_code == 303  # what is discarded may still be decided about
    async with desk.database.transaction(SYSTEM) as tx:
        assert (await inlets.day_count(tx, clock.now().date()))["balances"]


async def test_the_count_does_not_balance_while_a_mail_is_on_no_ticket_that_is_there(
    desk: MailDesk, clock: FixedClock
) -> None:
    kept = await desk.receive(a_mail())
    day = clock.now().date()
    async with desk.database.transaction(SYSTEM) as tx:
        before = await inlets.day_count(tx, day)
        mail = await tx.session.get_one(RawMail, kept.id)
        mail.message_id = tx.new_id()
        await tx.session.flush()
        after = await inlets.day_count(tx, day)

    assert (before["balances"], after["balances"]) == (True, False)


async def test_an_agent_may_not_open_the_quarantine(desk: MailDesk, clock: FixedClock) -> None:
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    async with desk.database.transaction(SYSTEM) as tx:
        agent = await an_agent(tx, "Maja")
        token = await sessions.start(tx, agent.id, "127.0.0.1", "test")
    transport = httpx2.ASGITransport(web.asgi)
    cookies = {web.starlette.state.session_cookie: token}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", cookies=cookies
    ) as client:
        assert (await client.get("/admin/mail/kept")).status_code == 403
        assert (await client.get("/admin/mail")).status_code == 403
    await web.database.close()


async def test_a_mailbox_password_is_written_and_never_shown(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    form = {
        "inbox": str(desk.inbox.id), "kind": "imap", "secret": "hunter2-hunter2", "host": "imap.example.com",
        "port": "993", "user": "support", "security": "tls", "after": "keep", "enabled": "on",
    }  # fmt: skip

    saved = await browser.post("/admin/mail", data=form)
    page = await browser.get("/admin/mail")

    assert saved.status_code == 303
    assert "imap.example.com" in page.text
    assert "hunter2" not in page.text
    async with desk.database.transaction(SYSTEM) as tx:
        (inlet,) = await inlets.all_of(tx)
    assert b"hunter2" not in (inlet.secret or b"")
    sealer = Sealer(desk.workshop.settings.key)
    assert sealer.open(inlet.secret or b"", inlet.id) == "hunter2-hunter2"
    with pytest.raises(Unavailable):
        sealer.open(inlet.secret or b"", desk.inbox.id)


@pytest.mark.parametrize(
    "elsewhere", [{"host": "203.0.113.9"}, {"security": "none"}, {"port": "143"}, {"user": "another"}]
)
async def test_a_password_is_told_to_the_server_it_was_given_for_and_to_no_other(
    desk: MailDesk, browser: httpx2.AsyncClient, elsewhere: dict[str, str]
) -> None:
    form = {
        "inbox": str(desk.inbox.id), "kind": "imap", "secret": "hunter2-hunter2", "host": "imap.example.com",
        "port": "993", "user": "support", "security": "tls", "after": "keep", "enabled": "on",
    }  # fmt: skip
    await browser.post("/admin/mail", data=form)

    moved = await browser.post("/admin/mail", data={**form, "secret": "", **elsewhere})
    kept = await browser.post("/admin/mail", data={**form, "secret": "", "after": "seen"})

    assert (moved.status_code, kept.status_code) == (422, 303)
    (inlet,) = await desk.all(Inlet)
    assert inlet.options["host"] == "imap.example.com"
    assert inlet.secret is not None


async def test_a_mailbox_form_knocks_on_no_other_door(desk: MailDesk, browser: httpx2.AsyncClient) -> None:
    form = {"inbox": str(desk.inbox.id), "kind": "imap", "secret": "x", "host": "127.0.0.1", "port": "5432"}

    answer = await browser.post("/admin/mail", data=form)

    assert answer.status_code == 422
    assert "993" in answer.text


async def test_administrators_hear_once_of_an_inlet_that_fails_for_five_minutes(
    desk: MailDesk, browser: httpx2.AsyncClient, clock: FixedClock
) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        inlet = await inlets.save(
            tx,
            desk.inbox.id,
            "imap",
            {"host": "imap.example.com", "port": 993},
            enabled=True,
            inlet_id=tx.new_id(),
        )
        await inlets.failed(tx, inlet.id, "connection refused")
    await watch_inlets(desk.workshop)
    early = len(await desk.all(OutgoingMail))
    clock.advance(timedelta(minutes=6))

    await watch_inlets(desk.workshop)
    await watch_inlets(desk.workshop)

    (notice,) = await desk.all(OutgoingMail)
    assert (early, notice.kind) == (0, "notice")
    assert notice.recipients[0].startswith("olga")
    assert 'role="alert"' in (await browser.get("/admin/mail")).text


async def test_who_is_on_call_is_rung_about_a_stopped_inlet_until_it_works_again(
    desk: MailDesk, clock: FixedClock
) -> None:
    where = {"host": "imap.example.com", "port": 993}
    async with desk.database.transaction(SYSTEM) as tx:
        one = {"kind": "person", "id": str((await an_agent(tx, "Priya")).id)}
        await oncall.policies.add_policy(tx, "Night", Policy.parse({"steps": [{"targets": [one]}]}))
        inlet = await inlets.save(tx, desk.inbox.id, "imap", where, enabled=True, inlet_id=tx.new_id())
        await inlets.failed(tx, inlet.id, "connection refused")
    clock.advance(timedelta(minutes=6))

    await watch_inlets(desk.workshop)
    await watch_inlets(desk.workshop)
    (ringing,) = await desk.all(oncall.Alert)
    async with desk.database.transaction(SYSTEM) as tx:
        await inlets.worked(tx, inlet.id)
    await watch_inlets(desk.workshop)
    (over,) = await desk.all(oncall.Alert)

    assert [one.agent_id for one in await desk.all(oncall.AlertNotification)] != []
    assert (ringing.status, ringing.details["body"]) == ("open", "connection refused")
    assert over.status == "closed"


async def test_a_mail_whose_job_was_lost_is_read_after_all(desk: MailDesk, clock: FixedClock) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        await intake.keep_for(tx, "support@demo.localhost", path="smtp", envelope_from="", raw=a_mail())
        tx.jobs.clear()
    clock.advance(timedelta(minutes=20))

    await requeue_unread_mail(desk.workshop)

    connection = await desk.database.connect()
    try:
        assert await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'read_mail'") == 1
    finally:
        await connection.close()


async def test_imported_mail_is_taken_once_and_acknowledged_to_nobody(desk: MailDesk, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "one.eml").write_bytes(a_mail("One", message_id="one@old.example"))
    (folder / "Maildir" / "cur").mkdir(parents=True)
    (folder / "Maildir" / "cur" / "1763.M1P2.mx:2,S").write_bytes(a_mail("Four"))
    (folder / "readme").write_bytes(b"No mail")
    (folder / "box.mbox").write_bytes(b"From x\n" + a_mail("Two") + b"\nFrom y\n" + a_mail("Three") + b"\n")

    first = await import_mail(desk.database, folder, "support@demo.localhost")
    again = await import_mail(desk.database, folder, "support@demo.localhost")
    for mail in await desk.all(RawMail):
        await read_mail(desk.workshop, {"mail_id": str(mail.id)})

    assert (first, again) == ((4, 0, 0), (0, 4, 0))
    assert len(await desk.tickets()) == 4
    assert await desk.all(OutgoingMail) == []
