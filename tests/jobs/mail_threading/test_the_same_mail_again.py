"""Rows 3 and 4 of mail threading's decision table: a mail that came before, by another way or elsewhere."""

from helpdesk.actors import SYSTEM
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Message, RawMail
from helpdesk.domain.tickets.mail import intake
from helpdesk.jobs.mail.read import read_mail
from tests.factories import an_inbox
from tests.mail_desk import MailDesk, a_mail


async def test_row_3_the_same_mail_by_another_way_is_one_message(desk: MailDesk) -> None:
    raw = a_mail(message_id="same@customer.example")
    first = await desk.receive(raw)

    again = await desk.receive(b"Received: from elsewhere\r\n" + raw)

    assert (again.state, again.message_id) == ("duplicate", first.message_id)
    assert len(await desk.all(Message)) == 1


async def test_row_3_other_words_under_a_known_message_id_are_not_lost(desk: MailDesk) -> None:
    await desk.receive(a_mail("First words", message_id="same@customer.example"))

    other = await desk.receive(a_mail("Quite other words", message_id="same@customer.example"))

    assert other.state == "on_ticket"
    assert sorted(m.body for m in await desk.all(Message)) == ["First words", "Quite other words"]


async def test_row_4_one_mail_to_two_inboxes_is_one_ticket(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        sales = await an_inbox(tx, Channel.EMAIL, key="sales")
        sales.address = "sales@demo.localhost"
    raw = a_mail(to="support@demo.localhost, sales@demo.localhost", message_id="both@customer.example")
    first = await desk.receive(raw)

    second = await desk.receive(raw, to="sales@demo.localhost")

    assert second.state == "duplicate"
    (ticket,) = await desk.tickets()
    assert "AlsoReceived" in await desk.event_names(ticket)
    assert second.message_id == first.message_id


async def test_row_4_the_inbox_that_stands_first_in_to_gets_the_ticket_whichever_copy_is_read_first(
    desk: MailDesk,
) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        sales = await an_inbox(tx, Channel.EMAIL, key="sales")
        sales.address = "Sales@demo.localhost"
        raw = a_mail(to="sales@demo.localhost", Cc="support@demo.localhost")
        kept = {
            to: await intake.keep_for(tx, to, path="smtp", envelope_from="x@x.example", raw=raw)
            for to in ("support@demo.localhost", "sales@demo.localhost")
        }

    await read_mail(desk.workshop, {"mail_id": str(kept["support@demo.localhost"])})
    await read_mail(desk.workshop, {"mail_id": str(kept["sales@demo.localhost"])})

    (ticket,) = await desk.tickets()
    assert ticket.inbox_id == sales.id
    assert "AlsoReceived" in await desk.event_names(ticket)


async def test_reading_a_mail_twice_says_it_once(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail())

    await read_mail(desk.workshop, {"mail_id": str(kept.id)})

    assert len(await desk.all(Message)) == 1
    assert len(await desk.all(RawMail)) == 1
