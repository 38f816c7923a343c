"""Through a real Postfix and a real Dovecot: in, out, and the answer to the answer finds its ticket."""

import asyncio
import smtplib
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.listener import Listener
from helpdesk.domain import agents, tickets
from helpdesk.domain.inboxes import Inbox
from helpdesk.domain.tickets import OutgoingMail, RawMail
from helpdesk.jobs.mail.intake import Intake
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.mail.send import send_mail
from helpdesk.settings import Settings
from tests.factories import an_agent
from tests.jobs.test_fetching_mail import an_inlet, at, fetched, until_kept
from tests.mail_desk import MailDesk, a_mail
from tests.mail_servers import needs_dovecot_lmtp, running_dovecot
from tests.mail_transport import Postfix, may_call_python, needs_postfix, running_postfix
from tests.waiting import PATIENCE, eventually, until

pytestmark = needs_postfix


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with running_postfix() as server:
        yield server


@asynccontextmanager
async def listening(desk: MailDesk, port: int) -> AsyncIterator[None]:
    """Our own LMTP door."""
    intake = Intake(desk.database)
    door = Listener(
        intake.accepts, partial(intake.receive, path="lmtp"), hostname="helpdesk", protocol="lmtp"
    )
    await door.start("127.0.0.1", port)
    try:
        yield
    finally:
        await door.close()


@asynccontextmanager
async def a_customers_server(port: int, taken: list[bytes]) -> AsyncIterator[None]:
    async def receive(sender: str, recipients: Any, raw: bytes, *_: str) -> None:
        taken.append(raw)

    server = Listener(lambda _: True, receive, hostname="mx.customer.example")
    await server.start("127.0.0.1", port)
    try:
        yield
    finally:
        await server.close()


async def hand_in(postfix: Postfix, to: str, raw: bytes) -> None:
    def say() -> None:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=PATIENCE) as client:
            client.sendmail("kim@customer.example", [to], raw)

    await asyncio.to_thread(say)


async def read(desk: MailDesk, count: int) -> list[RawMail]:
    """Waits for so many mails to be kept, and reads what is new."""
    for mail in await until_kept(desk, count):
        await read_mail(desk.workshop, {"mail_id": str(mail.id)})
    return await desk.all(RawMail)


def reply_to(raw: bytes, text: str) -> tuple[str, bytes]:
    """Where the answer to a mail goes, and that answer."""
    mail = message_from_bytes(raw, policy=policy.default)
    answered = a_mail(text, subject=f"Re: {mail['Subject']}", In_Reply_To=str(mail["Message-ID"]))
    return mail["Reply-To"].addresses[0].addr_spec, answered


async def test_a_mail_comes_in_its_answer_goes_out_and_the_reply_to_that_joins_the_ticket(
    desk: MailDesk, postfix: Postfix
) -> None:
    taken: list[bytes] = []
    async with listening(desk, postfix.desk_port), a_customers_server(postfix.customer_port, taken):
        await hand_in(postfix, "support@demo.localhost", a_mail("Long line " * 300))
        (first,) = await read(desk, 1)
        ticket = await desk.ticket_of(first)

        await answer(desk, ticket.id, postfix.port)
        await until(lambda: b"new belt" in b"".join(taken))
        got = next(raw for raw in taken if b"new belt" in raw)
        await hand_in(postfix, *reply_to(got, "It works"))
        mails = await read(desk, 2)

    assert [one.state for one in mails] == ["on_ticket", "on_ticket"]
    assert {(await desk.ticket_of(one)).id for one in mails} == {ticket.id}
    assert (first.path, first.envelope_from) == ("lmtp", "kim@customer.example")


@needs_dovecot_lmtp
async def test_a_mailbox_that_is_filled_by_lmtp_is_fetched_and_what_we_answer_lies_in_the_customers_own(
    desk: MailDesk, postfix: Postfix
) -> None:
    with running_dovecot(lmtp_port=postfix.mailbox_port) as dovecot:
        inlet_id, customers = await an_inlet(desk, dovecot), dovecot.maildir.parent / "kim"
        await has_address(desk, "support@mailbox.example")
        await hand_in(postfix, "support@mailbox.example", a_mail("Stuck", sender="kim@mailbox.example"))
        await until_there(dovecot.maildir, 1)
        await fetched(desk, inlet_id, at(dovecot))
        (first,) = await read(desk, 1)
        ticket = await desk.ticket_of(first)

        await answer(desk, ticket.id, postfix.port)
        await until_there(customers, 2)  # the acknowledgement lies there as well
        (got,) = [raw for raw in there(customers) if b"new belt" in raw]
        address, raw = reply_to(got, "It works")
        await hand_in(postfix, address, raw.replace(b"kim@customer.example", b"kim@mailbox.example"))
        await until_there(dovecot.maildir, 2)
        await fetched(desk, inlet_id, at(dovecot))
        mails = await read(desk, 2)

    assert [(one.path, one.state) for one in mails] == [("imap", "on_ticket")] * 2
    assert {(await desk.ticket_of(one)).id for one in mails} == {ticket.id}
    assert address.startswith("support+")


async def test_a_mail_server_calls_the_command_keeps_what_is_not_taken_and_hands_it_over_later(
    desk: MailDesk, postfix: Postfix
) -> None:
    if not may_call_python():
        pytest.skip("the Python of this environment is not readable for the account of a mail server")
    command = f'{sys.executable} -m helpdesk mail receive --inbox support@demo.localhost --sender "$2"'
    settings = f"export HELPDESK_DATABASE_URL='{desk.database.url}' PYTHONPATH='{':'.join(sys.path)}'\n"

    postfix.calls("exit 75")
    await hand_in(postfix, "anybody@piped.example", a_mail("From a mail server that keeps it first"))
    await until(lambda: "status=deferred" in postfix.log())
    assert await desk.all(RawMail) == []
    postfix.calls(settings + command)

    async def is_handed_over() -> bool:
        await asyncio.to_thread(postfix.tries_again)
        return bool(await desk.all(RawMail))

    await eventually(is_handed_over, every=0.5, failing=postfix.log)
    (mail,) = await read(desk, 1)

    assert (mail.path, mail.envelope_from, mail.state) == ("pipe", "kim@customer.example", "on_ticket")
    assert b"Return-Path: <kim@customer.example>" in mail.raw


async def answer(desk: MailDesk, ticket_id: Any, port: int) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        tx.actor = await agents.actor_of(tx, await an_agent(tx, "Maja"))
        await tickets.reply(tx, ticket_id, "A new belt helps.")
    given = desk.workshop.settings.model_dump() | {"smtp_out_url": f"smtp://127.0.0.1:{port}", "demo": False}
    workshop = replace(desk.workshop, settings=Settings(**given))
    for mail in await desk.all(OutgoingMail):
        await send_mail(workshop, {"mail_id": str(mail.id)})


async def has_address(desk: MailDesk, address: str) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        (await tx.session.get_one(Inbox, desk.inbox.id)).address = address


def there(maildir: Path) -> list[bytes]:
    return [path.read_bytes() for part in ("new", "cur") for path in (maildir / part).glob("*")]


async def until_there(maildir: Path, count: int) -> None:
    await until(lambda: len(there(maildir)) >= count)
