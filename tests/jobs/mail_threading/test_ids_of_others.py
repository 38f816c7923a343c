"""Rows 9 and 10 of the decision table of mail threading: mails join by ids of the outside world."""

import asyncio
import itertools

from helpdesk.actors import SYSTEM
from helpdesk.domain import tickets
from helpdesk.domain.tickets import Message
from helpdesk.jobs.mail.read import read_mail
from tests.jobs.mail_threads import citing
from tests.mail_desk import MailDesk, a_mail


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
        mails = [a_mail(f"Step {step}", message_id=ids[step], **citing(ids[:step])) for step in range(4)]
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
            raw = a_mail(f"Step {step}", message_id=ids[step], **citing(ids[:step]))
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
