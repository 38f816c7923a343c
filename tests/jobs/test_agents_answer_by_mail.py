"""An agent answers a mail of ours about a ticket: it goes to the contact, if it is really theirs."""

import asyncio
import smtplib
from datetime import UTC, datetime
from email import message_from_bytes, policy
from functools import partial
from typing import Any

import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.channels.email.listener import Listener
from helpdesk.domain import agents, limits, tickets
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail, Ticket
from helpdesk.domain.tickets.mail import mailing
from helpdesk.jobs.mail.intake import Intake
from helpdesk.jobs.mail.read import read_mail
from tests.factories import an_agent
from tests.jobs.answers import words
from tests.jobs.mail_threads import header, reply_address, staff
from tests.mail_desk import MailDesk, a_mail
from tests.waiting import PATIENCE

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
    agent: agents.Agent, mail: OutgoingMail, text: str, *, proven: bool = True, changed: Any = None
) -> bytes:
    """As a mail program makes it, but for what is `changed`."""
    cited, sender = header(mail, "Message-ID"), f"{agent.name} <{agent.email}>"
    usual = {
        "to": reply_address(mail),
        "subject": f"Re: {mail.subject}",
        "In_Reply_To": cited,
        "References": cited,
    }
    return a_mail(text, sender=sender, proven=proven, **usual | (changed or {}))


def quoting(mail: OutgoingMail, text: str = ANSWER) -> str:
    return f"{text}\n\n{QUOTES['marked'](words(mail, 'plain'))}"


async def handed_in(desk: MailDesk, raw: bytes, to: str) -> RawMail:
    """By SMTP at our own door, then read."""
    intake = Intake(desk.database)
    door = Listener(intake.accepts, partial(intake.receive, path="smtp"), hostname="helpdesk")
    port = await door.start("127.0.0.1", 0)

    def say() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
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
    shown = (said.author_kind, said.author_id, said.hidden, said.body)
    assert shown == ("agent", maja.id, False, ANSWER)
    assert said.mail is not None
    assert (said.mail["raw"], said.mail["proof"]) == (str(back.id), "pass")
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

    back = await desk.receive(an_answer(maja, notice, quoting(notice)), to=reply_address(notice))

    assert (await desk.message_of(back)).hidden
    assert await to_the_contact(desk) == []


@pytest.mark.parametrize(
    ("text", "proven", "reason"),
    [
        (ANSWER, False, "did not prove"),
        ("> " + INTERNAL + "\n\n" + ANSWER, True, "holds what our mail says"),
        (ANSWER + "\n\nThus I was told:\n" + INTERNAL, True, "holds what our mail says"),
        ("", True, "holds what our mail says"),
        (f"{ANSWER}\n" * 1000, True, "too long"),
    ],
)
async def test_what_was_not_sent_is_told_to_whoever_holds_the_mark(
    desk: MailDesk, text: str, proven: bool, reason: str
) -> None:
    maja = await staff(desk)
    ticket, notice = await told(desk, maja)

    raw = an_answer(maja, notice, quoting(notice, text), proven=proven)
    back = await desk.receive(raw, to=reply_address(notice))

    assert (back.cause, await to_the_contact(desk)) == ("row 7: unverified_staff", [])
    [note] = [one for one in await desk.all(Message, ticket_id=ticket.id) if one.hidden]
    assert note.body.startswith(text.strip())
    answer = await desk.send((await desk.all(OutgoingMail))[-1])
    assert (answer.recipients, answer.subject[:9]) == ([maja.email], "Not sent:")
    assert reason in words(answer, "plain")
    assert "Reply-To" not in message_from_bytes(answer.raw or b"", policy=policy.default)


ELSEWHERE = {
    "addressed to a friend, and delivered to the mark by them": {
        "to": "friend@elsewhere.example", "In_Reply_To": "<lunch@elsewhere.example>",
    },
    "to a colleague who was told of it, with a copy to us": {
        "to": "boss@work.example", "Cc": "support@demo.localhost", "In_Reply_To": "<boss@work.example>",
    },
    "a forward": {"subject": "Fwd: Late: #1"},
    "an answer to whom it was forwarded": {"subject": "Re: FW: Late: #1"},
    "long ago, and handed in again when nobody knew it any more": {"date": datetime(2026, 11, 2, tzinfo=UTC)},
}  # fmt: skip


@pytest.mark.parametrize("how", ELSEWHERE)
async def test_what_an_agent_wrote_to_somebody_else_does_not_go_to_the_contact(
    desk: MailDesk, how: str
) -> None:
    maja = await staff(desk)
    _, notice = await told(desk, maja)

    raw = an_answer(maja, notice, quoting(notice, "He is a pest."), changed=ELSEWHERE[how])
    back = await desk.receive(raw, to=reply_address(notice))

    assert (back.cause, await to_the_contact(desk)) == ("row 7: unverified_staff", [])


async def test_words_without_the_mark_are_not_an_answer_wherever_they_are_delivered(desk: MailDesk) -> None:
    """A mail's words are signed, but not always to whom it goes; answering machines quote nothing."""
    maja = await staff(desk)
    _, notice = await told(desk, maja)

    back = await desk.receive(an_answer(maja, notice, "Yes, I quit."), to=reply_address(notice))

    assert (back.cause, await to_the_contact(desk)) == ("row 7: unverified_staff", [])
    letter = await desk.send((await desk.all(OutgoingMail))[-1])
    assert "leave it quoted" in words(letter, "plain")


async def test_a_mail_that_is_attached_does_not_go_to_the_contact(desk: MailDesk) -> None:
    maja = await staff(desk)
    _, notice = await told(desk, maja)
    mail = message_from_bytes(an_answer(maja, notice, quoting(notice)), policy=policy.SMTP)
    mail.add_attachment(message_from_bytes(notice.raw or b"", policy=policy.SMTP))

    back = await desk.receive(bytes(mail), to=reply_address(notice))

    assert (back.cause, await to_the_contact(desk)) == ("row 7: unverified_staff", [])


@pytest.mark.parametrize("is_another_person", [False, True])
async def test_after_a_merge_what_was_told_before_stays_internal_and_only_the_same_person_is_answered(
    desk: MailDesk, is_another_person: bool
) -> None:
    maja = await staff(desk)
    ticket, notice = await told(desk, maja)
    sender = "Lo <lo@other.example>" if is_another_person else "Kim <kim@customer.example>"
    target = await desk.ticket_of(await desk.receive(a_mail(sender=sender, subject="Another")))
    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.merge(tx, ticket.id, target.id)

    leaking = an_answer(maja, notice, quoting(notice, f"{ANSWER}\n\n{INTERNAL}"))
    await desk.receive(leaking, to=reply_address(notice))
    assert await to_the_contact(desk) == []

    await desk.receive(an_answer(maja, notice, quoting(notice)), to=reply_address(notice))
    assert len(await to_the_contact(desk)) == (0 if is_another_person else 1)


async def test_letters_about_what_was_not_sent_end_where_a_mailbox_answers_each_of_them(
    desk: MailDesk,
) -> None:
    maja = await staff(desk)
    _, notice = await told(desk, maja)
    before = len(await desk.all(OutgoingMail))

    for n in range(limits.NOT_SENT.most + 2):
        await desk.receive(an_answer(maja, notice, f"I am away, {n}."), to=reply_address(notice))

    assert len(await desk.all(OutgoingMail)) == before + limits.NOT_SENT.most


async def test_another_agents_mark_and_a_machines_answer_say_nothing_and_tell_nobody(desk: MailDesk) -> None:
    maja, jonas = await staff(desk), await staff(desk, "Jonas")
    _, notice = await told(desk, maja)
    before = len(await desk.all(OutgoingMail))

    foreign = await desk.receive(an_answer(jonas, notice, quoting(notice)), to=reply_address(notice))
    away = an_answer(maja, notice, "I am away.", changed={"Auto_Submitted": "auto-replied"})
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
