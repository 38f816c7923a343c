"""kill -9 at the worst moments: nothing is lost, nothing comes in twice, a doubled answer is the same mail.

HELPDESK_KILL_ROUNDS=100 runs more rounds than the few of the ordinary suite.
"""

import asyncio
import os
import smtplib
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.listener import Listener
from helpdesk.domain import tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail
from helpdesk.domain.tickets.mail import intake
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.mail.send import send_mail
from helpdesk.settings import Settings
from tests.mail_desk import MailDesk, a_mail
from tests.waiting import PATIENCE

ROUNDS = int(os.environ.get("HELPDESK_KILL_ROUNDS", "3"))
ROOT = Path(__file__).parents[2]


async def killed(*arguments: str) -> Any:
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", "")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.killed_process", *arguments, stdout=PIPE, env=environment, cwd=ROOT
    )


def handed_in(port: int, raw: bytes) -> bool:
    """Whether the server said 250."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
            client.sendmail("kim@customer.example", ["support@demo.localhost"], raw)
    except (smtplib.SMTPException, OSError):
        return False
    return True


async def test_killed_between_commit_and_250_the_senders_second_try_is_the_same_mail(desk: MailDesk) -> None:
    raws = [a_mail(f"Round {number}") for number in range(ROUNDS)]
    for raw in raws:
        process = await killed("take_in", desk.database.url)
        port = int(await process.stdout.readline())
        assert not await asyncio.to_thread(handed_in, port, raw)
        assert await process.wait() == -9

    async def receive(sender: str, recipients: Any, raw: bytes, *_: str) -> None:
        async with desk.database.transaction(SYSTEM) as tx:
            for one in recipients:
                await intake.keep_for(tx, one, path="smtp", envelope_from=sender, raw=raw)

    well = Listener(lambda _: True, receive, hostname="mx")
    port = await well.start("127.0.0.1", 0)
    for raw in raws:
        assert await asyncio.to_thread(handed_in, port, raw)
    await well.close()
    for kept in await desk.all(RawMail):
        await read_mail(desk.workshop, {"mail_id": str(kept.id)})

    assert len(await desk.all(RawMail)) == len(raws)
    assert sorted(one.body for one in await desk.all(Message)) == [f"Round {n}" for n in range(ROUNDS)]


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_killed_after_the_final_dot_the_same_mail_goes_once_more_and_no_further(
    desk: MailDesk, tmp_path: Path, round_number: int
) -> None:
    taken: list[bytes] = []

    async def relay(sender: str, recipients: Any, raw: bytes, *_: str) -> None:
        taken.append(raw)

    next_server = Listener(lambda _: True, relay, hostname="relay")
    url = f"smtp://127.0.0.1:{await next_server.start('127.0.0.1', 0)}"
    async with desk.database.transaction(SYSTEM) as tx:
        inbound = tickets.InboundMessage(
            inbox_id=desk.inbox.id, channel=Channel.EMAIL, body="Hi",
            sender=tickets.Sender(IdentityKind.EMAIL, "kim@customer.example"),
        )  # fmt: skip
        said = await tickets.receive_message(tx, inbound)
        answer = await tickets.reply(tx, said.ticket_id, "Try the lever.")
    mail = await desk.one(OutgoingMail, message_id=answer.message_id)

    process = await killed("send_out", desk.database.url, str(tmp_path), url, str(mail.id))
    await process.communicate()
    settings = Settings(
        secret_key="test-key-0123456789-abcdefghijklmnop",
        data_dir=tmp_path,
        smtp_out_url=url,
    )
    workshop = replace(desk.workshop, settings=settings)
    for _ in range(3):
        await send_mail(workshop, {"mail_id": str(mail.id)})
    await next_server.close()

    assert process.returncode == -9
    assert len(taken) == 2
    ids = {message_from_bytes(raw)["Message-ID"] for raw in taken}
    assert ids == {f"<{(await desk.one(OutgoingMail, id=mail.id)).rfc_message_id}>"}
    assert taken[0] == taken[1]
