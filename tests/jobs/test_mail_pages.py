"""A mail's HTML in its frame: nothing runs, nothing loads by itself, links say where they lead."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Literal

import httpx2
import pytest
from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.api.shapes import MailAsRead
from helpdesk.app import Web
from helpdesk.auth import sessions
from helpdesk.channels import remote_pictures
from helpdesk.channels.email import framing
from helpdesk.clock import FixedClock
from helpdesk.domain.agents import Agent
from helpdesk.domain.tickets import RawMail
from helpdesk.errors import Invalid, Unavailable
from tests.factories import an_agent, an_inbox
from tests.mail_desk import MailDesk, a_mail
from tests.waiting import eventually

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
HTML = (
    '<p onclick="x()">Hello<script>alert(1)</script> <img src="cid:pic@x"> '
    '<img src="http://tracker.example/p.gif"> <a href="https://evil.example/login" title="bank.example">'
    'www.bank.example</a></p><div class="gmail_quote"><p>Old words</p></div>'
)


def an_html_mail() -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "kim@customer.example", "support@demo.localhost", "Picture"
    mail["Message-ID"] = "<html@customer.example>"
    mail.set_content(HTML, subtype="html")
    mail.add_related(PIXEL, "image", "png", cid="<pic@x>")
    return bytes(mail)


@pytest.fixture
async def browser(desk: MailDesk, clock: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    async with an_agents_browser(desk, clock) as client:
        yield client


@asynccontextmanager
async def an_agents_browser(
    desk: MailDesk, clock: FixedClock, turn: asyncio.Lock | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    web = Web(desk.workshop.settings, desk.database.url, clock=clock, with_worker=False)
    web.starlette.state.mail_turn = turn or asyncio.Lock()
    async with desk.database.transaction(SYSTEM) as tx:
        token = await sessions.start(tx, (await an_agent(tx, "Maja")).id, "127.0.0.1", "test")
    cookies = {web.starlette.state.session_cookie: token}
    transport = httpx2.ASGITransport(web.asgi)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", cookies=cookies
    ) as client:
        yield client
    await web.starlette.state.mail_readers.close()
    await web.database.close()


async def html_event(browser: httpx2.AsyncClient, ticket_id: Any) -> dict[str, Any]:
    answer = await browser.get(f"/api/v1/tickets/{ticket_id}/events")
    found: dict[str, Any] = next(
        one["data"] for one in answer.json()["items"] if one["name"] == "MessageReceived"
    )
    return found


async def test_the_page_is_sandboxed_sanitised_and_folded(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    ticket = await desk.ticket_of(await desk.receive(an_html_mail()))
    url = (await html_event(browser, ticket.id))["html_url"]

    page = await browser.get(url)

    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "alert(1)" not in page.text
    assert "onclick" not in page.text
    assert "tracker.example" not in page.text
    assert '<a href="https://evil.example/login"' in page.text
    assert 'title="https://evil.example/login"' in page.text
    assert "(evil.example)" in page.text
    assert page.text.index("<details>") < page.text.index("Old words")


async def test_an_inline_picture_loads_in_a_frame_without_an_origin(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    ticket = await desk.ticket_of(await desk.receive(an_html_mail()))
    page = await browser.get((await html_event(browser, ticket.id))["html_url"])

    source = page.text.partition('<img src="')[2].partition('"')[0].replace("&amp;", "&")
    picture = await browser.get(source)

    assert (picture.content, picture.headers["content-type"]) == (PIXEL, "image/png")
    assert picture.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_a_picture_that_the_html_does_not_show_is_a_file_beside_it(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    """Phones give every picture a Content-ID, shown or not."""
    raw = an_html_mail().replace(b"Content-ID: <pic@x>", b"Content-ID: <other@x>")
    shown, beside = an_html_mail().replace(b'"cid:pic@x"', b'"cid:pic%40x"'), raw
    contents = []
    for mail in (shown.replace(b"<html@", b"<one@"), beside):
        message = await desk.message_of(await desk.receive(mail))
        contents.append([one.get("content_id") for one in message.attachments])

    assert contents == [["pic@x"], [None]]
    ticket = (await desk.tickets())[0]
    assert '<img src="/files/' in (await browser.get((await html_event(browser, ticket.id))["html_url"])).text


async def test_the_address_needs_its_signature_a_sign_in_and_the_right_to_the_ticket(
    desk: MailDesk, browser: httpx2.AsyncClient, clock: FixedClock
) -> None:
    ticket = await desk.ticket_of(await desk.receive(an_html_mail()))
    url = (await html_event(browser, ticket.id))["html_url"]
    async with desk.database.transaction(SYSTEM) as tx:
        other = await an_agent(tx, "Other", inboxes=[await an_inbox(tx)])
        token = await sessions.start(tx, other.id, "127.0.0.1", "test")
    (cookie,) = browser.cookies

    forged = await browser.get(url[:-4] + "AAAA")
    foreign = await browser.get(url, headers={"Cookie": f"{cookie}={token}"})
    nobody = await browser.get(url, headers={"Cookie": ""})

    assert (forged.status_code, foreign.status_code) == (404, 404)
    assert nobody.status_code in (303, 401)


async def test_the_original_is_a_download_for_those_who_see_the_ticket(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    kept = await desk.receive(a_mail("Words"))

    answer = await browser.get(f"/api/v1/messages/{kept.message_id}/original")

    assert answer.content == kept.raw
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_every_field_of_a_mail_can_be_asked_for_as_it_was_read(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    kept = await desk.receive(an_html_mail())

    answer = await browser.get(f"/api/v1/messages/{kept.message_id}/mail")

    told = answer.json()
    MailAsRead.model_validate(told)
    assert (told["subject"], told["message_id"]) == ("Picture", "html@customer.example")
    assert told["from"] == {"name": "", "email": "kim@customer.example"}
    assert told["to"] == [{"name": "", "email": "support@demo.localhost"}]
    assert told["attachments"] == [
        {
            "name": "attachment-1.png",
            "named": False,
            "content_type": "image/png",
            "size": len(PIXEL),
            "sha256": hashlib.sha256(PIXEL).hexdigest(),
            "disposition": "inline",
            "content_id": "pic@x",
            "inline": True,
        }
    ]


@pytest.mark.parametrize("what", ["mail", "original"])
async def test_a_mail_of_a_foreign_inbox_does_not_exist(
    desk: MailDesk, browser: httpx2.AsyncClient, what: str
) -> None:
    kept = await desk.receive(an_html_mail())
    async with desk.database.transaction(SYSTEM) as tx:
        (await tx.session.scalars(select(Agent))).one().all_inboxes = False

    answer = await browser.get(f"/api/v1/messages/{kept.message_id}/{what}")

    assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found")


class Turn(asyncio.Lock):
    asked = 0

    async def acquire(self) -> Literal[True]:
        self.asked += 1
        return await super().acquire()


async def test_a_mail_is_fetched_only_when_its_turn_to_be_read_has_come(
    desk: MailDesk, clock: FixedClock
) -> None:
    """A hundred calls at once hold one mail of 32 MB, not a hundred."""
    kept, turn = await desk.receive(an_html_mail()), Turn()

    async def is_waiting() -> bool:
        return turn.asked == 2

    async with an_agents_browser(desk, clock, turn) as browser:
        async with turn:
            asked = asyncio.create_task(browser.get(f"/api/v1/messages/{kept.message_id}/mail"))
            await eventually(is_waiting)
            async with desk.database.transaction(SYSTEM) as tx:
                (await tx.session.get_one(RawMail, kept.id)).raw = a_mail(subject="By now")
        assert (await asked).json()["subject"] == "By now"


async def test_pictures_from_elsewhere_are_off_unless_allowed(
    desk: MailDesk, browser: httpx2.AsyncClient
) -> None:
    ticket = await desk.ticket_of(await desk.receive(an_html_mail()))
    url = (await html_event(browser, ticket.id))["html_url"]

    page = await browser.get(url + "&pictures=1")

    assert "tracker.example" not in page.text
    assert (await browser.get("/m/picture?url=http://tracker.example/p.gif")).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x.png", "http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]/", "http://0/",
        "http://2130706433/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://10.0.0.8/",
        "file:///etc/passwd", "http://localhost/", "https://127.0.0.1:8443/", "http://example.com:22/",
        "http://user:pw@example.com/", "gopher://example.com/", "http://[fd00::1]/", "http://[fe80::1%25eth0]/",
    ],
)  # fmt: skip
async def test_the_picture_fetcher_reaches_nothing_inside(url: str) -> None:
    with pytest.raises((Invalid, Unavailable)) as refused:
        await remote_pictures.fetch_picture(url)

    assert refused.value.code in ("address_refused", "address_unknown")


def test_a_remote_picture_is_named_as_held_or_goes_through_us() -> None:
    html = '<img src="remote:https://a.example/x.png" alt="x">'

    held = framing.dressed(html, lambda _: None, None, "Picture not loaded")
    shown = framing.dressed(html, lambda _: None, lambda url: f"/m/picture?url={len(url)}", "held")

    assert "Picture not loaded" in held

    assert "a.example" not in held
    assert shown == '<img src="/m/picture?url=23" alt="x">'


async def test_only_so_many_pictures_of_one_mail_are_fetched_for_a_reader(
    desk: MailDesk, clock: FixedClock
) -> None:
    pictures = "".join(f'<img src="http://victim.example/{n}.png" alt="{n}">' for n in range(150))
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "kim@customer.example", "support@demo.localhost", "Pictures"
    mail.set_content(pictures, subtype="html")
    ticket = await desk.ticket_of(await desk.receive(bytes(mail)))
    desk.workshop.settings = desk.workshop.settings.model_copy(update={"remote_images": True})

    async with an_agents_browser(desk, clock) as browser:
        url = (await html_event(browser, ticket.id))["html_url"]
        page = await browser.get(url + "&pictures=1")

    assert page.text.count("/m/picture?") == remote_pictures.MOST_OF_A_MAIL
    assert page.text.count('class="hd-held"') == 150 - remote_pictures.MOST_OF_A_MAIL
