"""Rows 5 to 8 of mail threading's decision table: answers come back by a mark of ours, whoever holds it."""

from typing import Any

import pytest

from helpdesk.domain import tickets
from helpdesk.domain.tickets import OutgoingMail, Status
from tests.jobs.mail_threads import answered, followers, reply_address, staff
from tests.mail_desk import MailDesk, a_mail


@pytest.mark.parametrize("carrier", ["address", "message_id", "marker"])
async def test_row_5_each_signed_carrier_alone_brings_an_answer_back(desk: MailDesk, carrier: str) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    given: dict[str, Any] = {
        "address": {"to": reply_address(sent)},
        "message_id": {"In_Reply_To": f"<{sent.rfc_message_id}>"},
        "marker": {"text": "Thanks\n\n" + desk.workshop.carriers.marker(ticket.number, ticket.contact_id)},
    }[carrier]

    back = await desk.receive(a_mail(**given), to=given.get("to"))

    assert back.cause == "row 5"
    assert (await desk.ticket_of(back)).id == ticket.id
    assert (await desk.one(tickets.Ticket, id=ticket.id)).status == Status.OPEN


async def test_row_6_a_stranger_with_a_carrier_is_kept_apart(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)

    back = await desk.receive(
        a_mail(sender="eve@evil.example", to=reply_address(sent), Cc="boss@evil.example")
    )

    assert back.cause == "row 6: other_sender"
    message = await desk.message_of(back)
    assert (message.ticket_id, message.hidden) == (ticket.id, True)
    assert (await desk.event_names(ticket))[-2:] == ["UnverifiedMessageReceived", "TicketOpenedAgain"]
    assert await followers(desk, ticket.id) == []


async def test_row_6_a_participant_whose_mail_fails_authentication_is_kept_apart(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)

    back = await desk.receive(a_mail(to=reply_address(sent), proven=False, Cc="evil@evil.example"))

    assert back.cause == "row 6: failed_authentication"
    assert (await answered(desk, ticket)).recipients == ["kim@customer.example"]


async def test_row_7_staff_by_name_only_becomes_a_hidden_note_and_nothing_is_sent(desk: MailDesk) -> None:
    maja = await staff(desk)
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    before = len(await desk.all(OutgoingMail))

    back = await desk.receive(a_mail("I am Maja", sender=maja.email, to=reply_address(sent)))

    assert back.cause == "row 7: unverified_staff"
    assert (await desk.message_of(back)).hidden
    assert len(await desk.all(OutgoingMail)) == before


async def test_row_7_staff_with_their_own_carrier_and_proof_answer_the_contact(desk: MailDesk) -> None:
    maja = await staff(desk)
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    own = desk.workshop.carriers.reply_address("support@demo.localhost", ticket.number, maja.id)

    mark = desk.workshop.carriers.marker(ticket.number, maja.id)
    text = f"Turn it off.\n\n> — Please write above this line — {mark}"

    back = await desk.receive(a_mail(text, sender=maja.email, to=own, proven=True), to=own)

    assert back.cause == "row 7"
    message = await desk.message_of(back)
    assert (message.author_kind, message.author_id, message.hidden) == ("agent", maja.id, False)
    assert (await desk.one(OutgoingMail, message_id=message.id)).recipients == ["kim@customer.example"]


async def test_row_5_staff_who_wrote_to_us_themselves_go_on_as_the_contact(desk: MailDesk) -> None:
    maja = await staff(desk)
    ticket = await desk.ticket_of(await desk.receive(a_mail("My screen is dark.", sender=maja.email)))
    sent = await answered(desk, ticket)

    back = await desk.receive(a_mail("Still dark.", sender=maja.email, to=reply_address(sent)))

    assert back.cause == "row 5"
    message = await desk.message_of(back)
    assert (message.author_kind, message.hidden) == ("contact", False)


async def test_row_8_a_forged_carrier_is_no_carrier(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    local, _, domain = reply_address(sent).rpartition("@")
    forged = local[:-16] + "a" * 16 + "@" + domain

    back = await desk.receive(a_mail(sender="eve@evil.example", to=forged), to=forged)

    assert back.cause == "row 15: forged_carrier"
    assert (await desk.ticket_of(back)).id != ticket.id
