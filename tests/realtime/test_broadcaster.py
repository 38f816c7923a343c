"""What a commit says whole is told at once, and only where it is the next: everything else the log says."""

import asyncio
import itertools
import json
import uuid

import orjson
import pytest

from helpdesk.actors import SYSTEM
from helpdesk.channels import chat
from helpdesk.domain import agents, pictures, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.realtime import broadcaster as module
from helpdesk.realtime.broadcaster import Broadcaster
from helpdesk.realtime.server import Server
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.wakeups import Wakeups
from helpdesk.wire import encode
from tests.channels.test_saying_more import a_visitor, at_once, say, saying
from tests.factories import a_plan, an_agent, an_inbox
from tests.waiting import PATIENCE

pytestmark = pytest.mark.commits


class Sockets(Server):
    """Everybody is there; what they are told is kept."""

    def __init__(self):
        super().__init__("http://localhost")
        self.told = []

    def is_here(self, namespace, sid):
        return True

    def tell(self, namespace, sids, frame, reminders):
        name, data = json.loads(frame[frame.index(b"42/") :].partition(b",")[2])
        self.told += [(sid, name, data) for sid in sids]

    def heard(self, sid):
        """The events of one of them, of which each must follow the last."""
        told = [data for to, name, data in self.told if (to, name) == (sid, "events")]
        for one in told:
            assert [event["version"] for event in one["events"]] == [
                *range(one["prev"] + 1, one["prev"] + 1 + len(one["events"]))
            ]
        for before, after in itertools.pairwise(told):
            assert after["prev"] == before["events"][-1]["version"]
        return [event for one in told for event in one["events"]]


@pytest.fixture
async def database(shared_database_url, clock):
    database = Database(shared_database_url, clock)
    yield database
    await database.close()


@pytest.fixture
def sockets():
    return Sockets()


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path, b"a key that only these tests know")


@pytest.fixture
def here(database, sockets, files):
    """Not started: what is told is told from the commit."""
    return Broadcaster(sockets, database, files, Wakeups(database, bus_for(database, None)))


@pytest.fixture
async def reading(here, monkeypatch):
    """Call it, and the log is read, too; nothing else looks for what was lost."""
    monkeypatch.setattr(module, "SWEEP_EVERY", 3600)
    yield here.start
    await here.stop()


@pytest.fixture
async def elsewhere(database):
    """Another process: its commits are not heard here."""
    other = Database(database.url, database.clock)
    yield other
    await other.close()


@pytest.fixture
async def inbox(database):
    async with database.transaction(SYSTEM) as tx:
        return await an_inbox(
            tx, Channel.CHAT, plan=await a_plan(tx, targets={"chat": {"first_response": 600}})
        )


@pytest.fixture
async def agent(database):
    async with database.transaction(SYSTEM) as tx:
        return await agents.actor_of(tx, await an_agent(tx))


@pytest.fixture
async def conversation(database, here, inbox):
    """A visitor and an agent look at the visitor's ticket."""
    actor, ticket = await a_visitor(database, inbox)
    await look(database, here, ticket)
    return actor, ticket


async def look(database, here, ticket):
    version, public_version = await heads(database, ticket)
    await here.watch("agent", ticket, version, is_contact=False)
    await here.watch("visitor", ticket, public_version, is_contact=True)
    return version, public_version


async def rounds(count=10):
    """The loop turns, and nothing is waited for."""
    for _ in range(count):
        await asyncio.sleep(0)


async def told(sockets, sid, count):
    """So many events."""
    async with asyncio.timeout(PATIENCE):
        while len(sockets.heard(sid)) < count:
            await asyncio.sleep(0)
    return sockets.heard(sid)


async def as_read(database, files, actor, ticket, after):
    """The events as this actor reads them in the log."""
    found = await chat.sync(database, files, actor, {"ticket": str(ticket), "after": after})
    return orjson.loads(encode(found["events"]))


def words(events):
    return [event["data"]["body"] for event in events]


async def test_what_is_told_from_the_commit_is_what_the_log_says(
    database, sockets, files, conversation, agent
):
    visitor, ticket = conversation
    version, public_version = await heads(database, ticket)

    await say(database, visitor, ticket, "Is\nanybody <there>? å 😀 \x00")
    await add(database, agent, ticket, "A secret", "note")
    await rounds()

    assert words(sockets.heard("agent")) == ["Is\nanybody <there>? å 😀 ", "A secret"]
    assert sockets.heard("agent") == await as_read(database, files, agent, ticket, version)
    assert sockets.heard("visitor") == await as_read(database, files, visitor, ticket, public_version)
    assert "secret" not in str(sockets.heard("visitor"))


async def test_an_answer_is_told_from_the_commit_with_the_face_of_who_gave_it(
    database, here, sockets, files, inbox, agent
):
    visitor, ticket = await a_visitor(database, inbox)
    async with database.transaction(agent) as tx:
        await pictures.choose(tx, b"a face")
    await add(database, agent, ticket, "The first answer goes the long way.")
    version, public_version = await look(database, here, ticket)

    await add(database, agent, ticket, "One more.")
    await rounds()

    assert words(sockets.heard("agent")) == words(sockets.heard("visitor")) == ["One more."]
    assert sockets.heard("agent") == await as_read(database, files, agent, ticket, version)
    assert sockets.heard("visitor") == await as_read(database, files, visitor, ticket, public_version)
    assert "picture" in sockets.heard("visitor")[0]["data"]["author"]


async def test_after_a_gap_the_log_tells_everything_once_and_in_order(
    database, elsewhere, reading, sockets, conversation
):
    visitor, ticket = conversation

    await say(elsewhere, visitor, ticket, "From another process")
    await say(database, visitor, ticket, "From here")
    await rounds()
    before = sockets.heard("agent")
    await reading()

    assert before == []
    assert words(await told(sockets, "agent", 2)) == ["From another process", "From here"]
    assert words(await told(sockets, "visitor", 2)) == ["From another process", "From here"]
    await say(database, visitor, ticket, "And on")
    assert words(await told(sockets, "agent", 3))[2:] == ["And on"]


async def test_commits_that_are_heard_in_the_wrong_order_are_told_in_theirs(
    elsewhere, here, reading, sockets, conversation
):
    visitor, ticket = conversation
    committed = []
    elsewhere.on_commit(committed.append)
    for body in ("First", "Second", "Third"):
        await at_once(elsewhere, saying(visitor, ticket, body))

    for tx in (committed[1], committed[0], committed[2]):
        here._hear(tx)
        await rounds()
    await reading()

    assert words(await told(sockets, "agent", 3)) == ["First", "Second", "Third"]
    await rounds()
    assert words(sockets.heard("visitor")) == ["First", "Second", "Third"]


async def test_of_a_batch_only_what_was_written_is_told(database, sockets, inbox, conversation):
    visitor, ticket = conversation
    stranger, _ = await a_visitor(database, inbox)

    said = await at_once(database, saying(stranger, ticket, "Mine?"), saying(visitor, ticket, "Ours"))
    await rounds()

    assert [one is not None for one in said] == [False, True]
    assert words(sockets.heard("agent")) == words(sockets.heard("visitor")) == ["Ours"]


async def test_nothing_is_told_of_what_was_rolled_back(database, sockets, conversation):
    visitor, ticket = conversation

    async def say_and_fail():
        async with database.transaction(SYSTEM) as tx:
            assert await tickets.say_more(tx, [saying(visitor, ticket, "Never said")]) != [None]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await say_and_fail()
    await rounds()

    assert sockets.told == []


async def test_what_follows_in_the_same_transaction_is_told_with_it_by_the_log(
    database, reading, sockets, conversation, agent
):
    _, ticket = conversation

    async with database.transaction(agent) as tx:
        await tickets.note_more(tx, ticket, "A note", uuid.uuid4())
        await tickets.change_ticket(tx, ticket, tickets.TicketChange(frozenset({"priority"}), priority=1))
    await rounds()
    before = sockets.heard("agent")
    await reading()

    assert before == []
    assert (await told(sockets, "agent", 2))[0]["name"] == "NoteAdded"


async def test_who_comes_between_commit_and_telling_misses_nothing(database, here, sockets, conversation):
    visitor, ticket = conversation
    version, _ = await heads(database, ticket)

    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        await tickets.say_more(tx, [saying(visitor, ticket, "Just now")])
    await here.watch("late", ticket, version, is_contact=False)
    await rounds()

    assert words(sockets.heard("agent")) == words(sockets.heard("late")) == ["Just now"]


async def test_who_is_the_first_to_come_between_commit_and_telling_is_told_to_look(
    database, here, sockets, inbox
):
    visitor, ticket = await a_visitor(database, inbox)
    version, _ = await heads(database, ticket)

    async with database.transaction(SYSTEM, is_autocommit=True) as tx:
        await tickets.say_more(tx, [saying(visitor, ticket, "Just now")])
    await here.watch("first", ticket, version, is_contact=False)
    await rounds()

    assert sockets.told == [("first", "hint", {"ticket": str(ticket), "head": version + 1})]


async def heads(database, ticket):
    async with database.transaction(SYSTEM) as tx:
        return await tickets.timeline.heads(tx, ticket)


async def add(database, agent, ticket, body, kind="message"):
    said = {"ticket": str(ticket), "client_id": str(uuid.uuid4()), "body": body, "kind": kind}
    return await chat.send_message(database, agent, said)
