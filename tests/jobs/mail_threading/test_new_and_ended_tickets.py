"""Rows 13 to 15 of the decision table of mail threading: what is passed on, what has ended, what is new."""

from datetime import timedelta

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import tickets
from helpdesk.domain.tickets import Message, OutgoingMail, Status
from helpdesk.domain.tickets.mail import recipients, senders
from tests.jobs.mail_threads import followers, staff
from tests.mail_desk import MailDesk, a_mail


async def test_row_13_a_customers_mail_passed_on_by_staff_belongs_to_the_customer(desk: MailDesk) -> None:
    maja = await staff(desk)
    text = (
        "Please look\n\n---------- Forwarded message ---------\nFrom: Kim Berg <kim@customer.example>\n"
        "Date: Wed, 18 Nov 2026 at 10:00\nSubject: Mill stuck\nTo: <maja@demo.localhost>\n\n"
        "It does not turn.\n"
    )

    kept = await desk.receive(a_mail(text, sender=maja.email, subject="Fwd: Mill stuck", proven=True))

    assert kept.cause == "row 13: claimed_by_forward"
    message = await desk.message_of(kept)
    assert (message.author_name, message.body) == ("Kim Berg", "It does not turn.")
    assert message.quoted is None
    note = (await desk.all(Message, ticket_id=message.ticket_id))[1]
    assert (note.kind, note.author_name, note.body) == ("note", maja.name, "Please look"), (
        "the remark above it is the agent's"
    )
    assert await followers(desk, message.ticket_id) == [maja.email]
    async with desk.database.transaction(SYSTEM) as tx:
        answer = await recipients.proposal(tx, message.ticket_id)
    assert answer.people.to == ("kim@customer.example",), (
        "the answer goes to who wrote, not to who passed it on"
    )
    assert answer.people.cc == (maja.email,)


async def test_row_14_mail_to_a_merged_ticket_arrives_in_its_target(desk: MailDesk) -> None:
    source = await desk.ticket_of(await desk.receive(a_mail(message_id="merged@customer.example")))
    target = await desk.ticket_of(await desk.receive(a_mail("Other")))
    async with desk.database.transaction(SYSTEM) as tx:
        ticket = await tickets.lock(tx, source.id)
        ticket.status, ticket.merged_into = Status.MERGED.value, target.id

    kept = await desk.receive(a_mail("More", In_Reply_To="<merged@customer.example>"))

    assert (await desk.ticket_of(kept)).id == target.id


async def test_row_14_an_answer_long_after_the_end_opens_a_follow_up(
    desk: MailDesk, clock: FixedClock
) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail(message_id="old@customer.example")))
    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.change_ticket(
            tx, ticket.id, tickets.TicketChange(frozenset({"status"}), status="resolved")
        )
    clock.advance(timedelta(days=31))

    kept = await desk.receive(a_mail("Again", In_Reply_To="<old@customer.example>"))

    assert kept.cause == "row 14: follow_up"
    assert ((await desk.message_of(kept)).mail or {})["related"] == str(ticket.id)
    assert len(await desk.tickets()) == 2


async def test_row_14_an_answer_soon_after_the_end_reopens(desk: MailDesk, clock: FixedClock) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail(message_id="old@customer.example")))
    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.change_ticket(
            tx, ticket.id, tickets.TicketChange(frozenset({"status"}), status="resolved")
        )
    clock.advance(timedelta(days=3))

    await desk.receive(a_mail("Again", In_Reply_To="<old@customer.example>"))

    assert (await desk.one(tickets.Ticket, id=ticket.id)).status == Status.OPEN


async def test_row_15_a_first_mail_opens_a_ticket_and_is_acknowledged_without_a_word_of_it(
    desk: MailDesk,
) -> None:
    kept = await desk.receive(
        a_mail("Buy cheap pills", sender="Pill Shop <kim@customer.example>", subject="Pills at pills.example")
    )

    assert kept.cause == "row 15"
    (ack,) = await desk.all(OutgoingMail)
    sent = await desk.send(ack)
    raw = (sent.raw or b"").lower()
    assert (ack.kind, ack.recipients) == ("acknowledgement", ["kim@customer.example"])
    assert b"auto-submitted: auto-replied" in raw
    assert not any(word in raw for word in (b"pills", b"pill shop", b"cheap"))


async def test_mail_of_a_blocked_address_is_kept_and_shown_nowhere(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        await senders.block(tx, "Kim@customer.example")

    kept = await desk.receive(a_mail())

    assert (kept.state, kept.cause) == ("dropped", "row 0: blocked")


async def test_mail_from_an_address_nobody_could_answer_is_a_ticket_all_the_same(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail(sender="root@localnet"))

    assert kept.state == "on_ticket"
