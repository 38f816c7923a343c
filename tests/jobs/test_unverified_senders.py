"""A message of somebody who is not on the ticket waits for an agent's decision."""

import httpx2
import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.api import shapes
from helpdesk.app import Web
from helpdesk.auth import api_keys
from helpdesk.clock import FixedClock
from helpdesk.domain import tickets
from helpdesk.domain.tickets import changes, unverified
from helpdesk.domain.tickets.mail import senders
from helpdesk.errors import Conflict, Forbidden
from tests.factories import an_agent, as_agent, as_contact
from tests.jobs.mail_threads import answered, followers, header, reply_address, staff
from tests.mail_desk import MailDesk, a_mail


async def a_held_message(desk: MailDesk) -> tuple[tickets.Ticket, tickets.Message]:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    mail = a_mail(
        "I know more", sender="Ann <ann@other.example>", subject="Re: Mill stuck", to=reply_address(sent)
    )
    return ticket, await desk.message_of(await desk.receive(mail))


async def test_what_bears_an_agents_address_is_not_shown_as_said_by_a_contact(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    maja, sent = await staff(desk), await answered(desk, ticket)
    raw = a_mail("Between us: he never pays.", sender=maja.email, to=reply_address(sent))
    message = await desk.message_of(await desk.receive(raw))

    async with desk.database.transaction(SYSTEM) as tx:
        with pytest.raises(Conflict, match="staff_mail"):
            await unverified.accept(tx, ticket.id, message.id)

    assert "Between us: he never pays." not in await public_bodies(desk, ticket)
    assert await followers(desk, ticket.id) == []


async def public_bodies(desk: MailDesk, ticket: tickets.Ticket) -> list[str]:
    async with desk.database.transaction(SYSTEM) as tx:
        contact = await tickets.timeline.events_after(
            as_contact(tx, ticket.contact_id, ticket.inbox_id), ticket.id, 0, 100
        )
    return [event["data"]["body"] for event in contact[0] if "body" in event["data"]]


async def test_it_is_hidden_from_the_contact_until_accepted(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)
    before = await public_bodies(desk, ticket)

    async with desk.database.transaction(SYSTEM) as tx:
        await unverified.accept(tx, ticket.id, message.id)

    assert "I know more" not in before
    assert "I know more" in await public_bodies(desk, ticket)
    assert await followers(desk, ticket.id) == ["ann@other.example"]
    assert (await desk.event_names(ticket))[-3:] == ["SenderAccepted", "FollowersChanged", "MessageReceived"]


async def test_nothing_of_it_is_cited_to_the_contact_before(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)

    held = header(await answered(desk, ticket), "References")
    async with desk.database.transaction(SYSTEM) as tx:
        await unverified.accept(tx, ticket.id, message.id)

    assert str(message.source_id) not in held
    assert str(message.source_id) in header(await answered(desk, ticket), "References")


@pytest.mark.parametrize(
    ("put_away", "brought_back"), [("reply", "TicketOpenedAgain"), ("resolve", "TicketReopened")]
)
async def test_a_ticket_that_was_put_away_comes_back_to_the_agents_who_have_to_decide(
    desk: MailDesk, put_away: str, brought_back: str
) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    to = reply_address(await answered(desk, ticket))
    if put_away == "resolve":
        async with desk.database.transaction(SYSTEM) as tx:
            await changes.resolve(tx, await tickets.lock(tx, ticket.id))

    await desk.receive(
        a_mail("Away till Monday", sender="ann@other.example", to=to, Auto_Submitted="auto-replied")
    )
    after_a_machine = await desk.one(tickets.Ticket, id=ticket.id)
    await desk.receive(a_mail("I know more", sender="ann@other.example", to=to))
    after_a_person = await desk.one(tickets.Ticket, id=ticket.id)

    assert after_a_machine.status != "open"
    assert (after_a_person.status, after_a_person.unread) == ("open", True)
    assert brought_back in await desk.event_names(ticket)


async def test_the_accepted_sender_gets_the_next_answer_and_writes_on(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)
    async with desk.database.transaction(SYSTEM) as tx:
        await unverified.accept(tx, ticket.id, message.id)

    sent = await answered(desk, ticket)
    back = await desk.receive(a_mail("More", sender="ann@other.example", to=reply_address(sent)))

    assert "ann@other.example" in sent.recipients
    assert back.cause == "row 5"


async def test_split_off_it_is_a_ticket_of_its_sender(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)

    async with desk.database.transaction(SYSTEM) as tx:
        said = await unverified.split_off(tx, ticket.id, message.id)

    other = await desk.one(tickets.Ticket, id=said.ticket_id)
    assert (other.subject, other.contact_id) == ("Re: Mill stuck", message.author_id)
    assert await public_bodies(desk, other) == ["I know more"]
    assert "I know more" not in await public_bodies(desk, ticket)
    assert (await desk.event_names(ticket))[-1] == "MessageSplitOff"


async def test_blocked_its_address_is_read_no_more_and_the_message_stays_hidden(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)

    async with desk.database.transaction(SYSTEM) as tx:
        await unverified.block(tx, ticket.id, message.id)

    assert (await desk.receive(a_mail(sender="ann@other.example"))).cause == "row 0: blocked"
    assert "I know more" not in await public_bodies(desk, ticket)
    async with desk.database.transaction(SYSTEM) as tx:
        assert [one.address for one in await senders.blocked(tx)] == ["ann@other.example"]


async def test_two_agents_decide_once(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)
    async with desk.database.transaction(SYSTEM) as tx:
        await unverified.accept(tx, ticket.id, message.id)

    with pytest.raises(Conflict, match="not_unverified"):
        async with desk.database.transaction(SYSTEM) as tx:
            await unverified.split_off(tx, ticket.id, message.id)


async def test_a_light_agent_decides_nothing(desk: MailDesk) -> None:
    ticket, message = await a_held_message(desk)

    async with desk.database.transaction(SYSTEM) as tx:
        light = await an_agent(tx, "Leo", role=Role.LIGHT)
        with pytest.raises(Forbidden):
            await unverified.accept(as_agent(tx, light), ticket.id, message.id)


async def test_agents_read_what_a_mail_brought_besides_its_words(desk: MailDesk) -> None:
    ticket, _ = await a_held_message(desk)

    async with desk.database.transaction(SYSTEM) as tx:
        events, _ = await tickets.timeline.events_after(tx, ticket.id, 0, 100)

    held = next(one["data"] for one in events if one["name"] == "UnverifiedMessageReceived")
    assert (held["unverified"], held["reason"]) == (True, "other_sender")
    assert held["mail"]["sender"] == "ann@other.example"
    assert held["mail"]["proof"] == "none"


async def test_the_api_decides_about_it_once(desk: MailDesk, clock: FixedClock) -> None:
    ticket, message = await a_held_message(desk)
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    async with desk.database.transaction(SYSTEM) as tx:
        agent = await an_agent(tx, "Maja")
        token = await api_keys.create(tx, name="test", scopes=frozenset({"all"}), agent_id=agent.id)
    address = f"/api/v1/tickets/{ticket.id}/messages/{message.id}"
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx2.ASGITransport(web.asgi)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", headers=headers
    ) as client:
        accepted = await client.post(f"{address}/accept")
        again = await client.post(f"{address}/split")
        copied = await client.patch(
            f"/api/v1/tickets/{ticket.id}/followers", json={"remove": ["ann@other.example"]}
        )
    await web.database.close()

    assert accepted.status_code == 200
    assert shapes.Said.model_validate(accepted.json()).id == message.id
    assert (again.status_code, again.json()["code"]) == (409, "not_unverified")
    assert copied.json() == {"items": []}
