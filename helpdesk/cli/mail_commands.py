"""Mail in without a mail server: `mail receive`, `mail import` and `mail show`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from helpdesk.actors import SYSTEM
from helpdesk.cli.exit_codes import REFUSED, TEMPORARY_FAILURE
from helpdesk.cli.mail_import import import_mail
from helpdesk.cli.mail_showing import show_mails
from helpdesk.cli.running import err, is_of_settings, out, plain_errors, read_settings, with_database
from helpdesk.domain.tickets.mail import intake
from helpdesk.errors import Conflict, HelpdeskError, Invalid, Unavailable
from helpdesk.settings import Settings
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import Database
from helpdesk.storage.wakeups import Wakeups

mail_commands = typer.Typer(help="Mail in, without a mail server.", no_args_is_help=True)


@mail_commands.command("receive")
def receive_mail(
    inbox: Annotated[str | None, typer.Option(help="The address it was sent to.")] = None,
    sender: Annotated[str, typer.Option(help="The envelope's sender.")] = "",
) -> None:
    """One mail from standard input. Exit 0 only after it is kept; 75: try again; 65: refused."""
    raw = sys.stdin.buffer.read()

    async def run(database: Database) -> None:
        wakeups = Wakeups(database, bus_for(database, Settings().bus))
        async with database.transaction(SYSTEM) as tx:
            address = inbox or await intake.default_address(tx)
            await intake.keep_for(tx, address, path="pipe", envelope_from=sender, raw=raw)
        await wakeups.flush()

    try:
        if not raw.strip():
            raise Invalid("empty_mail", "There was no mail on standard input.")
        with_database(read_settings(), run)
    except HelpdeskError as failure:
        err.print(str(failure), markup=False)
        passes = isinstance(failure, Unavailable | Conflict) or is_of_settings(failure)
        sys.exit(TEMPORARY_FAILURE if passes else REFUSED)
    except Exception as failure:  # noqa: BLE001  whatever it was, the mail server keeps the mail and tries again
        err.print(str(failure))
        sys.exit(TEMPORARY_FAILURE)


@mail_commands.command("import")
def import_mails(
    source: Annotated[Path, typer.Argument(help="A folder of mails, mbox files or Maildirs, or a file.")],
    inbox: Annotated[str | None, typer.Option(help="The address it shall count as sent to.")] = None,
) -> None:
    """Bring mail over from elsewhere. Nothing is taken twice: after a break just run it again."""

    async def run(database: Database) -> tuple[int, int, int]:
        wakeups = Wakeups(database, bus_for(database, Settings().bus))
        found = await import_mail(database, source, inbox)
        await wakeups.flush()
        return found

    with plain_errors():
        kept, known, left = with_database(read_settings(), run)
        mails = "1 mail" if kept == 1 else f"{kept} mails"
        out.print(f"{mails} imported, {known} known before, {left} left out (empty or over 100 MB).")


@mail_commands.command("show")
def show_mail(
    sources: Annotated[list[Path], typer.Argument(help="Mails, mbox files, folders; - is standard input.")],
) -> None:
    """How a mail is read: every field as JSON. Nothing is kept; no server or database is needed."""
    with plain_errors():
        asyncio.run(show_mails(sources, sys.stdout.buffer))
