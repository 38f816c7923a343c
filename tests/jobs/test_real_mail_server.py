"""Through a real Postfix: in by LMTP, out by SMTP, and the answer to the answer finds its ticket."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from functools import partial
from typing import Any

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.listener import Listener
from helpdesk.domain import agents, tickets
from helpdesk.domain.tickets import OutgoingMail, RawMail
from helpdesk.jobs.mail.intake import Intake
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.mail.send import send_mail
from helpdesk.settings import Settings
from tests.factories import an_agent
from tests.mail_desk import MailDesk, a_mail
from tests.mail_transport import needs_postfix, running_postfix

pytestmark = needs_postfix


@asynccontextmanager
async def listening(desk: MailDesk) -> AsyncIterator[int]:
    """Our own LMTP door."""
    intake = Intake(desk.database)
    door = Listener(
        intake.accepts, partial(intake.receive, path="lmtp"), hostname="helpdesk", protocol="lmtp"
    )
    port = await door.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        await door.close()


@asynccontextmanager
async def a_customers_server(taken: list[bytes]) -> AsyncIterator[int]:
    async def receive(sender: str, recipients: Any, raw: bytes, *_: str) -> None:
        taken.append(raw)

    server = Listener(lambda _: True, receive, hostname="mx.customer.example")
    port = await server.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        await server.close()


def handed_in(port: int, to: str, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("kim@customer.example", [to], raw)


async def read(desk: MailDesk, count: int) -> list[RawMail]:
    """Waits for so many mails to be kept, and reads what is new."""
    async with asyncio.timeout(60):
        while len(kept := await desk.all(RawMail)) < count:
            await asyncio.sleep(0.05)
    for mail in kept:
        await read_mail(desk.workshop, {"mail_id": str(mail.id)})
    return await desk.all(RawMail)


async def test_a_mail_comes_in_its_answer_goes_out_and_the_reply_to_that_joins_the_ticket(
    desk: MailDesk,
) -> None:
    taken: list[bytes] = []
    async with listening(desk) as inward, a_customers_server(taken) as outward:
        with running_postfix(f"lmtp:inet:127.0.0.1:{inward}", outward) as port:
            await asyncio.to_thread(handed_in, port, "support@demo.localhost", a_mail("Long line " * 300))
            (first,) = await read(desk, 1)
            ticket = await desk.ticket_of(first)

            await answer(desk, ticket.id, port)
            async with asyncio.timeout(60):
                while not (got := [raw for raw in taken if b"new belt" in raw]):
                    await asyncio.sleep(0.05)
            mail = message_from_bytes(got[0], policy=policy.default)
            reply = a_mail("It works", subject=f"Re: {mail['Subject']}", In_Reply_To=str(mail["Message-ID"]))
            address = mail["Reply-To"].addresses[0].addr_spec
            await asyncio.to_thread(handed_in, port, address, reply)
            mails = await read(desk, 2)

    assert [one.state for one in mails] == ["on_ticket", "on_ticket"]
    assert {(await desk.ticket_of(one)).id for one in mails} == {ticket.id}
    assert (first.path, first.envelope_from) == ("lmtp", "kim@customer.example")


async def answer(desk: MailDesk, ticket_id: Any, port: int) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        tx.actor = await agents.actor_of(tx, await an_agent(tx, "Maja"))
        await tickets.reply(tx, ticket_id, "A new belt helps.")
    given = desk.workshop.settings.model_dump() | {"smtp_out_url": f"smtp://127.0.0.1:{port}", "demo": False}
    workshop = replace(desk.workshop, settings=Settings(**given))
    for mail in await desk.all(OutgoingMail):
        await send_mail(workshop, {"mail_id": str(mail.id)})
