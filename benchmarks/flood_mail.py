"""A flood of mail that comes and stops when it is told to, and what of it stands on tickets."""

import asyncio
import smtplib
import subprocess
import sys
import threading
import time
import uuid

import asyncpg
import psutil

from benchmarks.desk import MAIL_ADDRESS
from helpdesk.storage import job_queue

SENDERS = 8
_LONGEST_DRAIN = 600.0
_SENT = "sent"


class Flood:
    """Its senders are a process that stands ready from the first slice, and steps back for everybody. What is
    taken but no ticket yet waits while the slice is quiet, and goes on in the next one."""

    def __init__(self, connection: asyncpg.Connection, port: int) -> None:
        self._connection = connection
        self.sent = 0
        command = [sys.executable, "-m", "benchmarks.flood_mail", str(port)]
        self._senders = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._sending: asyncio.Future[None] | None = None
        psutil.Process(self._senders.pid).nice(10)

    async def keep_up(self, waiting: int) -> None:
        """As many more as are placed meanwhile: so many wait, or are on their way."""
        await self._until_sent()
        self.send(max(waiting - (self.sent - await self.placed()), 0))

    def send(self, mails: int) -> None:
        """So many more, over a few connections, each as fast as it is let."""
        assert self._senders.stdin is not None
        self.sent += mails
        self._senders.stdin.write(f"{mails}\n")
        self._senders.stdin.flush()
        self._sending = asyncio.get_running_loop().run_in_executor(None, self._hear)

    async def hold(self) -> None:
        """No mail is sent, read or placed until `go_on`. Errors: RuntimeError when one was not taken."""
        await self._until_sent()
        await self._connection.execute(
            "UPDATE pgqueuer SET execute_after = now() + interval '1 day'"
            " WHERE entrypoint = 'read_mail' AND status = 'queued'"
        )
        while await self._connection.fetchval(  # noqa: ASYNC110  another process does it
            "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'read_mail' AND status = 'picked'"
        ):
            await asyncio.sleep(0.05)

    async def go_on(self) -> None:
        await self._connection.execute(
            "UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'read_mail' AND status = 'queued'"
        )
        await job_queue.wake(self._connection)

    async def placed(self) -> int:
        """How many mails stand on tickets."""
        return int(await self._connection.fetchval("SELECT count(*) FROM raw_mail WHERE state = 'on_ticket'"))

    async def all_placed(self) -> float:
        """How many a second it were until then. Errors: TimeoutError when some are lost."""
        before, begun = await self.placed(), time.perf_counter()
        async with asyncio.timeout(_LONGEST_DRAIN):
            await self._until_sent()
            while await self.placed() < self.sent:  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.1)
        return (self.sent - before) / (time.perf_counter() - begun)

    def close(self) -> None:
        self._senders.kill()
        self._senders.wait()

    async def _until_sent(self) -> None:
        """Errors: RuntimeError when one was not taken."""
        if self._sending is not None:
            await self._sending

    def _hear(self) -> None:
        assert self._senders.stdout is not None
        if self._senders.stdout.readline().strip() != _SENT:
            raise RuntimeError("A mail was not taken.")


def send(port: int, count: int) -> None:
    left = threading.Semaphore(count)
    failures: list[Exception] = []

    def sender(number: int) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", port) as client:
                while left.acquire(blocking=False):
                    client.sendmail(*_mail(number))
        except (OSError, smtplib.SMTPException) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _mail(number: int) -> tuple[str, list[str], str]:
    mark, me = uuid.uuid4().hex, f"kim{number}@customer.example"
    head = f"From: Kim <{me}>\r\nTo: {MAIL_ADDRESS}\r\nMessage-ID: <{mark}@customer.example>\r\n"
    return me, [MAIL_ADDRESS], f"{head}Subject: {mark}\r\n\r\nThe mill stops.\r\n"


def main() -> None:
    for line in sys.stdin:
        send(int(sys.argv[1]), int(line))
        print(_SENT, flush=True)


if __name__ == "__main__":
    main()
