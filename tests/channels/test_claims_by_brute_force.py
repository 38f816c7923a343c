"""Whoever claims gets what a search through everything finds: the first in order that is theirs, and fits."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM, Actor
from helpdesk.channels import claiming
from helpdesk.clock import FixedClock
from helpdesk.domain import agents, availability, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Status, Ticket, TicketChange, queue
from helpdesk.domain.tickets.queue import known_claimers
from helpdesk.storage.database import Database
from helpdesk.storage.transaction import Transaction
from tests.factories import a_contact, a_team, a_ticket, an_agent, an_inbox

pytestmark = pytest.mark.commits

SKILLS = ("vpn", "till")
UNITS = {"chat": 1, "email": 2, "phone": 3}


@dataclass
class Claimer:
    actor: Actor
    teams: set[UUID]
    skills: set[str]
    capacity: int
    max_chats: int
    carried: list[Ticket] = field(default_factory=list)

    def may_take(self, ticket: Ticket) -> bool:
        chats = sum(one.channel == "chat" for one in self.carried)
        units = sum(UNITS[one.channel] for one in self.carried)
        return (
            (ticket.team_id is None or ticket.team_id in self.teams)
            and set(ticket.skills) <= self.skills
            and units + UNITS[ticket.channel] <= self.capacity
            and (ticket.channel != "chat" or chats < self.max_chats)
        )


@pytest.fixture
async def wide(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    database = Database(database_url, clock)
    known_claimers.forget()
    yield database
    await database.close()


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_claims_gets_what_a_search_through_everything_finds(wide: Database, seed: int) -> None:
    chance = random.Random(seed)
    async with wide.transaction(SYSTEM) as tx:
        teams = [await a_team(tx), await a_team(tx), None]
        waiting = await some_tickets(tx, chance, teams)
        staff = [await a_claimer(tx, chance, [team for team in teams if team]) for _ in range(5)]

    for _ in range(50):
        claimer = chance.choice(staff)
        if claimer.carried and chance.random() < 0.3:
            done = claimer.carried.pop(chance.randrange(len(claimer.carried)))
            async with wide.transaction(SYSTEM) as tx:
                await tickets.change_ticket(
                    tx, done.id, TicketChange(frozenset({"status"}), status=Status.RESOLVED)
                )
        wanted = min(filter(claimer.may_take, waiting), key=queue.order, default=None)

        claimed = await claiming.claim(wide, claimer.actor)

        assert (claimed and claimed.id) == (wanted and wanted.id)
        if wanted is not None:
            waiting.remove(wanted)
            claimer.carried.append(wanted)


async def some_tickets(
    tx: Transaction, chance: random.Random, teams: list[agents.Team | None]
) -> list[Ticket]:
    """In every channel, team and skill; none is late, so the overload guard has no say."""
    inboxes = [
        await an_inbox(tx, channel, team=team, skills=[one for one in SKILLS if chance.random() < 0.3])
        for channel in (Channel.CHAT, Channel.EMAIL, Channel.PHONE)
        for team in teams
    ]
    contact = await a_contact(tx)
    made = []
    for _ in range(45):
        tx.now += timedelta(seconds=chance.randint(1, 40))
        made.append(await a_ticket(tx, inbox=chance.choice(inboxes), contact=contact))
    return made


async def a_claimer(tx: Transaction, chance: random.Random, teams: list[agents.Team]) -> Claimer:
    agent = await an_agent(tx)
    within = [team for team in teams if chance.random() < 0.6]
    tx.session.add_all([agents.TeamMember(team_id=team.id, agent_id=agent.id) for team in within])
    agent.skills = [one for one in SKILLS if chance.random() < 0.6]
    agent.capacity, agent.max_chats = chance.choice((3, 6, 9)), chance.choice((1, 4))
    await tx.flush()
    await availability.seen(tx, [agent.id])
    return Claimer(
        await agents.actor_of(tx, agent),
        {team.id for team in within},
        set(agent.skills),
        agent.capacity,
        agent.max_chats,
    )
