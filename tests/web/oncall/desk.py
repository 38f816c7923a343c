"""Three people of one rota, and what their browsers ask."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from helpdesk.actors import SYSTEM
from helpdesk.auth import links
from helpdesk.domain import agents, oncall
from helpdesk.domain.oncall.rota import schedules
from helpdesk.domain.oncall.rota.shifts import on_call_at
from helpdesk.settings import Settings
from helpdesk.storage.database import Database

PASSWORD = "correct horse battery"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@dataclass
class Desk:
    database: Database
    settings: Settings
    transport: httpx2.ASGITransport
    schedule_id: Any
    people: dict[str, agents.Agent]

    async def enter(self, name: str) -> "Visitor":
        browser = httpx2.AsyncClient(transport=self.transport, base_url="http://helpdesk", headers=OWN_PAGE)
        entered = await browser.post(
            "/sign-in", data={"email": self.people[name].email, "password": PASSWORD}
        )
        assert entered.status_code == 303, entered.text
        return Visitor(browser)

    async def on_call(self, at: datetime) -> list[str]:
        async with self.database.transaction(SYSTEM) as tx:
            found = on_call_at(await schedules.load(tx, self.schedule_id, at), at).people
        return [one.name for person in found for one in self.people.values() if str(one.id) == person]


@dataclass
class Visitor:
    browser: httpx2.AsyncClient

    async def get(self, path: str) -> httpx2.Response:
        return await self.browser.get(path)

    async def post(self, page: str, path: str | None = None, **fields: str) -> httpx2.Response:
        """As the form on `page` does: with its token."""
        token = re.search(r'name="csrf" value="([^"]+)"', (await self.get(page)).text)
        assert token is not None, page
        return await self.browser.post(path or page, data={"csrf": token[1], **fields})


def escalation_step(kind: str, thing: Any) -> dict[str, Any]:
    return {"delay_minutes": 5, "targets": [{"kind": kind, "id": str(thing)}]}


async def a_stopped_inbox(desk: Desk) -> tuple[oncall.Alert, str]:
    """An alert about no ticket, and the link that rang Mikko."""
    async with desk.database.transaction(SYSTEM) as tx:
        step = escalation_step("schedule", desk.schedule_id)
        await oncall.policies.add_policy(tx, "Night", oncall.escalation.Policy.parse({"steps": [step]}))
        details = {"subject": "support@ takes no mail", "body": "Nothing for 20 minutes.", "url": "/admin"}
        alert = await oncall.raise_alert(tx, None, "inbox:support", "An inbox has stopped", details=details)
        assert alert is not None
    return alert, links.token_for(desk.settings.key, links.LinkKind.ALERT, alert.id, desk.people["Mikko"].id)


def form_fields(page: str) -> dict[str, str]:
    """What a browser would send back of the page's main form, unchanged."""
    form = page.split('class="stack"')[1].split("</form>", maxsplit=1)[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or "checked" in tag):
            fields[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        fields[name] = next((value for value, chosen in options if chosen), options[0][0] if options else "")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        fields |= {name: body}
    return fields
