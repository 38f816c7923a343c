"""Somebody's own calendar says when they are away; what was good last stays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, oncall
from helpdesk.jobs.fetch_absences import ask_calendars, fetch_absences
from helpdesk.jobs.workshop import Workshop, open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.sealing import Sealer
from tests.domain.oncall.test_absences import a_calendar
from tests.factories import an_agent, as_agent
from tests.jobs.receivers import Receiver, a_receiver

pytestmark = pytest.mark.commits

SKIING = "UID:ski\r\nDTSTART:20261120T080000Z\r\nDTEND:20261122T080000Z\r\nSUMMARY:Skiing"
DENTIST = "UID:dentist\r\nDTSTART:20261125T080000Z\r\nDTEND:20261125T100000Z\r\nSUMMARY:Dentist"


@dataclass
class Desk:
    workshop: Workshop
    clock: FixedClock
    mikko: agents.Agent
    calendar: Receiver

    async def keep(self, path: str = "/mikko.ics") -> oncall.AbsenceFeed:
        sealed = Sealer(self.workshop.settings.key).seal_text(
            self.calendar.address + path, oncall.absence_feeds.SEALED_FOR
        )
        async with self.workshop.database.transaction(SYSTEM) as tx:
            return await oncall.absence_feeds.keep_feed(as_agent(tx, self.mikko), sealed)

    async def ask(self, feed: oncall.AbsenceFeed) -> oncall.AbsenceFeed | None:
        await fetch_absences(self.workshop, {"feed_id": str(feed.id)})
        async with self.workshop.database.transaction(SYSTEM) as tx:
            return await oncall.absence_feeds.feed_of(tx, self.mikko.id)

    async def away(self) -> list[str]:
        async with self.workshop.database.transaction(SYSTEM) as tx:
            return [one.reason for one in await oncall.exceptions.time_off_of(tx, self.mikko.id)]


@pytest.fixture
async def desk(database: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Desk]:
    settings = Settings(
        secret_key="a key that only these tests know 0123456789",
        demo=True,
        private_networks=frozenset({"127.0.0.0/8"}),
    )
    workshop = open_workshop(database, settings, Files(tmp_path, settings.key))
    async with database.transaction(SYSTEM) as tx:
        mikko = await an_agent(tx, "Mikko")
    async with a_receiver() as calendar:
        calendar.answers = {"/mikko.ics": a_calendar(SKIING, DENTIST)}
        yield Desk(workshop, clock, mikko, calendar)
    await workshop.readers.close()


async def test_entries_become_time_off_and_go_with_their_entries(desk: Desk) -> None:
    feed = await desk.keep()
    told = await desk.ask(feed)
    assert told is not None
    assert (await desk.away(), told.error, told.fetched_at) == (["Skiing", "Dentist"], "", desk.clock.now())

    desk.calendar.answers = {"/mikko.ics": a_calendar(DENTIST)}
    await desk.ask(feed)

    assert await desk.away() == ["Dentist"]


async def test_what_has_begun_is_not_written_anew_each_time(desk: Desk) -> None:
    feed = await desk.keep()
    desk.clock.advance(timedelta(days=2, hours=12))
    await desk.ask(feed)
    async with desk.workshop.database.transaction(SYSTEM) as tx:
        before = [one.id for one in await oncall.exceptions.time_off_of(tx, desk.mikko.id)]
    desk.clock.advance(timedelta(hours=1))

    await desk.ask(feed)

    async with desk.workshop.database.transaction(SYSTEM) as tx:
        assert [one.id for one in await oncall.exceptions.time_off_of(tx, desk.mikko.id)] == before


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (500, b"", "fetch_refused"),
        (200, b"<html>", "calendar_unreadable"),
        (200, b"BEGIN:VCALENDAR" + b" " * 1024 * 1024, "fetch_too_large"),
    ],
)
async def test_a_calendar_that_fails_says_why_and_what_it_told_last_stays(
    desk: Desk, status: int, answer: bytes, error: str
) -> None:
    feed = await desk.keep()
    await desk.ask(feed)
    desk.calendar.status, desk.calendar.answers = status, {"/mikko.ics": answer}

    told = await desk.ask(feed)

    assert told is not None
    assert told.error == error
    assert await desk.away() == ["Skiing", "Dentist"]


async def test_a_calendar_inside_our_network_is_not_asked(desk: Desk) -> None:
    desk.workshop.settings.private_networks = frozenset()
    told = await desk.ask(await desk.keep())

    assert told is not None
    assert told.error == "address_refused"
    assert desk.calendar.got == []


async def test_each_calendar_is_asked_once_an_hour(desk: Desk) -> None:
    await desk.ask(await desk.keep())

    for passed, due in ((timedelta(minutes=59), 0), (timedelta(minutes=1), 1), (timedelta(minutes=1), 0)):
        desk.clock.advance(passed)
        async with desk.workshop.database.transaction(SYSTEM) as tx:
            before = await oncall.absence_feeds.feed_of(tx, desk.mikko.id)
            assert before is not None
            tried = before.tried_at
        await ask_calendars(desk.workshop)
        async with desk.workshop.database.transaction(SYSTEM) as tx:
            after = await oncall.absence_feeds.feed_of(tx, desk.mikko.id)
            assert after is not None
            assert (after.tried_at != tried) == bool(due)


async def test_without_the_address_what_it_told_is_over(desk: Desk) -> None:
    await desk.ask(await desk.keep())

    async with desk.workshop.database.transaction(SYSTEM) as tx:
        await oncall.absence_feeds.forget_feed(as_agent(tx, desk.mikko))

    assert await desk.away() == []
