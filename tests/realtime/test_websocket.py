"""Frames as they go over the wire, and reading that goes on."""

import json

import pytest
from websockets.frames import Frame, Opcode

from helpdesk.realtime.websocket import AHEAD, framed

pytestmark = pytest.mark.commits


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 2**16 - 1, 2**16, 200_000])
def test_a_frame_is_what_the_library_makes_of_it(size):
    message = b"x" * size

    assert framed(message) == Frame(Opcode.TEXT, message).serialize(mask=False)


async def test_a_message_in_several_frames_is_one_message(live, house):
    agent = await live.agent(house.agent)
    number, asked = agent.expect(), json.dumps(["watch_queue", {"view": "all"}])

    await agent.send_raw(["42/agent,", str(number), asked[:5], asked[5:]])

    assert (await agent.asked(number))["ok"]


async def test_who_asks_much_at_once_is_answered_all_of_it(live, house):
    agent = await live.agent(house.agent)
    count = AHEAD * 10

    begun = [await agent.begin("watch_queue", {"view": view}) for view in ("queue", "all") * (count // 2)]
    answers = [await agent.asked(number) for number in begun]

    assert [answer["ok"] for answer in answers] == [True] * count
