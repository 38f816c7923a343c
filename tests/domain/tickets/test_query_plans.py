"""The plans of the hot statements on a queue of thousands: by index, from its head, never along all of it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import availability
from helpdesk.domain.tickets import queries, rows, views
from helpdesk.domain.tickets.queue import (
    claiming_alone,
    claiming_together,
    low_water,
    overload,
    reach,
    taking,
)
from helpdesk.domain.tickets.queue.low_water import BEGINNING
from helpdesk.storage import ids
from helpdesk.storage.database import Database
from tests.conftest import NOON
from tests.factories import a_team, a_ticket, an_agent, an_inbox

pytestmark = pytest.mark.commits

ROWS = 4_000
_COPY = """
    INSERT INTO tickets SELECT (jsonb_populate_record(t, jsonb_build_object(
      'id', gen_random_uuid(), 'number', 1000000 + n, 'rank_at', t.rank_at + n * interval '1 second',
      'start_by', t.start_by + n * interval '1 second'))).*
    FROM tickets t, generate_series(1, $2::int) n WHERE t.id = $1
"""


@pytest.fixture(scope="module")
async def full(shared_database_url: str) -> AsyncIterator[tuple[Database, list[UUID], list[UUID]]]:
    """Four thousand tickets of one team, and one of another that stands behind all of them; an agent and
    the pool of each."""
    database = Database(shared_database_url, FixedClock(NOON))
    async with database.transaction(SYSTEM) as tx:
        busy, quiet = await a_team(tx), await a_team(tx)
        first = await a_ticket(tx, inbox=await an_inbox(tx, team=busy))
        await (await tx.driver()).execute(_COPY, first.id, ROWS)
        last = await a_ticket(tx, inbox=await an_inbox(tx, team=quiet))
        await (await tx.driver()).execute(
            "UPDATE tickets SET rank_at = rank_at + interval '1 year' WHERE id = $1", last.id
        )
        members = [(await an_agent(tx, team=team)).id for team in (busy, quiet)]
    async with database.transaction(SYSTEM) as tx:
        for table in ("tickets", "pools", "inboxes", "contacts", "identities"):
            await (await tx.driver()).execute(f"ANALYZE {table}")
    yield database, members, [first.pool_id, last.pool_id]
    await database.close()


async def plan_of(database: Database, sql: str, *values: Any) -> dict[str, Any]:
    """What PostgreSQL did, as EXPLAIN tells it; nothing of it stays."""
    async with database.transaction(SYSTEM) as tx:
        await tx.connection.execute("SAVEPOINT before")
        found = await tx.connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *values)
        await tx.connection.execute("ROLLBACK TO before")
    return _told(found)


async def plan_made_once(database: Database, sql: str, values: str) -> dict[str, Any]:
    """As `plan_of`, for what is planned without a look at the values."""
    async with database.transaction(SYSTEM) as tx:
        await tx.plan_once()
        await tx.connection.execute("SAVEPOINT before")
        await tx.connection.execute(f"PREPARE once AS {sql}")
        found = await tx.connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE once({values})"
        )
        await tx.connection.execute("DEALLOCATE once")
        await tx.connection.execute("ROLLBACK TO before")
    return _told(found)


def _told(found: Any) -> dict[str, Any]:
    plan: dict[str, Any] = (orjson.loads(found) if isinstance(found, str | bytes) else found)[0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", []) for node in nodes_of(part))]


def on_tickets(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in nodes_of(plan) if node.get("Relation Name") == "tickets"]


def buffers(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def require_heads_only(plan: dict[str, Any], most_buffers: int) -> None:
    for node in on_tickets(plan):
        assert node["Node Type"] != "Seq Scan", node
        assert node.get("Rows Removed by Filter", 0) < 100, node
        assert "ANY" not in node.get("Filter", ""), node
    assert buffers(plan) < most_buffers


def claim_of(agent_id: UUID, now: datetime, take: str = "") -> tuple[Any, ...]:
    """The values of taking.TAKE for an agent of one team who begins to look at the beginning."""
    who = (agent_id, now, now, now, None, False, False)
    bounds = (take, BEGINNING, BEGINNING, taking.END, 1)
    return *who, agent_id, uuid4(), uuid4(), "agent", "Maja", *bounds


@pytest.mark.parametrize("team", [0, 1], ids=["first team", "team behind all others"])
async def test_a_claim_looks_at_the_heads_of_its_pools(
    full: tuple[Database, list[UUID], list[UUID]], team: int
) -> None:
    database, members, _ = full

    plan = await plan_of(database, taking.TAKE, *claim_of(members[team], NOON))

    require_heads_only(plan, 300)


async def test_the_load_of_an_agent_is_read_by_the_index_of_assignees(
    full: tuple[Database, list[UUID], list[UUID]],
) -> None:
    database, [agent_id, _], _ = full
    async with database.transaction(SYSTEM) as tx:
        now = tx.now

    plan = await plan_of(database, taking.WORK, [agent_id], now)

    require_heads_only_of_one_index(plan)


def require_heads_only_of_one_index(plan: dict[str, Any]) -> None:
    assert all(node["Node Type"] != "Seq Scan" for node in on_tickets(plan))
    assert buffers(plan) < 40


async def test_the_guard_counts_no_further_than_it_must(
    full: tuple[Database, list[UUID], list[UUID]],
) -> None:
    database, _, _ = full
    async with database.transaction(SYSTEM) as tx:
        now = tx.now

    plan = await plan_of(database, overload.LATE, now, 5)

    require_heads_only(plan, 60)


@pytest.mark.parametrize("team", [0, 1], ids=["first team", "team behind all others"])
@pytest.mark.parametrize("view", views.VIEWS)
async def test_a_page_of_any_view_reads_fifty_rows_of_what_its_reader_may_see(
    full: tuple[Database, list[UUID], list[UUID]], view: str, team: int
) -> None:
    database, members, all_pools = full
    async with database.transaction(SYSTEM) as tx:
        inbox_id = await tx.connection.fetchval("SELECT inbox_id FROM pools WHERE id = $1", all_pools[team])
    asked = f"'{{{inbox_id}}}', '{members[team]}', NULL, NULL, NULL"

    plan = await plan_made_once(database, views.PAGES[view].format(row=rows.ROW, limit=51), asked)

    require_heads_only(plan, 1000)


@pytest.mark.parametrize("is_person", claiming_together.STATEMENTS)
@pytest.mark.parametrize("team", [0, 1], ids=["first team", "team behind all others"])
async def test_a_quick_claim_looks_at_the_heads_of_its_pools(
    full: tuple[Database, list[UUID], list[UUID]], team: int, is_person: bool
) -> None:
    database, members, all_pools = full
    async with database.transaction(SYSTEM) as tx:
        row = await tx.connection.fetchval("SELECT xmin::text FROM agents WHERE id = $1", members[team])
        pools = await tx.connection.fetchval("SELECT count(*) FROM pools")
        await availability.seen(tx, members)
    claim = {"place": 0, "row": row, "agent_id": members[team], "event_id": uuid4(), "told": {}}
    claim |= {"actor_kind": "agent", "actor_id": members[team], "name": "Maja", "client_id": None}
    asked = (orjson.dumps([claim]).decode(), NOON, orjson.dumps([str(all_pools[team])]).decode(), pools)

    plan = await plan_of(database, claiming_together.STATEMENTS[is_person], *asked)

    assert plan["Actual Rows"] == 1
    require_heads_only(plan, 200)


@pytest.mark.parametrize("is_person", [False, True], ids=["program", "person"])
@pytest.mark.parametrize("teams", [[0], [1], [1, 0]], ids=["first team", "team behind all others", "both"])
async def test_a_quick_claim_of_one_alone_looks_at_one_head_of_each_pool(
    full: tuple[Database, list[UUID], list[UUID]], teams: list[int], is_person: bool
) -> None:
    database, members, all_pools = full
    agent_id = members[teams[0]]
    async with database.transaction(SYSTEM) as tx:
        await availability.seen(tx, members)
        row, pools = await tx.connection.fetchrow(
            "SELECT xmin::text, (SELECT count(*) FROM pools) FROM agents WHERE id = $1", agent_id
        )
    who = (agent_id, "agent", agent_id, "Maja", '{"decision": {"candidates": [{}]}}', int(row), pools)
    asked = (uuid4(), ids.microseconds(NOON), None, *who, *(all_pools[team] for team in teams))

    plan = await plan_of(database, claiming_alone.statement(is_person, len(teams)), *asked)

    assert plan["Actual Rows"] == 1
    require_heads_only(plan, 100)
    assert all(node["Actual Rows"] <= 1 for node in on_tickets(plan))
    told = ", ".join("NULL" if value is None else f"'{value}'" for value in asked)
    for sql, values in (
        (claiming_alone.statement(is_person, len(teams)), told),
        (low_water._RAISE, f"'{all_pools[teams[0]]}'"),
    ):
        walks = on_tickets(await plan_made_once(database, sql, values))
        assert "ix_tickets_pool_queue" in {node.get("Index Name") for node in walks}
        assert "ix_tickets_queue" not in {node.get("Index Name") for node in walks}  # passes all others


async def test_counts_stop_at_a_thousand(full: tuple[Database, list[UUID], list[UUID]]) -> None:
    database, [agent_id, _], _ = full

    plan = await plan_of(database, queries._COUNTS, None, agent_id)

    assert all(node["Node Type"] != "Seq Scan" for node in on_tickets(plan))
    assert all(node["Actual Rows"] * node["Actual Loops"] <= queries.COUNTED_TO for node in on_tickets(plan))


async def test_what_is_out_of_reach_is_told_without_a_look_at_what_waits(
    full: tuple[Database, list[UUID], list[UUID]],
) -> None:
    database, [agent_id, _], _ = full

    plan = await plan_of(database, reach.OUT_OF_REACH, agent_id, NOON, NOON, NOON, None, False, False)

    require_heads_only(plan, 100)
