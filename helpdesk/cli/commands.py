"""The commands themselves.

What serves is loaded only by those that need it: it is half of all there is to load, and a mail server
starts `mail receive` for every mail. Those for mail stand in `mail_commands`.
"""

import asyncio
import sys
from contextlib import ExitStack
from typing import Annotated

import typer
from babel.dates import LOCALTZ

from helpdesk import logs
from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import api_keys, passwords, second_factors, sessions
from helpdesk.cli.mail_commands import mail_commands
from helpdesk.cli.running import (
    database_url,
    out,
    plain_errors,
    read_settings,
    with_database,
)
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, first_steps, wall_clock
from helpdesk.errors import NotFound
from helpdesk.settings import Settings
from helpdesk.storage import migrations
from helpdesk.storage.database import NO_LIMITS, Database
from helpdesk.storage.transaction import Transaction

main = typer.Typer(
    name="helpdesk",
    help="A self-hosted support helpdesk: chat, email and phone in one prioritized queue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
agent_commands = typer.Typer(help="Who works here.", no_args_is_help=True)
token_commands = typer.Typer(help="API tokens.", no_args_is_help=True)
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


@agent_commands.command("password-alone")
def let_password_be_enough(email: str) -> None:
    """Let an agent who has lost their second factor sign in without it."""

    async def run(database: Database) -> bool:
        async with database.transaction(SYSTEM) as tx:
            return await second_factors.remove(tx, (await _agent(tx, email)).id)

    with plain_errors():
        had_one = with_database(read_settings(), run)
        out.print(f"{email} signs in with the password alone{'.' if had_one else ', as before.'}")


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
