"""Keeps every IMAP mailbox read: a thread each, in one process at a time, in IDLE until the next mail."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import asyncpg
import structlog

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.mailbox import LOGIN_REFUSED, Fetched, Mailbox, MailboxAddress
from helpdesk.domain import inboxes
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import HelpdeskError, Unavailable
from helpdesk.jobs.mail import consent
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.transaction import Transaction

LOOK_EVERY = 5.0
"""Seconds between two looks at which mailboxes there are."""

POLL_SECONDS = 30.0
_IDLE_SLICE = 25.0
_PAUSES = (2.0, 5.0, 15.0, 60.0)

log = structlog.get_logger(__name__)


class Fetchers:
    """Starts, restarts and ends one task for each mailbox that is turned on."""

    def __init__(self, workshop: Workshop, *, idle_slice: float = _IDLE_SLICE) -> None:
        self._workshop, self._idle_slice = workshop, idle_slice
        self._tasks: dict[tuple[UUID, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._look()
                except HelpdeskError as failure:
                    log.warning("mailboxes_not_looked_up", error=str(failure))
                except Exception:
                    log.exception("mailboxes_not_looked_up")
                await asyncio.sleep(LOOK_EVERY)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self) -> None:
        """A mailbox whose settings changed is another one."""
        async with self._workshop.database.transaction(SYSTEM) as tx:
            wanted = {
                _version(one): one.id for one in await inlets.all_of(tx) if one.kind == "imap" and one.enabled
            }
        for version, task in list(self._tasks.items()):
            if version not in wanted or task.done():
                task.cancel()
                del self._tasks[version]
        for version, inlet_id in wanted.items():
            if version not in self._tasks:
                self._tasks[version] = asyncio.create_task(
                    self._keep_reading(inlet_id), name=f"imap-{inlet_id}"
                )

    async def _keep_reading(self, inlet_id: UUID) -> None:
        failures = 0
        while True:
            try:
                async with _turn(self._workshop, inlet_id) as is_ours:
                    if is_ours:
                        await self._read(inlet_id)
                        failures = 0
                await asyncio.sleep(POLL_SECONDS)
            except (HelpdeskError, OSError, asyncpg.PostgresError) as failure:
                log.warning("mailbox_failed", inlet=str(inlet_id), error=str(failure))
                with contextlib.suppress(HelpdeskError):
                    async with self._workshop.database.transaction(SYSTEM) as tx:
                        await inlets.failed(tx, inlet_id, getattr(failure, "detail", None) or str(failure))
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    async def _read(self, inlet_id: UUID) -> None:
        """Connected until something fails. The thread is this mailbox's own, so none waits for another."""
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
        mailbox: Mailbox | None = None
        try:
            mailbox, has_consent = await connected(self._workshop, inlet_id, thread)
            await finish_last(self._workshop, inlet_id, mailbox, thread)
            while True:
                if has_consent:
                    await consent.renew_ahead(self._workshop, inlet_id)
                await fetch_new(self._workshop, inlet_id, mailbox, thread)
                if not await loop.run_in_executor(thread, mailbox.wait, self._idle_slice):
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            if mailbox is not None:
                mailbox.close()  # wakes a thread that waits in IDLE
            thread.shutdown(wait=False, cancel_futures=True)


async def finish_last(
    workshop: Workshop, inlet_id: UUID, mailbox: Mailbox, thread: ThreadPoolExecutor
) -> None:
    """A crash right after a commit left that mail as it was on the server: it is marked or moved now."""
    async with workshop.database.transaction(SYSTEM) as tx:
        inlet = await inlets.get(tx, inlet_id)
        uid = inlet.last_uid if inlet.uid_validity == mailbox.uid_validity else 0
    loop = asyncio.get_running_loop()
    if uid and not await loop.run_in_executor(thread, mailbox.has_too_large, uid):
        await loop.run_in_executor(thread, mailbox.done_with, uid)


async def fetch_new(workshop: Workshop, inlet_id: UUID, mailbox: Mailbox, thread: ThreadPoolExecutor) -> int:
    """Everything that is new: kept and the cursor moved in one transaction, then done with on the server."""
    loop = asyncio.get_running_loop()
    async with workshop.database.transaction(SYSTEM) as tx:
        inlet = await inlets.get(tx, inlet_id)
        inbox = await inboxes.get(tx, inlet.inbox_id)
        fetched = mailbox.fetch_after(inlet.uid_validity, inlet.last_uid, tx.now)
    count = 0
    while (mail := await loop.run_in_executor(thread, next, fetched, None)) is not None:
        async with workshop.giving_way.portion(), workshop.database.transaction(SYSTEM) as tx:
            await _keep(tx, inbox, mail)
            await inlets.advance(tx, inlet_id, mailbox.uid_validity, mail.uid)
            await inlets.worked(tx, inlet_id, brought_mail=True)
        if mail.whole is None:  # of a larger one the rest is there alone
            await loop.run_in_executor(thread, mailbox.done_with, mail.uid)
        count += 1
    async with workshop.database.transaction(SYSTEM) as tx:
        await inlets.advance(tx, inlet_id, mailbox.uid_validity, 0)
        await inlets.worked(tx, inlet_id)
    return count


async def _keep(tx: Transaction, inbox: inboxes.Inbox, mail: Fetched) -> None:
    to = str(inbox.address)
    if mail.whole is not None:
        await intake.set_aside_beginning(
            tx, inbox_id=inbox.id, path="imap", envelope_to=to, beginning=mail.raw, size=mail.whole
        )
    elif mail.raw.strip():
        await intake.keep(tx, inbox_id=inbox.id, path="imap", envelope_from="", envelope_to=to, raw=mail.raw)
    else:
        await inlets.refused(tx, "imap", "empty_mail")


async def connected(workshop: Workshop, inlet_id: UUID, thread: ThreadPoolExecutor) -> tuple[Mailbox, bool]:
    """An open mailbox, and whether it is read by consent. A token that is refused before its time is renewed
    once; if the next is refused too, only an administrator can help."""
    loop = asyncio.get_running_loop()
    address = await _address(workshop, inlet_id)
    try:
        return await loop.run_in_executor(thread, Mailbox, address), bool(address.token)
    except Unavailable as failure:
        if failure.code != LOGIN_REFUSED or not address.token:
            raise
    token = await consent.access_token(workshop, inlet_id, renew=True)
    try:
        return await loop.run_in_executor(thread, Mailbox, replace(address, token=token)), True
    except Unavailable as failure:
        if failure.code == LOGIN_REFUSED:
            await consent.refuse(workshop, inlet_id, failure.detail or "The mail server refused the token.")
        raise


async def _address(workshop: Workshop, inlet_id: UUID) -> MailboxAddress:
    async with workshop.database.transaction(SYSTEM) as tx:
        inlet = await inlets.get(tx, inlet_id)
        options, sealed = dict(inlet.options), inlet.secret
    password = token = ""
    if options.get("auth", "password") != "password":
        token = await consent.access_token(workshop, inlet_id)
    elif sealed is None:
        raise Unavailable("mailbox_without_password", "Give the mailbox its password.")
    else:
        password = Sealer(workshop.settings.key).open(sealed, inlet_id)
    return MailboxAddress(
        host=str(options["host"]),
        port=int(options.get("port", 993)),
        user=str(options.get("user", "")),
        password=password,
        token=token,
        security=str(options.get("security", "tls")),
        folder=str(options.get("folder") or "INBOX"),
        after=str(options.get("after", "keep")),
        archive=str(options.get("archive", "")),
        networks=workshop.settings.private_networks,
    )


@contextlib.asynccontextmanager
async def _turn(workshop: Workshop, inlet_id: UUID) -> AsyncIterator[bool]:
    """Whether this process reads the mailbox: a lock of the database, gone with its connection."""
    connection = await workshop.database.connect()
    try:
        key = f"imap:{inlet_id}"
        yield bool(await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", key))
    finally:
        with contextlib.suppress(asyncpg.PostgresError, OSError):
            await connection.close(timeout=2)


def _version(inlet: Inlet) -> tuple[UUID, str]:
    said = json.dumps(inlet.options, sort_keys=True).encode() + (inlet.secret or b"")
    said += str(inlet.authorised_at).encode()
    return inlet.id, hashlib.sha256(said).hexdigest()
