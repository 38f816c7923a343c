"""What can be said on a ticket. Each verb locks it, changes it, records what happened."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from helpdesk.actors import ActorKind
from helpdesk.domain import contacts, inboxes, permissions
from helpdesk.domain.events import (
    MessageForwarded,
    MessageReceived,
    NoteAdded,
    ReplySent,
    UnverifiedMessageReceived,
)
from helpdesk.domain.tickets.chatting import unread
from helpdesk.domain.tickets.envelopes import AS_USUAL, ByMail, InboundMessage, Said
from helpdesk.domain.tickets.locking import followed, lock
from helpdesk.domain.tickets.mail import following, mailing, recipients
from helpdesk.domain.tickets.messages import add_inbound, add_own, first_line, require_text
from helpdesk.domain.tickets.model import Message, MessageKind, Status, Ticket
from helpdesk.domain.tickets.opening import open_ticket
from helpdesk.domain.tickets.queue import assigning
from helpdesk.domain.tickets.repeats import said_before, source_seen
from helpdesk.domain.tickets.waiting import contact_is_answered, contact_waits, somebody_waits
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction


async def receive_message(tx: Transaction, inbound: InboundMessage) -> Said:
    """The contact wrote: on a known thread, or as a new ticket. Safe to call twice with the same
    `source_id` or `client_id`.

    Errors: NotFound (inbox, or a ticket that is not the sender's), Invalid (empty or too long),
    Conflict client_id_reused.
    """
    if (said := await said_before(tx, inbound.client_id, inbound.body)) is not None:
        return said
    if (said := await source_seen(tx, inbound.inbox_id, inbound.source_id)) is not None:
        return said
    is_typed = inbound.channel is not inboxes.Channel.EMAIL  # an empty mail is still a mail
    if is_typed and not inbound.body.strip() and not inbound.attachment_ids:
        raise Invalid("empty", "There is nothing in this message.", field="body")
    if inbound.ticket_id is None:
        contact = await _who(tx, inbound)
        author = contact.id, contact.name
        inbox = await inboxes.get(tx, inbound.inbox_id)
        subject = inbound.subject.strip() or first_line(inbound.body)
        ticket = await open_ticket(tx, inbox=inbox, contact=contact, subject=subject, channel=inbound.channel)
    else:
        author = await _author(tx, inbound)
        ticket = await followed(tx, await lock(tx, inbound.ticket_id))
    message = await add_inbound(tx, ticket, inbound, author)
    if inbound.unverified is not None:
        row = await tx.record(ticket, UnverifiedMessageReceived(message.id, inbound.unverified))
        if not inbound.automatic:
            await somebody_waits(tx, ticket, message)
        return _said(ticket, message, row.version)
    row = await tx.record(ticket, MessageReceived(message.id), inbound.client_id)
    if not inbound.automatic or inbound.ticket_id is None:
        await contact_waits(tx, ticket, message)
    return _said(ticket, message, row.public_version if tx.actor.kind is ActorKind.CONTACT else row.version)


async def reply(
    tx: Transaction,
    ticket_id: UUID,
    body: str,
    *,
    client_id: UUID | None = None,
    uploads: Sequence[UUID] = (),
    by_mail: ByMail = AS_USUAL,
) -> Said:
    """Answer the contact. The first agent to reply becomes the assignee; the ticket waits for the
    contact. By mail where the contact is reached by mail, queued in this transaction."""
    permissions.require_replier(tx.actor)
    if (said := await said_before(tx, client_id, body)) is not None:
        return said
    require_text(body, uploads)
    ticket = await lock(tx, ticket_id)
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another; answer there.")
    people = await _addressed(tx, ticket, by_mail)
    mail = people.data() | {"format": "markdown" if by_mail.is_markdown else "text"} if people else None
    message = await add_own(tx, ticket, MessageKind.MESSAGE, body, uploads, mail)
    row = await tx.record(ticket, ReplySent(message.id), client_id)
    if ticket.assignee_id is None and tx.actor.agent_id is not None:
        await assigning.assign(tx, ticket, tx.actor.agent_id, reason="reply")
    await contact_is_answered(tx, ticket)
    if people is not None:
        await mailing.queue_reply(tx, ticket, message, people)
    if ticket.channel == inboxes.Channel.CHAT:
        await unread.later(tx, ticket.id, ticket.inbox_id)
    return _said(ticket, message, row.version)


async def add_note(
    tx: Transaction,
    ticket_id: UUID,
    body: str,
    *,
    client_id: UUID | None = None,
    uploads: Sequence[UUID] = (),
) -> Said:
    """Something only agents see. It meets no target."""
    permissions.require_writer(tx.actor)
    if (said := await said_before(tx, client_id, body)) is not None:
        return said
    require_text(body, uploads)
    ticket = await lock(tx, ticket_id)
    message = await add_own(tx, ticket, MessageKind.NOTE, body, uploads)
    row = await tx.record(ticket, NoteAdded(message.id), client_id)
    return _said(ticket, message, row.version)


async def add_forward(
    tx: Transaction, ticket: Ticket, body: str, mail: Json, *, client_id: UUID | None, uploads: Sequence[UUID]
) -> tuple[Message, Said]:
    """A mail about this ticket to somebody else, written down where only agents see it."""
    message = await add_own(tx, ticket, MessageKind.NOTE, body, uploads, mail)
    row = await tx.record(ticket, MessageForwarded(message.id), client_id)
    return message, _said(ticket, message, row.version)


async def _addressed(tx: Transaction, ticket: Ticket, by_mail: ByMail) -> recipients.People | None:
    """Whom the answer goes to by mail; who gets it may answer it. None where the contact is answered in the
    chat or has no address."""
    if ticket.channel == inboxes.Channel.CHAT:
        return None
    if not by_mail.to:
        return await recipients.unless_chosen(tx, ticket)
    people = await recipients.chosen(tx, by_mail.to, by_mail.cc, by_mail.bcc)
    await following.add(tx, ticket, [(one, "") for one in (*people.to, *people.cc)], "agent")
    return people


async def _author(tx: Transaction, inbound: InboundMessage) -> tuple[UUID, str]:
    """Id and name of who wrote on a ticket that is already there."""
    if inbound.contact_id is not None:
        return await contacts.known_as(tx, inbound.contact_id)
    contact = await _who(tx, inbound)
    return contact.id, contact.name


async def _who(tx: Transaction, inbound: InboundMessage) -> contacts.Contact:
    if inbound.contact_id is not None:
        return await contacts.get_visible(tx, (await contacts.kept(tx, inbound.contact_id)).id)
    if inbound.sender is None:
        return await contacts.create(tx, name="Unknown sender")
    sender = inbound.sender
    if not sender.proven:
        stranger = await contacts.create(tx, name=sender.name, locale=sender.locale)
        await contacts.add_identity(tx, stranger, sender.kind, sender.value, verified=False)
        return stranger
    return await contacts.find_or_create(
        tx, sender.kind, sender.value, name=sender.name, locale=sender.locale
    )


def _said(ticket: Ticket, message: Message, version: Any) -> Said:
    return Said(ticket.id, ticket.number, message.id, int(version), message.created_at)
