"""Mails that arrive together are kept by one statement; each is still kept, and answered, for itself."""

import asyncio
import sys

import pytest
from sqlalchemy import text

from helpdesk import cli
from helpdesk.domain.tickets import RawMail
from helpdesk.errors import NotFound
from helpdesk.jobs.mail.intake import Intake
from tests.mail_desk import MailDesk, a_mail

US = "support@demo.localhost"


async def test_mails_that_arrive_together_are_all_kept_and_each_is_read(desk: MailDesk) -> None:
    intake, mails = Intake(desk.database), [a_mail(f"Mail {number}") for number in range(12)]

    await asyncio.gather(*(intake.receive("kim@customer.example", [US], raw) for raw in mails))

    kept = await desk.all(RawMail)
    assert {one.raw for one in kept} == set(mails)
    assert {one.size for one in kept} == {len(raw) for raw in mails}
    async with desk.database.engine.connect() as connection:
        jobs = await connection.scalar(text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'read_mail'"))
    assert jobs == 12


async def test_the_same_mail_twice_at_once_is_kept_once(desk: MailDesk) -> None:
    intake, raw = Intake(desk.database), a_mail()

    await asyncio.gather(*(intake.receive("kim@customer.example", [US], raw) for _ in range(3)))

    assert len(await desk.all(RawMail)) == 1


async def test_one_that_cannot_be_kept_refuses_no_neighbour(desk: MailDesk) -> None:
    intake = Intake(desk.database)
    odd = intake.receive("kim\x00\udc80@customer.example", [US], a_mail("Odd"))
    strange = intake.receive("kim@customer.example", ["nobody@elsewhere.example"], a_mail("Strange"))
    plain = intake.receive("kim@customer.example", [US], a_mail("Plain"))

    told = await asyncio.gather(odd, strange, plain, return_exceptions=True)

    assert [type(one) for one in told] == [type(None), NotFound, type(None)]
    assert len(await desk.all(RawMail)) == 2


async def test_an_address_that_is_not_ours_is_refused_and_nothing_kept(desk: MailDesk) -> None:
    with pytest.raises(NotFound):
        await Intake(desk.database).receive("kim@customer.example", [US, "x@elsewhere.example"], a_mail())

    assert await desk.all(RawMail) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [("mail receive --inbx a@b.example", 75), ("mail receive --help", 0), ("agent create --inbx", 2)],
)
def test_a_typing_error_in_a_mail_servers_configuration_returns_no_mail_to_its_sender(
    monkeypatch: pytest.MonkeyPatch, words: str, code: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["helpdesk", *words.split()])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == code


def test_while_the_helpdesk_is_half_installed_a_mail_server_keeps_its_mail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["helpdesk", "mail", "receive"])
    monkeypatch.setitem(sys.modules, "helpdesk.cli.commands", None)

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 75
    assert "helpdesk.cli.commands" in capsys.readouterr().err
