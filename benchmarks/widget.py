"""What the chat costs a website and its visitor: bytes, requests, blocked time, shifted layout.

A page of a website without the chat (the floor) and with it take turns, in Chromium on a processor slowed
down four times. `python -m benchmarks.widget`.
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, Request, async_playwright
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.desk import Desk, found
from helpdesk.storage.embedded import EmbeddedDatabase
from tests.browser.chromium import executable

SLOWER = 4
SETTLED = 1_500
"""Milliseconds after which a page is looked at."""

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A website</title>
<link rel="icon" href="data:,">{script}</head><body>{text}</body></html>"""
WATCH = """
globalThis.seen = { blocked: 0, shifted: 0 }
new PerformanceObserver(list => { for (const one of list.getEntries()) seen.blocked += one.duration - 50 })
  .observe({ type: "longtask", buffered: true })
new PerformanceObserver(list => { for (const one of list.getEntries()) seen.shifted += one.value })
  .observe({ type: "layout-shift", buffered: true })
"""


@dataclass
class Cost:
    """Of one visit: bytes over the wire, requests, milliseconds of script, blocked, and layout shift."""

    sent: float = 0
    requests: float = 0
    script: float = 0
    blocked: float = 0
    shifted: float = 0


async def visit(browser: Browser, port: int, *, with_chat: bool, talks: bool = False) -> Cost:
    """A visitor nobody has seen before; `talks`: opens the chat and sends a message."""
    context = await browser.new_context(viewport={"width": 1360, "height": 850})
    await context.add_init_script(WATCH)
    page = await context.new_page()
    cost = Cost()
    cdp = await context.new_cdp_session(page)
    await cdp.send("Network.enable")
    await cdp.send("Performance.enable")
    await cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    page.on("requestfinished", note)
    script = f'<script src="http://127.0.0.1:{port}/widget.js" data-inbox="web" async></script>' * with_chat
    body = PAGE.format(script=script, text="<p>Coffee grinders, made to last.</p>" * 200)
    await page.route("**/shop", lambda route: route.fulfill(body=body, content_type="text/html"))
    await page.goto(f"http://127.0.0.1:{port}/shop")
    if talks:
        await _talk(page)
    await page.wait_for_timeout(SETTLED)
    ours = [request for request in asked if not request.url.endswith("/shop")]
    sizes = [await request.sizes() for request in ours]
    cost.sent = sum(one["responseBodySize"] for one in sizes)
    cost.requests = len(ours) + talks  # the socket is one too
    seen = await page.evaluate("seen")
    cost.blocked, cost.shifted = seen["blocked"], seen["shifted"]
    metrics = {one["name"]: one["value"] for one in (await cdp.send("Performance.getMetrics"))["metrics"]}
    cost.script = metrics["ScriptDuration"] * 1000
    await context.close()
    return cost


async def weigh(port: int) -> tuple[Cost, Cost]:
    """Of a page that only carries the chat, and of one where a message was sent."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(whole=True))
        loader = await visit(browser, port, with_chat=True)
        opened = await visit(browser, port, with_chat=True, talks=True)
        await browser.close()
    return loader, opened


async def _talk(page: Page) -> None:
    await page.locator("helpdesk-widget > button").click()
    chat = page.frame_locator("helpdesk-widget iframe")
    await chat.get_by_label("Message", exact=True).fill("Hello?")
    await chat.get_by_label("Message", exact=True).press("Enter")
    await chat.locator(".receipt").wait_for()


def show(costs: dict[str, list[Cost]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "KB", "requests", "script ms", "blocked ms", "layout shift", "goal"):
        table.add_column(column, justify="left" if column in ("", "goal") else "right", no_wrap=True)
    goals = {"with the chat": "4 KB, 1 request, 0 shift", "open + send": "45 KB, 5 requests"}
    for title, samples in costs.items():
        table.add_row(
            title,
            f"{_median(one.sent for one in samples) / 1024:.1f}",
            f"{_median(one.requests for one in samples):.0f}",
            f"{_median(one.script for one in samples):.0f}",
            f"{_median(one.blocked for one in samples):.0f}",
            f"{max(one.shifted for one in samples):.4f}",
            goals.get(title, ""),
        )
    console = Console(width=max(Console().width, 100), highlight=False)
    console.print(table)
    console.print(f"Chromium, processor slowed down {SLOWER} times; bytes as sent, medians of the rounds.")


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


async def measure(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o755)  # PostgreSQL runs as somebody else
        database = EmbeddedDatabase(Path(folder) / "postgres", say=lambda _: None)
        url = database.start()
        desk = Desk(url, Path(folder), await found(url, 1))
        costs: dict[str, list[Cost]] = {"without": [], "with the chat": [], "open + send": []}
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=executable(whole=True))
                await visit(browser, desk.port, with_chat=True)  # the first of all is slower
                for _ in range(rounds):
                    costs["without"].append(await visit(browser, desk.port, with_chat=False))
                    costs["with the chat"].append(await visit(browser, desk.port, with_chat=True))
                    costs["open + send"].append(await visit(browser, desk.port, with_chat=True, talks=True))
                    await desk.forgive()
                await browser.close()
        finally:
            await desk.close()
            database.stop()
    show(costs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(measure(parser.parse_args().rounds))
