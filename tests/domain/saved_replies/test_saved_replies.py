"""Who keeps saved replies, who finds them, and what they become on a ticket."""

import asyncio

import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.domain import saved_replies
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from tests.factories import a_company_of, a_contact, a_ticket, an_agent, an_inbox, as_agent
from tests.waiting import eventually


@pytest.fixture
async def lead(tx):
    return as_agent(tx, await an_agent(tx, "Maja Lindqvist", role=Role.LEAD))


@pytest.fixture
async def agent(tx):
    return as_agent(tx, await an_agent(tx, "Priya Raman"))


async def a_reply(tx, name="Greeting", body="Hello {{contact.first_name|there}}", **values):
    return await saved_replies.save(tx, None, name=name, body=body, **values)


async def names(tx, sought=""):
    return [one.name for one in await saved_replies.all_of(tx, sought)]


async def test_an_agents_own_is_theirs_alone(agent, lead):
    reply = await a_reply(agent)

    assert await names(agent) == ["Greeting"]
    assert await names(lead) == []
    for attempt in (saved_replies.get(lead, reply.id), saved_replies.remove(lead, reply.id)):
        with pytest.raises(NotFound, match="saved_reply_not_found"):
            await attempt


async def test_those_of_all_are_written_by_leads_and_used_by_everybody(agent, lead):
    reply = await a_reply(lead, is_personal=False)

    assert await names(agent) == ["Greeting"]
    assert not saved_replies.may_change(agent, reply)
    for attempt in (
        a_reply(agent, "Another", is_personal=False),
        saved_replies.save(agent, reply.id, name="Mine now", body="Hi"),
        saved_replies.remove(agent, reply.id),
    ):
        with pytest.raises(Forbidden, match="role_too_low"):
            await attempt


async def test_a_light_agent_writes_none(tx):
    light = as_agent(tx, await an_agent(tx, role=Role.LIGHT))

    with pytest.raises(Forbidden, match="light_agent"):
        await a_reply(light)


async def test_those_of_an_inbox_are_offered_on_its_tickets_to_those_who_see_it(tx, lead):
    mail, other = await an_inbox(tx), await an_inbox(tx)
    outsider = as_agent(tx, await an_agent(tx), frozenset({other.id}))
    reply = await a_reply(lead, inbox_id=mail.id, is_personal=False)
    here, elsewhere = await a_ticket(tx, inbox=mail), await a_ticket(tx, inbox=other)

    assert [one.reply.id for one in await saved_replies.for_ticket(lead, here.id)] == [reply.id]
    assert await saved_replies.for_ticket(lead, elsewhere.id) == []
    assert await names(outsider) == []
    for attempt in (saved_replies.for_ticket(outsider, here.id), a_reply(outsider, inbox_id=mail.id)):
        with pytest.raises(NotFound):
            await attempt


async def test_on_a_ticket_they_say_who_it_is_about_and_who_writes(tx, agent):
    contact = await a_contact(tx, "Berg, Kim")
    company = await a_company_of(tx, contact)
    inbox = await an_inbox(tx)
    ticket = await a_ticket(tx, inbox=inbox, contact=contact)
    marks = " ".join(f"{{{{{one}}}}}" for one in saved_replies.PLACEHOLDERS)
    await a_reply(agent, body=marks)

    [filled] = await saved_replies.for_ticket(agent, ticket.id)

    expected = ("Kim", "Berg, Kim", company.name, str(ticket.number), "Priya", "Priya Raman", inbox.name)
    assert filled.body == " ".join(expected)
    assert filled.missing == []


async def test_who_has_no_name_is_not_called_by_their_address(tx, agent):
    ticket = await a_ticket(tx, contact=await a_contact(tx, "kim@cafe.example"))
    await a_reply(agent, body="Hi {{contact.first_name}}, {{contact.name|hello}}")

    [filled] = await saved_replies.for_ticket(agent, ticket.id)

    assert (filled.body, filled.missing) == ("Hi {{contact.first_name}}, hello", ["{{contact.first_name}}"])


async def test_they_are_found_by_words_of_the_name_and_of_the_text(lead):
    await a_reply(lead, "Refund", "The money is back in 3 days.")
    await a_reply(lead, "Descaling 100%", "Once a month.")

    assert await names(lead, "money refund") == ["Refund"]
    assert await names(lead, "100%") == ["Descaling 100%"]
    assert await names(lead, "%") == ["Descaling 100%"]
    assert await names(lead, "") == ["Descaling 100%", "Refund"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": " "}, "name_invalid"),
        ({"name": "x" * 81}, "name_invalid"),
        ({"body": "\n"}, "body_invalid"),
        ({"body": "x" * 10_001}, "body_invalid"),
        ({"body": "Hi {{contact.frist_name}}"}, "placeholder_unknown"),
        ({"tags": ["x" * 41]}, "tags_invalid"),
        ({"tags": [str(number) for number in range(11)]}, "tags_invalid"),
    ],
)
async def test_what_nobody_could_use_is_not_saved(agent, wrong, code):
    with pytest.raises(Invalid, match=code):
        await a_reply(agent, **wrong)


async def test_a_name_stands_once_in_a_list_and_a_change_keeps_its_own(agent, lead):
    reply = await a_reply(lead, " Good  morning ", is_personal=False)
    own = await a_reply(agent, "Good morning")

    with pytest.raises(Conflict, match="saved_reply_name_taken"):
        await a_reply(lead, "good morning", is_personal=False)
    changed = await saved_replies.save(lead, reply.id, name="Good morning", body="Hi", is_personal=False)

    assert (changed.id, changed.body, changed.changed_by) == (reply.id, "Hi", lead.actor.agent_id)
    assert {one.id for one in await saved_replies.all_of(agent)} == {reply.id, own.id}


@pytest.mark.commits
async def test_of_two_who_give_one_name_in_one_moment_the_second_is_told(database):
    async def shared(name):
        async with database.transaction(SYSTEM) as tx:
            await a_reply(as_agent(tx, lead), name, is_personal=False)

    async with database.transaction(SYSTEM) as tx:
        lead = await an_agent(tx, role=Role.LEAD)
    async with database.transaction(SYSTEM) as tx:
        await a_reply(as_agent(tx, lead), "Greeting", is_personal=False)
        second = asyncio.create_task(shared("GREETING"))
        await somebody_waits(database)

    with pytest.raises(Conflict, match="saved_reply_name_taken"):
        await second


async def somebody_waits(database):
    """Until a statement waits for what another transaction has not committed. Each look has a transaction
    of its own: within one, PostgreSQL shows the same activity again."""

    async def is_so():
        async with database.transaction(SYSTEM) as tx:
            return await (await tx.driver()).fetchval(
                """SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'"""
            )

    await eventually(is_so)
