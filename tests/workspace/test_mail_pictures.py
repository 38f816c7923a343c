"""Pictures that a mail links to: nobody is asked for them until the reader wishes it, and then by us."""

import struct
import zlib
from typing import Any

import pytest
from playwright.async_api import expect

from helpdesk.channels import remote_pictures
from helpdesk.channels.email.reading.sanitising import sanitise
from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Channel
from tests.browser.chromium import Visits
from tests.browser.served import Served
from tests.factories import a_contact
from tests.workspace.test_broken_lines import at_work

pytestmark = [pytest.mark.browser, pytest.mark.commits]

HTML = """<p>Roasts of the season</p>
<img src="http://pictures.example/beans.png" alt="Beans" width="40" height="20">
<img src="http://pictures.example/counts-readers.png" width="1" height="1">"""


def picture_of(width: int, height: int) -> bytes:
    """A grey PNG."""
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


async def a_designed_mail(served: Served) -> dict[str, Any]:
    async with served.desk.system() as tx:
        said = await tickets.receive_message(
            tx,
            tickets.InboundMessage(
                inbox_id=served.house.mail.id,
                channel=Channel.EMAIL,
                contact_id=(await a_contact(tx)).id,
                subject="Roasts of the season",
                body="Roasts of the season",
                html=sanitise(HTML),
                mail={"sender": "kim@customer.example", "proof": "none", "is_rich": True},
            ),
        )
        return {"id": said.ticket_id, "number": (await tickets.get(tx, said.ticket_id)).number}


async def test_pictures_from_elsewhere_are_shown_on_a_click_and_fetched_by_us(
    served: Served, visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.desk.web.settings, "remote_images", True)
    asked: list[str] = []

    async def from_elsewhere(url: str, **_: Any) -> bytes:
        asked.append(url)
        return picture_of(40, 20)

    monkeypatch.setattr(remote_pictures.fetching, "fetch", from_elsewhere)
    office = await at_work(served, visits)
    outside: list[str] = []
    office.page.on("request", lambda one: outside.append(one.url) if "://pictures." in one.url else None)
    await office.open(await a_designed_mail(served))
    inside = office.timeline.frame_locator("iframe")
    await expect(inside.locator(".hd-held")).to_have_text("Beans (Picture not loaded)")
    assert asked == []

    await office.page.get_by_role("button", name="Show pictures").click()

    picture = inside.get_by_role("img", name="Beans")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 40
    await expect(office.page.get_by_role("button", name="Show pictures")).to_have_count(0)

    assert asked == ["http://pictures.example/beans.png"]  # and nobody counts readers
    assert outside == []
