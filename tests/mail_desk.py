"""A desk that reads mail for real: bytes in, the child process, the decision, rows in the database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import SYSTEM
from helpdesk.channels.email.child import Readers
from helpdesk.domain.inboxes import Inbox
from helpdesk.domain.tickets import Message, OutgoingMail, RawMail, Ticket
from helpdesk.domain.tickets.mail import intake
from helpdesk.jobs.mail.read import read_mail
from helpdesk.jobs.mail.send import send_mail
from helpdesk.jobs.workshop import Workshop, open_workshop
from helpdesk.settings import Settings
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.tables import EventRow
from tests.factories import an_inbox

EDGE = "mx.demo.localhost"
_count = iter(range(1, 1_000_000))


def a_mail(
    text: str = "The mill does not turn.",
    *,
    sender: str = "Kim <kim@customer.example>",
    to: str = "support@demo.localhost",
    subject: str = "Mill stuck",
    message_id: str | None = None,
    proven: bool | None = None,
    date: datetime = datetime(2026, 11, 18, 11, 0, tzinfo=UTC),
    **headers: str,
) -> bytes:
    """An ordinary mail of a person. `proven`: what our own edge says of the sender, if anything."""
    mail = EmailMessage(policy=SMTP)
    if proven is not None:
        domain = sender.rpartition("@")[2].strip(">")
        said = f"dmarc={'pass' if proven else 'fail'} header.from={domain}"
        mail["Authentication-Results"] = f"{EDGE}; {said}"
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message_id or f'one-{next(_count)}@customer.example'}>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return bytes(mail)


@dataclass
class MailDesk:
    """`receive` keeps and reads; `send` composes and keeps (nothing leaves)."""

    database: Database
    workshop: Workshop
    inbox: Inbox
    read: list[UUID] = field(default_factory=list)

    async def receive(
        self, raw: bytes, *, to: str | None = None, envelope_from: str = "x@x.example"
    ) -> RawMail:
        async with self.database.transaction(SYSTEM) as tx:
            mail_id = await intake.keep_for(
                tx, to or str(self.inbox.address), path="smtp", envelope_from=envelope_from, raw=raw
            )
        await read_mail(self.workshop, {"mail_id": str(mail_id)})
        return await self.one(RawMail, id=mail_id)

    async def send(self, mail: OutgoingMail) -> OutgoingMail:
        await send_mail(self.workshop, {"mail_id": str(mail.id)})
        return await self.one(OutgoingMail, id=mail.id)

    async def one(self, kind: Any, **wanted: Any) -> Any:
        return (await self.all(kind, **wanted))[0]

    async def all(self, kind: Any, **wanted: Any) -> list[Any]:
        async with self.database.transaction(SYSTEM) as tx:
            query = select(kind).filter_by(**wanted)
            return list(await tx.session.scalars(query.order_by(kind.id)))

    async def tickets(self) -> list[Ticket]:
        return await self.all(Ticket)

    async def ticket_of(self, mail: RawMail) -> Ticket:
        message = await self.one(Message, id=mail.message_id)
        found: Ticket = await self.one(Ticket, id=message.ticket_id)
        return found

    async def message_of(self, mail: RawMail) -> Message:
        found: Message = await self.one(Message, id=mail.message_id)
        return found

    async def event_names(self, ticket: Ticket) -> list[str]:
        async with self.database.transaction(SYSTEM) as tx:
            query = select(EventRow.name).where(EventRow.ticket_id == ticket.id).order_by(EventRow.version)
            return list(await tx.session.scalars(query))


async def a_mail_desk(database: Database, folder: Path, readers: Readers, **settings: Any) -> MailDesk:
    given = Settings(
        secret_key="test-key-0123456789-abcdefghijklmnop",
        data_dir=folder,
        demo=True,
        authserv_ids=EDGE,
        **{"private_networks": frozenset({"127.0.0.0/8"}), **settings},
    )
    workshop = open_workshop(database, given, Files(folder / "files", given.key))
    workshop.readers = readers
    async with database.transaction(SYSTEM) as tx:
        inbox = await an_inbox(tx, key="support")
        inbox.address = "support@demo.localhost"
    return MailDesk(database, workshop, inbox)
