"""Answers that go elsewhere: passed on to somebody else, and given after a ticket's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import contacts, inboxes, permissions
from helpdesk.domain.events import FollowUpOpened
from helpdesk.domain.tickets import actions, attachments, messages, opening, repeats
from helpdesk.domain.tickets.envelopes import AS_USUAL, ByMail, Said
from helpdesk.domain.tickets.locking import get, lock
from helpdesk.domain.tickets.mail import mailing, recipients
from helpdesk.domain.tickets.model import Attachment, Message, Status, Ticket
from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

FORWARDED_FILES = 20


@dataclass(frozen=True)
class Answer:
    """What an agent wrote. `then` is the status its ticket gets afterwards, `tags` are added to it; the
    ticket of a follow-up has ended, and it goes on in a new one."""

    body: str
    uploads: Sequence[UUID] = ()
    by_mail: ByMail = AS_USUAL
    then: str | None = None
    client_id: UUID | None = None
    is_follow_up: bool = False
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class Forward:
    """A mail to somebody else: what the agent says, the message it passes on, and which of its files."""

    body: str
    by_mail: ByMail
    message_id: UUID | None = None
    files: Sequence[UUID] = ()
    uploads: Sequence[UUID] = ()
    client_id: UUID | None = None
    tags: Sequence[str] = ()


async def forward(tx: Transaction, ticket_id: UUID, wanted: Forward) -> Said:
    """Pass a message on to somebody who is not on the ticket; their answer comes back for agents only.

    Errors: NotFound, Invalid as for the people of a reply.
    """
    permissions.require_replier(tx.actor)
    if (said := await repeats.said_before(tx, wanted.client_id, wanted.body)) is not None:
        return said
    require_length(wanted.body)
    ticket = await lock(tx, ticket_id)
    people = await recipients.chosen(tx, wanted.by_mail.to, wanted.by_mail.cc, wanted.by_mail.bcc)
    passed_on = await passed_on_of(tx, ticket, wanted.message_id)
    mail = people.data() | {
        "format": "markdown" if wanted.by_mail.is_markdown else "text",
        "forwards": str(passed_on.id) if passed_on else None,
        "subject": forward_subject(ticket.subject),
    }
    message, said = await actions.add_forward(
        tx, ticket, wanted.body, mail, client_id=wanted.client_id, uploads=wanted.uploads
    )
    if passed_on is not None and wanted.files:
        message.attachments = [*message.attachments, *await files_named(tx, passed_on, wanted.files)]
    await mailing.queue_forward(tx, ticket, message, people, str(mail["subject"]))
    return said


async def follow_up(tx: Transaction, ticket_id: UUID, answer: Answer, subject: str = "") -> Said:
    """A new mail to the contact of a ticket that has ended: a ticket of its own, linked both ways."""
    permissions.require_replier(tx.actor)
    if (said := await repeats.said_before(tx, answer.client_id, answer.body)) is not None:
        return said
    ticket = await lock(tx, ticket_id)
    require_ended(ticket)
    inbox = (
        await inboxes.get(tx, ticket.inbox_id)
        if ticket.channel == inboxes.Channel.EMAIL
        else await inboxes.first_of(tx, inboxes.Channel.EMAIL)
    )
    contact = await contacts.get(tx, ticket.contact_id)
    new = await opening.open_ticket(tx, inbox=inbox, contact=contact, subject=subject or ticket.subject)
    await tx.record(new, FollowUpOpened(ticket.id, ticket.number, is_new=True))
    await tx.record(ticket, FollowUpOpened(new.id, new.number, is_new=False))
    return await actions.reply(
        tx, new.id, answer.body, client_id=answer.client_id, uploads=answer.uploads, by_mail=answer.by_mail
    )


def require_length(body: str) -> None:
    """Errors: Invalid `too_large`; nothing to say is enough where something is passed on."""
    if len(body) > messages.BODY_LIMIT:
        raise Invalid("too_large", f"At most {messages.BODY_LIMIT:,} characters.", field="body")


def require_ended(ticket: Ticket) -> None:
    """Errors: Conflict `not_ended`."""
    if ticket.status not in (Status.CLOSED, Status.RESOLVED):
        raise Conflict("not_ended", "The ticket is still open: answer there.")


def forward_subject(subject: str) -> str:
    return subject if subject[:4].lower() == "fwd:" else f"Fwd: {subject}"


async def passed_on_of(tx: Transaction, ticket: Ticket, message_id: UUID | None) -> Message | None:
    """The message a forward names, else the contact's last one. Errors: NotFound."""
    if message_id is None:
        return (await recipients.proposal(tx, ticket.id)).answered
    await get(tx, ticket.id)
    message = await tx.session.get(Message, message_id)
    if message is None or message.ticket_id != ticket.id:
        raise NotFound("message_not_found")
    return message


async def files_named(tx: Transaction, message: Message, wanted: Sequence[UUID]) -> list[Json]:
    """Of the message's own files those that go along; their bytes are stored once."""
    if len(wanted) > FORWARDED_FILES:
        raise Invalid("too_many_files", f"At most {FORWARDED_FILES} files go along.", field="files")
    rows = await tx.session.scalars(
        select(Attachment).where(Attachment.message_id == message.id, Attachment.id.in_(wanted))
    )
    found = {row.id: attachments.described(row) for row in rows}
    if len(found) != len(set(wanted)):
        raise NotFound("file_not_found", field="files")
    return [dict(found[one]) for one in dict.fromkeys(wanted)]
