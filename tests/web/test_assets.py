"""Browser files are served from memory, under addresses that caches may keep for ever."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from helpdesk.web.assets import Assets, source_root

MODULE = """
import { h } from "../vendor/ui.js"
import "./connection.js"
const later = () => import("./later.js")
"""


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    files = {
        "widget/loader.js": "console.log('loader')\n" * 40,
        "widget/thread.js": MODULE,
        "widget/connection.js": 'export { io } from "../vendor/socket.js"\n',
        "widget/later.js": "export {}\n",
        "widget/notes.md": "private",
        "vendor/ui.js": "export const h = 1\n",
        "vendor/ui.d.ts": "export const h: number",
        "vendor/socket.js": "export const io = 1\n",
        "static/icon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in ("widget", "vendor", "static")}


@pytest.fixture
def assets(roots: dict[str, Path]) -> Assets:
    return Assets(roots)


@pytest.fixture
async def browser(assets: Assets) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(Starlette(routes=assets.routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://helpdesk") as client:
        yield client


async def test_a_file_under_the_current_build_may_be_kept_for_ever(browser, assets):
    answer = await browser.get(assets.url("widget/thread.js"))

    assert answer.status_code == 200
    assert answer.text == MODULE
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_under_an_old_build_is_todays_and_is_not_kept(browser):
    answer = await browser.get("/assets/0123456789ab/widget/thread.js")

    assert answer.text == MODULE
    assert answer.headers["cache-control"] == "no-cache"


async def test_files_were_compressed_before_anybody_asked(browser, assets):
    answer = await browser.get(assets.url("widget/loader.js"), headers={"Accept-Encoding": "br, gzip"})
    plain = await browser.get(assets.url("widget/loader.js"), headers={"Accept-Encoding": "gzip;q=0"})

    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert answer.text == plain.text
    assert int(answer.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_what_the_browser_has_is_not_sent_again(browser, assets):
    first = await browser.get(assets.url("static/icon.svg"))

    again = await browser.get("/assets/old/static/icon.svg", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "widget/notes.md",
        "vendor/ui.d.ts",
        "static/%2e%2e/widget/thread.js",
        "static/%2Fetc%2Fpasswd",
        "no.js",
    ],
)
async def test_nothing_else_can_be_read(browser, assets, path):
    answer = await browser.get(f"/assets/{assets.build}/{path}")

    assert answer.status_code == 404


def test_the_build_changes_when_any_file_does(roots, assets):
    (roots["vendor"] / "ui.js").write_text("export const h = 2\n")

    assert Assets(roots).build != assets.build


def test_development_sees_a_change_without_a_restart(roots):
    assets = Assets(roots, reload=True)
    before = assets.build

    (roots["widget"] / "thread.js").write_text("export const changed = true\n")

    assert assets.build != before


def test_preloading_follows_static_imports_and_leaves_dynamic_ones(assets):
    found = assets.preloads("widget/thread.js")

    assert [address.split("/", 3)[3] for address in found] == [
        "vendor/ui.js",
        "widget/connection.js",
        "vendor/socket.js",
    ]


def test_a_name_nobody_has_fails_at_once(assets):
    with pytest.raises(LookupError, match="no such asset: widget/missing"):
        assets.url("widget/missing.js")


def test_the_design_tokens_are_where_pages_and_panel_look_for_them():
    assert Assets().url("static/tokens.css").startswith("/assets/")
    assert (source_root() / "helpdesk" / "__init__.py").is_file()


async def test_translations_are_modules_of_the_same_build(assets, browser):
    answer = await browser.get(assets.url("locales/pages.sv.js"))

    assert answer.text.startswith("export default {")


def test_the_panel_comes_as_one_file_because_visitors_wait_for_every_request():
    assets = Assets()

    assert assets.preloads("widget/panel.js") == ()
    assert b'from "./' not in assets.snapshot.get("widget/panel.js").body
