"""An agent's answers by mail: to whom, as what, later, called back, passed on, and once more."""

from collections.abc import Mapping
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import dkim
import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.auth.visitors import actor_for
from helpdesk.channels.email import dkim_signing
from helpdesk.channels.email.sending import HandedOver, Refusal
from helpdesk.domain import agents, contacts, tickets
from helpdesk.domain.tickets import ByMail, HeldReply, Message, OutgoingMail, Ticket, answering, holding
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.mail import following, recipients, senders, signing_keys
from helpdesk.errors import Conflict, Invalid
from helpdesk.jobs.mail.held_replies import send_held
from helpdesk.jobs.mail.send import send_mail
from helpdesk.storage.sealing import Sealer
from tests.factories import an_agent
from tests.mail_desk import MailDesk, a_mail

KIM = "kim@customer.example"


async def a_mail_ticket(desk: MailDesk, **headers: Any) -> Ticket:
    return await desk.ticket_of(await desk.receive(a_mail(**headers)))


def read(mail: OutgoingMail) -> EmailMessage:
    assert mail.raw is not None
    found = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def words(mail: OutgoingMail, kind: str) -> str:
    part = read(mail).get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


async def replied(desk: MailDesk, ticket: Ticket, body: str, **wish: Any) -> OutgoingMail:
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        said = await tickets.reply(tx, ticket.id, body, by_mail=ByMail(**wish))
    found: OutgoingMail = await desk.one(OutgoingMail, message_id=said.message_id)
    return found


async def an_agents_actor(desk: MailDesk, **fields: Any) -> Any:
    async with desk.database.transaction(SYSTEM) as tx:
        signature = fields.pop("signature", "")
        agent = await an_agent(tx, **fields)
        agent.signature = signature
        return await agents.actor_of(tx, agent)


async def test_markdown_leaves_as_html_with_a_plain_alternative(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)

    mail = await desk.send(
        await replied(
            desk, ticket, "**Turn** it off, see [the manual](https://a.example/m).", is_markdown=True
        )
    )

    html, plain = words(mail, "html"), words(mail, "plain")
    assert "<strong>Turn</strong>" in html
    assert 'href="https://a.example/m"' in html
    assert plain.startswith("**Turn** it off, see the manual (https://a.example/m).")


async def test_a_picture_in_the_text_travels_inside_the_html(desk: MailDesk) -> None:
    ticket, actor = await a_mail_ticket(desk), await an_agents_actor(desk)
    stored = await desk.workshop.files.put(b"\x89PNG picture")
    async with desk.database.transaction(actor) as tx:
        file = StoredFile(stored.key, "lever.png", "image/png", stored.size, stored.sha256)
        upload = await tickets.attachments.add(tx, file)
        said = await tickets.reply(
            tx, ticket.id, f"Here:\n\n![lever](upload:{upload.id})", uploads=[upload.id],
            by_mail=ByMail(is_markdown=True),
        )  # fmt: skip

    mail = await desk.send(await desk.one(OutgoingMail, message_id=said.message_id))

    pictures = [part for part in read(mail).walk() if part.get_content_type() == "image/png"]
    assert [part.get_content_disposition() for part in pictures] == ["inline"]
    assert f'src="cid:{pictures[0]["Content-ID"].strip("<>")}"' in words(mail, "html")
    assert "[lever]" in words(mail, "plain")


async def test_copies_go_to_whom_the_agent_chose_and_blind_ones_are_seen_by_nobody(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)

    mail = await desk.send(
        await replied(desk, ticket, "Hi", to=(KIM,), cc=("Lee@other.example",), bcc=("boss@acme.example",))
    )

    assert mail.recipients == [KIM, "lee@other.example", "boss@acme.example"]
    assert read(mail)["Cc"] == "lee@other.example"
    assert b"boss@acme.example" not in (mail.raw or b"")
    async with desk.database.transaction(SYSTEM) as tx:
        assert await following.addresses_of(tx, ticket.id) == ["lee@other.example"]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"to": ("kim",)}, "email_invalid"),
        ({"to": (f"{KIM},v@v.example",)}, "email_invalid"),
        ({"to": (KIM,), "bcc": (f"<{KIM}>",)}, "email_invalid"),
        ({"to": (KIM,), "cc": ("a@b\r\nBcc: evil@x.example",)}, "email_invalid"),
        ({"to": (KIM,), "bcc": ("support@demo.localhost",)}, "own_address"),
        ({"to": tuple(f"{n}@x.example" for n in range(101))}, "too_many_people"),
    ],
)
async def test_what_is_no_address_or_ours_is_refused(
    desk: MailDesk, wish: Mapping[str, tuple[str, ...]], code: str
) -> None:
    ticket = await a_mail_ticket(desk)

    with pytest.raises(Invalid, match=code):
        await replied(desk, ticket, "Hi", **wish)


async def test_who_was_named_by_somebody_unproven_is_proposed_but_not_copied(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk, Cc="lee@other.example, support@demo.localhost")

    async with desk.database.transaction(SYSTEM) as tx:
        found = await recipients.proposal(tx, ticket.id)

    assert found.people.to == (KIM,)
    assert found.people.cc == ()
    assert found.left_out == ("lee@other.example",)


async def test_the_colleague_who_wrote_last_stands_in_to_and_the_contact_gets_a_copy(desk: MailDesk) -> None:
    first = a_mail(proven=True, message_id="one@customer.example", Cc="lee@customer.example")
    ticket = await desk.ticket_of(await desk.receive(first))
    await desk.receive(
        a_mail("Me too", sender="Lee <lee@customer.example>", In_Reply_To="<one@customer.example>")
    )

    async with desk.database.transaction(SYSTEM) as tx:
        found = await recipients.proposal(tx, ticket.id)

    assert found.people == recipients.People(("lee@customer.example",), (KIM,))


async def test_the_signature_is_the_agents_and_the_inboxes(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    async with desk.database.transaction(SYSTEM) as tx:
        inbox = await tx.session.merge(desk.inbox)
        inbox.settings = {"signature": "{agent}\nNordkvarn, Mill Street 1", "shown_name": "Nordkvarn"}
    actor = await an_agents_actor(desk, name="Anna", signature="Anna A., second line")
    async with desk.database.transaction(actor) as tx:
        said = await tickets.reply(tx, ticket.id, "Hi")

    mail = await desk.send(await desk.one(OutgoingMail, message_id=said.message_id))

    assert "-- \nAnna A., second line\nNordkvarn, Mill Street 1" in words(mail, "plain")
    assert read(mail)["From"] == "Anna via Nordkvarn <support@demo.localhost>"


async def a_held(desk: MailDesk, ticket: Ticket, after: timedelta, **fields: Any) -> HeldReply:
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        return await holding.hold(tx, ticket.id, answering.Answer("Soon", **fields), tx.now + after)


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
    assert f"From: Kim <{KIM}>\nDate: 2026-11-17 08:30\n" in words(mail, "plain").replace("\r", "")
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


class Relay:
    """The border: says what the next server would, and keeps what it was given."""

    def __init__(self, *refused: str) -> None:
        self.refused, self.to = refused, []  # type: ignore[var-annotated]

    async def hand_over(
        self, raw: bytes, sender: str, to: list[str], url: str, before: object = None
    ) -> HandedOver:
        self.to.append((list(to), raw))
        gone = tuple(Refusal(one, 550, "no such user") for one in to if one in self.refused)
        return HandedOver("250 ok", f"id-{len(self.to)}", gone)


async def through(desk: MailDesk, relay: Relay, mail: OutgoingMail) -> OutgoingMail:
    settings = desk.workshop.settings.model_copy(update={"demo": False, "smtp_out_url": _Url()})
    desk.workshop.settings, desk.workshop.relays = settings, relay  # type: ignore[assignment]
    await send_mail(desk.workshop, {"mail_id": str(mail.id)})
    found: OutgoingMail = await desk.one(OutgoingMail, id=mail.id)
    return found


class _Url:
    def get_secret_value(self) -> str:
        return "smtp://relay.example"


async def test_one_refused_of_two_is_told_and_the_retry_goes_to_that_one_alone(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await replied(desk, ticket, "Hi", to=(KIM,), cc=("lee@other.example",))

    first = await through(desk, Relay("lee@other.example"), mail)
    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    again = Relay()
    second = await through(desk, again, mail)

    assert first.undelivered == ["lee@other.example"]
    assert [to for to, _ in again.to] == [["lee@other.example"]]
    assert again.to[0][1] == first.raw
    assert (second.state, second.server_id, second.undelivered) == ("sent", "id-1", [])
    names = await desk.event_names(ticket)
    assert names[-4:] == ["DeliveryHandedOver", "DeliveryFailed", "DeliveryRetried", "DeliveryHandedOver"]


async def test_what_arrived_or_is_under_way_is_not_sent_again(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await through(desk, Relay(), await replied(desk, ticket, "Hi"))

    with pytest.raises(Conflict, match="not_failed"):
        async with desk.database.transaction(await an_agents_actor(desk)) as tx:
            await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))


async def test_a_bounced_answer_goes_to_the_contacts_new_address_on_retry(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await through(desk, Relay(), await replied(desk, ticket, "Hi"))
    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.deliveries.bounced(tx, mail.id, "550 unknown", [KIM])
        await senders.flag_undeliverable(tx, KIM, "550 unknown")
        identity = (await contacts.identities_of(tx, ticket.contact_id))[0]
        identity.value = "kim@new.example"
        await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    relay = Relay()

    await through(desk, relay, mail)

    assert [to for to, _ in relay.to] == [["kim@new.example"]]


async def test_an_answer_that_reached_nobody_brings_its_ticket_back(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await through(desk, Relay(), await replied(desk, ticket, "Hi"))
    assert (await desk.one(Ticket, id=ticket.id)).status == "pending"

    async with desk.database.transaction(SYSTEM) as tx:
        await tickets.deliveries.bounced(tx, mail.id, "550 unknown", [KIM])

    back = await desk.one(Ticket, id=ticket.id)
    assert (back.status, back.unread, back.waiting_since) == ("open", True, ticket.created_at)
    assert (await desk.event_names(ticket))[-2:] == ["DeliveryFailed", "TicketOpenedAgain"]

    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        await tickets.deliveries.retry(tx, ticket.id, UUID(str(mail.message_id)))
    again = await desk.one(Ticket, id=ticket.id)
    assert (again.status, again.unread, again.waiting_since) == ("pending", False, None)


async def test_a_refused_answer_reopens_the_ticket_that_it_resolved(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    mail = await replied(desk, ticket, "Hi", to=(KIM,), cc=("lee@other.example",))
    async with desk.database.transaction(SYSTEM) as tx:
        change = tickets.TicketChange(frozenset({"status"}), status="resolved")
        await tickets.change_ticket(tx, ticket.id, change)

    await through(desk, Relay(KIM), mail)

    assert (await desk.one(Ticket, id=ticket.id)).status == "open"
    assert (await desk.event_names(ticket))[-1] == "TicketReopened"


async def test_a_ticket_stays_away_while_somebody_was_reached_or_more_was_said(desk: MailDesk) -> None:
    copied, answered = await a_mail_ticket(desk), await a_mail_ticket(desk, subject="Another")
    with_copy = await replied(desk, copied, "Hi", to=(KIM,), cc=("lee@other.example",))
    first = await replied(desk, answered, "Hi")
    await through(desk, Relay(), await replied(desk, answered, "And here it is."))

    await through(desk, Relay("lee@other.example"), with_copy)
    await through(desk, Relay(KIM), first)

    assert [one.status for one in await desk.tickets()] == ["pending", "pending"]


async def test_a_domain_with_a_key_signs_what_leaves(desk: MailDesk) -> None:
    secret, admin = dkim_signing.new_secret(), await an_agents_actor(desk, role=Role.ADMIN)
    async with desk.database.transaction(admin) as tx:
        key_id = tx.new_id()
        sealed = Sealer(desk.workshop.settings.key).seal(secret, key_id)
        public = dkim_signing.public_part(secret)
        await signing_keys.add(tx, "demo.localhost", "desk", public, sealed=sealed, key_id=key_id)
        await signing_keys.turn(tx, key_id, on=True)
    record = dkim_signing.dns_record(public).encode()

    mail = await desk.send(
        await replied(desk, await a_mail_ticket(desk), "Hi", to=(KIM,), cc=("lee@x.example",))
    )

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return record if name == b"desk._domainkey.demo.localhost." else None

    assert dkim.verify(mail.raw, dnsfunc=dns)
    assert not dkim.verify((mail.raw or b"").replace(b"Cc: lee@", b"Cc: eve@"), dnsfunc=dns)
    assert not dkim.verify(b"Subject: two\r\n" + (mail.raw or b""), dnsfunc=dns)
    assert secret[100:160].encode() not in (await desk.one(signing_keys.SigningKey)).secret


async def test_the_contact_reads_the_answer_and_never_who_else_got_it(desk: MailDesk) -> None:
    ticket = await a_mail_ticket(desk)
    await replied(desk, ticket, "**Oil** it", to=(KIM,), bcc=("boss@acme.example",), is_markdown=True)

    async with desk.database.transaction(SYSTEM) as tx:
        contact = await contacts.get(tx, ticket.contact_id)
    async with desk.database.transaction(actor_for(contact, ticket.inbox_id)) as tx:
        seen, _ = await tickets.timeline.events_after(tx, ticket.id, 0, 100)

    assert seen[-1]["data"]["body"] == "**Oil** it"
    assert seen[-1]["data"]["format"] == "markdown"
    assert "boss@acme.example" not in str(seen)
