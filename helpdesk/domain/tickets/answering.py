"""Answers that leave later or go elsewhere: held back, called back, passed on, and after a ticket's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import agents, contacts, inboxes, permissions
from helpdesk.domain.events import (
    FollowUpOpened,
    ReplyCalledBack,
    ReplyHeld,
    ReplyNotSent,
)
from helpdesk.domain.tickets import actions, attachments, changes, repeats
from helpdesk.domain.tickets.envelopes import AS_USUAL, ByMail, Said
from helpdesk.domain.tickets.locking import followed, get, lock
from helpdesk.domain.tickets.mail import mailing, recipients
from helpdesk.domain.tickets.model import Attachment, HeldReply, Message, Status, Ticket
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LONGEST_HOLD = timedelta(days=366)
FORWARDED_FILES = 20


@dataclass(frozen=True)
class Answer:
    """What an agent wrote. `then` is the status its ticket gets afterwards."""

    body: str
    uploads: Sequence[UUID] = ()
    by_mail: ByMail = AS_USUAL
    then: str | None = None
    client_id: UUID | None = None


@dataclass(frozen=True)
class Forward:
    """A mail to somebody else: what the agent says, the message it passes on, and which of its files."""

    body: str
    by_mail: ByMail
    message_id: UUID | None = None
    files: Sequence[UUID] = ()
    uploads: Sequence[UUID] = ()
    client_id: UUID | None = None


async def hold(tx: Transaction, ticket_id: UUID, answer: Answer, send_at: datetime) -> HeldReply:
    """Kept until its moment, seen by every agent on the ticket. Safe to call twice with one `client_id`.

    Errors: as for a reply; Invalid for a moment that has passed or is more than a year away.
    """
    permissions.require_replier(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only", "A held answer is an agent's.")
    if answer.client_id and (event := await repeats.event_of(tx, answer.client_id)) is not None:
        return await _held_before(tx, event.data, answer)
    actions.require_text(answer.body, answer.uploads)
    if not tx.now - timedelta(minutes=5) < send_at < tx.now + LONGEST_HOLD:
        raise Invalid("send_at_invalid", "Choose a moment in the coming year.", field="send_at")
    ticket = await lock(tx, ticket_id)
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another; answer there.")
    await attachments.check(tx, answer.uploads)
    mail: Json = {"format": "markdown" if answer.by_mail.is_markdown else "text"}
    if answer.by_mail.to:
        people = await recipients.chosen(tx, answer.by_mail.to, answer.by_mail.cc, answer.by_mail.bcc)
        mail |= people.data()
    held = HeldReply(
        id=tx.new_id(),
        ticket_id=ticket.id,
        agent_id=tx.actor.agent_id,
        body=answer.body,
        mail=mail,
        uploads=list(answer.uploads),
        then=answer.then,
        state="waiting",
        send_at=send_at,
        created_at=tx.now,
    )
    await tx.insert(held)
    await tx.record(ticket, ReplyHeld(held.id, send_at), answer.client_id)
    tx.enqueue("send_held", after=max(send_at - tx.now, timedelta(0)), reply_id=str(held.id))
    return held


async def call_back(tx: Transaction, ticket_id: UUID, reply_id: UUID) -> HeldReply:
    """It will not leave; what was written is given back. Idempotent. Errors: NotFound, Conflict
    `already_sent` when it was too late."""
    permissions.require_replier(tx.actor)
    ticket, held = await _held(tx, ticket_id, reply_id)
    if held.state == "sent":
        raise Conflict("already_sent", "It has left already.")
    if held.state in ("waiting", "failed"):
        held.state = "called_back"
        await tx.record(ticket, ReplyCalledBack(held.id))
    return held


async def send_now(tx: Transaction, ticket_id: UUID, reply_id: UUID) -> HeldReply:
    """Its moment is this one. Errors: NotFound, Conflict `already_sent`."""
    permissions.require_replier(tx.actor)
    ticket, held = await _held(tx, ticket_id, reply_id)
    if held.state not in ("waiting", "failed"):
        raise Conflict("already_sent", "It has left already, or was called back.")
    held.state, held.send_at, held.reason = "waiting", tx.now, None
    await tx.record(ticket, ReplyHeld(held.id, tx.now))
    tx.enqueue("send_held", reply_id=str(held.id))
    return held


async def send_held(tx: Transaction, reply_id: UUID) -> None:
    """Say it, as the agent who wrote it, if its moment has come and nobody called it back."""
    held = await tx.session.get(HeldReply, reply_id, with_for_update=True, populate_existing=True)
    if held is None or held.state != "waiting":
        return
    if held.send_at > tx.now:
        tx.enqueue("send_held", after=held.send_at - tx.now, reply_id=str(held.id))
        return
    agent = await agents.get(tx, held.agent_id)
    if agent.disabled_at is not None:
        raise Forbidden("agent_disabled", "Whoever wrote it does not work here any more.")
    ticket = await followed(tx, await lock(tx, held.ticket_id))
    tx.actor = await agents.actor_of(tx, agent)
    mail = held.mail
    by_mail = ByMail(
        tuple(mail.get("to", [])), tuple(mail.get("cc", [])), tuple(mail.get("bcc", [])),
        is_markdown=mail.get("format") == "markdown",
    )  # fmt: skip
    said = await actions.reply(tx, ticket.id, held.body, uploads=held.uploads, by_mail=by_mail)
    held.state, held.message_id = "sent", said.message_id
    if held.then:
        await changes.change_ticket(
            tx, ticket.id, changes.TicketChange(frozenset({"status"}), status=held.then)
        )


async def not_sent(tx: Transaction, reply_id: UUID, reason: str) -> None:
    """It stays on the ticket with the reason, to be sent or taken back by hand."""
    held = await tx.session.get(HeldReply, reply_id, with_for_update=True, populate_existing=True)
    if held is not None and held.state == "waiting":
        ticket = await lock(tx, held.ticket_id)
        held.state, held.reason = "failed", reason[:500]
        await tx.record(ticket, ReplyNotSent(held.id, reason[:500]))


async def held_on(tx: Transaction, ticket_id: UUID) -> list[HeldReply]:
    """What waits on a ticket or could not be sent, the next to leave first."""
    query = select(HeldReply).where(
        HeldReply.ticket_id == ticket_id, HeldReply.state.in_(("waiting", "failed"))
    )
    return list(await tx.session.scalars(query.order_by(HeldReply.send_at, HeldReply.id)))


async def files_of(tx: Transaction, held: HeldReply) -> list[Attachment]:
    """In the order they were named."""
    rows = await tx.session.scalars(select(Attachment).where(Attachment.id.in_(held.uploads)))
    found = {row.id: row for row in rows}
    return [found[one] for one in held.uploads if one in found]


def seconds(count: int) -> timedelta:
    """How long an answer can be undone."""
    return timedelta(seconds=count)


async def forward(tx: Transaction, ticket_id: UUID, wanted: Forward) -> Said:
    """Pass a message on to somebody who is not on the ticket; their answer comes back for agents only.

    Errors: NotFound, Invalid as for the people of a reply.
    """
    permissions.require_replier(tx.actor)
    if (said := await repeats.said_before(tx, wanted.client_id, wanted.body)) is not None:
        return said
    if len(wanted.body) > actions.BODY_LIMIT:
        raise Invalid("too_large", f"At most {actions.BODY_LIMIT:,} characters.", field="body")
    ticket = await lock(tx, ticket_id)
    people = await recipients.chosen(tx, wanted.by_mail.to, wanted.by_mail.cc, wanted.by_mail.bcc)
    passed_on = await _passed_on(tx, ticket, wanted.message_id)
    mail = people.data() | {
        "format": "markdown" if wanted.by_mail.is_markdown else "text",
        "forwards": str(passed_on.id) if passed_on else None,
        "subject": forward_subject(ticket.subject),
    }
    message, said = await actions.add_forward(
        tx, ticket, wanted.body, mail, client_id=wanted.client_id, uploads=wanted.uploads
    )
    if passed_on is not None and wanted.files:
        message.attachments = [*message.attachments, *await _files(tx, passed_on, wanted.files)]
    await mailing.queue_forward(tx, ticket, message, people, str(mail["subject"]))
    return said


async def follow_up(tx: Transaction, ticket_id: UUID, answer: Answer, subject: str = "") -> Said:
    """A new mail to the contact of a ticket that has ended: a ticket of its own, linked both ways."""
    permissions.require_replier(tx.actor)
    if (said := await repeats.said_before(tx, answer.client_id, answer.body)) is not None:
        return said
    ticket = await lock(tx, ticket_id)
    if ticket.status not in (Status.CLOSED, Status.RESOLVED):
        raise Conflict("not_ended", "The ticket is still open: answer there.")
    inbox = (
        await inboxes.get(tx, ticket.inbox_id)
        if ticket.channel == inboxes.Channel.EMAIL
        else await inboxes.first_of(tx, inboxes.Channel.EMAIL)
    )
    contact = await contacts.get(tx, ticket.contact_id)
    new = await actions.open_ticket(tx, inbox=inbox, contact=contact, subject=subject or ticket.subject)
    await tx.record(new, FollowUpOpened(ticket.id, ticket.number, is_new=True))
    await tx.record(ticket, FollowUpOpened(new.id, new.number, is_new=False))
    return await actions.reply(
        tx, new.id, answer.body, client_id=answer.client_id, uploads=answer.uploads, by_mail=answer.by_mail
    )


def forward_subject(subject: str) -> str:
    return subject if subject[:4].lower() == "fwd:" else f"Fwd: {subject}"


async def _held(tx: Transaction, ticket_id: UUID, reply_id: UUID) -> tuple[Ticket, HeldReply]:
    ticket = await lock(tx, ticket_id)
    held = await tx.session.get(HeldReply, reply_id, with_for_update=True, populate_existing=True)
    if held is None or held.ticket_id != ticket.id:
        raise NotFound("reply_not_found")
    return ticket, held


async def _held_before(tx: Transaction, data: Json, answer: Answer) -> HeldReply:
    held = await tx.session.get(HeldReply, UUID(data["reply_id"])) if "reply_id" in data else None
    if held is None or held.body != answer.body:
        raise Conflict("client_id_reused")
    return held


async def _passed_on(tx: Transaction, ticket: Ticket, message_id: UUID | None) -> Message | None:
    if message_id is None:
        return (await recipients.proposal(tx, ticket.id)).answered
    await get(tx, ticket.id)
    message = await tx.session.get(Message, message_id)
    if message is None or message.ticket_id != ticket.id:
        raise NotFound("message_not_found")
    return message


async def _files(tx: Transaction, message: Message, wanted: Sequence[UUID]) -> list[Json]:
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
