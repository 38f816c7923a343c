"""Mail under measure: reading on one core, and taking it in by SMTP beside aiosmtpd with a bare insert.

Both listeners run in this process on one loop and one PostgreSQL, under the same senders, in turns.
"""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks import floors
from benchmarks.desk import MAIL_ADDRESS, found
from helpdesk.channels.email.listener import Listener
from helpdesk.channels.email.mail import pack
from helpdesk.channels.email.reader import read
from helpdesk.clock import SystemClock
from helpdesk.jobs.mail.intake import Intake
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database, driver_arguments, driver_dsn
from helpdesk.storage.embedded import EmbeddedDatabase
from helpdesk.storage.files import Files

SAMPLES = Path(__file__).parents[1] / "tests/channels/samples"
TEXT = "Since this morning the mill stops after ten minutes. We have changed the fuse and the belt.\r\n" * 20
SENDERS = 8


def corpus() -> list[bytes]:
    """The samples, plain mails, an answer with a long quote, and an HTML newsletter."""
    quote = "".join(f"> {line}\r\n" for line in TEXT.split("\r\n"))
    html = (
        "<table>"
        + "<tr><td><p>Word <b>bold</b> <a href='https://x.example/'>link</a></p></td></tr>" * 300
        + "</table>"
    )
    head = (
        "From: Kim <kim{n}@x.example>\r\nTo: support@x.example\r\nSubject: Mail {n}\r\n"
        "Message-ID: <{n}@x.example>\r\n"
    )
    mails = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]
    for number in range(4):
        mails.append((head.format(n=number) + "\r\n" + TEXT).encode())
        mails.append((head.format(n=number + 10) + f"\r\nYes.\r\n\r\nOn Mon, Kim wrote:\r\n{quote}").encode())
    mails.append((head.format(n=99) + f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}").encode())
    return mails


def reading(seconds: float) -> tuple[float, float]:
    """(ours, the standard library's bare parse) in mails a second, on this core."""
    mails = corpus()
    return _rate(mails, lambda raw: pack(read(raw)), seconds), _rate(mails, _bare_parse, seconds)


async def taking_in(url: str, seconds: float, rounds: int) -> tuple[list[float], list[float]]:
    """Mails a second from DATA to 250: (ours, bare), a figure for each round."""
    database = Database(url, SystemClock())
    pool = await asyncpg.create_pool(
        driver_dsn(await floors.prepare(url)), min_size=8, max_size=8, **driver_arguments(url)
    )
    intake = Intake(database)
    ours = Listener(intake.accepts, intake.receive, hostname="mx")
    port = await ours.start("127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    bare = await loop.create_server(lambda: SMTP(_Bare(pool), loop=loop), "127.0.0.1", 0)
    bare_port = bare.sockets[0].getsockname()[1]
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        figures[1].append(await _sent(bare_port, seconds))
        figures[0].append(await _sent(port, seconds))
    await ours.close()
    bare.close()
    await pool.close()
    await database.close()
    return figures


async def whole_way(url: str, count: int) -> float:
    """Mails a second from the stored bytes to the ticket: child process, files, decision, rows."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(secret_key=uuid4().hex + uuid4().hex, data_dir=Path(folder), demo=True)
        database = Database(url, SystemClock())
        workshop = open_workshop(database, settings, Files(Path(folder) / "files", settings.key))
        intake = Intake(database)
        for _ in range(count):
            await intake.receive("kim@x.example", [MAIL_ADDRESS], _mail(), "", "")
        connection = await database.connect()
        waiting = [
            str(row[0])
            for row in await connection.fetch("SELECT id FROM raw_mail WHERE state = 'new' LIMIT $1", count)
        ]
        await connection.close()
        begun = time.perf_counter()
        for start in range(0, len(waiting), SENDERS):
            await asyncio.gather(
                *(read_mail(workshop, {"mail_id": one}) for one in waiting[start : start + SENDERS])
            )
        rate = len(waiting) / (time.perf_counter() - begun)
        await workshop.readers.close()
        await database.close()
        return rate


class _Bare:
    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await floors.keep(self._pool, str(envelope.mail_from), bytes(envelope.original_content or b""))
        return "250 kept"


async def _sent(port: int, seconds: float) -> float:
    ends, count = time.perf_counter() + seconds, 0

    async def send() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        await _say(reader, writer, b"EHLO bench\r\n")
        while time.perf_counter() < ends:
            await _say(reader, writer, b"MAIL FROM:<kim@x.example>\r\n")
            await _say(reader, writer, b"RCPT TO:<" + MAIL_ADDRESS.encode() + b">\r\n")
            await _say(reader, writer, b"DATA\r\n")
            answer = await _say(reader, writer, _mail() + b"\r\n.\r\n")
            assert answer.startswith(b"250"), answer
            count += 1
        writer.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return count / seconds


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    while (answer := await reader.readline())[3:4] == b"-":
        pass
    return answer


def _mail() -> bytes:
    mark = uuid4().hex
    return (
        f"From: Kim <kim@x.example>\r\nTo: {MAIL_ADDRESS}\r\nSubject: {mark}\r\n"
        f"Message-ID: <{mark}@x.example>\r\n\r\n{TEXT}"
    ).encode()


def _bare_parse(raw: bytes) -> None:
    for part in message_from_bytes(raw).walk():
        part.get_payload(decode=True)


def _rate(mails: list[bytes], act: Callable[[bytes], object], seconds: float) -> float:
    begun, count = time.process_time(), 0
    while time.process_time() - begun < seconds:
        for raw in mails:
            act(raw)
        count += len(mails)
    return count / (time.process_time() - begun)


async def _measured(url: str, seconds: float, rounds: int) -> tuple[tuple[list[float], list[float]], float]:
    await found(url, 1)
    gc.freeze()
    return await taking_in(url, seconds, rounds), await whole_way(url, 400)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=3.0)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    ours, bare = reading(given.seconds)
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedDatabase(Path(folder) / "data", say=print)
        try:
            url = server.start()
            (taken, floor), whole = uvloop.run(_measured(url, given.seconds, given.rounds))
        finally:
            server.stop()
    share = statistics.median(one / other for one, other in zip(taken, floor, strict=True))
    print(f"read on one core      {ours:8,.0f} mails/s   goal 200   (bare stdlib parse {bare:,.0f})")
    middle = f"{statistics.median(taken):8,.0f} mails/s   floor {statistics.median(floor):,.0f}"
    print(f"taken in by SMTP      {middle}   {share:.0%} of it, goal 60 %")
    print(f"from bytes to ticket  {whole:8,.0f} mails/s   with the reading child beside it")


if __name__ == "__main__":
    main()
