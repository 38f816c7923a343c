"""Mail is read in a process that can be killed, and one poison mail never holds up the next."""

import asyncio
import time
from pathlib import Path

import pytest

from helpdesk.channels.email.child import Readers
from helpdesk.channels.email.reader import read
from helpdesk.errors import Invalid, Unavailable

SAMPLES = Path(__file__).parents[1] / "samples"
STUCK = "tests.channels.email.stuck_reader"
ORDINARY = (SAMPLES / "reply_from_gmail.eml").read_bytes()


@pytest.fixture
async def readers():
    pool = Readers(2)
    yield pool
    await pool.close()


async def test_the_child_reads_what_we_read(readers):
    for path in SAMPLES.glob("*.eml"):
        raw = path.read_bytes()
        assert await readers.read_safely(raw) == read(raw)


async def test_many_at_once_share_few_children(readers):
    found = await asyncio.gather(*(readers.read_safely(ORDINARY) for _ in range(60)))

    assert {mail.subject for mail in found} == {"Re: Fakturan stämmer inte"}


async def test_a_mail_that_takes_too_long_is_killed_and_the_next_is_read():
    readers = Readers(1, wall_seconds=0.5, module=STUCK)
    started = time.monotonic()

    with pytest.raises(Invalid, match="mail_took_too_long"):
        await readers.read_safely(b"hang")
    readers._wall_seconds = 60.0  # an ordinary mail may take its time where the machine is slow
    found = await readers.read_safely(ORDINARY)
    await readers.close()

    assert found.sender is not None
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("raw", [b"die", b"eat memory", b"raise"])
async def test_a_mail_that_breaks_its_reader_is_unreadable_and_the_next_is_read(raw):
    readers = Readers(1, module=STUCK, memory=600 * 1024 * 1024)

    with pytest.raises(Invalid, match="unreadable_mail"):
        await readers.read_safely(raw)
    found = await readers.read_safely(ORDINARY)
    await readers.close()

    assert found.sender is not None


async def test_a_reader_whose_caller_went_away_is_not_used_again():
    readers = Readers(1, module=STUCK)
    waiting = asyncio.create_task(readers.read_safely(b"hang"))
    while not waiting.done() and not readers.busy:
        await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert (await readers.read_safely(ORDINARY)).sender is not None
    await readers.close()


async def test_closed_readers_read_no_more():
    readers = Readers(1)
    await readers.close()

    with pytest.raises(Unavailable):
        await readers.read_safely(ORDINARY)
