"""The tickets and agents that benchmarks/queue claims with."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from helpdesk.actors import SYSTEM, Actor, ActorKind, Role
from helpdesk.clock import SystemClock
from helpdesk.domain import agents, availability, contacts, inboxes, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.storage import migrations
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction

_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = 'tickets'"
_MADE = {
    "id": "uuidv7()",
    "number": "nextval('tickets_number_seq')",
    "rank_at": "t.rank_at + n * interval '1 ms' + $3::interval",
    "start_by": "t.start_by + n * interval '1 ms' + $3::interval",
}
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'tickets' AND indexname LIKE 'ix_%'"
_KEYS = """
    SELECT conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
    WHERE conrelid = 'tickets'::regclass AND contype = 'f'
"""

_CONNECTIONS = 16
"""Of the product; a floor has one for each of its claimers, beside them and within the server's hundred."""

_PEOPLE = 64
"""Who claim in turn, so that nobody carries hundreds: what they carry is read with each of their claims."""

_LATER = timedelta(days=365)
"""The last team's tickets stand behind all of the first's: the worst case of a filter along the order."""


@dataclass(frozen=True)
class Desk:
    database: Database
    plain: list[Actor]
    filtered: list[Actor]
    """Agents of the team whose tickets are last, with the skills they ask for."""
    both: list[Actor]
    """Agents of both teams."""
    people: list[Actor]
    """The first team's at their workspaces: their load and room are read, and each claim is counted."""


async def prepare(url: str, size: int, claimers: int) -> Desk:
    """`size` waiting tickets, a tenth of them of the last team, and a bare table of the same length."""
    database = Database(url, SystemClock(), pool_size=min(_CONNECTIONS, claimers + 2))
    await migrations.migrate(database.engine, database.clock.now())
    async with database.transaction(SYSTEM) as tx:
        first, last = await _team(tx, "First"), await _team(tx, "Last")
        patterns = [(await _pattern(tx, first, {}), 0.9, timedelta())]
        patterns.append((await _pattern(tx, last, {"skills": ["vpn"]}), 0.1, _LATER))
        staff = [
            [await _actor(tx, teams, number) for number in range(claimers)]
            for teams in ([first], [last], [first, last])
        ]
        people = [await _actor(tx, [first], claimers + number) for number in range(max(claimers, _PEOPLE))]
        staff.append([replace(one, kind=ActorKind.AGENT) for one in people])
        await availability.seen(tx, [one.agent_id for some in staff for one in some if one.agent_id])
        # They stay for the whole run, as people with an open workspace do.
        await tx.connection.execute("UPDATE availability SET seen_at = seen_at + interval '1 day'")
    connection = await database.connect()
    await _fill(connection, [(pattern.id, round(size * share), later) for pattern, share, later in patterns])
    for statement in (
        "CREATE TABLE floor AS SELECT id, rank_at, waiting FROM tickets",
        "ALTER TABLE floor ADD PRIMARY KEY (id)",
        "CREATE INDEX ON floor (rank_at, id) WHERE waiting",
        "VACUUM ANALYZE",
    ):
        await connection.execute(statement, timeout=3600)
    await connection.close()
    return Desk(database, *staff)


async def _fill(connection: asyncpg.Connection, patterns: list[tuple[UUID, int, timedelta]]) -> None:
    """Copies of tickets, a millisecond apart; indexes and foreign keys are put back afterwards."""
    columns = [row[0] for row in await connection.fetch(_COLUMNS)]
    values = ", ".join(_MADE.get(name, f't."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    indexes = await connection.fetch(_INDEXES)
    keys = await connection.fetch(_KEYS)
    await connection.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
    for key in keys:
        await connection.execute(f'ALTER TABLE tickets DROP CONSTRAINT "{key["conname"]}"')
    for index in indexes:
        await connection.execute(f'DROP INDEX "{index["indexname"]}"')
    for pattern, count, later in patterns:
        await connection.execute(
            f"INSERT INTO tickets ({names}) SELECT {values} FROM tickets t, generate_series(1, $2::int) n"
            " WHERE t.id = $1", pattern, count, later, timeout=3600,
        )  # fmt: skip
    for index in indexes:
        await connection.execute(index["indexdef"], timeout=3600)
    for key in keys:
        await connection.execute(
            f'ALTER TABLE tickets ADD CONSTRAINT "{key["conname"]}" {key["def"]} NOT VALID'
        )


async def _team(tx: Transaction, name: str) -> agents.Team:
    team = agents.Team(id=tx.new_id(), name=name, push=False, created_at=tx.now)
    tx.session.add(team)
    await tx.session.flush()
    return team


async def _pattern(tx: Transaction, team: agents.Team, settings: dict[str, Any]) -> tickets.Ticket:
    """One ordinary ticket of the team, to be copied."""
    inbox = inboxes.Inbox(
        id=tx.new_id(), key=team.name, name=team.name, channel="email", team_id=team.id, settings=settings,
        created_at=tx.now,
    )  # fmt: skip
    tx.session.add(inbox)
    await tx.session.flush()
    contact = await contacts.find_or_create(tx, IdentityKind.EMAIL, f"kim@{team.name}.example", name="Kim")
    ticket = await tickets.open_ticket(tx, inbox=inbox, contact=contact, subject="Mill stuck")
    await tx.flush()
    return ticket


async def _actor(tx: Transaction, teams: list[agents.Team], number: int) -> Actor:
    name = f"{'.'.join(team.name for team in teams)}{number}"
    agent = await agents.add(
        tx, email=f"{name}@bench.localhost", name=name, role=Role.AGENT, password_hash=None
    )
    agent.skills, agent.capacity = ["vpn"], 1_000_000
    tx.session.add_all([agents.TeamMember(team_id=team.id, agent_id=agent.id) for team in teams])
    await tx.session.flush()
    return Actor(
        ActorKind.API_KEY, agent.id, name, Role.AGENT, agent.id, inbox_ids=None, scopes=frozenset({"all"})
    )
