"""Mail by way of our own address: whoever filled in the form or wrote to the group is the contact."""

from helpdesk.actors import SYSTEM
from helpdesk.domain.contacts import identities_of
from helpdesk.domain.tickets import OutgoingMail, RawMail
from tests.jobs.mail_threads import answered
from tests.mail_desk import MailDesk, a_mail

LENA = "Lena <lena@customer.example>"


async def contact_of(desk: MailDesk, kept: RawMail) -> list[str]:
    ticket = await desk.ticket_of(kept)
    async with desk.database.transaction(SYSTEM) as tx:
        return [one.value for one in await identities_of(tx, ticket.contact_id)]


async def test_what_a_web_form_sends_in_our_own_name_is_of_who_filled_it_in(desk: MailDesk) -> None:
    form = a_mail(sender="Contact form <support@demo.localhost>", Reply_To=LENA, proven=True)

    kept = await desk.receive(form)

    assert await contact_of(desk, kept) == ["lena@customer.example"]
    assert ((await desk.message_of(kept)).mail or {})["proof"] == "none"
    sent = await answered(desk, await desk.ticket_of(kept))
    assert sent.recipients == ["lena@customer.example"]


async def test_what_a_group_of_our_own_name_passes_on_is_a_persons_mail(desk: MailDesk) -> None:
    kept = await desk.receive(
        a_mail(
            sender="'Lena' via Support <support@demo.localhost>",
            Reply_To=LENA,
            List_ID="<support.demo.localhost>",
            Precedence="list",
        )
    )

    assert kept.cause == "row 15"
    assert await contact_of(desk, kept) == ["lena@customer.example"]
    assert [one.kind for one in await desk.all(OutgoingMail)] == ["acknowledgement"]


async def test_another_list_is_a_list_and_an_answer_elsewhere_is_no_author(desk: MailDesk) -> None:
    listed = await desk.receive(a_mail(List_ID="<support.elsewhere.example>"))
    other = await desk.receive(a_mail(Reply_To=LENA))

    assert listed.cause == "row 12: automatic"
    assert await contact_of(desk, other) == ["kim@customer.example"]
