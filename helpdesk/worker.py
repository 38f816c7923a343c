"""The background process: jobs, the timetable, mail in. `serve` begins it beside itself."""

import asyncio
import errno
import socket
import ssl
from functools import partial
from typing import Literal

import structlog

from helpdesk.channels.email.listener import Listener
from helpdesk.domain.tickets import queue
from helpdesk.errors import Conflict, Invalid
from helpdesk.jobs.distribute import Distributor
from helpdesk.jobs.handlers import workers
from helpdesk.jobs.mail.fetch import Fetchers
from helpdesk.jobs.mail.intake import Intake
from helpdesk.jobs.mail.send import release_waiting
from helpdesk.jobs.timetable import Timetable
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.giving_way import GivingWay, People
from helpdesk.storage.wakeups import Wakeups

_OFF = {
    "smtp": "Choose another HELPDESK_SMTP_IN_PORT; 0 turns taking mail in by SMTP off.",
    "lmtp": "Choose another HELPDESK_LMTP_PORT; 0 turns LMTP off.",
}

log = structlog.get_logger(__name__)


def check(settings: Settings) -> None:
    """What would keep the work from beginning, while somebody still reads what a command says.
    Errors: Conflict when a mail port is taken, Invalid for a setting that cannot be used."""
    certificate(settings)
    for port in filter(None, (settings.smtp_in_port, settings.lmtp_port)):
        host = settings.smtp_in_host
        try:
            socket.create_server((host, port), family=family_of(host)).close()
        except (OSError, UnicodeError) as failure:
            refuse_address("HELPDESK_SMTP_IN_HOST", f"{host}:{port}", failure)
            named = _OFF["lmtp" if port == settings.lmtp_port else "smtp"]
            raise Conflict(
                "port_taken", f"{host}:{port} is used by another server already. {named}"
            ) from None


def refuse_address(setting: str, address: str, failure: OSError | UnicodeError) -> None:
    """A port that is taken is no fault of the setting. Errors: Invalid for anything else."""
    if getattr(failure, "errno", None) != errno.EADDRINUSE:
        reason = str(getattr(failure, "strerror", None) or failure).partition(" (while")[0]
        raise Invalid(
            "setting_invalid", f"{setting}: {address} cannot be used ({reason})", field=setting
        ) from None


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Background:
    def __init__(
        self, database: Database, settings: Settings, files: Files, wakeups: Wakeups, people: People
    ) -> None:
        queue.use(queue.QueueSettings(**settings.queue))
        self._database, self._settings = database, settings
        self._workshop = open_workshop(database, settings, files)
        self._workshop.giving_way = GivingWay(people.are_served)
        self._workers = workers(self._workshop)
        self._timetable = Timetable(self._workshop)
        self._distributor = Distributor(self._workshop, wakeups)
        self._fetchers = Fetchers(self._workshop)
        self._intake = Intake(database, self._workshop.giving_way)
        self._listeners: list[Listener] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Errors: OSError when the mail port is taken."""
        await self._listen("smtp", self._settings.smtp_in_port)
        await self._listen("lmtp", self._settings.lmtp_port)
        await release_waiting(self._workshop)
        self._tasks = [asyncio.create_task(one.run(self._database.connect)) for one in self._workers]
        self._tasks += [
            asyncio.create_task(self._timetable.run(), name="timetable"),
            asyncio.create_task(self._distributor.run(), name="distributor"),
            asyncio.create_task(self._fetchers.run(), name="mailboxes"),
        ]

    async def stop(self) -> None:
        """No new mail, the jobs under way finish (at most 10 s), then everything ends."""
        for listener in self._listeners:
            await listener.close()
        for worker in self._workers:
            await worker.stop()
        if self._tasks:
            await asyncio.wait(self._tasks[: len(self._workers)], timeout=10)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._workshop.readers.close()
        await self._workshop.relays.close()

    async def _listen(self, protocol: Literal["smtp", "lmtp"], port: int) -> None:
        if not port:
            return
        receive = partial(self._intake.receive, path=protocol)
        tls = certificate(self._settings)
        listener = Listener(
            self._intake.accepts,
            receive,
            hostname="helpdesk",
            protocol=protocol,
            tls=tls,
            refused=self._intake.refused,
        )
        await listener.start(self._settings.smtp_in_host, port)
        self._listeners.append(listener)


def certificate(settings: Settings) -> ssl.SSLContext | None:
    """What the mail listener offers STARTTLS with.

    Errors: Invalid for files that cannot be read or do not belong together.
    """
    chain, key = settings.smtp_in_tls_certificate, settings.smtp_in_tls_key
    if chain is None and key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    name = "HELPDESK_SMTP_IN_TLS_CERTIFICATE"
    try:
        context.load_cert_chain(chain or "", key)
    except OSError as failure:
        reason = failure.strerror or failure
        raise Invalid(
            "setting_invalid", f"{name}: no certificate with its key can be read ({reason})", field=name
        ) from None
    return context
