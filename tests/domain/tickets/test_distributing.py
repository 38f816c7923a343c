"""Push: waiting work goes to whoever is free; the work of those who left comes back with its age."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.actors import Role
from helpdesk.domain import agents, availability, tickets
from helpdesk.domain.availability import SILENT_AFTER, State
from helpdesk.domain.inboxes import Channel, Inbox
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction
from tests.factories import (
    OFFICE_HOURS,
    a_contact,
    a_team,
    a_ticket,
    an_agent,
    an_inbox,
    as_agent,
    as_contact,
    claim_next,
)

SILENCE = SILENT_AFTER + timedelta(seconds=1)


async def a_pushing_inbox(tx: Transaction, channel: Channel = Channel.EMAIL, **settings: object) -> Inbox:
    team = await a_team(tx)
    team.push = True
    return await an_inbox(tx, channel, team=team, **settings)


async def a_member(
    tx: Transaction, inbox: Inbox, name: str = "Aoife", *, online: bool = True
) -> agents.Agent:
    agent = await an_agent(tx, name, team=await agents.team(tx, inbox.team_id) if inbox.team_id else None)
    if online:
        await availability.seen(tx, [agent.id])
    return agent


async def last_assignment(tx: Transaction, ticket: tickets.Ticket) -> dict[str, object]:
    await tx.session.flush()
    query = select(EventRow.data).where(EventRow.ticket_id == ticket.id, EventRow.name == "TicketAssigned")
    return list(await tx.session.scalars(query.order_by(EventRow.version)))[-1]


async def test_a_ticket_of_a_pushing_team_goes_to_whoever_is_online(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    await a_member(tx, inbox, "Absent", online=False)
    agent = await a_member(tx, inbox, "Present")
    ticket = await a_ticket(tx, inbox=inbox)

    assert await tickets.distribute(tx) == 1
    assert ticket.assignee_id == agent.id


async def test_the_decision_tells_candidates_loads_the_chosen_and_the_next(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    busy, free = await a_member(tx, inbox, "Busy"), await a_member(tx, inbox, "Free")
    first = await a_ticket(tx, inbox=inbox)
    await claim_next(as_agent(tx, busy))
    ticket = await a_ticket(tx, inbox=inbox)

    await tickets.distribute(tx)

    told = await last_assignment(tx, ticket)
    assert first.assignee_id == busy.id
    assert told["reason"] == "push"
    assert told["decision"] == {
        "mode": "push",
        "candidates": [
            {"id": str(free.id), "name": "Free", "load": 0, "capacity": 6, "chats": 0},
            {"id": str(busy.id), "name": "Busy", "load": 2, "capacity": 6, "chats": 0},
        ],
        "chosen": str(free.id),
        "next": {"id": str(busy.id), "name": "Busy"},
    }


async def test_equals_take_turns(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    staff = {(await a_member(tx, inbox, name)).id for name in ("One", "Two", "Three")}
    waiting = [await a_ticket(tx, inbox=inbox) for _ in range(3)]

    await tickets.distribute(tx)

    assert {ticket.assignee_id for ticket in waiting} == staff


async def test_a_team_that_pulls_is_left_to_pull(tx: Transaction) -> None:
    team = await a_team(tx)
    inbox = await an_inbox(tx, team=team)
    await a_member(tx, inbox)
    ticket = await a_ticket(tx, inbox=inbox)

    assert await tickets.distribute(tx) == 0
    assert ticket.waiting


async def test_when_everybody_is_full_it_waits_and_goes_to_the_first_who_frees_up(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    agent = await a_member(tx, inbox)
    *fitting, one_too_many = [await a_ticket(tx, inbox=inbox) for _ in range(4)]

    await tickets.distribute(tx)
    assert one_too_many.waiting

    await tickets.reply(as_agent(tx, agent), fitting[0].id, "Done.")
    await tickets.distribute(tx)
    assert one_too_many.assignee_id == agent.id


async def test_what_does_not_fit_does_not_hold_up_what_does(tx: Transaction) -> None:
    mail_inbox = await a_pushing_inbox(tx)
    agent = await a_member(tx, mail_inbox)
    agent.capacity = 1
    mail = await a_ticket(tx, inbox=mail_inbox)
    tx.now += timedelta(hours=20)
    await availability.seen(tx, [agent.id])
    chat_inbox = await an_inbox(tx, Channel.CHAT, team=await agents.team(tx, mail_inbox.team_id))
    chat = await a_ticket(tx, inbox=chat_inbox)

    await tickets.distribute(tx)

    assert (chat.assignee_id, mail.waiting) == (agent.id, True)


async def test_whoever_is_away_gets_nothing_new(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx)
    agent = await a_member(tx, inbox)
    await availability.choose(tx, agent.id, State.AWAY)
    ticket = await a_ticket(tx, inbox=inbox)

    await tickets.distribute(tx)
    assert ticket.waiting

    await availability.choose(tx, agent.id, State.ONLINE)
    await tickets.distribute(tx)
    assert ticket.assignee_id == agent.id


async def test_the_chats_of_whoever_is_offline_for_half_a_minute_return_with_their_age(
    tx: Transaction,
) -> None:
    inbox = await a_pushing_inbox(tx, Channel.CHAT)
    agent = await a_member(tx, inbox)
    chat = await a_ticket(tx, inbox=inbox)
    await tickets.distribute(tx)
    rank_at = chat.rank_at

    tx.now += timedelta(seconds=20)
    assert await tickets.release_unattended(tx) == 0
    tx.now += timedelta(seconds=20)
    assert await tickets.release_unattended(tx) == 1

    assert (chat.waiting, chat.rank_at) == (True, rank_at)
    assert (await last_assignment(tx, chat))["reason"] == "offline"
    assert (await availability.known_of(tx, agent.id)).state is State.OFFLINE


async def test_mails_stay_until_the_shift_is_over(tx: Transaction) -> None:
    team = await a_team(tx, hours=OFFICE_HOURS)
    inbox = await an_inbox(tx, team=team)
    agent = await a_member(tx, inbox)
    mail = await a_ticket(tx, inbox=inbox)
    await claim_next(as_agent(tx, agent))

    tx.now += SILENCE  # noon: the team is at work
    await tickets.release_unattended(tx)
    assert mail.assignee_id == agent.id

    tx.now += timedelta(hours=8)
    await tickets.release_unattended(tx)
    assert (mail.assignee_id, mail.waiting) == (None, True)


async def test_what_is_given_by_hand_to_somebody_whose_shift_is_over_stays_for_their_next_one(
    tx: Transaction,
) -> None:
    inbox = await an_inbox(tx, team=await a_team(tx, hours=OFFICE_HOURS))
    agent, lead = await a_member(tx, inbox), await an_agent(tx, "Maja", role=Role.LEAD)
    mail = await a_ticket(tx, inbox=inbox)
    tx.now += timedelta(hours=8)
    await tickets.release_unattended(tx)

    tx.now += timedelta(minutes=1)
    given = tickets.TicketChange(frozenset({"assignee_id"}), assignee_id=agent.id)
    await tickets.change_ticket(as_agent(tx, lead), mail.id, given)
    assert await tickets.release_unattended(tx) == 0

    await availability.seen(tx, [agent.id])
    tx.now += SILENCE  # they looked in and left again, still outside their hours
    assert await tickets.release_unattended(tx) == 1


async def test_whoever_works_on_after_the_shift_keeps_their_work(tx: Transaction) -> None:
    inbox = await an_inbox(tx, team=await a_team(tx, hours=OFFICE_HOURS))
    agent = await a_member(tx, inbox)
    mail = await a_ticket(tx, inbox=inbox)
    await claim_next(as_agent(tx, agent))

    tx.now += timedelta(hours=8)
    await availability.seen(tx, [agent.id])
    await tickets.release_unattended(tx)

    assert mail.assignee_id == agent.id


async def test_a_chat_that_its_contact_takes_up_again_does_not_wait_for_an_agent_who_left(
    tx: Transaction,
) -> None:
    inbox = await a_pushing_inbox(tx, Channel.CHAT)
    agent, contact = await a_member(tx, inbox), await a_contact(tx)
    chat = await a_ticket(tx, inbox=inbox, contact=contact)
    await tickets.distribute(tx)
    await tickets.reply(as_agent(tx, agent), chat.id, "One moment.")
    tx.now += SILENCE
    await tickets.release_unattended(tx)
    assert chat.assignee_id == agent.id

    again = tickets.InboundMessage(
        inbox.id, Channel.CHAT, "Still there?", contact_id=contact.id, ticket_id=chat.id
    )
    await tickets.receive_message(as_contact(tx, contact.id, inbox.id), again)
    await tickets.release_unattended(tx)

    assert chat.waiting


@pytest.mark.parametrize("why", ["another inbox", "has left"])
async def test_what_its_agent_may_not_see_any_more_returns_with_its_age(tx: Transaction, why: str) -> None:
    inbox = await an_inbox(tx)
    agent, owner = await an_agent(tx), await an_agent(tx, "Maja", role=Role.OWNER)
    await availability.seen(tx, [agent.id])
    taken, asked = await a_ticket(tx, inbox=inbox), await a_ticket(tx, inbox=inbox)
    for _ in range(2):
        await claim_next(as_agent(tx, agent))
    await tickets.reply(tx, asked.id, "Which grinder is it?")
    rank_at = taken.rank_at
    assert await tickets.release_unattended(tx) == 0

    as_agent(tx, owner)
    if why == "has left":
        await agents.disable(tx, agent.id)
    else:
        await agents.change(tx, agent.id, {}, [], [(await an_inbox(tx, Channel.PHONE)).id])
    assert await tickets.release_unattended(tx) == 2

    assert (taken.waiting, taken.rank_at, asked.assignee_id) == (True, rank_at, None)
    assert (await last_assignment(tx, taken))["reason"] == "out_of_sight"


async def test_a_changed_skill_brings_what_waited_for_it(tx: Transaction) -> None:
    inbox = await a_pushing_inbox(tx, skills=["vpn"])
    agent = await a_member(tx, inbox)
    ticket = await a_ticket(tx, inbox=inbox)
    await tickets.distribute(tx)
    assert ticket.waiting

    agent.skills = ["vpn"]
    await tickets.distribute(tx)

    assert ticket.assignee_id == agent.id
