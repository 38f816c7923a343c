"""Who gets a socket, and what it may say: nothing reaches a handler that a client could forge."""

import asyncio
import contextlib
import uuid
from datetime import timedelta

import pytest
import websockets

from helpdesk.actors import Role
from helpdesk.auth import passes
from helpdesk.domain import agents
from helpdesk.realtime.server import LARGEST_PACKET
from tests.factories import an_agent
from tests.realtime.client import Refused, Socket
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.commits


async def test_a_pass_opens_one_socket_once(live, house):
    connection_pass = await live.a_pass(await live.desk.signed_in(house.agent))

    await live.socket("/agent", connection_pass)

    with pytest.raises(Refused, match="pass_invalid"):
        await live.socket("/agent", connection_pass)


async def test_a_pass_ends_after_a_minute(live, house):
    connection_pass = await live.a_pass(await live.desk.signed_in(house.agent))

    live.desk.clock.advance(timedelta(seconds=61))

    with pytest.raises(Refused, match="pass_invalid"):
        await live.socket("/agent", connection_pass)


async def test_a_pass_is_for_its_own_namespace(live, house):
    for_widget = await live.a_pass(await live.desk.visitor(house.chat))
    for_agents = await live.a_pass(await live.desk.signed_in(house.agent))

    with pytest.raises(Refused, match="pass_invalid"):
        await live.socket("/agent", for_widget)
    with pytest.raises(Refused, match="pass_invalid"):
        await live.socket("/widget", for_agents)
    with pytest.raises(Refused):
        await live.socket("/nowhere", for_agents)


async def test_passes_shown_at_the_same_moment_open_their_own_door_and_once(live, house):
    visitor = await live.a_pass(await live.desk.visitor(house.chat))
    agent = await live.a_pass(await live.desk.signed_in(house.agent))
    shown = [
        (visitor, "/agent"),
        (agent, "/agent"),
        (visitor, "/widget"),
        (agent, "/agent"),
        ("cp_x", "/agent"),
    ]

    told = await asyncio.gather(
        *(passes.redeem(live.desk.database, *one) for one in shown), return_exceptions=True
    )

    entered = [one[1].kind if isinstance(one, tuple) else one.code for one in told]
    assert entered == ["pass_invalid", "agent", "contact", "pass_invalid", "pass_invalid"]


@pytest.mark.parametrize("given", ["", "cp_guess", 7, {"pass": "x"}, ["x"]])
async def test_without_a_pass_nobody_enters(live, given):
    with pytest.raises(Refused, match="pass_invalid"):
        await live.socket("/agent", given)


async def test_a_cookie_alone_opens_nothing(live, house):
    browser = await live.desk.signed_in(house.agent)
    url = live.address.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    cookie = f"helpdesk={browser.cookies['helpdesk']}"

    async with websockets.connect(
        url, additional_headers={"Cookie": cookie}, origin=websockets.Origin(live.address)
    ) as ws:
        await ws.recv()
        await ws.send("40/agent,")

        assert "pass_invalid" in await ws.recv()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_a_page_of_another_site_gets_no_socket(live, origin):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await live.socket("/agent", origin=origin)

    assert refused.value.response.status_code == 403


async def test_long_polling_is_not_offered(live):
    answer = await live.desk.client().get("/socket.io/?EIO=4&transport=polling")

    assert answer.status_code == 400


async def test_a_socket_that_enters_nothing_is_closed(live, hurried):
    hurried()

    idle = await live.socket("/agent")

    await idle.closed()


async def test_a_socket_that_has_left_its_namespace_is_closed(live, house, hurried):
    agent = await live.agent(house.agent)
    hurried()

    await agent.send("1", "")

    await agent.closed()


async def test_nothing_is_answered_before_entering(live, house):
    idle = await live.socket("/agent")

    await idle.tell("claim_next", {})
    await idle.send("0", "{}")

    with pytest.raises(Refused):
        await idle._entered
    assert idle.heard == []


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error", "message", "__init__", "left"])
async def test_a_name_that_is_no_command_runs_nothing(live, house, event):
    agent = await live.agent(house.agent)
    before = dict(live.desk.web.agents._callers)

    forged = await agent.ask(event, {"v": 1, "pass": "x", "REMOTE_ADDR": "10.0.0.1"})

    assert forged == {"ok": False, "error": "bad_request", "code": "command_unknown"}
    assert live.desk.web.agents._callers == before
    assert (await agent.ask("watch_queue", {}))["ok"]


@pytest.mark.parametrize("data", [[], [{}, {}], ["words"], [7], [None], [[1]]])
async def test_a_command_takes_one_object(live, house, data):
    agent = await live.agent(house.agent)

    answer = await agent.ask("watch_queue", *data)
    assert answer == {"ok": False, "error": "bad_request", "code": "command_malformed"}


@pytest.mark.parametrize("name", [7, 1.5, True, None, ["claim_next"], [], {"claim_next": 1}])
async def test_a_name_is_a_word(live, house, name):
    agent = await live.agent(house.agent)

    answer = await agent.asked(await agent.begin(name, {}))
    assert answer == {"ok": False, "error": "bad_request", "code": "command_unknown"}


NONSENSE = [
    b"\x00\x01",
    '451-/agent,1["sync",{"_placeholder":true,"num":0}]',
    "42/agent,1[",
    "4" + "9" * 300,
    "42/agent,1" + "[" * 60_000,
]


@pytest.mark.parametrize("frame", NONSENSE, ids=["binary", "binary event", "cut", "digits", "deep"])
async def test_nonsense_and_binary_close_the_socket_that_sent_it_and_no_other(live, house, frame):
    good, bad = await live.agent(house.agent), await live.agent(house.agent)

    await bad.send_raw(frame)

    await bad.closed()
    assert (await good.ask("watch_queue", {}))["ok"]


async def test_a_packet_over_its_limit_closes_the_socket(live, house):
    good, bad = await live.agent(house.agent), await live.agent(house.agent)

    await bad.tell("sync", {"ticket": "x" * LARGEST_PACKET})

    await bad.closed()
    assert (await good.ask("watch_queue", {}))["ok"]


async def test_an_agent_who_is_disabled_or_signed_out_is_sent_away(live, house):
    browser = await live.desk.signed_in(house.agent)
    left = await live.socket("/agent", await live.a_pass(browser))
    async with live.desk.system() as tx:
        colleague = await an_agent(tx, "Bo")
    gone, stays = await live.agent(colleague), await live.agent(house.agent)

    await browser.post("/sign-out")
    async with live.desk.system() as tx:
        await agents.disable(tx, colleague.id)

    for one in (left, gone):
        assert await one.hear("control") == {"type": "kick", "code": "unauthenticated"}
    assert (await stays.ask("watch_queue", {}))["ok"]
    assert stays.heard == []


async def test_a_program_whose_token_is_withdrawn_is_sent_away(live, house):
    program = await live.agent(house.agent, "read")
    async with live.desk.system() as tx:
        await (await tx.driver()).execute("DELETE FROM api_tokens")

    await live.desk.web.agents.drop_ended()

    assert await program.hear("control") == {"type": "kick", "code": "unauthenticated"}
    await program.closed()


async def test_an_agent_whose_inboxes_change_must_enter_anew(live, house):
    async with live.desk.system() as tx:
        limited = await an_agent(tx, "Bo", inboxes=[house.mail, house.chat])
    socket = await live.agent(limited)

    async with live.desk.system() as tx:
        await tx.session.delete(await tx.session.get_one(agents.AgentInbox, (limited.id, house.mail.id)))
    await live.desk.web.agents.drop_ended()

    assert await socket.hear("control") == {"type": "reauthenticate"}


async def test_what_closed_is_forgotten(live, house):
    agent: Socket = await live.agent(house.agent)
    await agent.ask("sync", {"ticket": str(house.ticket.id), "after": 0})
    assert house.ticket.id in live.desk.web.broadcaster._watched

    await agent.close()

    await until(lambda: house.ticket.id not in live.desk.web.broadcaster._watched)


async def test_who_does_not_even_take_leave_is_cut_off(live, hurried):
    """A bare connection that never says another word, not even in answer to the server's goodbye."""
    hurried()
    host, _, port = live.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    upgrade = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )

    writer.write(upgrade.encode())
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                pass

    writer.close()


@pytest.mark.parametrize("origin", ["http://[", "https://[x]:1"])
async def test_an_origin_that_is_none_gets_no_socket(live, origin):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await live.socket("/agent", origin=origin)

    assert refused.value.response.status_code == 403


async def test_a_token_that_may_read_and_a_light_agent_only_listen(live, house):
    async with live.desk.system() as tx:
        light = await an_agent(tx, "Lia", role=Role.LIGHT)
    reading, looking = await live.agent(house.agent, "read"), await live.agent(light)

    for one in (reading, looking):
        assert (await one.ask("presence", {"state": "away"}))["error"] == "forbidden"
        told = await one.ask("typing", {"ticket": str(house.ticket.id), "state": True})
        assert told["error"] == "forbidden"


async def test_a_visitor_who_says_too_much_at_once_is_told_when_to_go_on(live, house):
    visitor = await live.visitor(await live.desk.visitor(house.chat))
    first = await visitor.ask("send_message", {"client_id": str(uuid.uuid4()), "body": "Hello?"})

    for _ in range(10):
        said = {"ticket": first["ticket"], "client_id": str(uuid.uuid4()), "body": "Hello?"}
        answer = await visitor.ask("send_message", said)

    assert (answer["ok"], answer["error"]) == (False, "rate_limited")
    assert 0 < answer["retry_ms"] <= 10_000


async def test_what_is_written_is_written_with_the_rights_of_that_moment(live, house):
    async with live.desk.system() as tx:
        limited = await an_agent(tx, "Bo", inboxes=[house.mail])
    agent = await live.agent(limited)
    said = {"ticket": str(house.ticket.id), "client_id": str(uuid.uuid4()), "body": "On it."}

    async with live.desk.system() as tx:
        await tx.session.delete(await tx.session.get_one(agents.AgentInbox, (limited.id, house.mail.id)))
    answer = await agent.ask("send_message", said)
    claimed = await agent.ask("claim_next", {"client_id": str(uuid.uuid4())})
    changed = await agent.ask("change_ticket", {"ticket": said["ticket"], "set": {"priority": 1}})

    assert (answer["error"], claimed["ticket"], changed["error"]) == ("not_found", None, "not_found")
