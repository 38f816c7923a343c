"""How much a stranger may do: forms, new visitors, messages, tickets, uploads, sign-ins at once."""

import asyncio
import uuid
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select

from helpdesk.auth import passwords
from helpdesk.domain import limits
from helpdesk.errors import LimitReached
from tests.desk import OWN_PAGE
from tests.factories import an_agent

pytestmark = pytest.mark.commits

FORM = {"name": "Kim Berg", "email": "kim@customer.example", "subject": "Mill", "message": "It hums."}


def calling_from(desk, address, **headers):
    transport = httpx2.ASGITransport(desk.web.asgi, client=(address, 4711))
    return httpx2.AsyncClient(transport=transport, base_url=desk.web.settings.address, headers=headers)


def said(ticket=None, body="Hello?"):
    return {"ticket": ticket, "client_id": str(uuid.uuid4()), "body": body}


async def test_the_sixth_form_from_one_address_waits_a_quarter_of_an_hour(desk, house):
    stranger, other = calling_from(desk, "198.51.100.7"), calling_from(desk, "198.51.100.8")

    answers = [(await stranger.post("/support", data=FORM)).status_code for _ in range(5)]
    refused = await stranger.post("/support", data=FORM)

    assert answers == [200] * 5
    assert (refused.status_code, "It hums." in refused.text) == (429, True)
    assert int(refused.headers["retry-after"]) <= 900
    assert (await other.post("/support", data=FORM)).status_code == 200
    desk.clock.advance(timedelta(minutes=16))
    assert (await stranger.post("/support", data=FORM)).status_code == 200


async def test_new_visitors_are_counted_by_network_and_known_ones_are_not(desk, house):
    session = {"inbox": house.chat.key}
    first = (await calling_from(desk, "2001:db8::1").post("/widget/session", json=session)).json()
    for number in range(2, 61):
        client = calling_from(desk, f"2001:db8::{number:x}")
        assert (await client.post("/widget/session", json=session)).status_code == 200

    late = calling_from(desk, "2001:db8::ffff")
    refused = await late.post("/widget/session", json=session)
    known = await late.post("/widget/session", json=session | {"visitor_token": first["visitor_token"]})

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert known.status_code == 200
    assert (await desk.client().post("/widget/session", json=session)).status_code == 200  # loopback


async def test_a_visitor_says_ten_things_in_ten_seconds(desk, house):
    widget = await desk.visitor(house.chat)
    ticket = (await widget.post("/widget/send_message", json=said())).json()["ticket"]
    for _ in range(9):
        assert (await widget.post("/widget/send_message", json=said(ticket))).status_code == 200

    refused = await widget.post("/widget/send_message", json=said(ticket))

    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert 0 < refused.json()["retry_ms"] <= 10_000
    desk.clock.advance(timedelta(seconds=11))
    assert (await widget.post("/widget/send_message", json=said(ticket))).status_code == 200


async def test_a_visitor_opens_six_tickets_in_half_a_day_and_sending_again_is_no_other(desk, house):
    widget = await desk.visitor(house.chat)
    messages = [said() for _ in range(6)]
    opened = [await widget.post("/widget/send_message", json=one) for one in messages]

    refused = await widget.post("/widget/send_message", json=said())
    again = await widget.post("/widget/send_message", json=messages[5])

    assert [one.status_code for one in opened] == [200] * 6
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert again.json()["duplicate"]
    listed = await desk.client().post(
        "/widget/session",
        json={"inbox": house.chat.key, "visitor_token": widget.headers["authorization"].split()[1]},
    )
    assert len(listed.json()["tickets"]) == 6


async def test_uploads_of_a_visitor_are_counted_and_weighed(desk, house, monkeypatch):
    small = limits.Limit("few uploads", 2, timedelta(hours=1))
    monkeypatch.setattr(limits, "UPLOADS", small)
    widget, other = await desk.visitor(house.chat), await desk.visitor(house.chat)

    async def upload(client, size):
        return (await client.post("/widget/uploads", files={"file": ("a.txt", b"x" * size)})).status_code

    assert [await upload(widget, 3) for _ in range(3)] == [201, 201, 429]
    monkeypatch.setattr(limits, "UPLOADED_BYTES", limits.Limit("few bytes", 100, timedelta(hours=1)))
    assert [await upload(other, 60), await upload(other, 60)] == [201, 429]


async def test_what_is_over_is_swept(desk, house):
    async with desk.system() as tx:
        await limits.spend(tx, limits.UPLOADS, "somebody")
    desk.clock.advance(timedelta(days=2))

    async with desk.system() as tx:
        await limits.sweep(tx)
        assert await tx.session.scalar(select(func.count()).select_from(limits.RateBucket)) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", None),
        ("::1", None),
        ("unknown", None),
        (None, None),
    ],
)
def test_a_network_is_an_ipv4_address_or_the_half_of_an_ipv6_one(address, network):
    assert limits.network_of(address) == network


async def test_many_wrong_passwords_at_once_are_no_more_than_one_after_the_other(desk):
    async with desk.system() as tx:
        agent = await an_agent(
            tx, "Mira", password_hash=await passwords.hash_password("correct horse battery")
        )
    wrong = {"email": agent.email, "password": "wrong"}

    answers = await asyncio.gather(*(desk.client(**OWN_PAGE).post("/sign-in", data=wrong) for _ in range(15)))

    assert sorted(one.status_code for one in answers) == [401] * 10 + [429] * 5


async def test_who_signs_in_rightly_is_not_counted(desk):
    async with desk.system() as tx:
        agent = await an_agent(
            tx, "Mira", password_hash=await passwords.hash_password("correct horse battery")
        )
    right = {"email": agent.email, "password": "correct horse battery"}

    answers = [(await desk.client(**OWN_PAGE).post("/sign-in", data=right)).status_code for _ in range(11)]

    assert answers == [303] * 11


async def test_only_so_many_passwords_wait_for_their_turn(monkeypatch):
    monkeypatch.setattr(passwords, "MOST_WAITING", 1)

    first, second = await asyncio.gather(
        passwords.is_right("a", None), passwords.is_right("b", None), return_exceptions=True
    )

    assert first is False
    assert isinstance(second, LimitReached)
