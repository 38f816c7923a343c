"""Work finds its agent by the timetable alone, whatever else is due."""

import asyncio
from contextlib import suppress

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.domain import availability, tickets
from helpdesk.jobs import distribute, timetable
from helpdesk.jobs.timetable import Duty, Timetable
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.transaction import Transaction
from tests.factories import a_team, a_ticket, an_agent, an_inbox
from tests.mail_desk import MailDesk

pytestmark = pytest.mark.commits


async def a_waiting_ticket(tx: Transaction) -> tickets.Ticket:
    """Of a team whose work is assigned, with an agent at an open workspace."""
    team = await a_team(tx)
    team.push = True
    agent = await an_agent(tx, team=team)
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
        async with asyncio.timeout(60):
            await stuck.wait()
            await woken.wait()
            assignee = None
            while assignee is None:
                await asyncio.sleep(0.02)
                async with database.transaction(SYSTEM) as tx:
                    assignee = (await tickets.get(tx, ticket.id)).assignee_id
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def test_who_finds_agents_is_asked_each_second() -> None:
    every = {duty.name: duty.every for duty in timetable.DUTIES}

    assert {every[name] for name in ("distribute", "release_unattended")} == {1}
