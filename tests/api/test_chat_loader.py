"""The script that websites embed: one address for ever, the launcher's colours in it."""

from datetime import timedelta

import pytest

from helpdesk.domain.inboxes import Channel
from helpdesk.web.chat_loader import LOOKS_LAST, hashed, launcher_look
from tests.factories import an_inbox

pytestmark = pytest.mark.commits


async def test_it_is_kept_for_five_minutes_and_any_site_may_load_it(desk):
    answer = await desk.client().get("/widget.js")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_an_inboxs_colours_are_in_it_by_a_hash_and_change_within_a_minute(desk):
    async with desk.system() as tx:
        inbox = await an_inbox(tx, Channel.CHAT)
        inbox.settings = {"theme": {"accent": "#FFD400", "side": "left", "logo": "x"}}
    desk.clock.advance(LOOKS_LAST + timedelta(seconds=1))

    script = (await desk.client().get("/widget.js")).text

    assert f'"{hashed(inbox.key)}":{{"accent":"#ffd400","on":"#14161c","side":"left"}}' in script
    assert inbox.key not in script


@pytest.mark.parametrize("accent", ["red", "#12345", "url(//x)", "#123456;}", None, 7])
def test_what_is_no_colour_never_reaches_a_page(accent):
    assert launcher_look({"accent": accent}) == {}


def test_what_stands_on_a_colour_can_be_read():
    assert launcher_look({"accent": "#23594a"})["on"] == "#ffffff"
    assert launcher_look({"accent": "#ffd400"})["on"] == "#14161c"


def test_the_hash_is_the_one_the_browser_computes():
    assert hashed("web") == "265927825"


async def test_the_panels_page_is_sent_compressed_where_that_is_understood(desk, house):
    address = f"/widget/panel?inbox={house.chat.key}"

    small = await desk.client().get(address, headers={"Accept-Encoding": "gzip"})
    plain = await desk.client().get(address, headers={"Accept-Encoding": "identity"})

    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert "content-encoding" not in plain.headers
    assert '<div id="app">' in small.text
    assert '<div id="app">' in plain.text
