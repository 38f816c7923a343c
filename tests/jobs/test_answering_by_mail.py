"""An agent's answers by mail: to whom, as what, later, called back, passed on, and once more."""

from collections.abc import Mapping
from datetime import timedelta

import dkim
import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.auth.visitors import actor_for
from helpdesk.channels.email import dkim_signing
from helpdesk.domain import contacts, tickets
from helpdesk.domain.inboxes import Inbox
from helpdesk.domain.tickets import ByMail, OutgoingMail
from helpdesk.domain.tickets.attachments import StoredFile
from helpdesk.domain.tickets.mail import following, inlets, recipients, signing_keys
from helpdesk.errors import Invalid
from helpdesk.storage.sealing import Sealer
from tests.jobs.answers import (
    KIM,
    Relay,
    a_held,
    a_mail_ticket,
    an_agents_actor,
    read,
    replied,
    through,
    words,
)
from tests.jobs.mail_threads import a_bounce
from tests.mail_desk import MailDesk, a_mail


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


async def test_an_answer_to_a_mail_that_named_nobody_leaves_only_to_who_is_named(desk: MailDesk) -> None:
    raw = a_mail().replace(b"From: Kim <kim@customer.example>\r\n", b"")
    ticket = await desk.ticket_of(await desk.receive(raw, envelope_from=""))

    with pytest.raises(Invalid, match="to_missing"):
        await replied(desk, ticket, "Hi")
    with pytest.raises(Invalid, match="to_missing"):
        await a_held(desk, ticket, timedelta(seconds=10))

    assert (await desk.send(await replied(desk, ticket, "Hi", to=(KIM,)))).recipients == [KIM]


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


async def test_where_no_plus_address_reaches_us_the_answer_still_finds_back(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        inbox = await tx.session.get_one(Inbox, desk.inbox.id)
        inbox.settings = {**inbox.settings, "takes_plus": False}
    ticket = await a_mail_ticket(desk)
    relay = Relay()
    sent = await through(desk, relay, await replied(desk, ticket, "Hi"))

    back = await desk.receive(a_mail("Thanks", In_Reply_To=f"<{sent.rfc_message_id}>"))

    assert read(sent)["Reply-To"] is None
    assert relay.senders == ["support@demo.localhost"]
    assert back.cause == "row 5"


async def test_of_a_mailbox_elsewhere_reports_come_back_to_that_mailbox(desk: MailDesk) -> None:
    where = {"host": "imap.example.com", "port": 993}
    async with desk.database.transaction(SYSTEM) as tx:
        await inlets.save(tx, desk.inbox.id, "imap", where, enabled=True, inlet_id=tx.new_id())
    ticket = await a_mail_ticket(desk)
    relay = Relay()
    sent = await through(desk, relay, await replied(desk, ticket, "Hi"))

    report = await desk.receive(a_bounce(KIM, str(sent.rfc_message_id)), envelope_from="")

    assert relay.senders == ["support@demo.localhost"]
    assert report.cause == "row 2"
    assert (await desk.event_names(ticket))[-2:] == ["DeliveryFailed", "TicketOpenedAgain"]


async def test_where_the_writer_wishes_answers_is_offered_and_never_taken_by_itself(desk: MailDesk) -> None:
    """A mailer writes for a customer and names them there; so does whoever wants to read along."""
    ticket = await a_mail_ticket(desk, Reply_To="Lena <lena@other.example>")

    async with desk.database.transaction(await an_agents_actor(desk)) as tx:
        found = await recipients.proposal(tx, ticket.id)

    assert (found.people.to, found.left_out) == ((KIM,), ("lena@other.example",))
