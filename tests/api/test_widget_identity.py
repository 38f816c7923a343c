"""A website says who its visitor is: by a signed identity, and by nothing else."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from helpdesk.actors import Role
from helpdesk.domain import contacts, widgets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.domain.inboxes import Channel
from helpdesk.storage.sealing import Sealer
from tests.conftest import NOON
from tests.desk import KEY, Desk, House
from tests.factories import a_company_of, an_agent, an_inbox, as_agent

HOUR = timedelta(hours=1)


@pytest.fixture
async def key(desk: Desk, house: House) -> str:
    return await a_key(desk, house)


async def a_key(desk: Desk, house: House) -> str:
    async with desk.system() as tx:
        admin = as_agent(tx, await an_agent(tx, role=Role.ADMIN))
        return await widgets.identity_keys.make(admin, house.chat, Sealer(KEY.encode()))


def signed(key: str, **claims: Any) -> str:
    told = {"sub": "4711", "exp": int((NOON + HOUR).timestamp()), "name": "Eva", "email": "eva@site.example"}
    return jwt.encode({name: value for name, value in (told | claims).items() if value is not None}, key)


async def enter(desk: Desk, house: House, **asked: Any) -> httpx2.Response:
    return await desk.client().post("/widget/session", json={"inbox": house.chat.key, **asked})


async def say(desk: Desk, token: str, body: str, ticket: str | None = None) -> httpx2.Response:
    client = desk.client(Authorization=f"Bearer {token}")
    said = {"ticket": ticket, "client_id": str(uuid4()), "body": body}
    return await client.post("/widget/send_message", json=said)


async def test_a_signed_identity_is_the_same_person_with_the_same_conversation_on_every_device(
    desk: Desk, house: House, key: str
) -> None:
    phone = (await enter(desk, house, identity=signed(key))).json()
    said = (await say(desk, phone["visitor_token"], "The mill is stuck.")).json()

    laptop = (await enter(desk, house, identity={"jwt": signed(key)})).json()

    assert laptop["visitor_token"] != phone["visitor_token"]
    assert [one["id"] for one in laptop["tickets"]] == [said["ticket"]]
    assert laptop["contact"] == {"name": "Eva", "email": "eva@site.example", "known": True}


async def test_what_was_written_without_a_name_joins_the_contact_with_its_plan(
    desk: Desk, house: House, key: str
) -> None:
    async with desk.system() as tx:
        known = await contacts.find_or_create(tx, IdentityKind.EMAIL, f"{uuid4().hex}@site.example")
        company = await a_company_of(tx, known)
        email = await contacts.address_of(tx, known.id)
    visitor = (await enter(desk, house)).json()
    said = (await say(desk, visitor["visitor_token"], "Do you ship to Norway?")).json()

    joined = (
        await enter(desk, house, visitor_token=visitor["visitor_token"], identity=signed(key, email=email))
    ).json()

    assert [one["id"] for one in joined["tickets"]] == [said["ticket"]]
    agent = await desk.with_token(house.agent)
    ticket = (await agent.get(f"/api/v1/tickets/{said['ticket']}")).json()
    assert ticket["contact"]["id"] == str(known.id)
    assert ticket["company"]["id"] == str(company.id)
    events = (await agent.get(f"/api/v1/tickets/{said['ticket']}/events")).json()["items"]
    assert events[-1]["name"] == "ContactIdentified"
    again = await say(desk, joined["visitor_token"], "And to Iceland?", said["ticket"])
    assert again.status_code == 200


async def test_the_token_of_the_nameless_chat_opens_nothing_of_the_contact(
    desk: Desk, house: House, key: str
) -> None:
    """Whoever had it (a shared computer) must not read what the contact wrote elsewhere."""
    visitor = (await enter(desk, house)).json()
    said = (await say(desk, visitor["visitor_token"], "Hello")).json()
    await enter(desk, house, visitor_token=visitor["visitor_token"], identity=signed(key))

    old = desk.client(Authorization=f"Bearer {visitor['visitor_token']}")
    answer = await old.post("/widget/sync", json={"ticket": said["ticket"]})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("word", "is_believed"),
    [
        *((word, False) for word in (False, "false", "False", "no", "", 0, 1, [], {})),
        *((word, True) for word in (True, "true", "TRUE")),
    ],
)
async def test_an_address_that_the_site_does_not_call_verified_opens_nobodys_conversation(
    desk: Desk, house: House, key: str, word: Any, is_believed: bool
) -> None:
    email = f"{uuid4().hex}@site.example"
    eva = (await enter(desk, house, identity=signed(key, sub=email, email=email))).json()
    said = (await say(desk, eva["visitor_token"], "Mine")).json()

    other = signed(key, sub=f"not {email}", email=email, email_verified=word)

    tickets = (await enter(desk, house, identity=other)).json()["tickets"]
    assert [one["id"] for one in tickets] == [said["ticket"]] * is_believed


async def test_an_address_that_the_site_calls_null_verified_is_not_believed(
    desk: Desk, house: House, key: str
) -> None:
    told = jwt.decode(signed(key), options={"verify_signature": False}) | {"email_verified": None}

    entered = (await enter(desk, house, identity=jwt.encode(told, key))).json()

    assert entered["contact"]["email"] is None


async def test_another_person_at_the_same_browser_does_not_get_the_first_ones_conversation(
    desk: Desk, house: House, key: str
) -> None:
    eva = (await enter(desk, house, identity=signed(key, sub="eva", email=None))).json()
    await say(desk, eva["visitor_token"], "Mine")

    ola = await enter(
        desk, house, visitor_token=eva["visitor_token"], identity=signed(key, sub="ola", email=None)
    )

    assert ola.json()["tickets"] == []


async def test_a_name_and_an_address_without_a_signature_open_nobodys_history(
    desk: Desk, house: House, key: str
) -> None:
    eva = (await enter(desk, house, identity=signed(key))).json()
    await say(desk, eva["visitor_token"], "Mine")

    typed = (await enter(desk, house, identity={"email": "eva@site.example", "name": "Eva"})).json()

    assert typed["tickets"] == []
    assert typed["contact"] == {"name": "Eva", "email": "eva@site.example", "known": False}


def _unsigned(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    coded = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts]
    return ".".join([*coded, ""])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda key: signed(key, exp=None),
        lambda key: signed(key, sub=None),
        lambda key: signed(key, exp=int((NOON - HOUR).timestamp())),
        lambda key: signed(key, exp=int((NOON + 48 * HOUR).timestamp())),
        lambda key: signed(key, exp="soon"),
        lambda key: signed(key, nbf=int((NOON + HOUR).timestamp())),
        lambda key: signed(key, aud="another-inbox"),
        lambda key: signed("somebody-elses-key-0123456789-0123456789"),
        lambda key: signed(key)[:-2],
        lambda key: jwt.encode(
            {"sub": "4711", "exp": int((NOON + HOUR).timestamp())}, key, algorithm="HS512"
        ),
        lambda key: _unsigned({"sub": "4711", "exp": int((NOON + HOUR).timestamp())}),
        lambda key: "not.a.jwt",
        lambda key: "a" * 4097,
    ],
)
async def test_an_identity_that_is_wrong_in_any_way_is_refused(
    desk: Desk, house: House, key: str, wrong: Any
) -> None:
    answer = await enter(desk, house, identity=wrong(key))

    assert answer.status_code in (401, 422)
    assert "visitor_token" not in answer.text


async def test_an_identity_signed_with_a_public_key_scheme_is_refused(
    desk: Desk, house: House, key: str
) -> None:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode({"sub": "4711", "exp": int((NOON + HOUR).timestamp())}, own, algorithm="RS256")

    assert (await enter(desk, house, identity=token)).status_code == 401


async def test_two_keys_are_good_at_once_and_a_retired_one_opens_nothing(desk: Desk, house: House) -> None:
    old, new = await a_key(desk, house), await a_key(desk, house)
    assert [(await enter(desk, house, identity=signed(k))).status_code for k in (old, new)] == [200, 200]

    async with desk.system() as tx:
        admin = as_agent(tx, await an_agent(tx, role=Role.ADMIN))
        first = (await widgets.identity_keys.of_inbox(tx, house.chat.id))[-1]
        await widgets.identity_keys.retire(admin, house.chat, first.id)

    assert [(await enter(desk, house, identity=signed(k))).status_code for k in (old, new)] == [401, 200]


async def test_a_key_of_another_inbox_says_nothing_here(desk: Desk, house: House, key: str) -> None:
    async with desk.system() as tx:
        other = await an_inbox(tx, Channel.CHAT)

    answer = await desk.client().post("/widget/session", json={"inbox": other.key, "identity": signed(key)})

    assert answer.status_code == 401


async def test_where_an_identity_is_required_nobody_enters_without_one_and_old_tokens_end(
    desk: Desk, house: House, key: str
) -> None:
    before = (await enter(desk, house)).json()
    async with desk.system() as tx:
        inbox = await tx.session.get_one(type(house.chat), house.chat.id)
        inbox.settings = {**inbox.settings, "identity_required": True}

    assert (await enter(desk, house)).status_code == 401
    assert (await enter(desk, house, visitor_token=before["visitor_token"])).status_code == 401
    assert (await say(desk, before["visitor_token"], "Hello")).status_code == 401
    known = await enter(desk, house, identity=signed(key))
    assert known.status_code == 200
    assert (await say(desk, known.json()["visitor_token"], "Hello")).status_code == 200
    back = await enter(desk, house, visitor_token=known.json()["visitor_token"])
    assert back.status_code == 200
