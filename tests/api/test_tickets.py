"""Tickets over HTTP: created once, changed only from the version one has seen, paged, waited for."""

import asyncio
import uuid

import pytest

from helpdesk.domain.inboxes import Channel
from tests.factories import a_contact, a_ticket, an_inbox
from tests.waiting import until

pytestmark = pytest.mark.commits

HELLO = {"email": "kim@customer.example", "name": "Kim", "subject": "Mill", "body": "It does not turn."}


async def test_a_key_makes_a_ticket_once_however_often_it_is_sent(fresh_desk, fresh_house):
    desk, house = fresh_desk, fresh_house
    program = await desk.with_token(house.agent)
    key = {"Idempotency-Key": "order 7"}

    answers = await asyncio.gather(
        *(program.post("/api/v1/tickets", json=HELLO, headers=key) for _ in range(4))
    )
    later = await program.post("/api/v1/tickets", json=HELLO, headers=key)

    assert {answer.status_code for answer in [*answers, later]} == {201}
    assert len({answer.content for answer in [*answers, later]}) == 1
    await desk.index()
    assert len((await program.get("/api/v1/tickets?q=Mill")).json()["items"]) == 2  # with the house's own


async def test_a_key_with_another_body_or_address_is_refused(desk, house):
    program = await desk.with_token(house.agent)
    key = {"Idempotency-Key": "order 7"}
    await program.post("/api/v1/tickets", json=HELLO, headers=key)

    other_body = await program.post("/api/v1/tickets", json=HELLO | {"body": "No."}, headers=key)
    other_place = await program.post("/api/v1/contacts", json={"name": "Kim"}, headers=key)
    too_long = await program.post("/api/v1/tickets", json=HELLO, headers={"Idempotency-Key": "x" * 201})

    assert (other_body.status_code, other_body.json()["code"]) == (409, "key_reused")
    assert (other_place.status_code, other_place.json()["code"]) == (409, "key_reused")
    assert too_long.status_code == 422


async def test_a_key_whose_request_failed_may_be_used_again(desk, house):
    program = await desk.with_token(house.agent)
    key = {"Idempotency-Key": "order 7"}

    failed = await program.post("/api/v1/tickets", json=HELLO | {"inbox": "nowhere"}, headers=key)
    mended = await program.post("/api/v1/tickets", json=HELLO, headers=key)

    assert (failed.status_code, mended.status_code) == (404, 201)


async def test_one_callers_key_is_not_anothers(desk, house):
    one, other = await desk.with_token(house.agent), await desk.with_token(house.agent)
    key = {"Idempotency-Key": "order 7"}

    first = await one.post("/api/v1/tickets", json=HELLO, headers=key)
    second = await other.post("/api/v1/tickets", json=HELLO, headers=key)

    assert first.json()["id"] != second.json()["id"]


async def test_a_client_id_is_one_message_and_with_other_words_a_conflict(desk, house):
    program = await desk.with_token(house.agent)
    path = f"/api/v1/tickets/{house.ticket.id}/messages"
    said = {"body": "Hello", "client_id": str(uuid.uuid4())}

    first, again = (await program.post(path, json=said)).json(), (await program.post(path, json=said)).json()
    other = await program.post(path, json=said | {"body": "Bye"})

    assert again == first | {"duplicate": True}
    assert (other.status_code, other.json()["code"]) == (409, "client_id_reused")


async def test_a_change_from_an_old_version_is_refused_and_changes_nothing(desk, house):
    browser = await desk.signed_in(house.agent)
    address = f"/api/v1/tickets/{house.ticket.id}"
    seen = await browser.get(address)

    changed = await browser.patch(
        address, json={"tags": ["Mill"]}, headers={"If-Match": seen.headers["etag"]}
    )
    late = await browser.patch(address, json={"subject": "X"}, headers={"If-Match": seen.headers["etag"]})

    assert (changed.status_code, changed.json()["tags"]) == (200, ["mill"])
    assert (late.status_code, late.json()["code"]) == (412, "version")
    fresh = await browser.get(address)
    assert fresh.json() == changed.json()
    assert fresh.headers["etag"] == changed.headers["etag"]
    assert (await browser.get(address, headers={"If-None-Match": fresh.headers["etag"]})).status_code == 304


async def test_pages_hold_every_ticket_once_in_queue_order(fresh_desk, fresh_house):
    desk, house = fresh_desk, fresh_house
    program = await desk.with_token(house.agent)
    async with desk.system() as tx:
        for _ in range(6):
            await a_ticket(tx, inbox=house.mail)
    whole = (await program.get("/api/v1/queue")).json()

    pages, after = [], ""
    while after is not None:
        page = (await program.get("/api/v1/queue", params={"limit": 3, "after": after})).json()
        pages.append(page["items"])
        after = page["next"]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [row["number"] for page in pages for row in page] == [row["number"] for row in whole["items"]]
    assert whole["counts"]["queue"] == 7
    assert whole["out_of_reach"] == {}


async def test_contacts_are_paged_newest_first(fresh_desk, fresh_house):
    desk = fresh_desk
    program = await desk.with_token(fresh_house.agent)
    async with desk.system() as tx:
        for name in ("Ada", "Bo", "Cy"):
            await a_contact(tx, name)

    first = (await program.get("/api/v1/contacts?limit=2")).json()
    second = (await program.get("/api/v1/contacts", params={"limit": 2, "after": first["next"]})).json()

    names = [one["name"] for page in (first, second) for one in page["items"]]
    assert names == ["Cy", "Bo", "Ada", "Kim Berg"]
    assert second["next"] is None


async def test_events_are_paged_by_version_without_holes(desk, house):
    program = await desk.with_token(house.agent)
    address = f"/api/v1/tickets/{house.ticket.id}"
    for number in range(5):
        await program.post(f"{address}/notes", json={"body": f"Note {number}"})

    first = (await program.get(f"{address}/events?limit=4")).json()
    rest = (await program.get(f"{address}/events?after=4")).json()
    latest = (await program.get(f"{address}/events?before=latest&limit=2")).json()

    versions = [event["version"] for event in first["items"] + rest["items"]]
    assert versions == list(range(1, first["head"] + 1))
    assert [event["version"] for event in latest["items"]] == versions[-2:]
    assert first["epoch"] == rest["epoch"] == latest["epoch"]


async def test_a_waiting_reader_wakes_as_soon_as_something_is_said(desk, house):
    program = await desk.with_token(house.agent)
    address = f"/api/v1/tickets/{house.ticket.id}"
    head = (await program.get(address)).json()["version"]
    waiting = asyncio.create_task(program.get(f"{address}/events?after={head}&wait=25"))
    await until(lambda: house.ticket.id in desk.web.starlette.state.hints._waiting)

    await program.post(f"{address}/notes", json={"body": "Look here"})
    async with asyncio.timeout(20):  # before its own time is over
        heard = (await waiting).json()

    assert [event["data"]["body"] for event in heard["items"]] == ["Look here"]


async def test_a_visitors_waiting_reader_wakes_for_answers_and_never_hears_a_note(desk, house):
    widget, program = await desk.visitor(house.chat), await desk.with_token(house.agent)
    opened = (
        await widget.post("/widget/send_message", json={"client_id": str(uuid.uuid4()), "body": "Hello?"})
    ).json()
    ticket = opened["ticket"]
    waiting = asyncio.create_task(
        widget.get("/widget/events", params={"ticket": ticket, "after": opened["version"], "wait": 25})
    )
    await until(lambda: uuid.UUID(ticket) in desk.web.starlette.state.hints._waiting)

    await program.post(f"/api/v1/tickets/{ticket}/notes", json={"body": "A secret"})
    await program.post(f"/api/v1/tickets/{ticket}/messages", json={"body": "Hello!"})
    heard = (await waiting).json()

    assert "secret" not in str(heard)
    assert [event["data"].get("body") for event in heard["events"]] == ["Hello!"]
    assert heard["events"][0]["version"] == opened["version"] + 1
    assert heard["events"][0]["by"]["id"] is None


async def test_a_ticket_is_found_by_what_was_said_even_when_it_is_done(desk, house):
    program = await desk.with_token(house.agent)
    async with desk.system() as tx:
        kim = await a_contact(tx, "Kim Bergqvist", email="kim@odd.example")
        wanted = await a_ticket(
            tx,
            inbox=house.mail,
            contact=kim,
            subject="Mill stuck at 100%",
            body="At dusk it hums a <b>waltz</b>.",
        )
        await a_ticket(tx, contact=await a_contact(tx, "Bo", email="bo@b.example"), subject="Odd waves")
    await program.patch(f"/api/v1/tickets/{wanted.id}", json={"status": "resolved"})
    await program.post(f"/api/v1/tickets/{wanted.id}/notes", json={"body": "Worn cogwheel, says Åke"})
    await desk.index()

    async def asked(q: str, **more: str) -> list[dict]:
        return (await program.get("/api/v1/tickets", params={"q": q, **more})).json()["items"]

    for q in (
        f"#{wanted.number}",
        str(wanted.number),
        "kim bergq",
        "kim@odd",
        "bergqvist WALTZ",
        "ake",
        "waltz is:done",
    ):
        assert [row["number"] for row in await asked(q)] == [wanted.number], q
    for q in (
        "waltz is:open",
        "waltz channel:chat",
        "waltz assignee:me tag:vip",
        "waltz nowhere",
        "&|!<->:*('",
    ):
        assert await asked(q) == [], q
    assert await asked("waltz", view="open") == await asked("waltz", channel="chat") == []
    [row] = await asked("waltz")
    assert row["found"]["message"]["text"] == [
        ["At dusk it hums a <b>", False],
        ["waltz", True],
        ["</b>.", False],
    ]
    [row] = await asked("stuck cogwheel")
    assert row["found"]["subject"] == [["Mill ", False], ["stuck", True], [" at 100%", False]]
    assert row["found"]["message"]["kind"] == "note"


async def test_a_contacts_last_tickets_are_listed_done_ones_too(desk, house):
    program = await desk.with_token(house.agent)
    async with desk.system() as tx:
        kim = await a_contact(tx, "Kim Twice", email="kim@twice.example")
        done, open_one = [await a_ticket(tx, inbox=house.mail, contact=kim) for _ in range(2)]
        await a_ticket(tx, contact=await a_contact(tx, "Bo", email="bo@b.example"))
    await program.patch(f"/api/v1/tickets/{done.id}", json={"status": "resolved"})

    found = (await program.get("/api/v1/tickets", params={"contact_id": str(kim.id)})).json()

    assert {row["number"] for row in found["items"]} == {done.number, open_one.number}
    assert found["next"] is None


async def test_a_ticket_takes_the_channel_of_the_inbox_it_is_put_into(desk, house):
    program = await desk.with_token(house.agent)
    async with desk.system() as tx:
        line = await an_inbox(tx, Channel.API, key="shop")

    made = (await program.post("/api/v1/tickets", json=HELLO | {"inbox": "shop"})).json()

    assert (made["channel"], made["inbox"]["id"]) == ("api", str(line.id))


async def test_a_call_is_logged_onto_the_ticket_it_was_about_once(desk, house):
    program = await desk.with_token(house.agent)
    async with desk.system() as tx:
        ticket = await a_ticket(tx, inbox=house.mail)
    call = {"ticket_id": str(ticket.id), "direction": "outbound", "duration": 180, "notes": "On Friday."}
    call["client_id"] = "0a6f5d1c-7c0e-4c43-8a5f-4f2d5a1f9c11"

    answers = [await program.post("/api/v1/calls", json=call) for _ in range(2)]

    assert [(one.status_code, one.json()["id"]) for one in answers] == [(201, str(ticket.id))] * 2
    assert (answers[0].json()["status"], answers[0].json()["channel"]) == ("pending", "email")
    events = (await program.get(f"/api/v1/tickets/{ticket.id}/events")).json()["items"]
    [logged] = [one["data"] for one in events if one["name"] == "CallLogged"]
    assert (logged["body"], logged["duration"], logged["caller"]) == ("On Friday.", 180, "")
    refused = await program.post("/api/v1/calls", json={"notes": "From nobody, about nothing"})
    assert (refused.status_code, refused.json()["code"]) == (422, "phone_invalid")
