"""The widget's own Socket.IO client against the real server."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from helpdesk.realtime.server import LARGEST_PACKET
from tests.realtime.test_conversing import bodies, history, said
from tests.waiting import PATIENCE

pytestmark = pytest.mark.commits

NODE = Path(sys.executable).parent / "node"
PROGRAM = Path(__file__).with_name("widget_socket.mjs")


class Widget:
    """`widget/socket.js` in a Node of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def order(self, *words: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self, name: str) -> Any:
        """The next thing of this name; what comes before it is passed over."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := await self.process.stdout.readline():
                told, data = json.loads(line)
                if told == name:
                    return data
        raise AssertionError(f"ended before {name}")

    async def ask(self, command: str, data: Any) -> Any:
        await self.order("ask", command, data)
        return await self.hear("answer")


@pytest.fixture
async def widget(live) -> AsyncIterator[Widget]:
    if not NODE.exists():
        pytest.skip("No Node here.")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        NODE, PROGRAM, live.address, stdin=pipe, stdout=pipe, limit=2**22
    )
    yield Widget(process)
    process.kill()
    await process.communicate(b"")


async def test_it_enters_converses_and_hears_of_its_end(live, house, widget):
    visitor = await live.desk.visitor(house.chat)
    connection_pass = await live.a_pass(visitor)

    await widget.order("dial", "cp_guess")
    refusal = await widget.hear("refused")
    await widget.order("dial", connection_pass)
    await widget.hear("entered")
    long = 'Hello? {"a": [1, 2]}\n' + "å" * 15_000
    opened = await widget.ask("send_message", said(None, long))
    ticket = opened["ticket"]
    synced = await widget.ask("sync", {"ticket": ticket, "after": 0})
    agent = await live.agent(house.agent)
    await history(agent, ticket)
    await agent.ask("send_message", said(ticket, "Hello! 👋"))
    told = await widget.hear("events")
    await widget.order("tell", "typing", {"ticket": ticket, "state": True})
    typing = await agent.hear("ephemeral", lambda one: one["type"] == "typing")
    expected = await widget.ask("expectations", {})
    articles = await widget.ask("articles", {"q": {"no": "text"}})
    unknown = await widget.ask("claim_next", {})
    too_large = await widget.ask("sync", {"ticket": "x" * LARGEST_PACKET})
    for sid, _ in list(live.desk.web.sockets.manager.get_participants("/widget", None)):
        await live.desk.web.sockets.disconnect(sid, "/widget")
    end = await widget.hear("closed")

    assert refusal == "pass_invalid"
    assert long in bodies(synced["events"])
    assert "Hello! 👋" in bodies(told["events"])
    assert typing["ticket"] == ticket
    assert expected["ok"]
    assert {"open", "reply_time", "queue", "slots", "may_wake"} <= expected.keys()
    assert articles == {"ok": True, "items": []}
    assert unknown == {"ok": False, "error": "bad_request", "code": "command_unknown"}
    assert end == "closed"
    assert too_large == {"ok": False, "error": "too_large"}
