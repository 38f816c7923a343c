"""Answers that wait: called back, sent later, forwards and follow-ups among them."""

from datetime import timedelta
from email import policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.domain import agents, tickets
from helpdesk.domain.tickets import ByMail, HeldReply, Message, OutgoingMail, Ticket, answering, holding
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.mail import following
from helpdesk.errors import Conflict
from helpdesk.jobs.mail.held_replies import send_held
from helpdesk.storage.tables import EventRow
from tests.jobs.answers import KIM, a_held, a_mail_ticket, an_agents_actor, read, words
from tests.mail_desk import MailDesk, a_mail


async def test_a_held_answer_can_be_called_back_and_then_never_leaves(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    held = await a_held(desk, ticket, timedelta(0))

    async with desk.database.transaction(SYSTEM) as tx:
        back = await holding.call_back(tx, ticket.id, held.id)
    await send_held(desk.workshop, {"reply_id": str(held.id)})

    assert back.body == "Soon"
    assert [one.kind for one in await desk.all(OutgoingMail)] == ["acknowledgement"]


async def test_a_held_answer_leaves_once_as_its_writer_and_resolves_the_ticket(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    held = await a_held(desk, ticket, timedelta(0), then="resolved", by_mail=ByMail((KIM,), is_markdown=True))

    for _ in range(2):
        await send_held(desk.workshop, {"reply_id": str(held.id)})

    said = [one for one in await desk.all(Message) if one.author_kind == "agent"]
    assert [(one.body, one.author_id) for one in said] == [("Soon", held.agent_id)]
    assert (await desk.one(Ticket, id=ticket.id)).status == "resolved"
    with pytest.raises(Conflict, match="already_sent"):
        async with desk.database.transaction(SYSTEM) as tx:
            await holding.call_back(tx, ticket.id, held.id)


async def test_what_leaves_bears_the_id_it_was_held_under(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    to_maker = answering.Forward("Can you look?", ByMail(("maker@mills.example",)))
    for answer in (answering.Answer("Soon"), to_maker):
        async with desk.database.transaction(await an_agents_actor(desk)) as tx:
            held = await holding.hold(tx, ticket.id, answer, tx.now)

        await send_held(desk.workshop, {"reply_id": str(held.id)})

        async with desk.database.transaction(SYSTEM) as tx:
            said = await tx.session.scalar(select(EventRow.message_id).where(EventRow.client_id == held.id))
        assert said == (await desk.one(HeldReply, id=held.id)).message_id is not None


async def test_tags_come_to_the_ticket_when_the_answer_leaves_and_go_back_with_the_draft(
    desk: MailDesk,
) -> None:
    ticket = await a_mail_ticket(desk)
    back, left = [
        await a_held(desk, ticket, timedelta(0), tags=[name], then="resolved")
        for name in ("parcel", "refund")
    ]
    async with desk.database.transaction(SYSTEM) as tx:
        called_back = await holding.call_back(tx, ticket.id, back.id)
        before = (await tickets.get(tx, ticket.id)).tags

    for held in (back, left):
        await send_held(desk.workshop, {"reply_id": str(held.id)})

    after = await desk.one(Ticket, id=ticket.id)
    assert (before, called_back.tags, called_back.then) == ([], ["parcel"], "resolved")
    assert (after.tags, after.status) == (["refund"], "resolved")


async def test_a_held_answer_waits_for_its_moment_and_is_seen_on_the_ticket(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    held = await a_held(desk, ticket, timedelta(hours=5))

    await send_held(desk.workshop, {"reply_id": str(held.id)})

    async with desk.database.transaction(SYSTEM) as tx:
        shown = (await tickets.queries.ticket(tx, ticket.id))["held_replies"]
    assert [(one["id"], one["body"], one["state"]) for one in shown] == [(held.id, "Soon", "waiting")]


async def test_what_cannot_be_said_when_its_moment_comes_stays_with_the_reason(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    held = await a_held(desk, ticket, timedelta(0))
    async with desk.database.transaction(SYSTEM) as tx:
        agent = await agents.get(tx, held.agent_id)
        agent.disabled_at = tx.now

    await send_held(desk.workshop, {"reply_id": str(held.id)})

    assert (await desk.one(HeldReply, id=held.id)).state == "failed"
    assert "ReplyNotSent" in await desk.event_names(ticket)


async def test_holding_twice_under_one_client_id_holds_once(desk: MailDesk) -> None:
    ticket, actor = await a_mail_ticket(desk), await an_agents_actor(desk)
    answer = answering.Answer("Soon", client_id=UUID(int=7))
    ids = set()
    for _ in range(2):
        async with desk.database.transaction(actor) as tx:
            ids.add((await holding.hold(tx, ticket.id, answer, tx.now)).id)

    assert len(ids) == 1


async def test_files_of_an_answer_that_waits_are_not_swept(desk: MailDesk) -> None:
    ticket, actor = await a_mail_ticket(desk), await an_agents_actor(desk)
    async with desk.database.transaction(actor) as tx:
        file = StoredFile("a" * 32, "a.txt", "text/plain", 1, "0")
        upload = await tickets.attachments.add(tx, file)
        answer = answering.Answer("Soon", [upload.id])
        await holding.hold(tx, ticket.id, answer, tx.now + timedelta(days=9))
        upload.created_at = tx.now - timedelta(days=3)

    async with desk.database.transaction(SYSTEM) as tx:
        assert await tickets.attachments.unused(tx) == []


async def test_a_forward_carries_words_and_files_and_the_contact_sees_nothing_of_it(desk: MailDesk) -> None:
    raw = EmailMessage(policy=policy.SMTP)
    raw["From"], raw["To"], raw["Subject"] = f"Kim <{KIM}>", "support@demo.localhost", "Mill"
    raw["Message-ID"] = "<with-file@customer.example>"
    raw["Date"] = "Tue, 17 Nov 2026 09:30:00 +0100"
    raw.set_content("It squeaks.")
    raw.add_attachment(b"%PDF-1", "application", "pdf", filename="bill.pdf")
    ticket = await desk.ticket_of(await desk.receive(bytes(raw)))
    message = await desk.one(Message, ticket_id=ticket.id)
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        said = await answering.forward(
            tx, ticket.id,
            answering.Forward(
                "Can you look?", ByMail(("maker@mills.example",)), message.id,
                [UUID(one["id"]) for one in message.attachments],
            ),
        )  # fmt: skip

    mail = await desk.send(await desk.one(OutgoingMail, message_id=said.message_id))

    assert mail.recipients == ["maker@mills.example"]
    assert read(mail)["Subject"] == "Fwd: Mill"
    assert "It squeaks." in words(mail, "plain")
    assert f"From: Kim <{KIM}>\nDate: 2026-11-17 08:30 +0000\n" in words(mail, "plain").replace("\r", "")
    assert [part.get_filename() for part in read(mail).iter_attachments()] == ["bill.pdf"]
    async with desk.database.transaction(SYSTEM) as tx:
        assert await following.addresses_of(tx, ticket.id) == []
    contact = await desk.receive(
        a_mail("We can.", sender="maker@mills.example", to=str(read(mail)["Reply-To"]))
    )
    assert (await desk.message_of(contact)).hidden


async def test_a_closed_ticket_goes_on_in_a_follow_up_that_is_linked_both_ways(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        done = tickets.TicketChange(frozenset({"status"}), status="resolved")
        await tickets.change_ticket(tx, ticket.id, done)
        said = await answering.follow_up(tx, ticket.id, answering.Answer("Is it still well?"))

    new = await desk.one(Ticket, id=said.ticket_id)
    assert (new.contact_id, new.subject) == (ticket.contact_id, ticket.subject)
    assert "FollowUpOpened" in await desk.event_names(new)
    assert "FollowUpOpened" in await desk.event_names(ticket)
    assert (await desk.one(OutgoingMail, ticket_id=new.id)).recipients == [KIM]


async def test_a_held_forward_can_be_called_back_and_else_leaves_once_with_its_file(desk: MailDesk) -> None:
    raw = EmailMessage(policy=policy.SMTP)
    raw["From"], raw["To"], raw["Subject"] = f"Kim <{KIM}>", "support@demo.localhost", "Mill"
    raw.set_content("It squeaks.")
    raw.add_attachment(b"%PDF-1", "application", "pdf", filename="bill.pdf")
    ticket = await desk.ticket_of(await desk.receive(bytes(raw)))
    message = await desk.one(Message, ticket_id=ticket.id)
    files = [UUID(one["id"]) for one in message.attachments]
    wanted = answering.Forward("Look?", ByMail(("maker@mills.example",)), message.id, files)
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        kept, undone = [await holding.hold(tx, ticket.id, wanted, tx.now) for _ in range(2)]
        back = await holding.call_back(tx, ticket.id, undone.id)
        passed_on = await holding.passed_on(tx, back)

    for one in (kept, undone, kept):
        await send_held(desk.workshop, {"reply_id": str(one.id)})

    assert passed_on is not None
    assert (passed_on[0].id, [one["name"] for one in passed_on[1]]) == (message.id, ["bill.pdf"])
    forwards = [one for one in await desk.all(OutgoingMail) if one.kind == "forward"]
    assert [one.recipients for one in forwards] == [["maker@mills.example"]]
    sent = await desk.send(forwards[0])
    assert [part.get_filename() for part in read(sent).iter_attachments()] == ["bill.pdf"]


async def test_a_held_follow_up_opens_its_ticket_when_it_leaves_or_answers_where_it_woke(
    desk: MailDesk,
) -> None:
    ended, woken = await a_mail_ticket(desk), await a_mail_ticket(desk, subject="Another")
    follow_up = answering.Answer("Still well?", is_follow_up=True)
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        with pytest.raises(Conflict, match="not_ended"):
            await holding.hold(tx, ended.id, follow_up, tx.now)
        held = []
        for one in (ended, woken):
            done = tickets.TicketChange(frozenset({"status"}), status="closed")
            await tickets.change_ticket(tx, one.id, done)
            held.append(await holding.hold(tx, one.id, follow_up, tx.now))
        back = tickets.TicketChange(frozenset({"status"}), status="open")
        await tickets.change_ticket(tx, woken.id, back)
    assert len(await desk.tickets()) == 2

    for one in held:
        await send_held(desk.workshop, {"reply_id": str(one.id)})

    assert len(await desk.tickets()) == 3
    assert "FollowUpOpened" in await desk.event_names(ended)
    assert "ReplySent" in await desk.event_names(woken)
