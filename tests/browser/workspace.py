"""The agents' workspace, as somebody with a keyboard uses it."""

from typing import Any, Self

from playwright.async_api import Locator, Page, expect

PASSWORD = "nordkvarn-demo"


class Workspace:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.list = page.get_by_role("listbox", name="Queue")
        self.title = page.locator("#thread-title")
        self.field = page.get_by_role("textbox", name="Reply to")
        self.timeline = page.get_by_role("log", name="Messages")

    async def sign_in(self, agent: str) -> Self:
        await self.page.goto("/")
        await self.page.get_by_label("Email").fill(f"{agent}@demo.localhost")
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()
        return await self.is_ready()

    async def is_ready(self) -> Self:
        """In whatever language the agent reads. There is no list where colleagues have taken all."""
        await self.page.locator(".list-pane [role=listbox], .list-pane .empty").wait_for()
        return self

    def row(self, number: int) -> Locator:
        return self.list.locator(".row", has=self.page.get_by_text(f"#{number}", exact=True))

    async def order(self) -> list[int]:
        """The numbers of the tickets in the list from top to bottom, as far as they are drawn."""
        drawn = await self.list.locator(".row").evaluate_all(
            "all => all.map(row => [Number(row.ariaPosInSet), row.querySelector('.row-number').textContent])"
        )
        return [int(number.removeprefix("#")) for _, number in sorted(drawn)]

    async def open(self, ticket: Any) -> None:
        """By its address, as a colleague's link would."""
        await self.page.goto(f"/#/queue/t/{ticket['id']}")
        await self.is_open(ticket["number"])

    async def is_open(self, number: int) -> None:
        await expect(self.title).to_contain_text(f"#{number}")
        await self.timeline.wait_for()

    async def claim_next(self) -> None:
        await self.page.keyboard.press("c")

    async def reply(self, text: str) -> None:
        await self.page.keyboard.press("r")
        await expect(self.field).to_be_focused()
        await self.field.fill(text)
        await self.page.keyboard.press("Control+Enter")

    def told(self, text: str) -> Locator:
        """A notice on the edge, of which several may stand there."""
        return self.page.locator(".toast", has_text=text)

    def said(self, text: str) -> Locator:
        return self.timeline.locator(".bubble", has_text=text)

    async def conversation(self) -> list[str]:
        said: list[str] = await self.timeline.locator(".message .bubble").all_inner_texts()
        return [one.strip() for one in said]


async def signed_in(page: Page, address: str, agent: str, *, reads: str | None = None) -> Page:
    """For pages beside the workspace, which then need not be opened first; in the language they choose."""
    form = {"email": f"{agent}@demo.localhost", "password": PASSWORD}
    answer = await page.request.post(
        f"{address}/sign-in", form=form, headers={"Origin": address}, max_redirects=0
    )
    assert answer.status == 303
    if reads:
        me = await (await page.request.get(f"{address}/api/v1/me")).json()
        proof = {"X-CSRF-Token": me["csrf"], "Origin": address}
        changed = await page.request.patch(f"{address}/api/v1/me", data={"locale": reads}, headers=proof)
        assert changed.ok
    return page
