"""A client that does not read costs its budget and no more, and nobody else notices."""

import asyncio
import json
import socket
import uuid

import pytest

from helpdesk.realtime.outbox import BYTES, PACKETS
from tests.realtime.client import Refused, Socket
from tests.realtime.test_conversing import a_chat, bodies, history, said
from tests.waiting import until

pytestmark = pytest.mark.commits

LONG = "x" * 20_000


@pytest.fixture
def impatient(live):
    engine = live.desk.web.sockets.eio
    before, engine.kick_after = engine.kick_after, 0.2
    yield
    engine.kick_after = before


class Deaf:
    """A socket of an agent that says what it must and then never reads again."""

    def __init__(self, live, agent):
        self._live, self._agent = live, agent

    async def enter(self, ticket):
        client = await self._live.desk.signed_in(self._agent)
        token = await self._live.a_pass(client)
        before = set(self._live.desk.web.sockets.eio.sockets)
        host, _, port = self._live.address.removeprefix("http://").partition(":")
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that little is on its way
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        reader, self._writer = await asyncio.open_connection(sock=raw, limit=1024)
        upgrade = (
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self._writer.write(upgrade.encode())
        await reader.readuntil(b"\r\n\r\n")
        self._say("40/agent," + json.dumps({"v": 1, "pass": token}))
        self._say("42/agent,1" + json.dumps(["sync", {"ticket": ticket, "after": 0}]))
        watched = self._live.desk.web.broadcaster._watched
        await until(lambda: ticket in map(str, watched) and len(watched[uuid.UUID(ticket)].agents) == 1)
        (sid,) = set(self._live.desk.web.sockets.eio.sockets) - before
        return self._live.desk.web.sockets.eio.sockets[sid]

    def close(self):
        self._writer.transport.abort()

    def _say(self, text):
        data, mask = text.encode(), b"\0\0\0\0"
        assert len(data) < 2**16
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        self._writer.write(b"\x81" + size + mask + data)


async def flooded(live, agent, ticket, outbox):
    """Says so much that the deaf one is behind; answers with how often."""
    count = 0
    while not outbox.is_behind:
        count += 1
        assert count < 1000
        assert (await agent.ask("send_message", said(ticket, LONG, kind="note")))["ok"]
    return count


async def test_a_client_that_never_reads_costs_its_budget_and_is_kicked(live, house, impatient):
    _, ticket = await a_chat(live, house)
    deaf = Deaf(live, house.agent)
    cost = await deaf.enter(ticket)
    speaker = await live.agent(house.agent)

    count = await flooded(live, speaker, ticket, cost.outbox)

    most = cost.outbox.bytes
    for _ in range(20):
        await speaker.ask("send_message", said(ticket, LONG, kind="note"))
        most = max(most, cost.outbox.bytes)
        assert len(cost.outbox) <= PACKETS + 2
    assert most <= BYTES + 200  # the goodbye comes on top
    await until(lambda: cost.closed and cost.sid not in live.desk.web.sockets.eio.sockets)
    watched = live.desk.web.broadcaster._watched
    await until(lambda: uuid.UUID(ticket) not in watched or not watched[uuid.UUID(ticket)].agents)
    assert count > 20
    deaf.close()


async def test_who_falls_behind_gets_a_hint_and_catches_up(live, house):
    _, ticket = await a_chat(live, house)
    slow, speaker = await live.agent(house.agent), await live.agent(house.agent)
    await history(slow, ticket)
    (sid,) = live.desk.web.broadcaster._watched[uuid.UUID(ticket)].agents
    outbox = live.desk.web.sockets._socket("/agent", sid).outbox
    outbox.is_behind = True  # as if it had not read for a while

    await speaker.ask("send_message", said(ticket, "While it was away", kind="note"))

    hint = await slow.hear("hint", lambda told: told["ticket"] == ticket)
    caught_up = await history(slow, ticket)
    assert hint["head"] == caught_up["head"]
    assert "While it was away" in bodies(caught_up["events"])
    await speaker.ask("send_message", said(ticket, "And on", kind="note"))
    await slow.hear("events", lambda told: "And on" in bodies(told["events"]))


async def test_a_ticket_that_is_off_the_screen_is_not_told_any_more(live, house):
    visitor, ticket = await a_chat(live, house)
    agent = await live.agent(house.agent)
    await history(agent, ticket)

    left = await agent.ask("unwatch", {"ticket": ticket})
    await visitor.ask("send_message", said(ticket, "Are you still there?"))
    await visitor.hear("events", lambda told: "Are you still there?" in bodies(told["events"]))

    assert left == {"ok": True}
    assert [name for name, _ in agent.heard if name == "events"] == []


async def test_long_histories_come_in_pages_of_a_bearable_size(live, house):
    _, ticket = await a_chat(live, house)
    agent = await live.agent(house.agent)
    for _ in range(20):
        await agent.ask("send_message", said(ticket, LONG, kind="note"))

    first = await history(agent, ticket)
    last = first["events"][-1]["version"]
    rest = await agent.ask("sync", {"ticket": ticket, "after": last})

    assert first["more"]
    assert not rest["more"]
    versions = [event["version"] for event in [*first["events"], *rest["events"]]]
    assert versions == list(range(1, rest["head"] + 1))


async def test_two_hundred_sockets_that_enter_nothing_are_closed_and_forgotten(live, hurried):
    server = live.desk.web.sockets
    hurried()
    idle = await asyncio.gather(*(Socket.open(live.address, "/widget") for _ in range(200)))

    await asyncio.gather(*(one.closed() for one in idle))

    await until(lambda: not server.eio.sockets and not server.environ)


async def test_a_visitor_whose_token_is_revoked_is_sent_away(live, house):
    widget = await live.desk.visitor(house.chat)
    visitor, other = await live.visitor(widget), await live.visitor(await live.desk.visitor(house.chat))
    async with live.desk.system() as tx:
        connection = await tx.driver()
        await connection.execute("DELETE FROM visitor_tokens")

    await live.desk.web.visitors.drop_ended()

    for one in (visitor, other):
        assert (await one.hear("control")) == {"type": "kick", "code": "unauthenticated"}
        await one.closed()
    with pytest.raises(Refused):
        await live.socket("/widget", "cp_gone")


async def test_a_nameless_visitor_is_sent_away_when_the_inbox_begins_to_require_an_identity(live, house):
    nameless = await live.visitor(await live.desk.visitor(house.chat))
    await live.desk.web.visitors.drop_ended()
    async with live.desk.system() as tx:
        inbox = await tx.session.get_one(type(house.chat), house.chat.id)
        inbox.settings = {**inbox.settings, "identity_required": True}

    await live.desk.web.visitors.drop_ended()

    assert (await nameless.hear("control")) == {"type": "kick", "code": "unauthenticated"}
    await nameless.closed()
