"""Mails that were read at the same time are placed by one transaction: each as if it had come alone."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.domain import tickets
from helpdesk.domain.tickets import Message, RawMail
from helpdesk.domain.tickets.mail import intake
from helpdesk.errors import Unavailable
from helpdesk.jobs.mail import placing
from helpdesk.jobs.mail import read as reading
from helpdesk.jobs.mail.placing import ReadMail, place_all
from helpdesk.jobs.mail.read import TOGETHER_BESIDE_PEOPLE, read_mail
from helpdesk.jobs.workshop import Workshop
from helpdesk.storage.giving_way import GivingWay
from helpdesk.storage.tables import EventRow
from tests.jobs.mail_threads import staff
from tests.mail_desk import MailDesk, a_mail


async def kept(desk: MailDesk, raw: bytes, to: str = "support@demo.localhost") -> UUID:
    async with desk.database.transaction(SYSTEM) as tx:
        return await intake.keep_for(tx, to, path="smtp", envelope_from="x@x.example", raw=raw)


async def read(desk: MailDesk, raw: bytes, to: str = "support@demo.localhost") -> ReadMail:
    mail_id = await kept(desk, raw, to)
    return ReadMail(mail_id, await desk.workshop.readers.read_safely(raw), [])


async def test_an_answer_handed_in_before_the_mail_it_answers_comes_after_it_on_its_ticket(
    desk: MailDesk,
) -> None:
    first = await read(desk, a_mail("It stands still.", message_id="first@customer.example"))
    answer = await read(desk, a_mail("It runs again.", In_Reply_To="<first@customer.example>"))

    assert await place_all(desk.workshop, [answer, first]) == [True, True]

    assert len(await desk.tickets()) == 1
    assert [one.body for one in await desk.all(Message)] == ["It stands still.", "It runs again."]
    assert (await desk.one(RawMail, id=answer.mail_id)).cause == "row 9"


async def test_after_an_agents_answer_by_mail_the_next_mail_is_its_senders_own(desk: MailDesk) -> None:
    maja = await staff(desk)
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    own = desk.workshop.carriers.reply_address("support@demo.localhost", ticket.number, maja.id)
    mark = desk.workshop.carriers.marker(ticket.number, maja.id)
    text = f"Turn it off.\n\n> — Please write above this line — {mark}"
    answer = await read(desk, a_mail(text, sender=maja.email, to=own, proven=True), to=own)
    other = await read(desk, a_mail("Mine is stuck, too.", sender="Lee <lee@other.example>"))

    await place_all(desk.workshop, [answer, other])

    told = await desk.message_of(await desk.one(RawMail, id=other.mail_id))
    events = [one for one in await desk.all(EventRow) if one.ticket_id == told.ticket_id]
    assert (await desk.message_of(await desk.one(RawMail, id=answer.mail_id))).author_id == maja.id
    assert {event.actor_kind for event in events} == {"system"}


async def test_one_that_is_handed_in_twice_is_placed_once(desk: MailDesk) -> None:
    one = await read(desk, a_mail())

    assert await place_all(desk.workshop, [one, one]) == [True, False]

    assert len(await desk.all(Message)) == 1


async def test_while_people_are_served_only_a_few_are_placed_together(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.workshop, "giving_way", GivingWay(lambda: True))
    mail_ids = [await kept(desk, a_mail(subject=f"Mail {number}")) for number in range(5)]
    sizes: list[int] = []

    async def counted(workshop: Workshop, batch: Sequence[ReadMail]) -> list[bool]:
        sizes.append(len(batch))
        return await place_all(workshop, batch)

    monkeypatch.setattr(reading, "place_all", counted)
    await asyncio.gather(*(read_mail(desk.workshop, {"mail_id": str(one)}) for one in mail_ids))

    assert sum(sizes) == len(await desk.tickets()) == 5
    assert max(sizes) <= TOGETHER_BESIDE_PEOPLE


async def test_what_breaks_one_the_others_do_not_feel(desk: MailDesk, monkeypatch: Any) -> None:
    raws = [a_mail(f"Mail {number}", subject=f"Mail {number}") for number in range(4)]
    batch = [await read(desk, raw) for raw in raws]
    as_usual = tickets.receive_message

    async def breaks(tx: Any, inbound: tickets.InboundMessage) -> tickets.Said:
        if inbound.subject == "Mail 2":
            raise RuntimeError("a bug of ours")
        return await as_usual(tx, inbound)

    monkeypatch.setattr(placing.tickets, "receive_message", breaks)
    with pytest.raises(RuntimeError):
        await place_all(desk.workshop, batch)
    assert await desk.tickets() == []

    jobs = [read_mail(desk.workshop, {"mail_id": str(one.mail_id)}) for one in batch]
    ended = await asyncio.gather(*jobs, return_exceptions=True)

    states = [(await desk.one(RawMail, id=one.mail_id)).state for one in batch]
    assert states == ["on_ticket", "on_ticket", "new", "on_ticket"]
    assert isinstance(ended[2], Unavailable)  # tried again, and after three tries set aside
