"""An agent's own picture: freed of all that does not draw it, seen by agents and by who is answered."""

import struct
from uuid import uuid4

import httpx2
import pytest

from helpdesk.channels import jpeg
from helpdesk.errors import Invalid
from tests.desk import Desk, House
from tests.factories import PICTURE


def with_segment(marker: int, words: bytes) -> bytes:
    return PICTURE[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(words) + 2) + words + PICTURE[2:]


async def choose(agent: httpx2.AsyncClient, data: bytes) -> httpx2.Response:
    return await agent.post("/api/v1/me/picture", files={"file": ("me.jpg", data, "image/jpeg")})


async def test_a_chosen_picture_is_seen_by_agents_and_by_who_is_answered(desk: Desk, house: House) -> None:
    agent = await desk.signed_in(house.agent)
    widget = await desk.visitor(house.chat)
    said = {"client_id": str(uuid4()), "body": "The mill is stuck."}
    ticket = (await widget.post("/widget/send_message", json=said)).json()["ticket"]

    picture = (await choose(agent, PICTURE)).json()["picture"]
    assert (await agent.post(f"/api/v1/tickets/{ticket}/messages", json={"body": "Which one?"})).is_success

    events = (await widget.post("/widget/sync", json={"ticket": ticket, "after": 0})).json()["events"]
    assert events[-1]["data"]["author"]["picture"] == picture
    everybody = (await agent.get("/api/v1/agents")).json()["items"]
    assert [one["picture"] for one in everybody if one["id"] == str(house.agent.id)] == [picture]
    shown = await desk.client().get(picture)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_another_picture_has_another_address_and_a_removed_one_is_gone(
    desk: Desk, house: House
) -> None:
    agent = await desk.signed_in(house.agent)
    first = (await choose(agent, PICTURE)).json()["picture"]
    second = (await choose(agent, PICTURE)).json()["picture"]

    assert first != second
    assert (await desk.client().get(first)).status_code == 404
    assert (await agent.delete("/api/v1/me/picture")).json()["picture"] is None
    assert (await desk.client().get(second)).status_code == 404


async def test_where_it_was_taken_and_what_hangs_behind_it_stay_away(desk: Desk, house: House) -> None:
    agent = await desk.signed_in(house.agent)
    told = with_segment(0xE1, b"Exif\x00\x00 59.3293 N") + b"<script>alert(1)</script>"

    picture = (await choose(agent, told)).json()["picture"]

    kept = (await desk.client().get(picture)).content
    assert b"Exif" not in kept
    assert b"script" not in kept
    assert kept == jpeg.bare(PICTURE, 32, 512)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_invalid"),
        (b"\x89PNG\r\n\x1a\n", "picture_invalid"),
        (PICTURE[:200], "picture_invalid"),
        (b"\xff\xd8\xff\xd9", "picture_invalid"),
        (PICTURE.replace(b"\x00\x20\x00\x20", b"\x40\x00\x40\x00"), "picture_size"),
    ],
)
async def test_what_is_no_small_jpeg_is_refused(desk: Desk, house: House, data: bytes, code: str) -> None:
    agent = await desk.signed_in(house.agent)

    refused = await choose(agent, data)

    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_too_many_bytes_and_callers_who_are_nobody_are_refused(desk: Desk, house: House) -> None:
    agent = await desk.signed_in(house.agent)

    assert (await choose(agent, PICTURE + bytes(65 * 1024))).status_code == 413
    assert (await choose(desk.client(), PICTURE)).status_code == 401
    assert (await choose(await desk.visitor(house.chat), PICTURE)).status_code in (401, 403)


def test_broken_pictures_end_in_words_and_never_in_a_loop() -> None:
    for cut in range(len(PICTURE)):
        for broken in (PICTURE[:cut], PICTURE[:cut] + b"\xff", PICTURE[:cut] + b"\xff\xda\x00\x02"):
            with pytest.raises(Invalid):
                jpeg.bare(broken, 32, 512)
