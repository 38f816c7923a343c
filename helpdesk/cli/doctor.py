"""`helpdesk doctor`: every setting with its value, and what is wrong with each."""

import asyncio
from collections.abc import Callable, Iterable

from pydantic import SecretStr
from rich.markup import escape

from helpdesk.cli.exit_codes import FAILED
from helpdesk.cli.running import database_url, exit_code, out
from helpdesk.clock import SystemClock
from helpdesk.errors import HelpdeskError
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.database import Database
from helpdesk.worker import certificate

Finding = str | HelpdeskError


def examine(settings: Settings) -> int:
    """Prints settings (secrets masked) and findings; answers with 0 when nothing must be mended, else as
    the servers would end."""
    list_settings(settings)
    out.print()
    findings = [finding for check in _CHECKS for finding in check(settings)]
    for finding in findings:
        told = finding if isinstance(finding, str) else finding.detail or finding.code
        out.print(f"[bold]mend[/bold]  {escape(told)}")
    if not findings:
        out.print("Nothing to mend.")
    failures = [exit_code(finding) for finding in findings if not isinstance(finding, str)]
    return max(failures, default=FAILED if findings else 0)


def list_settings(settings: Settings) -> None:
    widest = max(map(len, Settings.model_fields))
    for name in Settings.model_fields:
        out.print(f"HELPDESK_{name.upper():<{widest}}  {_shown(getattr(settings, name))}")


def _key(settings: Settings) -> Iterable[Finding]:
    try:
        _ = settings.mail_key_ring  # and with it the secret key
    except HelpdeskError as failure:
        yield failure


def _public_url(settings: Settings) -> Iterable[Finding]:
    if settings.public_url is None:
        yield "HELPDESK_PUBLIC_URL is not set: links in mails would lead to this machine only."
    elif (
        not settings.is_https and "localhost" not in settings.address and "127.0.0.1" not in settings.address
    ):
        yield "HELPDESK_PUBLIC_URL is not https: passwords and chats would travel in the open."


def _mail_out(settings: Settings) -> Iterable[Finding]:
    if settings.smtp_out_url is None:
        yield "HELPDESK_SMTP_OUT_URL is not set: answers to mails cannot leave."


def _mail_in(settings: Settings) -> Iterable[Finding]:
    try:
        certificate(settings)
    except HelpdeskError as failure:
        yield failure


def _database(settings: Settings) -> Iterable[Finding]:
    try:
        with database_url(settings) as url:
            if not asyncio.run(_is_current(url)):
                yield "The database has another schema: run `helpdesk migrate`."
    except HelpdeskError as failure:
        yield failure
    except OSError as failure:
        yield f"The database cannot be reached: {failure}"


async def _is_current(url: str) -> bool:
    database = Database(url, SystemClock(), pool_size=4)
    try:
        return await migrations.is_current(database.engine)
    finally:
        await database.close()


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "-"
    return "-" if value is None else str(value) or "-"


_CHECKS: list[Callable[[Settings], Iterable[Finding]]] = [_key, _public_url, _mail_out, _mail_in, _database]
