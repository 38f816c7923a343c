"""Who follows a ticket by mail, and who is believed about it."""

from helpdesk.domain.tickets.mail import following
from tests.jobs.mail_threads import answered, followers, header, reply_address
from tests.mail_desk import MailDesk, a_mail


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
