"""What the chat costs a website and its visitor, in bytes and requests."""

import gzip
import re

import orjson
import pytest

from helpdesk import translation
from helpdesk.web.assets import Assets, source_root
from helpdesk.web.chat_loader import hashed, launcher_look
from helpdesk.web.joined_modules import joined
from helpdesk.web.widget_panel import panel_values

LOADER = 4 * 1024
OPENED = 45 * 1024
"""The budget for opening, sending and reading an answer."""

CORE = 38 * 1024
"""What of it the page and the panel may take; the rest is for the loader, the session and what is said."""


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


def weight(body: bytes) -> int:
    return len(gzip.compress(body, 9, mtime=0))


def file(assets: Assets, path: str) -> bytes:
    asset = assets.snapshot.get(path)
    assert asset is not None
    return asset.body


def test_loader_with_the_colours_of_three_inboxes_stays_under_four_kilobytes(assets: Assets) -> None:
    looks = {hashed(f"brand{i}"): launcher_look({"accent": f"#{i}35a4{i}", "side": "left"}) for i in range(3)}

    assert weight(file(assets, "widget/loader.js") + orjson.dumps(looks)) <= LOADER


@pytest.mark.parametrize("locale", translation.languages())
def test_opened_chat_stays_within_its_budget_in_every_language(assets: Assets, locale: str) -> None:
    values = panel_values(assets, "web", "Support", locale)
    template = source_root() / "helpdesk" / "web" / "templates" / "widget_panel.html"
    page = template.read_text() + str(values["style"]) + str(values["page"])

    core = weight(page.encode()) + weight(file(assets, "widget/panel.js"))

    assert core <= CORE


@pytest.mark.parametrize("locale", translation.languages())
def test_even_with_everything_loaded_later_the_chat_stays_within_its_budget(
    assets: Assets, locale: str
) -> None:
    values = panel_values(assets, "web", "Support", locale)
    later = ("widget/features/forms.js", f"locales/features.{locale}.js", "widget/features/proof.js")

    whole = weight(f"{values['style']}{values['page']}".encode()) + weight(file(assets, "widget/panel.js"))

    assert whole + sum(weight(file(assets, path)) for path in later) <= 45 * 1024


def test_panel_is_one_file_and_asks_later_only_for_what_few_need(assets: Assets) -> None:
    panel = file(assets, "widget/panel.js").decode()

    assert re.findall(r'^import\b[^(].*"', panel, re.MULTILINE) == []
    assert sorted(re.findall(r'import\("([^"]+)"\)', panel)) == [
        "./emoji.js",
        "./features/forms.js",
        "./features/proof.js",
        "./polling.js",
        "./sound.js",
        "./uploads.js",
    ]


def test_widget_carries_no_markup_sink() -> None:
    """Host pages and the panel forbid them (Trusted Types); one would break the chat there."""
    sink = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(")

    for path in sorted((source_root() / "widget").glob("*.js")):
        assert sink.search(path.read_text()) is None, path.name


def test_every_text_of_the_widget_is_translated() -> None:
    source = "".join(path.read_text() for path in sorted((source_root() / "widget").glob("*.js")))
    texts = set(re.findall(r'\bt\(\s*"([^"]+)"', source)) | set(re.findall(r'\bplural\(\s*"([^"]+)"', source))

    for language in translation.languages():
        known = translation.catalog("widget", language)
        assert language == translation.SOURCE_LANGUAGE or texts - known.keys() == set()


def test_modules_with_equal_names_are_refused_when_joined() -> None:
    files = {
        "widget/one.js": b'import { a } from "./two.js"\nconst same = a\n',
        "widget/two.js": b"export const a = 1\nconst same = 2\n",
    }

    with pytest.raises(ValueError, match="same"):
        joined("widget/one.js", files)


def test_modules_that_import_each_other_are_refused_when_joined() -> None:
    files = {
        "widget/one.js": b'import { b } from "./two.js"\nexport const a = b\n',
        "widget/two.js": b'import { a } from "./one.js"\nexport const b = a\n',
    }

    with pytest.raises(ValueError, match="circle"):
        joined("widget/one.js", files)


def test_joined_modules_run_in_the_order_of_their_imports() -> None:
    one = """// Opens.
import { two } from "./two.js"
import { x } from "../vendor/v.js"

export const one = two + x
"""
    two = """import { x } from "../vendor/v.js"
/** @type {number} */
export const two = x
"""
    vendored = "var n=1;export{n as x};"
    files = {"widget/one.js": one.encode(), "widget/two.js": two.encode(), "vendor/v.js": vendored.encode()}

    assert joined("widget/one.js", files).decode() == (
        "const {x}=(()=>{var n=1;\nreturn{x:n}})()\nconst two = x\nconst one = two + x\n"
    )
