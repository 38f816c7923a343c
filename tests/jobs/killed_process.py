"""A process that kills itself (-9) at the worst moment: run by test_kills.py."""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.listener import Listener
from helpdesk.channels.email.mailbox import Mailbox
from helpdesk.clock import SystemClock
from helpdesk.domain.tickets.mail import intake, mailing
from helpdesk.jobs.mail import read as reader
from helpdesk.jobs.mail.fetch import connected, fetch_new
from helpdesk.jobs.mail.send import send_mail
from helpdesk.jobs.reactions import REACTIONS
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def take_in(database: Database) -> None:
    """Listens, keeps one mail, commits, and dies before the 250."""

    async def receive(sender: str, recipients: Any, raw: bytes, *_: str) -> None:
        async with database.transaction(SYSTEM) as tx:
            for one in recipients:
                await intake.keep_for(tx, one, path="smtp", envelope_from=sender, raw=raw)
        die()

    port = await Listener(lambda _: True, receive, hostname="mx").start("127.0.0.1", 0)
    print(port, flush=True)
    await asyncio.Event().wait()


async def fetch(database: Database, folder: Path, inlet_id: str) -> None:
    """Fetches one mail, commits it with the cursor, and dies before it is marked on the server."""
    Mailbox.done_with = die  # type: ignore[method-assign]
    here = frozenset({"127.0.0.0/8"})
    settings = Settings(
        secret_key="test-key-0123456789-abcdefghijklmnop", data_dir=folder, private_networks=here
    )
    workshop = open_workshop(database, settings, Files(folder / "files", settings.key))
    with ThreadPoolExecutor(1) as thread:
        mailbox, _ = await connected(workshop, UUID(inlet_id), thread)
        await fetch_new(workshop, UUID(inlet_id), mailbox, thread)


async def send_out(database: Database, folder: Path, url: str, mail_id: str) -> None:
    """Hands a mail over and dies before the outbox hears of it."""
    mailing.handed_over = die  # type: ignore[assignment]
    settings = Settings(
        secret_key="test-key-0123456789-abcdefghijklmnop",
        data_dir=folder,
        smtp_out_url=url,
    )
    workshop = open_workshop(database, settings, Files(folder / "files", settings.key))
    await send_mail(workshop, {"mail_id": mail_id})


async def read(database: Database, folder: Path, mail_id: str) -> None:
    """Stores the files of a mail and dies before the row that names them commits."""
    reader.tickets.attachments.add = die  # type: ignore[assignment]
    settings = Settings(secret_key="test-key-0123456789-abcdefghijklmnop", data_dir=folder, demo=True)
    workshop = open_workshop(database, settings, Files(folder / "files", settings.key))
    await reader.read_mail(workshop, {"mail_id": mail_id})


def main(mode: str, database_url: str, *rest: str) -> None:
    database = Database(database_url, SystemClock(), REACTIONS, pool_size=4)
    if mode == "take_in":
        asyncio.run(take_in(database))
    elif mode == "fetch":
        asyncio.run(fetch(database, Path(rest[0]), rest[1]))
    elif mode == "read":
        asyncio.run(read(database, Path(rest[0]), rest[1]))
    else:
        asyncio.run(send_out(database, Path(rest[0]), rest[1], rest[2]))


if __name__ == "__main__":
    main(*sys.argv[1:])
