"""`helpdesk doctor`: every setting with its value, and what is wrong with each."""

import asyncio
from collections.abc import Callable, Iterable

from pydantic import SecretStr

from helpdesk.cli.running import database_url, out
from helpdesk.clock import SystemClock
from helpdesk.errors import HelpdeskError
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.database import Database


def examine(settings: Settings) -> int:
    """Prints settings (secrets masked) and findings; answers with 0 when nothing must be mended."""
    list_settings(settings)
    out.print()
    problems = [problem for check in _CHECKS for problem in check(settings)]
    for problem in problems:
        out.print(f"[bold]mend[/bold]  {problem}")
    if not problems:
        out.print("Nothing to mend.")
    return 1 if problems else 0


def list_settings(settings: Settings) -> None:
    widest = max(map(len, Settings.model_fields))
    for name in Settings.model_fields:
        out.print(f"HELPDESK_{name.upper():<{widest}}  {_shown(getattr(settings, name))}")


def _key(settings: Settings) -> Iterable[str]:
    try:
        _ = settings.mail_key_ring  # and with it the secret key
    except HelpdeskError as failure:
        yield failure.detail or failure.code


def _public_url(settings: Settings) -> Iterable[str]:
    if settings.public_url is None:
        yield "HELPDESK_PUBLIC_URL is not set: links in mails would lead to this machine only."
    elif (
        not settings.is_https and "localhost" not in settings.address and "127.0.0.1" not in settings.address
    ):
        yield "HELPDESK_PUBLIC_URL is not https: passwords and chats would travel in the open."


def _mail_out(settings: Settings) -> Iterable[str]:
    if settings.smtp_out_url is None:
        yield "HELPDESK_SMTP_OUT_URL is not set: answers to mails cannot leave."


def _database(settings: Settings) -> Iterable[str]:
    try:
        with database_url(settings) as url:
            if not asyncio.run(_is_current(url)):
                yield "The database has another schema: run `helpdesk migrate`."
    except (HelpdeskError, OSError) as failure:
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


_CHECKS: list[Callable[[Settings], Iterable[str]]] = [_key, _public_url, _mail_out, _database]
