"""A telephone system tells of its calls: three events, one ticket; and redials join a missed call's."""

from datetime import timedelta

import pytest

pytestmark = pytest.mark.commits

ADA, BO = "+46701740612", "+46701740613"


class Exchange:
    """The telephone system, as one program with a token."""

    def __init__(self, program, line):
        self._program, self._line = program, line

    async def tells(self, event, call_id, caller=ADA, **rest):
        body = {"event": event, "call_id": call_id, "caller": caller, "line": self._line.key, **rest}
        answer = await self._program.post("/api/v1/telephony/events", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["ticket"]

    async def calls_on(self, ticket):
        events = (await self._program.get(f"/api/v1/tickets/{ticket}/events")).json()["items"]
        return [event["data"] for event in events if event["name"] == "CallLogged"]

    async def ticket(self, ticket):
        return (await self._program.get(f"/api/v1/tickets/{ticket}")).json()


@pytest.fixture
async def exchange(desk, house):
    return Exchange(await desk.with_token(house.agent), house.phone)


async def test_three_events_are_one_ticket_of_whoever_answered(exchange, house):
    rung = await exchange.tells("new_call", "a1")
    answered = await exchange.tells("answer", "a1", answered_by=house.agent.email)
    ended = await exchange.tells("hangup", "a1", duration=240)

    assert rung == answered == ended
    [call] = await exchange.calls_on(rung)
    assert (call["answered"], call["duration"], call["caller"]) == (True, 240, ADA)
    ticket = await exchange.ticket(rung)
    assert (ticket["channel"], ticket["assignee"]["id"]) == ("phone", str(house.agent.id))


async def test_steps_may_come_twice_and_in_any_order(exchange):
    told = ["hangup", "new_call", "answer", "hangup", "new_call"]

    found = {await exchange.tells(event, "b1", answered=event == "hangup", duration=9) for event in told}

    assert len(found) == 1
    [call] = await exchange.calls_on(found.pop())
    assert (call["answered"], call["duration"]) == (True, 9)


async def test_who_rings_again_soon_after_a_missed_call_joins_its_ticket(desk, exchange):
    async def missed(call_id, caller=ADA):
        await exchange.tells("new_call", call_id, caller)
        return await exchange.tells("hangup", call_id, caller)

    first, other = await missed("c1"), await missed("c2", BO)
    desk.clock.advance(timedelta(minutes=29))
    again = await missed("c3")
    desk.clock.advance(timedelta(minutes=31))
    late = await missed("c4")

    assert first == again
    assert len({first, other, late}) == 3
    assert [call["answered"] for call in await exchange.calls_on(first)] == [False, False]
    assert (await exchange.ticket(first))["unread"]


async def test_after_an_answered_call_the_next_is_a_new_ticket(exchange, house):
    first = await exchange.tells("answer", "d1", answered_by=house.agent.email)
    await exchange.tells("hangup", "d1")

    assert await exchange.tells("new_call", "d2") != first


async def test_a_withheld_number_is_a_call_too(exchange):
    ticket = await exchange.ticket(await exchange.tells("new_call", "e1", None))

    assert ticket["contact"]["name"] == "Unknown caller"
