"""What "next" cannot give to whoever reads the queue, and why, row by row."""

from datetime import timedelta

import pytest

from helpdesk.domain import availability, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.storage.transaction import Transaction
from tests.factories import a_team, a_ticket, an_agent, an_inbox, as_agent, claim_next


async def told_of(tx: Transaction, ticket: tickets.Ticket, view: str = "queue") -> object:
    """What the row of a ticket says to this reader."""
    rows, _ = await tickets.queries.queue_page(tx, view=view)
    [row] = [row for row in rows if row["ticket_id"] == ticket.id]
    return row["out_of_reach"]


async def test_what_next_can_give_says_nothing(tx: Transaction) -> None:
    ticket = await a_ticket(tx)
    reader = as_agent(tx, await an_agent(tx))

    assert await told_of(reader, ticket) is None
    assert await claim_next(reader) is ticket


async def test_another_teams_ticket_says_so(tx: Transaction) -> None:
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, team=await a_team(tx, "Billing")))
    reader = as_agent(tx, await an_agent(tx, team=await a_team(tx, "Support")))

    assert await told_of(reader, ticket) == {"reason": "team", "skills": []}
    assert await claim_next(reader) is None


async def test_a_missing_skill_is_named(tx: Transaction) -> None:
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, skills=["vpn", "windows"]))
    agent = await an_agent(tx)
    agent.skills = ["windows"]

    assert await told_of(as_agent(tx, agent), ticket) == {"reason": "skill", "skills": ["vpn"]}
    assert await claim_next(as_agent(tx, agent)) is None


async def test_a_language_holds_up_only_while_somebody_who_speaks_it_is_there(tx: Transaction) -> None:
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, skills=["language:sv"]))
    reader, speaker = as_agent(tx, await an_agent(tx)), await an_agent(tx)
    speaker.skills = ["language:sv"]
    assert await told_of(reader, ticket) is None

    await availability.seen(tx, [speaker.id])

    assert await told_of(reader, ticket) == {"reason": "language", "skills": ["language:sv"]}


async def test_what_does_not_fit_on_a_full_desk_says_so_until_there_is_room(tx: Transaction) -> None:
    inbox = await an_inbox(tx)
    own, waiting = await a_ticket(tx, inbox=inbox), await a_ticket(tx, inbox=inbox)
    agent = await an_agent(tx)
    agent.capacity = 2
    reader = as_agent(tx, agent)
    await claim_next(reader)
    assert await told_of(reader, waiting) == {"reason": "room", "skills": []}

    await tickets.reply(reader, own.id, "Done.")

    assert await told_of(reader, waiting) is None


@pytest.mark.parametrize("channel", [Channel.CHAT, Channel.EMAIL])
async def test_chats_are_also_limited_by_number(tx: Transaction, channel: Channel) -> None:
    chats = await an_inbox(tx, Channel.CHAT)
    await a_ticket(tx, inbox=chats)
    agent = await an_agent(tx)
    agent.max_chats = 1
    await claim_next(as_agent(tx, agent))
    tx.now += timedelta(seconds=1)

    waiting = await a_ticket(tx, inbox=chats if channel is Channel.CHAT else await an_inbox(tx))

    expected = {"reason": "room", "skills": []} if channel is Channel.CHAT else None
    assert await told_of(as_agent(tx, agent), waiting) == expected


async def test_what_is_taken_already_is_out_of_nobodys_reach(tx: Transaction) -> None:
    team = await a_team(tx)
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, team=team))
    await claim_next(as_agent(tx, await an_agent(tx, team=team)))
    reader = as_agent(tx, await an_agent(tx, team=await a_team(tx, "Other")))

    assert await told_of(reader, ticket, view="open") is None


async def test_a_live_row_names_the_pool_that_the_reader_was_told_about(tx: Transaction) -> None:
    ticket = await a_ticket(tx, inbox=await an_inbox(tx, team=await a_team(tx, "Billing")))
    reader = as_agent(tx, await an_agent(tx, team=await a_team(tx, "Support")))

    [row] = await tickets.queries.queue_rows(tx, [ticket.id])

    assert (await tickets.out_of_reach(reader))[row["pool_id"]]["reason"] == "team"
