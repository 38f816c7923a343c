"""Row 8: a mark that is not ours leads nowhere, is counted, and many of them are told."""

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from helpdesk.actors import SYSTEM, Role
from helpdesk.channels.email.carriers import Carriers
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.errors import Invalid
from helpdesk.jobs.workshop import open_workshop
from helpdesk.settings import Settings
from tests.factories import an_agent
from tests.jobs.mail_threads import answered, header, reply_address
from tests.mail_desk import MailDesk, a_mail

FORGED = "support+r1.s5.abcdefgh.aaaaaaaaaaaaaaaa@demo.localhost"
OTHERS = Carriers({1: b"the key of another desk"}, 1)


async def flags_of(desk: MailDesk, raw: bytes) -> list[str]:
    kept = await desk.receive(raw)
    return list(((await desk.message_of(kept)).mail or {})["flags"])


async def notices(desk: MailDesk) -> list[OutgoingMail]:
    return [one for one in await desk.all(OutgoingMail) if one.kind == "notice"]


async def test_the_fifth_forged_mark_of_a_sender_is_told_to_administrators_once(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        await an_agent(tx, "Olga", role=Role.ADMIN)
    for _ in range(4):
        assert await flags_of(desk, a_mail(to=FORGED, sender="eve@evil.example")) == ["forged_carrier"]
    before = await notices(desk)

    for _ in range(3):
        await desk.receive(a_mail(to=FORGED, sender="eve@evil.example"))

    (notice,) = await notices(desk)
    assert (before, notice.recipients[0].startswith("olga")) == ([], True)
    assert "eve@evil.example" in notice.body


async def test_many_names_in_from_are_one_attack(desk: MailDesk) -> None:
    async with desk.database.transaction(SYSTEM) as tx:
        await an_agent(tx, "Olga", role=Role.ADMIN)

    for number in range(20):
        await desk.receive(a_mail(to=FORGED, sender=f"eve{number}@evil.example"))

    assert len(await notices(desk)) == 1


async def test_another_desk_of_this_kind_forges_nothing_with_its_own_marks(desk: MailDesk) -> None:
    marks = OTHERS.message_id(desk.inbox.id, "supplier.example")
    theirs = a_mail(
        References=f"<{marks}>", Cc=OTHERS.reply_address("help@supplier.example", 7, desk.inbox.id)
    )
    itself = a_mail(f"Hello\n\n— {OTHERS.marker(7, desk.inbox.id)}", X_Helpdesk_Loop="another installation")

    assert await flags_of(desk, theirs) == []
    assert await flags_of(desk, itself) == []
    assert await flags_of(desk, a_mail(References=f"<{OTHERS.message_id(desk.inbox.id, 'demo.localhost')}>"))
    assert await flags_of(desk, a_mail(f"Hello\n\n— {OTHERS.marker(7, desk.inbox.id)}"))


async def test_an_acknowledgement_carries_all_three_marks(desk: MailDesk) -> None:
    kept = await desk.receive(a_mail())
    ticket = await desk.ticket_of(kept)
    sent = await desk.send(await desk.one(OutgoingMail))

    assert reply_address(sent).startswith("support+r1.")
    assert header(sent, "Message-ID").startswith("<m1.")
    assert desk.workshop.carriers.marker(ticket.number, ticket.contact_id).encode() in (sent.raw or b"")
    body = EmailMessage(policy=SMTP)
    body["From"], body["To"], body["Subject"] = "kim@customer.example", "support@demo.localhost", "Re: x"
    body.set_content(
        f"One more thing.\n\n> {desk.workshop.carriers.marker(ticket.number, ticket.contact_id)}"
    )
    assert (await desk.receive(bytes(body))).cause == "row 5"


async def test_a_new_key_signs_and_the_old_one_is_read_until_it_is_left_out(
    desk: MailDesk, tmp_path: Path
) -> None:
    ticket = await desk.ticket_of(await desk.receive(a_mail()))
    old = reply_address(await answered(desk, ticket))
    rotated, revoked = (
        open_workshop(
            desk.database, desk.workshop.settings.model_copy(update={"mail_keys": ring}), desk.workshop.files
        ).carriers
        for ring in (_keys("1:secret,2:" + "another-key-" * 3), _keys("2:" + "another-key-" * 3))
    )

    desk.workshop.carriers = rotated
    assert (await desk.receive(a_mail(to=old), to=old)).cause == "row 5"
    assert reply_address(await answered(desk, ticket)).startswith("support+r2.")

    desk.workshop.carriers = revoked
    assert (await desk.receive(a_mail(to=old), to=old)).cause == "row 15: forged_carrier"


@pytest.mark.parametrize("given", ["secret", "1:short", "0:secret", "1:secret,,", "one:secret"])
def test_keys_that_are_none_stop_the_start(given: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="HELPDESK_MAIL_KEYS"):
        Settings(secret_key="test-key-0123456789-abcdefghijklmnop", mail_keys=given, data_dir=tmp_path)


def _keys(given: str) -> object:
    return Settings(mail_keys=given).mail_keys
