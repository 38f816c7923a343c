"""What a website may rely on: the snippets of docs/widget.md as they stand, every call, good manners."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from helpdesk.web.assets import source_root
from tests.browser.chromium import DESK
from tests.browser.shop import Shop
from tests.widget.conftest import Street

pytestmark = [pytest.mark.browser, pytest.mark.commits]

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Site</title>
<link rel="icon" href="data:,">{head}</head>
<body text="#010203"><h1>Site</h1><input autofocus></body></html>"""
SHIFTS = """
new PerformanceObserver(list => { globalThis.shifted = (globalThis.shifted ?? 0) + list.getEntries().length })
  .observe({ type: "layout-shift", buffered: true })"""


def snippets(language: str) -> list[str]:
    """The fenced blocks of the page that people copy from."""
    page = (source_root() / "docs" / "widget.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


async def visit(street: Street, head: str, **headers: str) -> Shop:
    """A page of a website with this in its head; the address and the inbox are those of this installation."""
    key = street.served.house.chat.key
    ours = head.replace("https://help.example.com", street.served.address).replace('"web"', f'"{key}"')
    told = {
        name: value.replace("https://help.example.com", street.served.address)
        for name, value in headers.items()
    }
    street.site.pages["/page"] = (told, PAGE.format(head=ours))
    page = await street.visits.visitor(street.site.address, size=DESK)
    await page.add_init_script(SHIFTS)
    await page.goto("/page")
    shop = Shop(page)
    await shop.launcher.wait_for()
    return shop


async def test_the_plain_snippet_moves_nothing_and_touches_nothing(street: Street):
    shop = await visit(street, snippets("html")[0])
    before = await shop.page.evaluate(_MANNERS)

    await shop.launcher.click()
    await expect(shop.field).to_be_focused()

    assert await shop.page.evaluate(_MANNERS) == before
    assert before == {
        "colour": "rgb(1, 2, 3)", "sheets": 0, "styles": 0, "scripts": 1, "shifted": 0,
        "width": DESK[0], "ours": ["Helpdesk"], "body": ["H1", "INPUT"],
    }  # fmt: skip


_MANNERS = """() => {
  const clean = document.createElement("iframe")
  document.body.append(clean)
  const usual = new Set(Object.getOwnPropertyNames(clean.contentWindow))
  clean.remove()
  return {
    colour: getComputedStyle(document.body).color,
    sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
    styles: document.querySelectorAll("style, link[rel=stylesheet]").length, scripts: document.scripts.length,
    shifted: globalThis.shifted ?? 0, width: document.documentElement.scrollWidth,
    ours: Object.getOwnPropertyNames(window).filter(name => /helpdesk|chatwoot|intercom/i.test(name)),
    body: [...document.body.children].map(one => one.tagName),
  }
}"""


async def test_the_strict_policy_is_enough_also_with_trusted_types(street: Street):
    policy = snippets("http")[0].strip().partition(": ")[2]
    trusted = "require-trusted-types-for 'script'; trusted-types 'none'"
    strict = f"default-src 'none'; img-src data:; {trusted}; {policy}"

    shop = await visit(street, snippets("html")[2], **{"Content-Security-Policy": strict})
    await shop.launcher.click()
    await shop.write("Hello from a strict page")

    await expect(shop.state).to_contain_text("Sent")


async def test_calls_may_be_made_before_anything_is_loaded(street: Street):
    plain, queue = snippets("html")[:2]

    shop = await visit(street, f"{queue}<script>Helpdesk('open', 'Hello?')</script>{plain}")

    await expect(shop.field).to_have_value("Hello?")


async def test_an_application_may_swap_its_body_and_every_call_and_event_works(street: Street):
    street.visits.forgive("one inbox on a page")
    shop = await visit(street, f"<script>{_LISTEN}{snippets('js')[0]}</script>")
    page = shop.page

    await page.evaluate("document.body.replaceWith(document.createElement('body'))")
    await page.evaluate("history.pushState({}, '', '/other')")
    answers: Any = await page.evaluate(_CALLS)
    await expect(shop.field).to_have_value("Prefilled")
    await shop.page.evaluate(snippets("js")[1].replace("tokenFromYourServer", "undefined").splitlines()[0])
    await shop.field.press("Enter")
    await expect(shop.state).to_contain_text("Sent")
    await page.evaluate(_SECOND_INBOX)
    await page.wait_for_function("events.some(([name]) => name === 'error')")
    await page.evaluate("Helpdesk('logout')")
    await page.wait_for_function("!Helpdesk.isOpen")
    await page.evaluate("Helpdesk.destroy()")

    assert answers == {
        "opened": True, "closed": False, "hidden": True, "shown": False, "unread": 0, "left": True,
        "accent": "#ffd400",
    }  # fmt: skip
    seen = [name for name, _ in await page.evaluate("events")]
    for name in ("ready", "open", "close", "status", "message:sent", "conversation:started", "error"):
        assert name in seen, seen
    assert await page.locator("helpdesk-widget").count() == 0


_LISTEN = """globalThis.events = []
const names = ["ready", "open", "close", "unread", "message:sent", "conversation:started", "status", "error"]
for (const name of names)
  addEventListener("helpdesk:" + name, event => events.push([name, event.detail]));
"""
_SECOND_INBOX = """() => {
  const again = document.createElement("script")
  again.src = document.querySelector("script[src*='/widget.js']").src
  again.dataset.inbox = "another"
  document.head.append(again)
}"""
_CALLS = """async () => {
  const root = document.querySelector("helpdesk-widget").shadowRoot
  const button = root.querySelector("button"), told = {}
  let heard = 0
  const listener = () => { heard += 1 }
  Helpdesk.on("open", listener)
  Helpdesk("open"); told.opened = Helpdesk.isOpen
  Helpdesk.off("open", listener)
  Helpdesk.toggle(); told.closed = Helpdesk("isOpen")
  Helpdesk.hide(); told.hidden = button.hidden
  Helpdesk.show(); told.shown = button.hidden
  Helpdesk.setTheme({ accent: "#ffd400", on: "#000", side: "left" })
  told.left = button.classList.contains("left")
  told.accent = document.querySelector("helpdesk-widget").style.getPropertyValue("--a")
  Helpdesk.setAttributes({ plan: "gold", old: 1 }); Helpdesk.removeAttribute("old")
  Helpdesk.setConversationAttributes({ order: 7 }); Helpdesk.addTag("vip"); Helpdesk.addTag("b")
  Helpdesk.removeTag("b")
  Helpdesk.track("cart", { items: 2 })
  Helpdesk.setLocale("en"); told.unread = Helpdesk.unread
  Helpdesk.prefill("Prefilled"); Helpdesk.open()
  if (heard !== 1) throw new Error("heard " + heard)
  return told
}"""


@pytest.mark.parametrize(
    ("at", "call"), [(3, "$chatwoot.toggle('open')"), (4, "Intercom('showNewMessage', 'Hi')")]
)
async def test_pages_of_other_widgets_keep_their_calls(street: Street, at: int, call: str):
    shop = await visit(street, snippets("html")[at])

    await shop.page.evaluate(call)

    await expect(shop.field).to_be_focused()


async def test_a_first_visit_wears_the_inboxs_colours_before_any_answer(street: Street):
    page = await street.visits.visitor(street.site.address, size=DESK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    shop = await street.enter(page, inbox=street.served.coloured)

    assert await shop.launcher.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 212, 0)"
    assert await shop.launcher.evaluate("one => getComputedStyle(one).color") == "rgb(20, 22, 28)"
    assert len([one for one in asked if one.startswith(street.served.address)]) == 1
