"""What an agent adds in a chat, in one statement: it writes what the long way writes, or nothing."""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import visitors
from helpdesk.channels import chat
from helpdesk.domain import agents, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.errors import Conflict, Forbidden, NotFound
from tests.factories import a_plan, an_agent, an_inbox

pytestmark = pytest.mark.commits

LONG_WAY = {"note": tickets.add_note, "message": tickets.reply}
QUICK_WAY = {"note": tickets.note_more, "message": tickets.answer_more}


@pytest.fixture
async def inbox(database):
    return await an_inbox_that_promises(database, {"first_response": 600, "resolution": 7200})


@pytest.fixture
async def agent(database):
    async with database.transaction(SYSTEM) as tx:
        return await agents.actor_of(tx, await an_agent(tx))


async def an_inbox_that_promises(database, targets, to_the_urgent=None):
    async with database.transaction(SYSTEM) as tx:
        plan = await a_plan(tx, targets={"chat": targets}, priority_targets={"chat": to_the_urgent or {}})
        return await an_inbox(tx, Channel.CHAT, plan=plan)


async def a_chat(database, inbox, agent=None):
    """A visitor's ticket, which the agent has answered."""
    async with database.transaction(SYSTEM) as tx:
        visitor = (await visitors.create_or_resume(tx, inbox, None, locale="en", time_zone="UTC")).actor
    ticket = (await say(database, visitor, None, "Hello?"))["ticket"]
    if agent is not None:
        await say(database, agent, ticket, "Is it plugged in?")
    return ticket, visitor


async def say(database, actor, ticket, body, kind="message", client_id=None):
    said = {"ticket": ticket and str(ticket), "client_id": str(client_id or uuid.uuid4()), "body": body}
    return await chat.send_message(database, actor, said | {"kind": kind})


async def quickly(database, actor, ticket, body, kind="message"):
    async with database.transaction(actor) as tx:
        return await QUICK_WAY[kind](tx, ticket, body, uuid.uuid4())


async def rows_of(database, ticket):
    """Everything of a ticket and its jobs, but for ids and counters that are its own."""
    own = ("id", "number", "ticket_id", "message_id", "client_id", "contact_id", "author_id", "actor_id")
    found = {}
    async with database.transaction(SYSTEM) as tx:
        connection = await tx.driver()
        for table, key in (
            ("tickets", "id"),
            ("messages", "ticket_id"),
            ("events", "ticket_id"),
            ("sla_clocks", "ticket_id"),
        ):
            rows = await connection.fetch(f"SELECT * FROM {table} WHERE {key} = $1", ticket)
            plain = [{name: value for name, value in row.items() if name not in own} for row in rows]
            found[table] = sorted(
                [{**row, "data": sorted(row["data"])} if "data" in row else row for row in plain], key=str
            )
        found["jobs"] = await connection.fetchval(
            "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE $1", f"%{ticket}%"
        )
    return found


@pytest.mark.parametrize("kind", ["note", "message"])
@pytest.mark.parametrize("body", ["And it smells.", "Two\nlines  and\t\x00 more", "   å ß 😀  "])
async def test_it_writes_what_the_long_way_writes(database, clock, inbox, agent, kind, body):
    (first, _), (second, _) = await a_chat(database, inbox, agent), await a_chat(database, inbox, agent)
    clock.advance(timedelta(minutes=1))

    quick = await quickly(database, agent, first, body, kind)
    async with database.transaction(agent) as tx:
        long = await LONG_WAY[kind](tx, second, body, client_id=uuid.uuid4())

    assert quick is not None
    assert (quick.version, quick.at, quick.duplicate) == (long.version, long.at, long.duplicate)
    assert await rows_of(database, first) == await rows_of(database, second)


async def test_an_answer_that_meets_a_target_goes_the_long_way(database, inbox, agent):
    ticket, visitor = await a_chat(database, inbox)

    assert await quickly(database, agent, ticket, "Is it plugged in?") is None
    await say(database, agent, ticket, "Is it plugged in?")
    assert await quickly(database, agent, ticket, "And switched on?") is not None
    await say(database, visitor, ticket, "Yes")
    assert await quickly(database, agent, ticket, "Good") is None

    async with database.transaction(SYSTEM) as tx:
        assert (await tickets.get(tx, ticket)).status == tickets.Status.OPEN


@pytest.mark.parametrize("promised", [({"update": 3600}, None), ({}, {"update": {"P1": 3600}})])
async def test_where_news_are_promised_each_answer_goes_the_long_way(database, agent, promised):
    inbox = await an_inbox_that_promises(database, *promised)
    ticket, _ = await a_chat(database, inbox, agent)

    assert await quickly(database, agent, ticket, "We are looking at it.") is None


@pytest.mark.parametrize("kind", ["note", "message"])
async def test_an_agent_of_other_inboxes_adds_nothing(database, inbox, agent, kind):
    ticket, _ = await a_chat(database, inbox, agent)
    stranger = replace(agent, inbox_ids=frozenset())
    before = await rows_of(database, ticket)

    assert await quickly(database, stranger, ticket, "Mine?", kind) is None
    with pytest.raises(NotFound):
        await say(database, stranger, ticket, "Mine?", kind)

    assert await rows_of(database, ticket) == before


async def test_a_light_agent_notes_and_does_not_answer(database, inbox, agent):
    ticket, _ = await a_chat(database, inbox, agent)
    light = replace(agent, role=Role.LIGHT)

    assert await quickly(database, light, ticket, "Seen this before", "note") is not None
    with pytest.raises(Forbidden, match="light_agent"):
        await quickly(database, light, ticket, "Hello")


@pytest.mark.parametrize("kind", ["note", "message"])
async def test_one_client_id_is_one_message_also_at_the_same_moment(database, inbox, agent, kind):
    ticket, _ = await a_chat(database, inbox, agent)
    client_id = uuid.uuid4()

    answers = await asyncio.gather(*(say(database, agent, ticket, "Once", kind, client_id) for _ in range(5)))

    assert len({answer["id"] for answer in answers}) == 1
    assert sorted(answer["duplicate"] for answer in answers) == [False, True, True, True, True]
    with pytest.raises(Conflict, match="client_id_reused"):
        await say(database, agent, ticket, "Twice?", kind, client_id)
