"""The installed Chromium, pages that are watched for complaints, and axe-core's opinion of them."""

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Frame,
    Page,
    expect,
)

from tests import waiting

AXE = Path(__file__).resolve().parents[2] / "vendor" / "testing" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HEADLESS = "chromium-headless-shell"
"""The same browser without windows, at less than half of the work; it shows no notifications."""

_TAKEN_ON = """colours => new Promise(done => {
  const look = () => matchMedia(colours).matches ? done() : setTimeout(look, 10)
  look()
})"""

_IS_AS_WIDE = "width => innerWidth === width && document.documentElement.scrollWidth <= width"

DESK, PHONE = (1360, 850), (360, 740)
PATIENCE = waiting.PATIENCE * 1000
"""Milliseconds for what a page does by itself."""

BROKEN = "ERR_|WebSocket|net::|Failed to load resource"
"""What a browser writes about a network or a server that the test takes away."""

expect.set_options(timeout=PATIENCE)

_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))
"""
_EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_COLOURS = ["color-contrast", "link-in-text-block"]
_AXE = """
async runOnly => {
  const { violations } = await axe.run(document, { iframes: false, runOnly, resultTypes: ["violations"] })
  return violations.flatMap(({ id, nodes }) => nodes.map(node =>
    `${id}: ${node.target.join(" ")} ${node.any[0]?.message ?? node.failureSummary ?? ""}`))
}
"""


def executable(*, whole: bool = False) -> str | None:
    names = NAMES if whole else (HEADLESS, *NAMES)
    return next((found for name in names if (found := shutil.which(name))), None)


class Visits:
    """Browsers of different people. `complaints` holds console errors, uncaught errors and CSP reports."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._forgiven = [
            "Blocked script execution in .*/demo/outbox/"
        ]  # in a mail's frame not even axe runs
        self.complaints: list[str] = []

    def forgive(self, pattern: str) -> None:
        """What a browser itself writes about a server that the test stops."""
        self._forgiven.append(pattern)

    async def visitor(self, address: str, *, size: tuple[int, int] = DESK, **options: Any) -> Page:
        """A page of a browser nobody has used before, at a server's address."""
        context = await self._browser.new_context(
            base_url=address,
            viewport={"width": size[0], "height": size[1]},
            locale="en-GB",
            timezone_id="Europe/Stockholm",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        await context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._heard)
        context.on("weberror", lambda failure: self._complain(f"uncaught: {failure.error}"))
        self._contexts.append(context)
        return await context.new_page()

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _complain(self, complaint: str) -> None:
        if not any(re.search(pattern, complaint) for pattern in self._forgiven):
            self.complaints.append(complaint)


async def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, in the page and in every frame of it, light and dark."""
    found = []
    await page.wait_for_load_state()
    for scheme, rules in (("light", _EVERYTHING), ("dark", _COLOURS)):  # nothing else changes in the dark
        await page.emulate_media(color_scheme=scheme)
        for frame in [one for one in page.frames if await _runs_scripts(one)]:
            await _takes_on(frame, scheme)
            found += [f"{scheme}: {one}" for one in await _barriers_in(frame, rules)]
    await page.emulate_media(color_scheme="light")
    return found


async def fits_a_phone(page: Page) -> bool:
    """Whether there is nothing to scroll sideways at 360 px; the page has its size again afterwards."""
    before = page.viewport_size
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    try:
        await page.wait_for_function(_IS_AS_WIDE, arg=PHONE[0], timeout=PATIENCE)
    except Error:
        return False
    finally:
        if before is not None:
            await page.set_viewport_size(before)
    return True


async def _takes_on(frame: Frame, scheme: str) -> None:
    """A frame hears of other colours a moment after its page."""
    with suppress(Error):  # it may be gone
        await frame.evaluate(_TAKEN_ON, f"(prefers-color-scheme: {scheme})")


async def _runs_scripts(frame: Frame) -> bool:
    """In the frame of a mail nothing runs, axe included."""
    if frame.parent_frame is None:
        return True
    try:
        sandbox = await (await frame.frame_element()).get_attribute("sandbox")
    except Error:  # it is gone
        return False
    return sandbox is None or "allow-scripts" in sandbox


async def _barriers_in(frame: Frame, rules: list[str]) -> list[str]:
    try:
        if not await frame.evaluate("() => Boolean(globalThis.axe)"):
            await frame.evaluate(AXE.read_text())
        found: list[str] = await frame.evaluate(_AXE, rules)
    except Error as failure:
        if frame.is_detached():
            return []
        raise AssertionError(f"axe could not look at {frame.url}") from failure
    return found
