"""Files in and out: who may upload, who may attach, and what a signed address opens."""

import uuid
from datetime import timedelta

import pytest

from tests.factories import an_agent

pytestmark = pytest.mark.commits

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PAGE = b"<!doctype html><script>alert(1)</script>"


async def upload(client, name, data, path="/api/v1/uploads"):
    return await client.post(path, files={"file": (name, data, "image/png")})


@pytest.mark.parametrize(
    ("name", "data", "kind", "shown"),
    [
        ("mill.png", PNG, "image/png", "inline"),
        ("page.png", PAGE, "text/html", "attachment"),
        ("mill.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", None, "attachment"),
        ("a.html.", b"hello", "text/plain", "attachment"),
    ],
    ids=["picture", "page", "svg", "text"],
)
async def test_a_file_is_what_its_bytes_are_and_only_sure_pictures_are_shown(
    desk, house, name, data, kind, shown
):
    program = await desk.with_token(house.agent)
    stored = (await upload(program, name, data)).json()

    read = await program.get(stored["url"])

    assert kind is None or stored["content_type"] == kind
    assert (read.status_code, read.content) == (200, data)
    assert read.headers["content-disposition"].startswith(f"{shown};")
    assert read.headers["content-type"] == ("image/png" if shown == "inline" else "application/octet-stream")
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_a_name_is_kept_without_its_tricks(desk, house):
    program = await desk.with_token(house.agent)

    stored = (await upload(program, "../../etc/\u202egnp.\u200bexe", PNG)).json()

    assert stored["name"] == "gnp.exe"


async def test_a_name_comes_back_from_the_escapes_that_browsers_make(desk, house):
    program = await desk.with_token(house.agent)
    head = 'Content-Disposition: form-data; name="file"; filename="The %22big%22 mill%0D%0A, 50%20 %2F.png"'
    body = f"--b\r\n{head}\r\n\r\n".encode() + PNG + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    stored = (await program.post("/api/v1/uploads", content=body, headers=headers)).json()
    read = await program.get(stored["url"])

    assert stored["name"] == 'The "big" mill, 50%20 %2F.png'
    assert (read.status_code, read.content) == (200, PNG)
    assert "%22big%22" in read.headers["content-disposition"].partition("filename*=")[2]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda url: url.replace("mill.png", "mill.html"),
        lambda url: url.replace("image/png", "text/html"),
        lambda url: url.replace("ends=", "ends=9"),
        lambda url: url.replace("signature=", "signature=x"),
        lambda url: url.partition("?")[0],
        lambda url: url.partition("&ends")[0] + "&ends=²&signature=é",
        lambda url: url.replace("/files/", "/files/../"),
        lambda url: "/files/" + "0" * 32 + "?" + url.partition("?")[2],
    ],
)
async def test_an_address_that_was_touched_opens_nothing(desk, house, tamper):
    stored = (await upload(await desk.with_token(house.agent), "mill.png", PNG)).json()

    answer = await desk.client().get(tamper(stored["url"]))

    assert (answer.status_code, PNG in answer.content) == (404, False)


async def test_an_address_ends_after_twelve_hours(desk, house):
    program = await desk.with_token(house.agent)
    stored = (await upload(program, "mill.png", PNG)).json()

    desk.clock.advance(timedelta(hours=13))

    assert (await program.get(stored["url"])).status_code == 404


async def test_an_address_given_to_staff_opens_nothing_for_others(desk, house):
    async with desk.system() as tx:
        limited, colleague = await an_agent(tx, "Bo", inboxes=[house.chat]), await an_agent(tx, "Cleo")
    mine = await desk.signed_in(house.agent)
    stored = (await upload(mine, "mill.png", PNG)).json()
    readers = [desk.client(), await desk.signed_in(limited), await desk.signed_in(colleague), mine]

    before = [(await one.get(stored["url"])).status_code for one in readers]
    address = f"/api/v1/tickets/{house.ticket.id}/messages"
    await mine.post(address, json={"body": "Look", "uploads": [stored["id"]]})
    after = [(await one.get(stored["url"])).status_code for one in readers]

    assert before == [401, 404, 404, 200]
    assert after == [401, 404, 200, 200]
    assert (await mine.get(stored["url"].replace("&for=staff", ""))).status_code == 404


async def test_an_address_given_to_a_visitor_opens_for_an_hour(desk, house):
    widget = await desk.visitor(house.chat)
    stored = (await upload(widget, "mill.png", PNG, "/widget/uploads")).json()

    desk.clock.advance(timedelta(minutes=60))
    assert (await desk.client().get(stored["url"])).content == PNG
    desk.clock.advance(timedelta(minutes=11))
    assert (await desk.client().get(stored["url"])).status_code == 404


async def test_nobody_attaches_anothers_upload_or_one_twice(desk, house):
    async with desk.system() as tx:
        colleague = await an_agent(tx, "Bo")
    mine, theirs = await desk.signed_in(house.agent), await desk.signed_in(colleague)
    widget = await desk.visitor(house.chat)
    stored = (await upload(mine, "mill.png", PNG)).json()["id"]
    address = f"/api/v1/tickets/{house.ticket.id}/messages"

    foreign = await theirs.post(address, json={"body": "Look", "uploads": [stored]})
    by_visitor = await widget.post(
        "/widget/send_message", json={"client_id": str(uuid.uuid4()), "body": "Look", "uploads": [stored]}
    )
    sent = await mine.post(address, json={"body": "Look", "uploads": [stored]})
    twice = await mine.post(address, json={"body": "Again", "uploads": [stored]})

    assert (foreign.status_code, foreign.json()["code"]) == (404, "upload_not_found")
    assert (by_visitor.status_code, by_visitor.json()["error"]) == (404, "not_found")
    assert (sent.status_code, twice.status_code) == (201, 404)
    events = (await mine.get(f"/api/v1/tickets/{house.ticket.id}/events")).json()["items"]
    said = [event["data"] for event in events if event["name"] == "ReplySent"]
    assert [one["body"] for one in said] == ["Look"]
    assert (await mine.get(said[0]["attachments"][0]["url"])).content == PNG
    assert "key" not in said[0]["attachments"][0]


async def test_a_visitors_file_has_its_limit_and_a_strangers_none_at_all(desk, house):
    widget = await desk.visitor(house.chat)

    large = await upload(widget, "x.bin", bytes(10 * 1024 * 1024 + 1), "/widget/uploads")
    small = await upload(widget, "x.png", PNG, "/widget/uploads")
    nobodys = await upload(desk.client(), "x.png", PNG, "/widget/uploads")
    staffs = await upload(widget, "x.png", PNG, "/api/v1/uploads")

    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert (small.status_code, nobodys.status_code, staffs.status_code) == (201, 401, 401)
