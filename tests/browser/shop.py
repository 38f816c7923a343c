"""The sample website and the chat in its corner, as a visitor uses them."""

from playwright.async_api import FrameLocator, Locator, Page, expect


class Shop:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher = page.locator("helpdesk-widget > button")
        self.chat: FrameLocator = page.frame_locator("helpdesk-widget iframe")
        self.field: Locator = self.chat.get_by_label("Message", exact=True)

    async def enter(self) -> "Shop":
        await self.page.goto("/demo")
        await self.launcher.wait_for()
        return self

    async def open_chat_by_keyboard(self) -> None:
        """Tab by tab, as somebody without a mouse gets there."""
        for _ in range(60):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("document.activeElement?.localName === 'helpdesk-widget'"):
                break
        await self.page.keyboard.press("Enter")
        await expect(self.field).to_be_focused()

    async def write(self, text: str) -> None:
        await self.field.fill(text)
        await self.field.press("Enter")

    def said(self, text: str) -> Locator:
        """A message in the conversation, whoever wrote it."""
        return self.chat.locator(".bubble", has_text=text)

    @property
    def state(self) -> Locator:
        """What stands below the visitor's last message: sending, sent, not sent yet."""
        return self.chat.locator(".group.mine .meta").last

    async def conversation(self) -> list[str]:
        """Every message in order, without the name that is read out before it; the greeting is none."""
        return await self.chat.locator(".bubble:has(> .unseen)").evaluate_all(
            "all => all.map(one => [...one.childNodes].slice(1).map(n => n.textContent).join('').trim())"
        )
