"""`helpdesk demo`: the sample company on the embedded database, and where to look."""

import asyncio

from helpdesk import logs
from helpdesk.auth import passwords
from helpdesk.cli.running import database_url, err, out, read_settings
from helpdesk.clock import SystemClock
from helpdesk.demo import company
from helpdesk.demo.seed import is_seeded, seed
from helpdesk.errors import Conflict
from helpdesk.serving import background, check_ports, serve
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.database import NO_LIMITS, Database
from helpdesk.storage.embedded import AlreadyRunning


def run_demo() -> None:
    """Safe to run again: the second start finds the data, a second one at once says so."""
    settings = read_settings(demo=True, company_name=company.NAME)
    logs.configure(settings)
    _ = settings.mail_key_ring  # and with it the secret key
    try:
        with background() as beside, database_url(settings, own=True) as url:
            check_ports(settings)
            asyncio.run(_prepare(url))
            serve(settings, url, beside=beside, ready=lambda: _tell(settings))
    except KeyboardInterrupt:  # how the demo is meant to end: no failure, for make neither
        out.print(f"\nStopped; your data is in {settings.data_dir}.")
    except AlreadyRunning as already:
        where = f"http://{settings.host}:{already.port}" if already.port else f"process {already.pid}"
        raise Conflict(
            "already_running",
            f"The demo is running already: {where}. Stop it with Ctrl-C in its window, or choose another "
            "HELPDESK_DATA_DIR, HELPDESK_PORT and HELPDESK_SMTP_IN_PORT for a second one.",
        ) from None


async def _prepare(url: str) -> None:
    database = Database(url, SystemClock(), pool_size=4, limits=NO_LIMITS)
    try:
        await migrations.migrate(database.engine, database.clock.now())
        if await is_seeded(database):
            return
        err.print("Making the sample company …")
        await seed(url, database.clock.now(), await passwords.hash_password(company.PASSWORD))
    finally:
        await database.close()


def _tell(settings: Settings) -> None:
    mail = f"support@demo.localhost, SMTP on {settings.smtp_in_host}:{settings.smtp_in_port}"
    lines = [
        ("Workspace", settings.address + "/"),
        ("  sign in as", f"{company.AGENTS[0].email}  password {company.PASSWORD}"),
        ("Sample website with the chat", settings.address + "/demo"),
        ("Public support page", settings.address + "/support"),
        ("Mail", mail if settings.smtp_in_port else "off (HELPDESK_SMTP_IN_PORT=0)"),
        ("Mails that left", settings.address + "/demo/outbox"),
        ("API", settings.address + "/api/v1/docs"),
    ]
    out.print(f"\n[bold]{company.NAME}'s helpdesk is running.[/bold]\n")
    for label, value in lines:
        out.print(f"  {label:<30}{value}")
    out.print("\nCtrl-C stops everything.\n")
