"""What opening the chat, sending a message and reading the answer really moves, as Chromium counts it."""

from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page, Request, WebSocket, expect

from tests.widget.conftest import Street

pytestmark = [pytest.mark.browser, pytest.mark.commits]

MOST_REQUESTS, MOST_BYTES = 5, 45 * 1024
"""The budget: the socket's upgrade counts as a request, and what it carries both ways as bytes."""


@dataclass
class Wire:
    """What a page and one server say to each other."""

    server: str
    requests: list[Request] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    framed: int = 0

    def listen(self, page: Page) -> None:
        page.on("request", self._ask)
        page.on("websocket", self._dial)

    async def sizes(self) -> dict[str, int]:
        """By address: bodies as they were transferred, compressed; and the frames of sockets."""
        found = {one.url: (await one.sizes())["responseBodySize"] for one in self.requests}
        return found | dict.fromkeys(self.sockets, self.framed)

    def _ask(self, request: Request) -> None:
        if request.url.startswith(self.server):
            self.requests.append(request)

    def _dial(self, socket: WebSocket) -> None:
        self.sockets.append(socket.url)
        socket.on("framesent", self._count)
        socket.on("framereceived", self._count)

    def _count(self, frame: str | bytes) -> None:
        self.framed += len(frame.encode() if isinstance(frame, str) else frame)


@pytest.mark.parametrize("lang", ["en", "sv"])
async def test_opening_sending_and_reading_the_answer_take_five_requests_and_45_kilobytes(
    street: Street, lang: str
) -> None:
    page = await street.visits.visitor(street.site.address)
    wire = Wire(street.served.address)
    wire.listen(page)
    shop = await street.enter(page, lang=lang)
    words = f"Counted in {lang}"
    await shop.launcher.click()
    await shop.chat.locator("#composer").fill(words)
    await shop.chat.locator("#composer").press("Enter")
    await expect(shop.chat.locator(".receipt")).to_be_visible()
    await expect(shop.chat.locator(".extra [role=status]").first).not_to_be_empty()
    await street.served.answers(await street.served.ticket_of(words), "It is.")
    await expect(shop.said("It is.")).to_be_visible()

    sizes = await wire.sizes()
    assert len(wire.requests) + len(wire.sockets) <= MOST_REQUESTS, sizes
    assert all(sizes.values()), sizes
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    async with page.expect_request("**/widget/visit"):  # the first page was told by the session
        await page.evaluate("history.pushState({}, '', '/other')")
    assert len([one for one in wire.requests if one.url.endswith("/widget/visit")]) == 1
