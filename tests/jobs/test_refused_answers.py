"""What the next server did not take: told on the message, sent again by hand, and the ticket comes back."""

from datetime import timedelta
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.domain import contacts, tickets
from helpdesk.domain.tickets import Ticket
from helpdesk.domain.tickets.mail import senders
from helpdesk.errors import Conflict
from helpdesk.jobs.mail.send import PAUSES
from tests.jobs.answers import KIM, NoRelay, Relay, a_mail_ticket, an_agents_actor, replied, through
from tests.mail_desk import MailDesk


async def test_one_refused_of_two_is_told_and_the_retry_goes_to_that_one_alone(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await replied(desk, ticket, "Hi", to=(KIM,), cc=("lee@other.example",))

    first = await through(desk, Relay("lee@other.example"), mail)
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    again = Relay()
    second = await through(desk, again, mail)

    assert first.undelivered == ["lee@other.example"]
    assert [to for to, _ in again.to] == [["lee@other.example"]]
    assert again.to[0][1] == first.raw
    assert (second.state, second.server_id, second.undelivered) == ("sent", "id-1", [])
    names = await desk.event_names(ticket)
    assert names[-4:] == ["DeliveryHandedOver", "DeliveryFailed", "DeliveryRetried", "DeliveryHandedOver"]


async def test_whom_the_server_refuses_for_now_is_tried_again_alone_and_nobody_twice(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await replied(desk, ticket, "Hi", to=(KIM,), cc=("lee@other.example",))

    first = await through(desk, Relay("lee@other.example", code=451), mail)
    again = Relay()
    with pytest.raises(Conflict, match="not_failed"):
        async with desk.database.transaction(await an_agents_actor(desk)) as tx:
            await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    second = await through(desk, again, mail)

    assert (first.state, first.undelivered) == ("deferred", ["lee@other.example"])
    assert [to for to, _ in again.to] == [["lee@other.example"]]
    assert (second.state, second.undelivered) == ("sent", [])
    assert "DeliveryFailed" not in await desk.event_names(ticket)


async def test_a_server_that_is_away_is_tried_for_two_days_and_the_agent_hears_of_it_before(
    desk: MailDesk,
) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await replied(desk, ticket, "Hi")
    states = [(await through(desk, NoRelay(), mail)).state for _ in range(len(PAUSES) + 1)]

    assert sum(PAUSES, timedelta()) > timedelta(hours=47)
    assert states == ["deferred"] * len(PAUSES) + ["failed"]
    names = await desk.event_names(ticket)
    assert (names.count("DeliveryReported"), names.count("DeliveryFailed")) == (1, 1)


async def test_what_arrived_or_is_under_way_is_not_sent_again(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await through(desk, Relay(), await replied(desk, ticket, "Hi"))

    with pytest.raises(Conflict, match="not_failed"):
        async with desk.database.transaction(await an_agents_actor(desk)) as tx:
            await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))


async def test_a_bounced_answer_goes_to_the_contacts_new_address_on_retry(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await through(desk, Relay(), await replied(desk, ticket, "Hi"))
    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.deliveries.bounced(tx, mail.id, "550 unknown", [KIM])
        await senders.flag_undeliverable(tx, KIM, "550 unknown")
        identity = (await contacts.identities_of(tx, ticket.contact_id))[0]
        identity.value = "kim@new.example"
        await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    relay = Relay()

    await through(desk, relay, mail)

    assert [to for to, _ in relay.to] == [["kim@new.example"]]


async def test_an_answer_that_reached_nobody_brings_its_ticket_back(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await through(desk, Relay(), await replied(desk, ticket, "Hi"))
    assert (await desk.one(Ticket, id=ticket.id)).status == "pending"

    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.deliveries.bounced(tx, mail.id, "550 unknown", [KIM])

    back = await desk.one(Ticket, id=ticket.id)
    assert (back.status, back.unread, back.waiting_since) == ("open", True, ticket.created_at)
    assert (await desk.event_names(ticket))[-2:] == ["DeliveryFailed", "TicketOpenedAgain"]

    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    again = await desk.one(Ticket, id=ticket.id)
    assert (again.status, again.unread, again.waiting_since) == ("pending", False, None)


async def test_a_refused_answer_reopens_the_ticket_that_it_resolved(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await replied(desk, ticket, "Hi", to=(KIM,), cc=("lee@other.example",))
    async with desk.database.transaction(SYSTEM) as tx:
        change = tickets.TicketChange(frozenset({"status"}), status="resolved")
        await tickets.change_ticket(tx, ticket.id, change)

    await through(desk, Relay(KIM), mail)

    assert (await desk.one(Ticket, id=ticket.id)).status == "open"
    assert (await desk.event_names(ticket))[-1] == "TicketReopened"


async def test_a_ticket_stays_away_while_somebody_was_reached_or_more_was_said(desk: MailDesk) -> None:
    copied, answered = await a_mail_ticket(desk), await a_mail_ticket(desk, subject="Another")
    with_copy = await replied(desk, copied, "Hi", to=(KIM,), cc=("lee@other.example",))
    first = await replied(desk, answered, "Hi")
    await through(desk, Relay(), await replied(desk, answered, "And here it is."))

    await through(desk, Relay("lee@other.example"), with_copy)
    await through(desk, Relay(KIM), first)

    assert [one.status for one in await desk.tickets()] == ["pending", "pending"]
