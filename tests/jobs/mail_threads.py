"""What the tests of threading share: answers, their headers, who writes, and what became of it."""

from typing import Any
from uuid import UUID

from helpdesk.actors import SYSTEM, Role
from helpdesk.domain import agents, tickets
from helpdesk.domain.tickets import OutgoingMail
from helpdesk.domain.tickets.mail import following, senders
from tests.factories import an_agent
from tests.mail_desk import MailDesk


async def answered(desk: MailDesk, ticket: tickets.Ticket, text: str = "Try the lever.") -> OutgoingMail:
    """An agent's answer, composed with all its carriers."""
    async with desk.database.transaction(SYSTEM) as tx:
        said = await tickets.reply(tx, ticket.id, text)
    mail = await desk.one(OutgoingMail, message_id=said.message_id)
    return await desk.send(mail)


def header(mail: OutgoingMail, name: str) -> str:
    head = (mail.raw or b"").partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    return (
        next(line for line in head.split("\r\n") if line.lower().startswith(name.lower() + ":"))
        .partition(":")[2]
        .strip()
    )


def reply_address(mail: OutgoingMail) -> str:
    return header(mail, "Reply-To").rpartition("<")[2].rstrip(">")


async def staff(desk: MailDesk, name: str = "Maja") -> agents.Agent:
    async with desk.database.transaction(SYSTEM) as tx:
        return await an_agent(tx, name, role=Role.AGENT)


def citing(ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    return {"References": " ".join(f"<{one}>" for one in ids), "In_Reply_To": f"<{ids[-1]}>"}


async def followers(desk: MailDesk, ticket_id: UUID) -> list[str]:
    async with desk.database.transaction(SYSTEM) as tx:
        return await following.addresses_of(tx, ticket_id)


async def standing_of(desk: MailDesk, address: str) -> Any:
    async with desk.database.transaction(SYSTEM) as tx:
        return await senders.of(tx, address)


def a_bounce(address: str, message_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@demo.localhost\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <bounce-{address}>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 No such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\n\r\n--b--\r\n"
    ).encode()
