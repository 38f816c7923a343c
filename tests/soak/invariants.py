"""What must hold after any storm, asked of the database and of every client."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from tests.soak.client import Client, Said


async def broken(connection: asyncpg.Connection, clients: Sequence[Client]) -> list[str]:
    """Every promise that was not kept, in words, but for what clients have not heard of yet."""
    return [
        *await _acknowledged_are_stored(connection, clients),
        *await _versions_are_dense(connection),
        *await _senders_keep_their_order(connection, clients),
        *await _visitors_see_only_their_own(connection, clients),
        *await _one_winner_per_claim(connection),
    ]


async def _acknowledged_are_stored(connection: asyncpg.Connection, clients: Sequence[Client]) -> list[str]:
    rows = await connection.fetch(
        "SELECT e.client_id, e.ticket_id, e.version, e.public_version, m.id, m.body"
        " FROM events e JOIN messages m ON m.id = e.message_id WHERE e.client_id IS NOT NULL"
    )
    by_client_id = defaultdict(list)
    for row in rows:
        by_client_id[str(row["client_id"])].append(row)
    found = [f"{key}: {len(rows)} events" for key, rows in by_client_id.items() if len(rows) > 1]
    for client in clients:
        for said in client.said:
            stored = by_client_id.get(said.client_id)
            if not stored or not _is_same(said, stored[0], client.is_visitor):
                found.append(f"{client.name} was told {said} is stored, and it is not: {stored}")
    bodies = await connection.fetch("SELECT body FROM messages GROUP BY ticket_id, body HAVING count(*) > 1")
    return found + [f"doubled: {row['body']}" for row in bodies if " says " in row["body"]]


def _is_same(said: Said, row: asyncpg.Record, is_visitor: bool) -> bool:
    version = row["public_version"] if is_visitor else row["version"]
    stored = (str(row["ticket_id"]), str(row["id"]), row["body"], version)
    return stored == (said.ticket, said.id, said.body, said.version)


async def _versions_are_dense(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        """SELECT t.id FROM tickets t JOIN events e ON e.ticket_id = t.id GROUP BY t.id
           HAVING count(*) <> max(e.version) OR max(e.version) <> t.version OR min(e.version) <> 1
             OR count(e.public_version) <> coalesce(max(e.public_version), 0)
             OR coalesce(max(e.public_version), 0) <> t.public_version"""
    )
    return [f"ticket {row['id']} has holes in its versions" for row in rows]


async def _senders_keep_their_order(connection: asyncpg.Connection, clients: Sequence[Client]) -> list[str]:
    found = []
    for client in clients:
        rows = await connection.fetch(
            "SELECT e.ticket_id, m.body FROM events e JOIN messages m ON m.id = e.message_id"
            " WHERE m.body LIKE $1 ORDER BY e.ticket_id, e.version",
            f"{client.name} says %",
        )
        by_ticket = defaultdict(list)
        for row in rows:
            by_ticket[row["ticket_id"]].append(int(row["body"].rsplit(" ", 1)[1]))
        found += [
            f"{client.name} out of order on {ticket}"
            for ticket, said in by_ticket.items()
            if said != sorted(said)
        ]
    return found


async def logs_differ(connection: asyncpg.Connection, clients: Sequence[Client]) -> list[str]:
    """Which clients have not converged to the database yet."""
    rows = await connection.fetch(
        "SELECT ticket_id, version, public_version, id FROM events ORDER BY ticket_id, version"
    )
    of_agents, of_contacts = defaultdict(list), defaultdict(list)
    for row in rows:
        of_agents[str(row["ticket_id"])].append((row["version"], str(row["id"])))
        if row["public_version"] is not None:
            of_contacts[str(row["ticket_id"])].append((row["public_version"], str(row["id"])))
    found = []
    for client in clients:
        wanted = of_contacts if client.is_visitor else of_agents
        found += [
            f"{client.name} knows {len(log.events)} of {len(wanted[ticket])} events of {ticket}"
            for ticket, log in client.logs.items()
            if log.events != wanted[ticket]
        ]
    return found


async def _visitors_see_only_their_own(
    connection: asyncpg.Connection, clients: Sequence[Client]
) -> list[str]:
    foreign: dict[str, set[str]] = {}
    for client in clients:
        if not client.is_visitor or not client.logs:
            continue
        own = await connection.fetch(
            """SELECT e.id::text, e.message_id::text, e.client_id::text, t.id::text AS ticket,
                 t.contact_id::text, t.inbox_id::text
               FROM events e JOIN tickets t ON t.id = e.ticket_id
               WHERE t.id = ANY($1) AND e.public_version IS NOT NULL""",
            [UUID(ticket) for ticket in client.logs],
        )
        strange = client.seen_ids - {value for row in own for value in row.values()}
        if strange:
            foreign[client.name] = strange
    return [f"{name} saw what is not theirs: {sorted(ids)[:5]}" for name, ids in foreign.items()]


async def _one_winner_per_claim(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT ticket_id FROM events WHERE name = 'TicketAssigned' AND data->>'reason' = 'claim'"
        " AND data->>'previous_id' IS NOT NULL"
    )
    return [f"{row['ticket_id']} was claimed while somebody had it" for row in rows]
