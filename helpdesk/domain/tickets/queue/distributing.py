"""Push: what waits in teams that assign goes to whoever is free; work of those who left comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from helpdesk.domain import agents, availability, permissions, sla
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.queue import overload, ranking
from helpdesk.domain.tickets.queue.assigning import assign
from helpdesk.domain.tickets.queue.capacity import load_of, units_of
from helpdesk.domain.tickets.queue.claiming import work_of
from helpdesk.domain.tickets.queue.routing import Candidate, Choice, Wanted, choose
from helpdesk.domain.tickets.queue.taking import Bounds
from helpdesk.storage.transaction import Transaction

_AT_ONCE = 50
"""Tickets looked at of each pool, and assigned, in one go; the next run takes the rest."""

_ANY_PUSHING = "SELECT EXISTS (SELECT FROM teams WHERE push)"

_STAFF = """
    SELECT g.id, g.name, g.capacity, g.max_chats, g.skills, v.assigned_at, v.claims,
      array(SELECT m.team_id FROM team_members m WHERE m.agent_id = g.id) AS teams,
      CASE WHEN g.all_inboxes OR g.role IN ('admin', 'owner') THEN NULL
        ELSE array(SELECT x.inbox_id FROM agent_inboxes x WHERE x.agent_id = g.id) END AS inboxes
    FROM availability v JOIN agents g ON g.id = v.agent_id
    WHERE v.state = 'online' AND v.seen_at >= $1 AND g.disabled_at IS NULL AND g.role <> 'light'
    ORDER BY g.id
"""

_DESKS = """
    SELECT FROM availability WHERE agent_id = ANY($1) ORDER BY agent_id FOR NO KEY UPDATE
"""

# The head of each pool, so that what nobody can take now hides nothing that stands behind it elsewhere.
_WAITING = """
    SELECT head.id, head.rank_at, head.start_by, head.inbox_id, p.team_id, p.skills, head.channel,
      (i.settings->>'units')::int AS units
    FROM pools p JOIN teams m ON m.id = p.team_id AND m.push JOIN inboxes i ON i.id = p.inbox_id
    CROSS JOIN LATERAL (
      SELECT id, rank_at, start_by, inbox_id, channel FROM tickets
      WHERE waiting AND pool_id = p.id AND rank_at >= greatest(p.low_water, $2) AND start_by >= $3
      ORDER BY rank_at, id LIMIT $1
    ) AS head
"""

_FREE = "SELECT id FROM tickets WHERE id = $1 AND waiting FOR UPDATE SKIP LOCKED"

_GIVEN = "UPDATE availability SET assigned_at = $2, claims = claims + 1 WHERE agent_id = $1"

# Chats of whoever is offline, and everything of those whose shift is over.
_UNATTENDED = """
    SELECT t.id FROM availability v JOIN tickets t ON t.assignee_id = v.agent_id AND t.status = 'open'
    WHERE v.state = 'offline' AND v.seen_at IS NOT NULL
      AND (v.assigned_at IS NULL OR v.assigned_at <= v.since)
      AND (t.channel = 'chat' OR v.released = 'all' AND NOT EXISTS (
        SELECT FROM events e WHERE e.ticket_id = t.id AND e.name = 'TicketAssigned' AND e.at > v.since
          AND e.data->>'reason' = 'manual' AND e.data->>'assignee_id' = t.assignee_id::text)) LIMIT 200
"""

# What somebody has who does not work here any more, or whose inbox it is no longer.
_OUT_OF_SIGHT = """
    SELECT t.id FROM agents g
    CROSS JOIN unnest(ARRAY['open', 'pending', 'snoozed']) AS s(status)
    JOIN tickets t ON t.assignee_id = g.id AND t.status = s.status
    WHERE g.disabled_at IS NOT NULL OR NOT g.all_inboxes AND g.role NOT IN ('admin', 'owner')
      AND NOT EXISTS (SELECT FROM agent_inboxes x WHERE x.agent_id = g.id AND x.inbox_id = t.inbox_id)
    LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: UUID
    rank_at: datetime
    start_by: datetime
    inbox_id: UUID
    team_id: UUID
    wanted: Wanted

    def asks_as(self, other: "_Waiting") -> bool:
        """Whether whoever can take one can take the other."""
        mine, theirs = (
            (self.inbox_id, self.team_id, self.wanted),
            (other.inbox_id, other.team_id, other.wanted),
        )
        return mine == theirs


@dataclass(frozen=True, slots=True)
class _Agent:
    candidate: Candidate
    teams: frozenset[UUID]
    inboxes: frozenset[UUID] | None
    claims: int

    def may_get(self, ticket: _Waiting) -> bool:
        return ticket.team_id in self.teams and (self.inboxes is None or ticket.inbox_id in self.inboxes)


async def distribute(tx: Transaction) -> int:
    """Assign what waits in pushing teams, in the order of the queue, as long as somebody has room.

    Runs one at a time; answers with how many tickets found their agent. Called on every change that may
    free somebody or bring work, so nobody waits for a scan.
    """
    connection = await tx.driver()
    if not await connection.fetchval(_ANY_PUSHING):
        return 0
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('distribute', 0))")
    staff = await _staff(tx)
    waiting = await _waiting(tx) if _is_room(staff) else []
    given = 0
    while waiting and given < _AT_ONCE and _is_room(staff):
        ticket = await _next(tx, waiting, staff)
        choice = choose(ticket.wanted, [one.candidate for one in staff if one.may_get(ticket)])
        if choice.chosen is None:
            waiting = [other for other in waiting if not other.asks_as(ticket)]
            continue
        waiting.remove(ticket)
        if await _give(tx, ticket, choice):
            staff = [_given(tx, one, ticket) if one.candidate is choice.chosen else one for one in staff]
            given += 1
    return given


async def release_unattended(tx: Transaction) -> int:
    """Chats of agents who are offline, all open work of those whose shift is over too, and what its agent may
    not see any more return to their place in the order and keep their age. Answers with how many."""
    await availability.fall_silent(tx)
    for left in await availability.not_yet_released(tx):
        if await _is_off_shift(tx, left.agent_id):
            left.released = "all"
    connection = await tx.driver()
    released = 0
    for reason, query in (("offline", _UNATTENDED), ("out_of_sight", _OUT_OF_SIGHT)):
        for row in await connection.fetch(query):
            await assign(tx, await lock(tx, row["id"]), None, reason=reason)
            released += 1
    return released


async def waiting_for_team(tx: Transaction, team_id: UUID) -> tuple[int, int]:
    """How many tickets wait for a team (up to 50), and how many mails would fit on its online agents."""
    connection = await tx.driver()
    waiting = await connection.fetchval(
        """SELECT count(*) FROM (SELECT FROM pools p CROSS JOIN LATERAL (
             SELECT FROM tickets WHERE waiting AND pool_id = p.id LIMIT 50) AS head
           WHERE p.team_id = $1 LIMIT 50) AS counted""",
        team_id,
    )
    loads = [one.candidate.load for one in await _staff(tx) if team_id in one.teams]
    return waiting, sum(max(0, load.capacity - load.units) // units_of("email", None) for load in loads)


async def waiting_within_reach(tx: Transaction, team_ids: Sequence[UUID], skills: Sequence[str]) -> int:
    """How many waiting tickets (up to 500) somebody of these teams with these skills may take; a language
    holds nothing up for ever."""
    connection = await tx.driver()
    counted: int = await connection.fetchval(
        """SELECT count(*) FROM (SELECT FROM pools p CROSS JOIN LATERAL (
             SELECT FROM tickets WHERE waiting AND pool_id = p.id LIMIT 500) AS head
           WHERE p.team_id = ANY($1) AND NOT EXISTS (
             SELECT FROM unnest(p.skills) AS asked WHERE asked <> ALL($2) AND asked NOT LIKE 'language:%')
           LIMIT 500) AS counted""",
        list(team_ids),
        list(skills),
    )
    return counted


async def _staff(tx: Transaction) -> list[_Agent]:
    """Who is online, also whoever is full: a language is kept for them. Their counters are locked, which each
    claim sets on: nobody claims beside us into the same room."""
    connection = await tx.driver()
    rows = await connection.fetch(_STAFF, tx.now - availability.SILENT_AFTER)
    ids = [row["id"] for row in rows]
    await connection.execute(_DESKS, ids)
    work = await work_of(tx, ids)
    found = []
    for row in rows:
        load = load_of(work.get(row["id"], []), row["capacity"], row["max_chats"])
        candidate = Candidate(row["id"], row["name"], frozenset(row["skills"]), load, row["assigned_at"])
        inboxes = frozenset(row["inboxes"]) if row["inboxes"] is not None else None
        found.append(_Agent(candidate, frozenset(row["teams"]), inboxes, row["claims"]))
    return found


async def _waiting(tx: Transaction) -> list[_Waiting]:
    """The heads of all pools; in an overload also of what can still be met, which may stand far behind."""
    found = await _heads(tx, Bounds())
    if (await overload.now(tx)).is_on:
        meetable = await _heads(tx, Bounds(tx.now - ranking.furthest_ahead(), tx.now))
        found = list(dict.fromkeys([*found, *meetable]))
    return found


async def _heads(tx: Transaction, bounds: Bounds) -> list[_Waiting]:
    rows = await tx.connection.fetch(_WAITING, _AT_ONCE, bounds.rank_from, bounds.start_from)
    return [
        _Waiting(
            row["id"], row["rank_at"], row["start_by"], row["inbox_id"], row["team_id"],
            Wanted(row["channel"], units_of(row["channel"], row["units"]), tuple(row["skills"])),
        )
        for row in rows
    ]  # fmt: skip


def _is_room(staff: Sequence[_Agent]) -> bool:
    return any(not one.candidate.load.is_full for one in staff)


async def _next(tx: Transaction, waiting: Sequence[_Waiting], staff: Sequence[_Agent]) -> _Waiting:
    """By the order, or in an overload as its guard says: each assignment is one turn further."""
    state, turn = await overload.now(tx), sum(one.claims for one in staff) + 1
    chosen = ranking.pick(waiting, tx.now, ranking.take(state.late, state.online, turn))
    assert chosen is not None  # something waits
    return chosen


async def _give(tx: Transaction, waiting: _Waiting, choice: Choice) -> bool:
    """False when somebody else has just taken it."""
    assert choice.chosen is not None
    connection = await tx.driver()
    if await connection.fetchval(_FREE, waiting.id) is None:
        return False
    ticket = await lock(tx, waiting.id)
    await assign(tx, ticket, choice.chosen.id, reason="push", decision=choice.to_dict())
    await (await tx.driver()).execute(_GIVEN, choice.chosen.id, tx.now)
    return True


def _given(tx: Transaction, agent: _Agent, ticket: _Waiting) -> _Agent:
    load = agent.candidate.load.plus(ticket.wanted.channel, ticket.wanted.units)
    candidate = replace(agent.candidate, load=load, assigned_at=tx.now)
    return replace(agent, candidate=candidate, claims=agent.claims + 1)


async def _is_off_shift(tx: Transaction, agent_id: UUID) -> bool:
    """None of their teams' hours is now; without hours nobody knows when a shift ends."""
    calendars = await agents.calendars_of(tx, agent_id)
    return bool(calendars) and not any(
        [(await sla.open_calendar(tx, calendar_id)).is_open(tx.now) for calendar_id in calendars]
    )


async def desk(tx: Transaction, agent_id: UUID) -> dict[str, Any]:
    """How an agent stands: availability, and what they carry against what they can."""
    known = await availability.known_of(tx, agent_id)
    agent = await agents.get(tx, agent_id)
    load = load_of((await work_of(tx, [agent_id])).get(agent_id, []), agent.capacity, agent.max_chats)
    return _desk(agent, known, load.units, load.chats)


async def is_full(tx: Transaction, agent_id: UUID) -> bool:
    """Whether nothing more fits on what an agent carries."""
    agent = await agents.get(tx, agent_id)
    work = (await work_of(tx, [agent_id])).get(agent_id, [])
    return load_of(work, agent.capacity, agent.max_chats).is_full


async def desks(tx: Transaction) -> list[dict[str, Any]]:
    """All agents who take work, for leads and the wall."""
    permissions.require_reader(tx.actor)
    staff = [one for one in await agents.active(tx) if one.role != "light"]
    work = await work_of(tx, [one.id for one in staff])
    states = await availability.all_known(tx)
    shown = []
    for agent in staff:
        load = load_of(work.get(agent.id, []), agent.capacity, agent.max_chats)
        shown.append(_desk(agent, states.get(agent.id, availability.ABSENT), load.units, load.chats))
    return shown


def _desk(agent: agents.Agent, known: availability.Known, units: int, chats: int) -> dict[str, Any]:
    return {
        "agent": {"id": agent.id, "name": agent.name},
        "state": known.state.value,
        "since": known.since,
        "load": units,
        "capacity": agent.capacity,
        "chats": chats,
        "max_chats": agent.max_chats,
        "skills": list(agent.skills),
    }
