"""Work finds its agent on the event that made it possible, and by the timetable, whatever else is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.domain import availability, inboxes, tickets
from helpdesk.domain.tickets import Status, TicketChange
from helpdesk.jobs import distribute, timetable
from helpdesk.jobs.distribute import Distributor
from helpdesk.jobs.timetable import Duty, Timetable
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from helpdesk.storage.wakeups import Wakeups
from tests.factories import a_team, a_ticket, an_agent, an_inbox
from tests.mail_desk import MailDesk
from tests.waiting import eventually, until

pytestmark = pytest.mark.commits


async def a_waiting_ticket(tx: Transaction, capacity: int = 6) -> tickets.Ticket:
    """Of a team whose work is assigned, with an agent at an open workspace."""
    team = await a_team(tx)
    team.push = True
    agent = await an_agent(tx, team=team)
    agent.capacity = capacity
    await tx.flush()
    await availability.seen(tx, [agent.id])
    return await a_ticket(tx, inbox=await an_inbox(tx, team=team))


async def test_a_slow_duty_holds_up_neither_assigning_nor_whoever_is_woken(desk: MailDesk) -> None:
    database = desk.workshop.database
    stuck, woken = asyncio.Event(), asyncio.Event()
    async with database.transaction(SYSTEM) as tx:
        ticket = await a_waiting_ticket(tx)

    async def never_ends(_: Workshop) -> None:
        stuck.set()
        await asyncio.Event().wait()

    async def wakes(_: Workshop) -> None:
        woken.set()

    duties = [
        Duty("sweep_files", 3600, never_ends),
        Duty("ring_due", 3600, wakes),
        Duty("distribute", 0.05, distribute.distribute),
    ]
    running = asyncio.create_task(Timetable(desk.workshop, duties).run())
    try:
        await until(stuck.is_set)
        await until(woken.is_set)
        await _assignee(database, ticket.id)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_another_process_commits_finds_its_agent_without_the_timetable(
    desk: MailDesk, database_url: str
) -> None:
    here = desk.workshop.database
    async with _hearing_of(desk.workshop, database_url) as elsewhere:
        async with elsewhere.transaction(SYSTEM) as tx:
            first = await a_waiting_ticket(tx, capacity=2)
        agent_id = await _assignee(here, first.id)

        async with elsewhere.transaction(SYSTEM) as tx:
            second = await a_ticket(tx, inbox=await inboxes.get(tx, first.inbox_id))
            done = TicketChange(frozenset({"status"}), status=Status.RESOLVED)
            await tickets.change_ticket(tx, first.id, done)

        assert await _assignee(here, second.id) == agent_id


@asynccontextmanager
async def _hearing_of(workshop: Workshop, url: str) -> AsyncIterator[Database]:
    """Another process, whose commits the one that finds agents hears of."""
    elsewhere, connected = Database(url, workshop.database.clock), asyncio.Event()
    hints, told = (Wakeups(one, bus_for(one, None)) for one in (workshop.database, elsewhere))
    hints.on_word(lambda _: connected.set())
    finding = asyncio.create_task(Distributor(workshop, hints).run())
    await hints.start()
    await told.start()

    async def is_heard() -> bool:
        told.spread({"hello": True})
        return connected.is_set()

    try:
        await eventually(is_heard)  # until then words are lost by design
        yield elsewhere
    finally:
        finding.cancel()
        await hints.stop()
        await told.stop()
        await elsewhere.close()


async def _assignee(database: Database, ticket_id: UUID) -> UUID:
    async def found() -> UUID | None:
        async with database.transaction(SYSTEM) as tx:
            return (await tickets.get(tx, ticket_id)).assignee_id

    assignee = await eventually(found)
    assert assignee is not None
    return assignee


def test_who_finds_agents_is_asked_each_second() -> None:
    every = {duty.name: duty.every for duty in timetable.DUTIES}

    assert {every[name] for name in ("distribute", "release_unattended")} == {1}
