"""What strangers, mistakes and failures do to it: answers with a reason, never a 500, nothing lost."""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import websockets
import websockets.exceptions
from playwright.async_api import expect

from helpdesk.storage.embedded import EmbeddedDatabase
from tests.browser.chromium import BROKEN, Visits
from tests.browser.shop import Shop
from tests.scenarios.conftest import FirstRun
from tests.scenarios.desk import PASSWORD, Desk, a_mail, copy_of, email_of
from tests.waiting import PATIENCE, eventually

NOBODY = str(uuid4())
STRANGE_TEXTS = ["\x00", "a\x00b", "\ud800", "\u202e", "x" * 200_000, "🙂" * 20_001]
STRANGE_BODIES = [
    b"", b"{", b"null", b"[]", b'"text"', b"12", b"\xff\xfe", b"[" * 20_000,
    b'{"caller": NaN}', b'{"caller": 1e999}',
]  # fmt: skip
STRANGE_PATHS = [
    f"tickets/{NOBODY}", "tickets/1", "tickets/%00", "tickets/..%2f..", f"tickets/{NOBODY}/events",
    "contacts/x", "queue?limit=0", "queue?limit=-1", "queue?limit=99999999999999999999", "queue?limit=x",
    "queue?after=x", "queue?after=%00", "queue?view=x", "queue?channel=x", "tickets?view=%00",
    "alerts?state=x", "tickets?contact_id=x",
    "contacts?q=%00", "contacts?q=%25", "agents?after=x", "tickets?q=%27%3B--",
]  # fmt: skip


async def test_a_wrong_password_opens_nothing(desk: Desk):
    async with desk.ask() as caller:
        page = {"Origin": desk.address}
        wrong = await _sign_in(caller, "maja", "nordkvarn-demo2", page)
        unknown = await _sign_in(caller, "nobody", PASSWORD, page)
        inside = await caller.get("/api/v1/me")

    assert (wrong.status_code, unknown.status_code, inside.status_code) == (401, 401, 401)
    assert "set-cookie" not in wrong.headers
    assert inside.json()["code"] == "sign_in_first"


async def test_another_site_cannot_give_orders(desk: Desk):
    evil = {"Origin": "https://evil.example"}
    async with desk.ask() as caller:
        at_the_door = await _sign_in(caller, "aoife", PASSWORD, evil)
        inside = await _sign_in(caller, "aoife", PASSWORD, {"Origin": desk.address})
        ordered = await caller.post("/api/v1/queue/claim", json={}, headers=evil)
        untold = await caller.post("/api/v1/queue/claim", json={}, headers={"Origin": desk.address})

    assert at_the_door.status_code == 403
    assert inside.status_code == 303
    assert (ordered.status_code, ordered.json()["code"]) == (403, "cross_site")
    assert (untold.status_code, untold.json()["code"]) == (403, "csrf_token_wrong")


async def test_a_socket_of_another_site_is_refused(desk: Desk):
    address = f"ws://127.0.0.1:{desk.port}/socket.io/?EIO=4&transport=websocket"

    origin = websockets.Origin("https://evil.example")

    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        await websockets.connect(address, origin=origin, open_timeout=PATIENCE)

    assert 400 <= refused.value.response.status_code < 500


async def test_a_visitor_cannot_tell_a_strangers_ticket_from_none(desk: Desk):
    mine, theirs = await _a_visitor(desk), await _a_visitor(desk)
    ticket = (await _command(desk, mine, "send_message", **_message("My secret"))).json()["ticket"]

    foreign = [await _command(desk, theirs, "sync", ticket=ticket, after=0, limit=10),
               await _command(desk, theirs, "send_message", **_message("Let me in", ticket)),
               await _command(desk, theirs, "mark_read", ticket=ticket, upto=1)]  # fmt: skip
    absent = [await _command(desk, theirs, "sync", ticket=NOBODY, after=0, limit=10),
              await _command(desk, theirs, "send_message", **_message("Let me in", NOBODY)),
              await _command(desk, theirs, "mark_read", ticket=NOBODY, upto=1)]  # fmt: skip

    assert [answer.status_code for answer in foreign] == [404] * 3
    assert [answer.content for answer in foreign] == [answer.content for answer in absent]


async def test_what_cannot_be_read_is_refused_with_a_reason(desk: Desk):
    api = await desk.api()
    json_type = {"Content-Type": "application/json"}
    for body in STRANGE_BODIES:
        for path in ("calls", "tickets", f"tickets/{NOBODY}/messages"):
            answer = await api.raw("POST", path, content=body, headers=json_type)
            _is_refused(answer, f"{path} {body[:20]!r}")


async def test_addresses_that_mean_nothing_are_answered_with_a_reason(desk: Desk):
    api = await desk.api()
    for path in STRANGE_PATHS:
        answer = await api.raw("GET", path)
        assert answer.status_code < 500, f"{path}: {answer.status_code} {answer.text[:300]}"


async def test_strange_texts_are_taken_or_refused(desk: Desk):
    api, visitor = await desk.api(), await _a_visitor(desk)
    for text in STRANGE_TEXTS:
        body = json.dumps({"caller": "+46701740692", "notes": text, "name": text, "subject": text}).encode()
        answers = [
            await api.raw("POST", "calls", content=body),
            await api.raw("POST", "calls", json={"caller": text.encode("utf-8", "replace").decode()}),
            await _raw_command(desk, visitor, "send_message", json.dumps(_message(text)).encode()),
        ]
        for answer in answers:
            assert answer.status_code < 500, f"{text[:5]!r}: {answer.status_code} {answer.text[:300]}"


async def test_too_much_is_refused_before_it_is_read(desk: Desk):
    api, visitor = await desk.api(), await _a_visitor(desk)

    call = await api.raw("POST", "calls", json={"caller": "+46701740693", "notes": "x" * 3_000_000})
    chat = await _command(desk, visitor, "send_message", **_message("x" * 3_000_000))

    assert (call.status_code, chat.status_code) == (413, 413)


@pytest.fixture
async def database(scratch: Path, first_run: FirstRun) -> AsyncIterator[EmbeddedDatabase]:
    """A PostgreSQL of somebody else's that this test stops and starts, holding the sample company."""
    folder = copy_of(first_run.folder, scratch / "elsewhere") / "postgres"
    database = EmbeddedDatabase(folder, say=print)
    await asyncio.to_thread(database.start)
    yield database
    await asyncio.to_thread(database.stop)


@pytest.mark.browser
async def test_without_its_database_mail_comes_back_later_and_chat_waits(
    scratch: Path, database: EmbeddedDatabase, visits: Visits
):
    visits.forgive(BROKEN)
    desk = Desk(scratch / "elsewhere", database_url=database.url)
    await desk.start()
    try:
        shop = await Shop(await visits.visitor(desk.address)).enter()
        await shop.launcher.click()
        await shop.write("Before the outage")
        await expect(shop.state).to_contain_text("Sent")
        mail = a_mail("During the outage", "Please keep this.")

        await asyncio.to_thread(database.stop)
        with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as put_off:
            await desk.mail(mail)
        await shop.write("While it was away")
        async with desk.ask() as caller:
            answer = await caller.post("/widget/session", json={"inbox": "web"})
            ready = await caller.get("/health/ready")
        await asyncio.to_thread(database.start)

        assert _smtp_code(put_off.value) == 451
        assert (answer.status_code, ready.status_code) == (503, 503)
        await eventually(lambda: _is_taken(desk, mail), failing=lambda: desk.printed[-2000:])
        await expect(shop.state).to_contain_text("Sent")
        api = await desk.api()
        await api.row("During the outage")
        ticket = await api.row("Before the outage")
        assert await api.messages(ticket["ticket_id"]) == ["Before the outage", "While it was away"]
    finally:
        await desk.stop()


async def _is_taken(desk: Desk, mail: Any) -> bool:
    try:
        await desk.mail(mail)
    except (smtplib.SMTPException, OSError):
        return False
    return True


def _smtp_code(failure: smtplib.SMTPException) -> int:
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return next(iter(failure.recipients.values()))[0]
    assert isinstance(failure, smtplib.SMTPResponseException)
    return failure.smtp_code


def _is_refused(answer: httpx2.Response, what: str) -> None:
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), what
    assert answer.json()["code"], what


async def _sign_in(
    caller: httpx2.AsyncClient, agent: str, password: str, headers: dict[str, str]
) -> httpx2.Response:
    form = {"email": email_of(agent), "password": password}
    return await caller.post("/sign-in", data=form, headers=headers)


async def _a_visitor(desk: Desk) -> str:
    async with desk.ask() as caller:
        token: str = (await caller.post("/widget/session", json={"inbox": "web"})).json()["visitor_token"]
        return token


def _message(body: str, ticket: str | None = None) -> dict[str, Any]:
    return {"ticket": ticket, "client_id": str(uuid4()), "kind": "message", "body": body}


async def _command(desk: Desk, visitor: str, command: str, **data: Any) -> httpx2.Response:
    return await _raw_command(desk, visitor, command, json.dumps(data).encode())


async def _raw_command(desk: Desk, visitor: str, command: str, body: bytes) -> httpx2.Response:
    async with desk.ask(visitor) as caller:
        return await caller.post(
            f"/widget/{command}", content=body, headers={"Content-Type": "application/json"}
        )
