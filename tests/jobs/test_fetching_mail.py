"""An IMAP mailbox is read to the end, once, whatever happens in between: against a real Dovecot."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.channels.email.mailbox import BEGINNING, LARGEST, Mailbox, MailboxAddress
from helpdesk.domain.tickets import RawMail
from helpdesk.domain.tickets.mail import inlets, intake
from helpdesk.domain.tickets.mail.model import Inlet
from helpdesk.errors import Unavailable
from helpdesk.jobs.mail.fetch import Fetchers, connected, fetch_new, finish_last
from helpdesk.jobs.mail.read import read_mail
from helpdesk.storage.sealing import Sealer
from tests.factories import an_agent, as_agent
from tests.jobs.test_kills import killed
from tests.mail_desk import MailDesk, a_mail
from tests.mail_servers import Dovecot, needs_dovecot, running_dovecot
from tests.waiting import eventually

pytestmark = needs_dovecot

HERE = frozenset({"127.0.0.0/8"})


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as server:
        yield server


@pytest.fixture(autouse=True)
def _empty(dovecot: Dovecot) -> None:
    for part in ("new", "cur"):
        for path in (dovecot.maildir / part).iterdir():
            path.unlink()


def at(dovecot: Dovecot, **options: str) -> MailboxAddress:
    return MailboxAddress(
        "127.0.0.1", dovecot.port, "support", "secret", security="none", networks=HERE, **options
    )


async def an_inlet(
    desk: MailDesk, dovecot: Dovecot, password: str = "secret", *, after: str = "keep"
) -> UUID:
    async with desk.database.transaction(SYSTEM) as tx:
        options = {"host": "127.0.0.1", "port": dovecot.port, "user": "support", "security": "none"}
        options["after"] = after
        inlet = Inlet(
            id=tx.new_id(), inbox_id=desk.inbox.id, kind="imap", options=options, enabled=True, last_uid=0,
            created_at=tx.now,
        )  # fmt: skip
        inlet.secret = Sealer(desk.workshop.settings.key).seal(password, inlet.id)
        tx.session.add(inlet)
        return inlet.id


async def fetched(desk: MailDesk, inlet_id: UUID, address: MailboxAddress, *, largest: int = LARGEST) -> int:
    with ThreadPoolExecutor(1) as thread:
        mailbox = Mailbox(address, largest=largest)
        try:
            await finish_last(desk.workshop, inlet_id, mailbox, thread)
            return await fetch_new(desk.workshop, inlet_id, mailbox, thread)
        finally:
            mailbox.close()


@asynccontextmanager
async def fetching(desk: MailDesk) -> AsyncIterator[None]:
    task = asyncio.create_task(Fetchers(desk.workshop, idle_slice=1).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_kept(desk: MailDesk, count: int) -> list[RawMail]:
    async def kept() -> list[RawMail]:
        mails = await desk.all(RawMail)
        return mails if len(mails) >= count else []

    return await eventually(kept)


async def test_every_mail_is_taken_once_and_left_unread(desk: MailDesk, dovecot: Dovecot) -> None:
    inlet_id = await an_inlet(desk, dovecot)
    dovecot.deliver("one", a_mail("One"))
    dovecot.deliver("two", a_mail("Two").replace(b"Message-ID", b"X-No-Id"))

    counts = [await fetched(desk, inlet_id, at(dovecot)) for _ in range(2)]
    dovecot.deliver("three", a_mail("Three"))
    counts.append(await fetched(desk, inlet_id, at(dovecot)))

    assert counts == [2, 0, 1]
    assert all("S" not in path.name.partition(":2,")[2] for path in (dovecot.maildir / "cur").iterdir())


async def test_a_renumbered_mailbox_is_read_again_and_nothing_is_doubled(
    desk: MailDesk, dovecot: Dovecot
) -> None:
    inlet_id = await an_inlet(desk, dovecot)
    dovecot.deliver("one", a_mail("One"))
    await fetched(desk, inlet_id, at(dovecot))

    dovecot.renumber()
    dovecot.deliver("two", a_mail("Two"))
    await fetched(desk, inlet_id, at(dovecot))

    assert len(await desk.all(RawMail)) == 2


async def test_after_the_commit_a_mail_is_marked_or_moved_as_wished(desk: MailDesk, dovecot: Dovecot) -> None:
    inlet_id = await an_inlet(desk, dovecot)
    dovecot.deliver("one", a_mail("One"))

    await fetched(desk, inlet_id, at(dovecot, after="seen"))

    (path,) = (dovecot.maildir / "cur").iterdir()
    assert "S" in path.name.partition(":2,")[2]


async def test_of_a_mail_over_the_limit_the_beginning_is_set_aside_and_the_rest_stays_where_it_was(
    desk: MailDesk, dovecot: Dovecot
) -> None:
    inlet_id = await an_inlet(desk, dovecot)
    huge = a_mail("Three thousand pictures. " + "x " * BEGINNING, subject="All of them")
    dovecot.deliver("one", a_mail("One"))
    dovecot.deliver("huge", huge)
    address, limit = at(dovecot, after="seen"), len(huge) - 1

    counts = [await fetched(desk, inlet_id, address, largest=limit) for _ in range(2)]
    dovecot.deliver("two", a_mail("Two"))
    counts.append(await fetched(desk, inlet_id, address, largest=limit))

    kept = {mail.cause: mail for mail in await desk.all(RawMail)}
    mail = kept["too_large"]
    assert (counts, mail.state, mail.size, len(mail.raw)) == ([2, 0, 1], "quarantined", len(huge), BEGINNING)
    async with desk.database.transaction(SYSTEM) as tx:
        leader = as_agent(tx, await an_agent(tx, role=Role.ADMIN))
        assert await intake.too_large(leader) == {desk.inbox.id: 1}
        day = await inlets.day_count(tx, tx.now.date())
        await intake.release(leader, mail.id, wide=True)
    assert (day["taken"], day["states"], day["balances"]) == (3, {"new": 2, "quarantined": 1}, True)
    flags = {path.stat().st_size: path.name.partition(":2,")[2] for path in dovecot.maildir.glob("cur/*")}
    assert [size for size, flag in flags.items() if "S" not in flag] == [len(huge)]
    await read_mail(desk.workshop, {"mail_id": str(mail.id)})
    ticket = await desk.ticket_of(await desk.one(RawMail, id=mail.id))
    assert ticket.subject == "All of them"


async def test_a_mail_that_arrives_while_waiting_is_fetched_at_once(desk: MailDesk, dovecot: Dovecot) -> None:
    inlet_id = await an_inlet(desk, dovecot)
    async with fetching(desk):
        dovecot.deliver("early", a_mail("Early"))
        await until_kept(desk, 1)

        dovecot.deliver("late", a_mail("Late"))
        await until_kept(desk, 2)

    async with desk.database.transaction(SYSTEM) as tx:
        inlet = await inlets.get(tx, inlet_id)
    assert inlet.error is None
    assert inlet.last_mail_at is not None


async def test_a_wrong_password_is_seen_on_the_inlet(desk: MailDesk, dovecot: Dovecot) -> None:
    inlet_id = await an_inlet(desk, dovecot, password="wrong")

    async def failing() -> Inlet | None:
        async with desk.database.transaction(SYSTEM) as tx:
            inlet = await inlets.get(tx, inlet_id)
        return inlet if inlet.error else None

    async with fetching(desk):
        inlet = await eventually(failing)

    assert inlet is not None
    assert "authentication" in str(inlet.error).lower()
    assert inlet.failing_since is not None


async def test_killed_between_the_commit_and_the_mark_on_the_server_nothing_is_lost_or_doubled(
    desk: MailDesk, dovecot: Dovecot, tmp_path: Path
) -> None:
    inlet_id = await an_inlet(desk, dovecot, after="seen")
    dovecot.deliver("one", a_mail("One"))
    dovecot.deliver("two", a_mail("Two"))

    for _ in range(2):
        process = await killed("fetch", desk.database.url, str(tmp_path), str(inlet_id))
        assert await process.wait() == -9
    assert len(await desk.all(RawMail)) == 2
    with ThreadPoolExecutor(1) as thread:
        mailbox, _ = await connected(desk.workshop, inlet_id, thread)
        await finish_last(desk.workshop, inlet_id, mailbox, thread)
        again = await fetch_new(desk.workshop, inlet_id, mailbox, thread)
        mailbox.close()

    assert again == 0
    assert len(await desk.all(RawMail)) == 2
    marked = [path for path in (dovecot.maildir / "cur").iterdir() if "S" in path.name.partition(":2,")[2]]
    assert len(marked) == 1  # the last one, made good at the start; the first died twice over


async def test_a_server_that_is_not_there_is_unavailable(dovecot: Dovecot) -> None:
    with pytest.raises(Unavailable):
        Mailbox(MailboxAddress("127.0.0.1", 1, "support", "secret", security="none", networks=HERE))


async def test_a_server_inside_our_own_network_is_not_asked_unless_a_setting_says_so(
    dovecot: Dovecot,
) -> None:
    with pytest.raises(Unavailable) as refused:
        Mailbox(replace(at(dovecot), networks=()))
    assert "private network" in str(refused.value.detail)
