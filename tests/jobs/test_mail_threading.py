"""Every row of the decision table of mail threading, from bytes to rows of the database."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.clock import FixedClock
from helpdesk.domain import tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail, Status
from helpdesk.domain.tickets.mail import following, intake, recipients, senders
from helpdesk.jobs.mail.read import read_mail
from tests.factories import an_inbox
from tests.jobs.mail_threads import (
    _citing,
    answered,
    followers,
    header,
    reply_address,
    staff,
)
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

    back = await desk.receive(a_mail("Turn it off.", sender=maja.email, to=own, proven=True), to=own)

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


async def test_row_9_the_contact_joins_by_an_id_of_the_outside_world(desk: MailDesk) -> None:
    first = await desk.receive(a_mail(message_id="root@customer.example"))

    second = await desk.receive(a_mail("And it smells.", References="<root@customer.example>"))

    assert second.cause == "row 9"
    assert (await desk.ticket_of(second)).id == (await desk.ticket_of(first)).id


async def test_row_9_with_failed_authentication_a_ticket_of_its_own_names_the_other(desk: MailDesk) -> None:
    first = await desk.receive(a_mail(message_id="root@customer.example"))

    second = await desk.receive(a_mail("Evil", References="<root@customer.example>", proven=False))

    assert second.cause == "row 9: possibly_related, failed_authentication"
    related = ((await desk.message_of(second)).mail or {})["related"]
    assert related == str((await desk.ticket_of(first)).id)
    assert len(await desk.tickets()) == 2


async def test_row_9b_every_order_of_arrival_makes_one_ticket(desk: MailDesk) -> None:
    made = 0
    for order in itertools.permutations(range(4)):
        ids = [f"{step}-{''.join(map(str, order))}@customer.example" for step in range(4)]
        mails = [a_mail(f"Step {step}", message_id=ids[step], **_citing(ids[:step])) for step in range(4)]
        found = {(await desk.ticket_of(await desk.receive(mails[step]))).id for step in order}
        made += len(found)

    assert made == 24


async def test_row_9b_an_answer_read_before_its_parent_waits_for_somebody_who_had_it(desk: MailDesk) -> None:
    answer = await desk.receive(
        a_mail("Me too.", sender="ann@customer.example", to="support@demo.localhost, kim@customer.example",
               In_Reply_To="<parent@customer.example>")
    )  # fmt: skip

    parent = await desk.receive(a_mail(message_id="parent@customer.example"))

    assert parent.cause == "row 9b"
    assert (await desk.ticket_of(parent)).id == (await desk.ticket_of(answer)).id


async def test_row_9b_a_stranger_with_the_same_ancestor_stays_apart(desk: MailDesk) -> None:
    await desk.receive(a_mail("Mine", References="<unseen@list.example>"))

    other = await desk.receive(a_mail("His", sender="eve@evil.example", References="<unseen@list.example>"))

    assert other.cause == "row 15"
    assert len(await desk.tickets()) == 2


async def test_mails_of_one_thread_read_at_the_same_time_make_one_ticket(desk: MailDesk) -> None:
    ids = [f"at-once-{step}@customer.example" for step in range(6)]
    kept = []
    for step in range(6):
        async with desk.database.transaction(SYSTEM) as tx:
            raw = a_mail(f"Step {step}", message_id=ids[step], **_citing(ids[:step]))
            kept.append(
                await tickets.mail.intake.keep_for(
                    tx, "support@demo.localhost", path="smtp", envelope_from="", raw=raw
                )
            )

    await asyncio.gather(*(read_mail(desk.workshop, {"mail_id": str(one)}) for one in reversed(kept)))

    assert len(await desk.tickets()) == 1
    assert len(await desk.all(Message)) == 6


async def test_row_10_a_stranger_with_a_known_id_gets_a_ticket_of_their_own(desk: MailDesk) -> None:
    first = await desk.receive(a_mail(message_id="root@customer.example"))

    second = await desk.receive(
        a_mail("Hello", sender="eve@evil.example", In_Reply_To="<root@customer.example>")
    )

    assert second.cause == "row 10: possibly_related"
    assert (await desk.ticket_of(second)).id != (await desk.ticket_of(first)).id


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


async def test_followers_come_only_from_somebody_proven_and_get_the_answers(desk: MailDesk) -> None:
    plain = await desk.ticket_of(await desk.receive(a_mail(Cc="evil@evil.example")))
    proven = await desk.ticket_of(
        await desk.receive(
            a_mail("Other", Cc="Ann <ann@customer.example>, support@demo.localhost", proven=True)
        )
    )

    assert await followers(desk, plain.id) == []
    assert await followers(desk, proven.id) == ["ann@customer.example"]
    sent = await answered(desk, proven)
    assert sent.recipients == ["kim@customer.example", "ann@customer.example"]
    assert "ann@customer.example" in header(sent, "Cc")


async def test_a_follower_writes_on_the_ticket_as_themselves(desk: MailDesk) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail(Cc="Ann <ann@customer.example>", proven=True)))
    sent = await answered(desk, ticket)

    back = await desk.receive(a_mail("Me too", sender="Ann <ann@customer.example>", to=reply_address(sent)))

    assert back.cause == "row 5"
    assert (await desk.message_of(back)).author_name == "Ann"


async def test_at_most_a_hundred_follow_a_ticket(desk: MailDesk) -> None:
    many = ", ".join(f"p{number}@customer.example" for number in range(150))

    ticket = await desk.ticket_of(await desk.receive(a_mail(Cc=many, proven=True)))

    assert len(await followers(desk, ticket.id)) == following.LIMIT


async def test_only_our_own_edge_is_believed_about_a_sender(desk: MailDesk) -> None:
    said = "mx.evil.example; dmarc=pass header.from=customer.example"

    kept = await desk.receive(a_mail(Authentication_Results=said, Cc="evil@evil.example"))

    assert ((await desk.message_of(kept)).mail or {})["proof"] == "none"
    assert await followers(desk, (await desk.ticket_of(kept)).id) == []


async def test_mail_of_a_blocked_address_is_kept_and_shown_nowhere(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        await senders.block(tx, "Kim@customer.example")

    kept = await desk.receive(a_mail())

    assert (kept.state, kept.cause) == ("dropped", "row 0: blocked")


async def test_mail_from_an_address_nobody_could_answer_is_a_ticket_all_the_same(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail(sender="root@localnet"))

    assert kept.state == "on_ticket"


async def test_reading_a_mail_twice_says_it_once(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail())

    await read_mail(desk.workshop, {"mail_id": str(kept.id)})

    assert len(await desk.all(Message)) == 1
    assert len(await desk.all(RawMail)) == 1
