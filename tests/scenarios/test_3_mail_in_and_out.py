"""3. A mail becomes a ticket, its answer leaves by mail, and the reply to that joins the same ticket."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.async_api import expect

from tests.browser.chromium import Visits
from tests.browser.outbox import open_sent_mail
from tests.browser.workspace import Workspace
from tests.ports import free_port
from tests.scenarios.conftest import ADesk
from tests.scenarios.desk import Desk, a_mail
from tests.waiting import PATIENCE, eventually

BETH = "Beth Hargreaves <beth@harbourandgrind.example>"


class Post:
    """The mail server of everybody outside."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        self.taken.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
        return "250 2.0.0 Taken"


@pytest.fixture
async def post() -> AsyncIterator[tuple[Post, str]]:
    post, port = Post(), free_port()
    controller = Controller(
        post, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE, server_hostname="mx.customer.example"
    )
    await asyncio.to_thread(controller.start)
    yield post, f"smtp://127.0.0.1:{port}"
    await asyncio.to_thread(controller.stop)


@pytest.mark.browser
async def test_a_mail_with_an_attachment_appears_live_and_its_answer_stands_in_the_outbox(
    desk: Desk, visits: Visits
):
    workspace = await Workspace(await visits.visitor(desk.address, size=(1360, 6000))).sign_in("priya")
    mail = a_mail("The hopper lid cracked", "See the picture.\n\nBeth", sender=BETH)
    mail.add_attachment(b"%PDF-1.4 lid", maintype="application", subtype="pdf", filename="hopper lid.pdf")

    await desk.mail(mail, sender="beth@harbourandgrind.example")
    row = await (await desk.api("priya")).row("The hopper lid cracked")
    await expect(workspace.row(row["number"])).to_be_visible()
    await workspace.row(row["number"]).click()
    await workspace.is_open(row["number"])
    async with workspace.page.expect_download() as started:
        await workspace.timeline.get_by_role("link", name="hopper lid.pdf").click()
    stored = await (await started.value).path()
    assert stored.read_bytes() == b"%PDF-1.4 lid"

    await workspace.reply("A new lid is on its way.")
    outbox = await visits.visitor(desk.address)
    await open_sent_mail(outbox, "A new lid is on its way")
    await expect(outbox.get_by_role("heading", level=1)).to_have_text("Re: The hopper lid cracked")
    await expect(outbox.locator(".mail-head")).to_contain_text("beth@harbourandgrind.example")
    await expect(outbox.frame_locator("iframe").get_by_text("A new lid is on its way.")).to_be_visible()


async def test_the_answer_leaves_by_smtp_and_the_reply_to_it_joins_the_ticket(
    a_desk: ADesk, post: tuple[Post, str]
):
    outside, url = post
    desk = await (await a_desk(smtp_out_url=url)).start()
    api = await desk.api()
    question = a_mail("Which burrs fit?", "I have the 58 of 2019.")
    await desk.mail(question)
    ticket = await api.row("Which burrs fit?")

    await api.post(f"tickets/{ticket['ticket_id']}/messages", body="The S58 set fits.")

    async def arrived() -> EmailMessage | None:
        return next((mail for mail in outside.taken if "The S58 set fits." in _text(mail)), None)

    answer = await eventually(arrived, failing=lambda: desk.printed[-1500:])
    assert answer is not None
    assert answer["Subject"] == "Re: Which burrs fit?"
    assert "kim@customer.example" in str(answer["To"])
    assert answer["Message-ID"]
    assert str(question["Message-ID"]) in str(answer["References"])
    assert str(answer["In-Reply-To"]) == str(question["Message-ID"])
    assert str(answer["Reply-To"]).rpartition("@")[2].rstrip(">") == "demo.localhost"

    by_address = a_mail("Thanks!", "Ordered.")
    await desk.mail(by_address, to=_address(answer["Reply-To"]))
    by_reference = a_mail("Re: Which burrs fit?", "One more thing.", In_Reply_To=str(answer["Message-ID"]))
    await desk.mail(by_reference)
    await desk.mail(by_reference)  # the same mail again, as after a lost answer

    async def joined() -> bool:
        return len(await api.messages(ticket["ticket_id"])) >= 4

    await eventually(joined)
    said = await api.messages(ticket["ticket_id"])
    assert sorted(said) == sorted(
        ["I have the 58 of 2019.", "The S58 set fits.", "Ordered.", "One more thing."]
    )


async def test_the_same_mail_twice_is_one_message(desk: Desk):
    mail = a_mail("Sent twice", "By a server that did not hear our answer.")

    await desk.mail(mail)
    await desk.mail(mail)
    await desk.mail(a_mail("Sent after it", "So the one before has been read."))

    api = await desk.api()
    for subject in ("Sent after it", "Sent twice"):  # whichever is read first
        await api.row(subject)
    found = [row for row in await api.queue() if row["subject"] == "Sent twice"]
    assert len(found) == 1
    assert await api.messages(found[0]["ticket_id"]) == ["By a server that did not hear our answer."]


async def test_mail_can_come_by_standard_input(desk: Desk):
    piped = await desk.run("mail", "receive", said=a_mail("Through a pipe", "From an MTA.").as_bytes())
    empty = await desk.run("mail", "receive", said=b"")

    assert piped.returncode == 0, piped.stderr.decode()
    row = await (await desk.api()).row("Through a pipe")
    assert row["channel"] == "email"
    assert empty.returncode == 65


async def test_an_unknown_address_is_refused_for_good(desk: Desk):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await desk.mail(a_mail("To nobody", "Hello?"), to="nobody-here@demo.localhost")

    assert refused.value.recipients["nobody-here@demo.localhost"][0] == 550


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    return unescape(str(body.get_content())) if body is not None else ""


def _address(header: object) -> str:
    found = re.search(r"[^\s<>]+@[^\s<>]+", str(header))
    assert found is not None
    return found.group()
