"""An agent answers a mail of ours about a ticket: it goes to the contact, if it is really theirs."""

import asyncio
import smtplib
from email import message_from_bytes, policy
from functools import partial
from typing import Any

import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.channels.email.listener import Listener
from helpdesk.domain import agents
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail, Ticket
from helpdesk.domain.tickets.mail import mailing
from helpdesk.jobs.mail.intake import Intake
from helpdesk.jobs.mail.read import read_mail
from tests.factories import an_agent
from tests.jobs.answers import words
from tests.jobs.mail_threads import header, reply_address, staff
from tests.mail_desk import MailDesk, a_mail

ANSWER = "Turn it off and on again."
INTERNAL = "Promised by 12:00 under the Gold plan, and nobody has answered yet."

QUOTES = {
    "marked": lambda told: (
        "On Wed, 18 Nov 2026 at 12:00, Support <support@demo.localhost> wrote:\n"
        + "\n".join(f"> {line}" for line in told.splitlines())
    ),
    "as Outlook does": lambda told: (
        "________________________________\nFrom: Support <support@demo.localhost>\n"
        f"Sent: Wednesday, November 18, 2026 12:00 PM\nTo: Maja\nSubject: Late\n\n{told}"
    ),
}


async def told(desk: MailDesk, agent: agents.Agent, *, kind: str = "notice") -> tuple[Ticket, OutgoingMail]:
    """What an agent gets about the ticket of a customer's mail, as it leaves."""
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    async with desk.database.transaction(SYSTEM) as tx:
        mail = await mailing.queue_notice(
            tx,
            recipients=[agent.email],
            subject=f"Late: #{ticket.number}",
            body=INTERNAL,
            ticket_id=ticket.id,
            is_urgent=kind == "alert",
        )
    return ticket, await desk.send(mail)


def an_answer(
    agent: agents.Agent, mail: OutgoingMail, text: str, *, proven: bool = True, **more: str
) -> bytes:
    cited = header(mail, "Message-ID")
    return a_mail(
        text,
        sender=f"{agent.name} <{agent.email}>",
        to=reply_address(mail),
        subject=f"Re: {mail.subject}",
        proven=proven,
        In_Reply_To=cited,
        References=cited,
        **more,
    )


async def handed_in(desk: MailDesk, raw: bytes, to: str) -> RawMail:
    """By SMTP at our own door, then read."""
    intake = Intake(desk.database)
    door = Listener(intake.accepts, partial(intake.receive, path="smtp"), hostname="helpdesk")
    port = await door.start("127.0.0.1", 0)

    def say() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.sendmail("maja@work.example", [to], raw)

    try:
        await asyncio.to_thread(say)
    finally:
        await door.close()
    [kept] = await desk.all(RawMail, state="new")
    await read_mail(desk.workshop, {"mail_id": str(kept.id)})
    found: RawMail = await desk.one(RawMail, id=kept.id)
    return found


async def to_the_contact(desk: MailDesk) -> list[OutgoingMail]:
    return [one for one in await desk.all(OutgoingMail) if one.kind == "reply"]


@pytest.mark.parametrize("quote", QUOTES)
async def test_an_agents_answer_goes_to_the_contact_with_nothing_of_what_they_were_told(
    desk: MailDesk, quote: str
) -> None:
    maja = await staff(desk)
    ticket, notice = await told(desk, maja)
    assert "An answer to this mail goes to Kim as yours." in words(notice, "plain")
    text = f"{ANSWER}\n\n{QUOTES[quote](words(notice, 'plain'))}"

    back = await handed_in(desk, an_answer(maja, notice, text), reply_address(notice))

    said = await desk.message_of(back)
    assert back.cause == "row 7"
    assert (said.author_kind, said.author_id, said.hidden, said.body) == (
        "agent",
        maja.id,
        False,
        ANSWER,
    )
    [mail] = await to_the_contact(desk)
    sent = await desk.send(mail)
    assert (sent.recipients, (await desk.one(Ticket, id=ticket.id)).assignee_id) == (
        ["kim@customer.example"], maja.id,
    )  # fmt: skip
    assert all(INTERNAL not in words(sent, form) for form in ("plain", "html"))


async def test_without_a_plus_address_the_mark_in_the_text_leads_back(desk: MailDesk) -> None:
    maja = await staff(desk)
    async with desk.database.transaction(SYSTEM) as tx:
        inbox = await tx.session.get_one(type(desk.inbox), desk.inbox.id)
        inbox.settings = {**inbox.settings, "takes_plus": False}
    _, notice = await told(desk, maja, kind="alert")
    assert "Reply-To" not in message_from_bytes(notice.raw or b"", policy=policy.default)
    raw = a_mail(
        f"{ANSWER}\n\n{QUOTES['marked'](words(notice, 'plain'))}",
        sender=maja.email,
        proven=True,
        In_Reply_To=header(notice, "Message-ID"),
    )

    back = await handed_in(desk, raw, "support@demo.localhost")

    assert (back.cause, (await desk.message_of(back)).body) == ("row 7", ANSWER)


async def lose_their_place(tx: Any, agent: agents.Agent) -> None:
    agent.disabled_at = tx.now


async def lose_the_inbox(tx: Any, agent: agents.Agent) -> None:
    agent.all_inboxes = False


async def become_light(tx: Any, agent: agents.Agent) -> None:
    agent.role = Role.LIGHT


@pytest.mark.parametrize("meanwhile", [lose_their_place, lose_the_inbox, become_light])
async def test_who_may_not_answer_any_more_when_the_mail_comes_back_answers_nobody(
    desk: MailDesk, meanwhile: Any
) -> None:
    maja = await staff(desk)
    _, notice = await told(desk, maja)
    async with desk.database.transaction(SYSTEM) as tx:
        await meanwhile(tx, await agents.get(tx, maja.id))

    back = await desk.receive(an_answer(maja, notice, ANSWER), to=reply_address(notice))

    assert (await desk.message_of(back)).hidden
    assert await to_the_contact(desk) == []


@pytest.mark.parametrize(
    ("text", "proven", "reason"),
    [
        (ANSWER, False, "did not prove"),
        ("> " + INTERNAL + "\n\n" + ANSWER, True, "could not be told apart"),
        (ANSWER + "\n\nThus I was told:\n" + INTERNAL, True, "could not be told apart"),
        ("", True, "could not be told apart"),
    ],
)
async def test_what_was_not_sent_is_told_to_whoever_holds_the_mark(
    desk: MailDesk, text: str, proven: bool, reason: str
) -> None:
    maja = await staff(desk)
    ticket, notice = await told(desk, maja)

    back = await desk.receive(an_answer(maja, notice, text, proven=proven), to=reply_address(notice))

    assert (back.cause, await to_the_contact(desk)) == ("row 7: unverified_staff", [])
    [note] = [one for one in await desk.all(Message, ticket_id=ticket.id) if one.hidden]
    assert note.body == text.strip()
    answer = await desk.send((await desk.all(OutgoingMail))[-1])
    assert (answer.recipients, answer.subject[:9]) == ([maja.email], "Not sent:")
    assert reason in words(answer, "plain")
    assert "Reply-To" not in message_from_bytes(answer.raw or b"", policy=policy.default)


async def test_another_agents_mark_and_a_machines_answer_say_nothing_and_tell_nobody(desk: MailDesk) -> None:
    maja, jonas = await staff(desk), await staff(desk, "Jonas")
    _, notice = await told(desk, maja)
    before = len(await desk.all(OutgoingMail))

    foreign = await desk.receive(an_answer(jonas, notice, ANSWER), to=reply_address(notice))
    away = an_answer(maja, notice, "I am away.", Auto_Submitted="auto-replied")
    machine = await desk.receive(away, to=reply_address(notice))

    assert (await desk.message_of(foreign)).hidden
    assert (await desk.message_of(machine)).hidden
    assert len(await desk.all(OutgoingMail)) == before


async def test_a_mail_to_somebody_who_may_not_answer_or_is_no_agent_bears_no_mark(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        light = await an_agent(tx, "Lo", role=Role.LIGHT)
    _, notice = await told(desk, light)
    stranger = agents.Agent(email="room@elsewhere.example")
    _, other = await told(desk, stranger)

    for mail in (notice, other):
        assert "ref:" not in words(mail, "plain")
        assert "Reply-To" not in message_from_bytes(mail.raw or b"", policy=policy.default)
