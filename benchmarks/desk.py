"""The product under measure: the bundled PostgreSQL, a small company, `helpdesk serve` as a process."""

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import psutil

from benchmarks.listeners import Socket
from helpdesk.actors import SYSTEM, Role
from helpdesk.auth import api_keys
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, contacts, inboxes, plans, tickets
from helpdesk.storage import migrations
from helpdesk.storage.database import Database, driver_arguments, driver_dsn
from helpdesk.storage.transaction import Transaction

HOURS = {"time_zone": "Europe/Stockholm", "always": True}
TARGETS = {
    channel: {"first_response": 4 * 3600, "next_response": 4 * 3600, "resolution": 48 * 3600}
    for channel in ("chat", "email", "phone")
}
MAIL_ADDRESS = "support@bench.localhost"


@dataclass(frozen=True)
class Company:
    tokens: list[str]
    """API tokens, one for each agent."""
    pattern: UUID
    """A waiting ticket, of which the queue is filled with copies."""


async def found(url: str, agent_count: int) -> Company:
    """Schema, a plan with clocks on every channel, a team, a chat and a mail inbox, agents."""
    database = Database(url, SystemClock())
    await migrations.migrate(database.engine, database.clock.now())
    async with database.transaction(SYSTEM) as tx:
        company = await _found(tx, agent_count)
    await database.close()
    return company


async def _found(tx: Transaction, agent_count: int) -> Company:
    made: dict[str, Any] = {"created_at": tx.now}
    calendar = plans.CalendarRow(id=tx.new_id(), name="Always", hours=HOURS, **made)
    team = agents.Team(id=tx.new_id(), name="Support", **made)
    tx.session.add_all([calendar, team])
    await tx.session.flush()
    plan = plans.Plan(id=tx.new_id(), key="business", name="Business", calendar_id=calendar.id, **made)
    plan.head_start_minutes, plan.may_page, plan.targets = 3, False, TARGETS
    tx.session.add(plan)
    await tx.session.flush()
    for key, channel, address in (("web", "chat", None), ("support", "email", MAIL_ADDRESS)):
        inbox = inboxes.Inbox(id=tx.new_id(), key=key, name=key, channel=channel, address=address, **made)
        inbox.team_id, inbox.plan_id = team.id, plan.id
        inbox.settings = {"brake": "off"}  # a rush is what is measured
        tx.session.add(inbox)
    await tx.session.flush()
    tokens = []
    for number in range(agent_count):
        email = f"agent{number}@bench.localhost"
        agent = await agents.add(tx, email=email, name=f"Agent {number}", role=Role.AGENT, password_hash=None)
        tx.session.add(agents.TeamMember(team_id=team.id, agent_id=agent.id))
        tokens.append(
            await api_keys.create(tx, name="benchmark", scopes=frozenset({"all"}), agent_id=agent.id)
        )
    contact = await contacts.create(tx, name="Kim Berg")
    said = await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=inbox.id, channel=inboxes.Channel.EMAIL, contact_id=contact.id, body="The mill is stuck."
        ),
    )
    return Company(tokens, said.ticket_id)


async def fill_queue(url: str, pattern: UUID, count: int) -> None:
    """So many more waiting tickets, each with its events and clocks."""
    connection = await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
    first = await connection.fetchval("SELECT max(number) + 1000 FROM tickets")
    async with connection.transaction():
        await connection.execute(
            "CREATE TEMP TABLE copies ON COMMIT DROP AS SELECT gen_random_uuid() AS id, n"
            f" FROM generate_series(1, {count}) AS n"
        )
        await connection.execute(
            f"""INSERT INTO tickets SELECT (jsonb_populate_record(t, jsonb_build_object(
                'id', c.id, 'number', {first} + n, 'rank_at', t.rank_at + n * interval '1 ms'))).*
                FROM tickets t, copies c WHERE t.id = $1""",
            pattern,
        )
        for table, more in (("events", ", 'at', o.at - interval '1 day'"), ("sla_clocks", "")):
            await connection.execute(
                f"""INSERT INTO {table} SELECT (jsonb_populate_record(o, jsonb_build_object(
                    'ticket_id', c.id, 'id', gen_random_uuid(){more}))).*
                    FROM {table} o, copies c WHERE o.ticket_id = $1""",
                pattern,
            )
    await connection.execute("ANALYZE")
    await connection.close()


class Server:
    """A process of ours, waited for until it listens."""

    def __init__(self, command: list[str], ports: list[int], environment: dict[str, str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **environment},
            stdout=self._log,
            stderr=self._log,
        )
        for port in ports:
            self._wait_for(port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu(self) -> float:
        """Seconds of processor time so far, with the mail readers it started."""
        process = psutil.Process(self._process.pid)
        everyone = [process, *process.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in everyone)

    def memory(self) -> int:
        """Bytes of its own, without what it only shares."""
        return int(psutil.Process(self._process.pid).memory_full_info().uss)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def _wait_for(self, port: int) -> None:
        for _ in range(2400):  # a busy machine takes its time
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
                break  # it has ended
        self._log.seek(0)
        raise RuntimeError(f"The server did not start:\n{self._log.read().decode()}")


class Desk:
    """`helpdesk serve` on free ports of the loopback interface, and ways to talk to it."""

    def __init__(self, url: str, data_dir: Path, company: Company) -> None:
        self.port, self.smtp_port = free_port(), free_port()
        self.company = company
        self._url = url
        settings = {
            "DATABASE_URL": url,
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "SMTP_IN_PORT": str(self.smtp_port),
            "SECRET_KEY": secrets.token_urlsafe(32),
            "LOG_LEVEL": "warning",
        }
        environment = {f"HELPDESK_{name}": value for name, value in settings.items()}
        self.server = Server(["helpdesk", "serve"], [self.port, self.smtp_port], environment)
        self._http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=60,
            trust_env=False,
            limits=httpx2.Limits(keepalive_expiry=2),  # before the server closes what lies idle
        )

    async def agent(self, number: int) -> Socket:
        return await Socket.open(self.port, "/agent", await self.agent_pass(number))

    async def agent_pass(self, number: int) -> str:
        headers = {"Authorization": f"Bearer {self.company.tokens[number]}"}
        told = (await self._http.post("/api/v1/realtime/pass", headers=headers)).raise_for_status().json()
        return str(told["pass"])

    async def visitor(self) -> Socket:
        return await Socket.open(self.port, "/widget", await self.visitor_pass())

    async def visitor_pass(self) -> str:
        told = (await self._http.post("/widget/session", json={"inbox": "web"})).raise_for_status().json()
        return str(told["pass"])

    async def forgive(self) -> None:
        await forgive(self._url)

    async def close(self) -> None:
        await self._http.aclose()
        await asyncio.to_thread(self.server.stop)


async def forgive(url: str) -> None:
    """For the next seconds nobody who has sent something meets a limit."""
    connection = await asyncpg.connect(driver_dsn(url), **driver_arguments(url))
    await connection.execute("UPDATE rate_buckets SET count = -1000000, started_at = clock_timestamp()")
    await connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
