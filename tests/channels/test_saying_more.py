"""The everyday message of a chat, in one statement: it writes what the long way writes, or nothing."""

import asyncio
import uuid
from datetime import timedelta
from functools import partial

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.auth import visitors
from helpdesk.channels import chat
from helpdesk.domain import agents, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.errors import Conflict, Forbidden, LimitReached, NotFound, Unavailable
from helpdesk.storage import gathering
from tests.factories import a_plan, an_agent, an_inbox
from tests.waiting import eventually

pytestmark = pytest.mark.commits


@pytest.fixture
async def inbox(database):
    async with database.transaction(SYSTEM) as tx:
        return await an_inbox(
            tx, Channel.CHAT, plan=await a_plan(tx, targets={"chat": {"first_response": 600}})
        )


async def a_visitor(database, inbox):
    """Somebody whose first message waits for an answer."""
    async with database.transaction(SYSTEM) as tx:
        actor = (await visitors.create_or_resume(tx, inbox, None, locale="en", time_zone="UTC")).actor
    first = await say(database, actor, None, "Hello?")
    return actor, first["ticket"]


async def say(database, actor, ticket, body, client_id=None, address=None):
    said = {"ticket": ticket and str(ticket), "client_id": str(client_id or uuid.uuid4()), "body": body}
    return await chat.send_message(database, actor, said, address)


async def quickly(database, actor, ticket, body, client_id=None):
    return await database.together(tickets.say_more, saying(actor, ticket, body, client_id))


def saying(actor, ticket, body="And it smells.", client_id=None):
    inbox_id = next(iter(actor.inbox_ids))
    return tickets.Saying(actor, inbox_id, ticket, client_id or uuid.uuid4(), body)


async def at_once(database, *sayings):
    """All of them in one statement."""
    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        return await tickets.say_more(tx, sayings)


async def slowly(database, actor, ticket, body):
    async with database.transaction(actor) as tx:
        return await tickets.receive_message(tx, inbound(actor, ticket, body, None))


def inbound(actor, ticket, body, client_id):
    return tickets.InboundMessage(
        inbox_id=next(iter(actor.inbox_ids)),
        channel=Channel.CHAT,
        contact_id=actor.contact_id,
        ticket_id=ticket,
        body=body,
        client_id=client_id or uuid.uuid4(),
    )


async def rows_of(database, ticket):
    """Everything of a ticket, but for ids and counters that are its own."""
    own = ("id", "number", "ticket_id", "message_id", "client_id", "contact_id", "author_id", "actor_id")
    async with database.transaction(SYSTEM) as tx:
        connection, found = await tx.driver(), {}
        for table, key in (("tickets", "id"), ("messages", "ticket_id"), ("events", "ticket_id")):
            rows = await connection.fetch(f"SELECT * FROM {table} WHERE {key} = $1", ticket)
            plain = [{name: value for name, value in row.items() if name not in own} for row in rows]
            found[table] = sorted(
                [{**row, "data": sorted(row["data"])} if "data" in row else row for row in plain], key=str
            )
    return found


@pytest.mark.parametrize("body", ["And it smells.", "Two\nlines  and\t\x00 more", "x" * 5000, "   å ß 😀  "])
async def test_it_writes_what_the_long_way_writes(database, clock, inbox, body):
    (one, first), (other, second) = await a_visitor(database, inbox), await a_visitor(database, inbox)
    clock.advance(timedelta(minutes=1))

    said = await quickly(database, one, first, body)
    long = await slowly(database, other, second, body)

    assert said is not None
    assert (said.version, said.at, said.duplicate) == (long.version, long.at, long.duplicate)
    assert await rows_of(database, first) == await rows_of(database, second)


async def test_what_reopens_a_ticket_goes_the_long_way(database, inbox):
    actor, ticket = await a_visitor(database, inbox)
    async with database.transaction(SYSTEM) as tx:
        agent = await an_agent(tx)
        person = await agents.actor_of(tx, agent)
    async with database.transaction(person) as tx:
        await tickets.reply(tx, ticket, "Is it plugged in?")

    assert await quickly(database, actor, ticket, "Yes") is None
    assert (await say(database, actor, ticket, "Yes"))["ok"]

    async with database.transaction(SYSTEM) as tx:
        assert (await tickets.get(tx, ticket)).status == tickets.Status.OPEN


async def test_a_stranger_cannot_say_more(database, inbox):
    _, ticket = await a_visitor(database, inbox)
    stranger, _ = await a_visitor(database, inbox)

    assert await quickly(database, stranger, ticket, "Mine?") is None
    with pytest.raises(NotFound):
        await say(database, stranger, ticket, "Mine?")


async def test_who_is_blocked_cannot_say_more(database, inbox):
    actor, ticket = await a_visitor(database, inbox)
    async with database.transaction(SYSTEM) as tx:
        await (await tx.driver()).execute(
            "INSERT INTO visitor_blocks (id, contact_id, reason, created_at) VALUES ($1, $2, '', $3)",
            tx.new_id(),
            actor.contact_id,
            tx.now,
        )

    with pytest.raises(Forbidden):
        await say(database, actor, ticket, "Hello?")


async def test_who_says_too_much_is_told_so_and_nothing_is_half_said(database, inbox):
    actor, ticket = await a_visitor(database, inbox)
    for number in range(9):  # and the first
        await say(database, actor, ticket, f"Message {number}")

    with pytest.raises(LimitReached):
        await say(database, actor, ticket, "One more")

    assert len((await rows_of(database, ticket))["messages"]) == 10


async def test_one_client_id_is_one_message_also_at_the_same_moment(database, inbox):
    actor, ticket = await a_visitor(database, inbox)
    client_id = uuid.uuid4()

    answers = await asyncio.gather(*(say(database, actor, ticket, "Once", client_id) for _ in range(5)))

    assert len({answer["id"] for answer in answers}) == 1
    assert sorted(answer["duplicate"] for answer in answers) == [False, True, True, True, True]
    assert len((await rows_of(database, ticket))["messages"]) == 2
    with pytest.raises(Conflict, match="client_id_reused"):
        await say(database, actor, ticket, "Twice?", client_id)


async def test_many_go_together_and_what_may_not_be_said_leaves_the_others_alone(database, inbox):
    (one, first), (two, second) = await a_visitor(database, inbox), await a_visitor(database, inbox)
    repeated = uuid.uuid4()
    await quickly(database, two, second, "Once", repeated)
    (three, third), (four, fourth) = await a_visitor(database, inbox), await a_visitor(database, inbox)

    said = await at_once(
        database,
        saying(one, first, "First"),
        saying(three, first, "A stranger's"),
        saying(two, second, "Once", repeated),
        saying(four, fourth, "   "),
        saying(four, fourth, "Fourth"),
    )

    assert [one is not None for one in said] == [True, False, False, False, True]
    assert (said[0].ticket_id, said[0].version) == (first, 3)
    assert (said[4].ticket_id, said[4].version) == (fourth, 3)
    assert [
        len((await rows_of(database, ticket))["messages"]) for ticket in (first, second, third, fourth)
    ] == [
        2,
        2,
        1,
        2,
    ]


async def test_of_one_ticket_one_message_goes_and_the_next_does_not_pass_it_by(database, inbox):
    actor, ticket = await a_visitor(database, inbox)

    said = await at_once(database, saying(actor, ticket, "First"), saying(actor, ticket, "Second"))
    answers = await asyncio.gather(*(say(database, actor, ticket, f"Tab {number}") for number in range(4)))

    assert [one is not None for one in said] == [True, False]
    assert sorted(answer["version"] for answer in answers) == [4, 5, 6, 7]


async def test_a_ticket_that_somebody_holds_keeps_no_other_waiting(database, inbox):
    (held, busy), (free, idle) = await a_visitor(database, inbox), await a_visitor(database, inbox)

    async with database.transaction(SYSTEM) as tx:
        await tickets.get(tx, busy)
        await (await tx.driver()).execute("SELECT FROM tickets WHERE id = $1 FOR UPDATE", busy)
        said = await at_once(database, saying(held, busy), saying(free, idle))
        late = asyncio.create_task(say(database, held, busy, "I wait"))
        assert (await say(database, free, idle, "I do not"))["version"] == 4

    assert [one is not None for one in said] == [False, True]
    assert (await late)["version"] == 3


async def test_everybody_at_once_has_dense_versions_and_keeps_their_order(database, inbox):
    visitors_of = [await a_visitor(database, inbox) for _ in range(6)]
    acknowledged = {ticket: [] for _, ticket in visitors_of}

    async def talk(actor, ticket):
        for number in range(8):
            acknowledged[ticket].append(await say(database, actor, ticket, f"Message {number}"))

    await asyncio.gather(*(talk(actor, ticket) for actor, ticket in visitors_of))

    for _, ticket in visitors_of:
        rows = await rows_of(database, ticket)
        assert [answer["version"] for answer in acknowledged[ticket]] == list(range(3, 11))
        for counter in ("version", "public_version"):
            counted = sorted(event[counter] for event in rows["events"] if event[counter] is not None)
            assert counted == list(range(1, len(counted) + 1))
        said = sorted(rows["messages"], key=lambda row: row["body"])
        assert [row["body"] for row in said] == ["Hello?", *(f"Message {number}" for number in range(8))]


async def test_who_was_cut_off_in_the_middle_may_say_it_again_and_said_it_once(database, inbox):
    everybody = [await a_visitor(database, inbox) for _ in range(3)]
    ids = [uuid.uuid4() for _ in everybody]

    def all_say():
        return [
            asyncio.create_task(say(database, actor, ticket, "Still there?", client_id))
            for (actor, ticket), client_id in zip(everybody, ids, strict=True)
        ]

    async with database.transaction(SYSTEM) as tx:
        await (await tx.driver()).execute("LOCK TABLE visitor_blocks IN ACCESS EXCLUSIVE MODE")
        cut_off = all_say()
        await eventually(partial(ended_who_waits, database), every=0.01)
        refused = await asyncio.gather(*cut_off[:1], return_exceptions=True)

    told = refused + await asyncio.gather(*cut_off[1:], return_exceptions=True)
    assert isinstance(told[0], Unavailable)
    answers = await asyncio.gather(*all_say())

    assert [answer["version"] for answer in answers] == [3, 3, 3]
    for _, ticket in everybody:
        assert len((await rows_of(database, ticket))["messages"]) == 2


async def test_a_connection_that_does_not_answer_holds_nobody_up_for_ever(database, inbox, monkeypatch):
    (actor, ticket), client_id = await a_visitor(database, inbox), uuid.uuid4()

    async with database.transaction(SYSTEM) as tx:
        await (await tx.driver()).execute("LOCK TABLE visitor_blocks IN ACCESS EXCLUSIVE MODE")
        with monkeypatch.context() as patience:
            patience.setattr(gathering, "WITHIN", 0.05)
            with pytest.raises(Unavailable):
                await say(database, actor, ticket, "Still there?", client_id)

    assert (await say(database, actor, ticket, "Still there?", client_id))["version"] == 3
    assert (await say(database, actor, ticket, "Good."))["version"] == 4


async def ended_who_waits(database):
    """Whether a statement of ours was waiting for a lock; its connection is closed by PostgreSQL."""
    async with database.transaction(SYSTEM) as tx:
        return await (await tx.driver()).fetchval(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
               AND wait_event_type = 'Lock' AND query LIKE '%given AS MATERIALIZED%'"""
        )
