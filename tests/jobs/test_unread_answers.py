"""Answers of a chat that nobody has seen go out by mail, and what is written back comes into the chat."""

from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest

from helpdesk.actors import SYSTEM
from helpdesk.domain import contacts, tickets
from helpdesk.domain.inboxes import Channel
from helpdesk.domain.tickets import Message, OutgoingMail, Ticket
from helpdesk.jobs.handlers import mail_unread_answers
from tests.factories import a_ticket, an_agent, an_inbox, as_agent, as_contact
from tests.mail_desk import MailDesk, a_mail

ADDRESS = "eva@visitor.example"
MINUTES = timedelta(minutes=10)


class Chat:
    """One visitor's chat, with the clock in the test's hand."""

    def __init__(self, desk: MailDesk, ticket_id: UUID, agent: Any, clock: Any) -> None:
        self.desk, self.ticket_id, self.agent, self.clock = desk, ticket_id, agent, clock

    async def answer(self, body: str) -> None:
        async with self.desk.database.transaction(SYSTEM) as tx:
            await tickets.reply(as_agent(tx, self.agent), self.ticket_id, body)

    async def read_all(self) -> None:
        async with self.desk.database.transaction(SYSTEM) as tx:
            ticket = await tickets.get(tx, self.ticket_id)
            await tickets.mark_read(
                as_contact(tx, ticket.contact_id, ticket.inbox_id), ticket.id, ticket.public_version
            )

    async def look(self, after: timedelta = MINUTES) -> list[OutgoingMail]:
        """The job runs, twice; then every mail there is."""
        self.clock.advance(after)
        for _ in range(2):
            await mail_unread_answers(self.desk.workshop, {"ticket_id": str(self.ticket_id)})
        return await self.desk.all(OutgoingMail, ticket_id=self.ticket_id)


@pytest.fixture
async def chat(desk: MailDesk, clock: Any) -> Chat:
    async with desk.database.transaction(SYSTEM) as tx:
        visitor = await contacts.create(tx, name="Eva")
        inbox = await an_inbox(tx, Channel.CHAT)
        ticket = await a_ticket(tx, inbox=inbox, contact=visitor, body="Do you ship to Norway?")
        await contacts.leave_address(tx, visitor.id, ADDRESS)
        agent = await an_agent(tx, "Maja")
    return Chat(desk, ticket.id, agent, clock)


async def test_several_answers_nobody_has_seen_are_one_mail_and_none_goes_twice(chat: Chat) -> None:
    await chat.answer("Yes, we do.")
    await chat.answer("It takes three days.")
    assert await chat.look(after=MINUTES / 2) == []

    mails = await chat.look(after=MINUTES / 2)

    assert [one.recipients for one in mails] == [[ADDRESS]]
    assert mails[0].body.index("Yes, we do.") < mails[0].body.index("It takes three days.")
    assert len(await chat.look()) == 1
    await chat.answer("Anything else?")
    later = await chat.look()
    assert [one.body for one in later[1:]] == ["Anything else?"]


async def test_what_the_visitor_has_seen_is_not_mailed(chat: Chat) -> None:
    await chat.answer("Yes, we do.")
    await chat.read_all()

    assert await chat.look() == []


async def test_an_answer_to_the_mail_comes_back_into_the_chat_and_is_answered_by_mail_at_once(
    chat: Chat,
) -> None:
    await chat.answer("Yes, we do.")
    sent = await chat.desk.send((await chat.look())[0])
    assert sent.raw is not None
    reply_to = str(message_from_bytes(sent.raw)["Reply-To"])

    mail = await chat.desk.receive(
        a_mail("Great, thank you!", sender=ADDRESS, to=reply_to, In_Reply_To=str(sent.rfc_message_id))
    )

    ticket: Ticket = await chat.desk.ticket_of(mail)
    assert ticket.id == chat.ticket_id
    message: Message = await chat.desk.message_of(mail)
    assert (message.body.strip(), message.hidden) == ("Great, thank you!", False)
    assert "MessageReceived" in (await chat.desk.event_names(ticket))[-3:]
    await chat.answer("You are welcome.")
    assert len(await chat.look(after=timedelta())) == 2


async def test_nothing_is_mailed_without_an_address_or_where_it_is_turned_off(chat: Chat) -> None:
    async with chat.desk.database.transaction(SYSTEM) as tx:
        ticket = await tickets.get(tx, chat.ticket_id)
        inbox = await tx.session.get_one(type(chat.desk.inbox), ticket.inbox_id)
        inbox.settings = {**inbox.settings, "unread_mail_minutes": 0}
    await chat.answer("Yes, we do.")

    assert await chat.look() == []
