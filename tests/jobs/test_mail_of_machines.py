"""Mail that no person wrote: our own, bounces, out of office, desks that answer each other."""

from datetime import timedelta

import pytest

from helpdesk.clock import FixedClock
from helpdesk.domain import limits, tickets
from helpdesk.domain.tickets import OutgoingMail, Status
from tests.jobs.mail_threads import a_bounce, answered, reply_address, standing_of
from tests.mail_desk import MailDesk, a_mail


async def test_row_1_our_own_mail_coming_back_is_dropped(desk: MailDesk) -> None:
    instance = await desk.workshop.instance()

    kept = await desk.receive(a_mail(X_Helpdesk_Loop=instance))

    assert (kept.state, kept.cause) == ("dropped", "row 1: loop")
    assert await desk.tickets() == []


async def test_row_1_an_inbox_of_ours_with_a_message_id_of_ours_is_a_loop_without_any_header(
    desk: MailDesk,
) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)

    kept = await desk.receive(a_mail(sender="support@demo.localhost", message_id=str(sent.rfc_message_id)))

    assert kept.cause == "row 1: loop"


async def test_row_2_a_bounce_marks_the_answer_and_the_address(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    back = desk.workshop.carriers.bounce_address(sent.id, "demo.localhost")

    report = a_bounce("kim@customer.example", str(sent.rfc_message_id))
    kept = await desk.receive(report, to=back, envelope_from="")

    assert kept.state == "dropped"
    assert (await desk.event_names(ticket))[-2:] == ["DeliveryFailed", "TicketOpenedAgain"]
    assert (await desk.one(OutgoingMail, id=sent.id)).state == "failed"
    standing = await standing_of(desk, "kim@customer.example")
    assert standing.undeliverable_at is not None
    assert len(await desk.tickets()) == 1


async def test_row_2_a_server_that_gave_up_after_days_failed_for_good_but_the_address_may_be_right(
    desk: MailDesk,
) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)

    await desk.receive(a_bounce("kim@customer.example", str(sent.rfc_message_id), status="4.4.7"))

    assert (await desk.event_names(ticket))[-2:] == ["DeliveryFailed", "TicketOpenedAgain"]
    assert await standing_of(desk, "kim@customer.example") is None


async def test_row_2_a_delay_is_told_and_is_no_failure(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)

    report = a_bounce("kim@customer.example", str(sent.rfc_message_id), action="delayed", status="4.4.1")
    await desk.receive(report)

    assert (await desk.event_names(ticket))[-1] == "DeliveryReported"
    assert (await desk.one(OutgoingMail, id=sent.id)).undelivered == []


async def test_row_2_whom_a_report_says_it_reached_did_not_fail(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail(proven=True, Cc="ann@customer.example")))
    sent = await answered(desk, ticket)
    reached = b"Final-Recipient: rfc822; kim@customer.example\r\nAction: relayed\r\nStatus: 2.1.9\r\n\r\n"
    report = a_bounce("ann@customer.example", str(sent.rfc_message_id))

    await desk.receive(report.replace(b"Final-Recipient", reached + b"Final-Recipient", 1))

    assert (await desk.one(OutgoingMail, id=sent.id)).undelivered == ["ann@customer.example"]
    assert await standing_of(desk, "kim@customer.example") is None


async def test_row_2_what_nobody_can_read_at_a_return_address_is_told_on_its_message(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    back = desk.workshop.carriers.bounce_address(sent.id, "demo.localhost")

    kept = await desk.receive(a_mail("Ei onnistu", subject="Viesti palautettu"), to=back, envelope_from="")

    assert kept.state == "dropped"
    assert (await desk.event_names(ticket))[-1] == "DeliveryReported"


async def test_row_2_a_bounce_of_nothing_we_know_is_kept_for_the_bounces_view(desk: MailDesk) -> None:
    kept = await desk.receive(a_bounce("nobody@customer.example", "unknown@elsewhere.example"))

    assert (kept.state, kept.cause) == ("dropped", "row 2: unmatched_bounce")
    assert await desk.tickets() == []


async def test_row_11_an_out_of_office_answer_neither_reopens_nor_is_answered(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    sent = await answered(desk, ticket)
    before = len(await desk.all(OutgoingMail))

    back = await desk.receive(a_mail("I am away", to=reply_address(sent), Auto_Submitted="auto-replied"))

    assert back.cause == "row 11"
    assert (await desk.one(tickets.Ticket, id=ticket.id)).status == Status.PENDING
    assert ((await desk.message_of(back)).mail or {})["collapsed"] is True
    assert len(await desk.all(OutgoingMail)) == before


async def test_row_12_an_out_of_office_answer_to_nothing_is_dropped(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail("I am away", Auto_Submitted="auto-replied"))

    assert (kept.state, kept.cause) == ("dropped", "row 12: auto_replied")


async def test_row_12_a_machines_mail_opens_a_ticket_without_an_acknowledgement(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail("Disk full", Auto_Submitted="auto-generated"))

    assert kept.cause == "row 12: automatic"
    assert len(await desk.tickets()) == 1
    assert await desk.all(OutgoingMail) == []


async def test_an_address_gets_three_acknowledgements_an_hour_and_ten_a_day(
    desk: MailDesk, clock: FixedClock
) -> None:
    per_hour = []
    for _ in range(5):
        before = len(await desk.all(OutgoingMail))
        for _ in range(4):
            await desk.receive(a_mail("A new question", proven=True))
        per_hour.append(len(await desk.all(OutgoingMail)) - before)
        clock.advance(timedelta(minutes=61))

    assert per_hour == [3, 3, 3, 1, 0]


async def test_an_address_that_anybody_may_have_written_gets_one_an_hour(
    desk: MailDesk, clock: FixedClock
) -> None:
    """Ten forms filled in with a stranger's address are one mail to them."""
    for _ in range(10):
        await desk.receive(a_mail("Join our casino"))
    assert len(await desk.all(OutgoingMail)) == 1

    clock.advance(timedelta(minutes=61))
    await desk.receive(a_mail("Join our casino"))
    assert len(await desk.all(OutgoingMail)) == 2


async def test_a_mail_of_last_week_is_not_acknowledged_as_if_it_had_just_come(
    desk: MailDesk, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=7))

    await desk.receive(a_mail("Still waiting in the mailbox", proven=True))

    assert (len(await desk.tickets()), await desk.all(OutgoingMail)) == (1, [])


async def test_the_null_sender_and_a_forged_one_get_no_acknowledgement(desk: MailDesk) -> None:
    await desk.receive(a_mail("From nobody"), envelope_from="")
    await desk.receive(a_mail("From somebody else", proven=False))

    assert await desk.all(OutgoingMail) == []
    assert len(await desk.tickets()) == 2


async def test_who_names_no_address_is_at_the_envelopes_and_gets_no_acknowledgement(desk: MailDesk) -> None:
    raw = b"From: The machine hall\nSubject: Mill 3\n\nThe mill stands still."

    known = await desk.receive(raw, envelope_from="Hall@Customer.example")
    await desk.receive(raw.replace(b"3", b"4"), envelope_from="")

    said = await desk.message_of(known)
    assert (said.mail or {})["sender"] == "hall@customer.example"
    assert (await desk.ticket_of(known)).contact_id is not None
    assert len(await desk.tickets()) == 2
    assert await desk.all(OutgoingMail) == []


async def test_an_inbox_sends_only_so_many_acknowledgements_an_hour(
    desk: MailDesk, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = limits.Limit("few acknowledgements", 2, timedelta(hours=1))
    monkeypatch.setattr(limits, "ACKNOWLEDGEMENTS", few)

    for number in range(4):
        await desk.receive(a_mail(sender=f"victim{number}@customer.example"))

    assert len(await desk.all(OutgoingMail)) == 2
    clock.advance(timedelta(minutes=61))
    await desk.receive(a_mail(sender="victim9@customer.example"))
    assert len(await desk.all(OutgoingMail)) == 3


async def test_two_desks_that_answer_each_other_stop(desk: MailDesk) -> None:
    """The other one marks nothing as automatic and makes a new thread of everything."""
    rounds = 0
    await desk.receive(a_mail("Hello", sender="desk@other.example", proven=True))
    for rounds in range(1, 20):  # noqa: B007
        queued = await desk.all(OutgoingMail, state="queued")
        if not queued:
            break
        await desk.send(queued[0])
        await desk.receive(a_mail("We have got your mail", sender="desk@other.example", proven=True))

    assert rounds <= 4
    assert len(await desk.all(OutgoingMail)) == 3


async def test_the_twenty_first_message_in_ten_minutes_is_flagged(desk: MailDesk) -> None:
    await desk.receive(a_mail(message_id="flood@customer.example"))
    for _ in range(20):
        last = await desk.receive(a_mail("More", In_Reply_To="<flood@customer.example>"))

    assert "flooding" in ((await desk.message_of(last)).mail or {})["flags"]
