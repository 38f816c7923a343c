"""Mikko and Priya take turns; Maja leads."""

from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import passwords
from helpdesk.auth.requests import resuming
from helpdesk.domain.oncall.rota import schedules
from helpdesk.errors import HelpdeskError
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.web.assets import Assets
from helpdesk.web.failures import failure_page, refusal
from helpdesk.web.routes import routes
from helpdesk.web.security import Protection, protect
from helpdesk.web.templating import Pages
from tests.domain.oncall.test_rota import a_draft
from tests.factories import an_agent, an_inbox
from tests.web.oncall.desk import PASSWORD, Desk


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


@pytest.fixture
async def desk(database: Database, assets: Assets, tmp_path: Path) -> Desk:
    settings = Settings(
        secret_key="a key that only these tests know 0123456789",
        demo=True,
        private_networks=frozenset({"127.0.0.0/8"}),
    )
    pages = Pages(assets, name="Nordkvarn", zone="Europe/Stockholm")
    failures = {HelpdeskError: failure_page, 404: failure_page}
    app = Starlette(routes=routes(assets), exception_handlers=failures)  # type: ignore[arg-type]
    app.state.database, app.state.settings, app.state.session_cookie = database, settings, "helpdesk"
    app.state.assets, app.state.pages = assets, pages
    app.state.files = Files(tmp_path, settings.key)
    protection = Protection(cookie="helpdesk", resume=resuming(database), refuse=refusal(pages))
    hashed = await passwords.hash_password(PASSWORD)
    async with database.transaction(SYSTEM) as tx:
        await an_inbox(tx)
        people = {
            name: await an_agent(tx, name, role=role, password_hash=hashed)
            for name, role in (("Mikko", Role.AGENT), ("Priya", Role.AGENT), ("Maja", Role.LEAD))
        }
        made = await schedules.create(tx, a_draft(people["Mikko"], people["Priya"]))
    return Desk(database, settings, httpx2.ASGITransport(protect(app, protection)), made.id, people)
