"""The commands themselves.

What serves is loaded only by those that need it: it is half of all there is to load, and a mail server
starts `mail receive` for every mail.
"""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from babel.dates import LOCALTZ

from helpdesk import logs
from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import api_keys, passwords, sessions
from helpdesk.cli.exit_codes import REFUSED, TEMPORARY_FAILURE
from helpdesk.cli.mail_import import import_mail
from helpdesk.cli.mail_showing import show_mails
from helpdesk.cli.running import (
    database_url,
    err,
    is_of_settings,
    out,
    plain_errors,
    read_settings,
    with_database,
)
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, first_steps, wall_clock
from helpdesk.domain.tickets.mail import intake
from helpdesk.errors import Conflict, HelpdeskError, Invalid, NotFound, Unavailable
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.bus import bus_for
from helpdesk.storage.database import NO_LIMITS, Database
from helpdesk.storage.transaction import Transaction
from helpdesk.storage.wakeups import Wakeups

main = typer.Typer(
    name="helpdesk",
    help="A self-hosted support helpdesk: chat, email and phone in one prioritized queue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
agent_commands = typer.Typer(help="Who works here.", no_args_is_help=True)
token_commands = typer.Typer(help="API tokens.", no_args_is_help=True)
mail_commands = typer.Typer(help="Mail in, without a mail server.", no_args_is_help=True)
main.add_typer(agent_commands, name="agent")
main.add_typer(token_commands, name="token")
main.add_typer(mail_commands, name="mail")


@main.command()
def demo() -> None:
    """Try it: embedded database, a living sample company, everything on this machine only."""
    from helpdesk.cli.demonstration import run_demo  # noqa: PLC0415

    with plain_errors():
        run_demo()


@main.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind to.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind to.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Web processes.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave jobs and mail to `work`.")] = False,
) -> None:
    """Serve browsers, the API and (unless --no-worker) the background work."""
    from helpdesk import serving  # noqa: PLC0415

    given = {"host": host, "port": port}
    with plain_errors():
        settings = read_settings(**{key: value for key, value in given.items() if value is not None})
        logs.configure(settings)
        _ = settings.mail_key_ring  # and with it the secret key
        serving.check_ports(settings, with_worker=not no_worker)
        with ExitStack() as opened:
            alone = workers == 1 and not no_worker
            beside = opened.enter_context(serving.background()) if alone else None
            url = opened.enter_context(database_url(settings, own=True))
            asyncio.run(_migrate(url))
            if workers == 1:
                serving.serve(settings, url, beside=beside, ready=lambda: _say_ready(settings))
            else:
                serving.serve_many(
                    settings,
                    url,
                    workers=workers,
                    with_worker=not no_worker,
                    ready=lambda: _say_ready(settings),
                )


@main.command()
def work() -> None:
    """Background work only: jobs, the timetable, mail in."""
    from helpdesk import serving, worker  # noqa: PLC0415

    with plain_errors():
        settings = read_settings()
        logs.configure(settings)
        _ = settings.mail_key_ring  # and with it the secret key
        worker.check(settings)
        with database_url(settings) as url:
            serving.work(settings, url, lambda: None)


@main.command()
def migrate() -> None:
    """Bring the database to the schema of this version."""
    with plain_errors(), database_url(read_settings()) as url:
        asyncio.run(_migrate(url))
        out.print("The database has the schema of this version.")


@main.command()
def doctor() -> None:
    """Say what is misconfigured and how to mend it."""
    from helpdesk.cli.doctor import examine  # noqa: PLC0415

    with plain_errors():
        raise typer.Exit(examine(read_settings()))


@agent_commands.command("add")
def add_agent(
    email: str,
    name: Annotated[str, typer.Option(help="As colleagues and contacts read it.")] = "",
    role: Annotated[Role, typer.Option(help="From least to most allowed.")] = Role.AGENT,
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Stockholm; else this machine's.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from stdin.")] = False,
) -> None:
    """Add an agent; the password is asked for unless it comes by standard input."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked_password()

    async def run(database: Database) -> bool:
        hashed = await passwords.hash_password(password)
        async with database.transaction(SYSTEM) as tx:
            agent = await agents.add(
                tx, email=email, name=name, role=role, password_hash=hashed, time_zone=zone
            )
            return role is Role.OWNER and await first_steps.take(tx, agent)

    with plain_errors():
        zone = wall_clock.zone(time_zone or getattr(LOCALTZ, "key", "UTC").removeprefix("Etc/")).key
        is_first = with_database(read_settings(), run)
        out.print(f"{email} may sign in as {role.value}.")
        if is_first:
            domain = email.rpartition("@")[2]
            out.print(f"Made to start with: widget `web`, mail support@{domain}, a phone line,")
            out.print(f"office hours by the clock of {zone}. Sign in at {Settings().address}")


@agent_commands.command("password")
def set_password(
    email: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from stdin.")] = False,
) -> None:
    """Give an agent another password and sign them out everywhere."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked_password()

    async def run(database: Database) -> None:
        hashed = await passwords.hash_password(password)
        async with database.transaction(SYSTEM) as tx:
            agent = await _agent(tx, email)
            await agents.set_password(tx, agent.id, hashed)
            await sessions.sign_out_everywhere(tx, agent.id)

    with plain_errors():
        with_database(read_settings(), run)
        out.print(f"{email} has a new password and is signed out everywhere.")


@agent_commands.command("list")
def list_agents() -> None:
    """Everybody who may sign in."""

    async def run(database: Database) -> None:
        async with database.transaction(SYSTEM) as tx:
            for agent in await agents.active(tx):
                out.print(f"{agent.role:<6} {agent.email:<32} {agent.name}")

    with plain_errors():
        with_database(read_settings(), run)


@agent_commands.command("disable")
def disable_agent(email: str) -> None:
    """End an agent's access at once, everywhere."""

    async def run(database: Database) -> None:
        async with database.transaction(SYSTEM) as tx:
            agent = await _agent(tx, email)
            await agents.disable(tx, agent.id)
            await sessions.sign_out_everywhere(tx, agent.id)

    with plain_errors():
        with_database(read_settings(), run)
        out.print(f"{email} is signed out everywhere and may not come back.")


@token_commands.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="all, read, write or acknowledge.")],
    agent: Annotated[str | None, typer.Option(help="Acts for this agent; else the first owner.")] = None,
) -> None:
    """Make an API token. It is shown once and not kept."""

    async def run(database: Database) -> str:
        async with database.transaction(SYSTEM) as tx:
            found = await agents.by_email(tx, agent) if agent else await agents.first_owner(tx)
            if found is None:
                raise NotFound("agent_not_found", "Add an agent first: helpdesk agent add EMAIL --role owner")
            return await api_keys.create(tx, name=name, scopes=frozenset(scope), agent_id=found.id)

    with plain_errors():
        print(with_database(read_settings(), run))


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


async def _agent(tx: Transaction, email: str) -> agents.Agent:
    agent = await agents.by_email(tx, email)
    if agent is None:
        raise NotFound("agent_not_found", f"There is no agent {email}.")
    return agent


async def _migrate(url: str) -> None:
    database = Database(url, SystemClock(), pool_size=4, limits=NO_LIMITS)
    try:
        await migrations.migrate(database.engine, database.clock.now())
    finally:
        await database.close()


def _say_ready(settings: Settings) -> None:
    out.print(f"Helpdesk serves {settings.address}")


def _asked_password() -> str:
    return str(typer.prompt("Password (at least 12 characters)", hide_input=True, confirmation_prompt=True))
