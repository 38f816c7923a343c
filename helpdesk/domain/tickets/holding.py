"""Mail that is written and has not left: held back to be undone or for a chosen moment, then sent once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.domain import agents, permissions
from helpdesk.domain.events import ReplyCalledBack, ReplyHeld, ReplyNotSent
from helpdesk.domain.tickets import actions, answering, attachments, changes, messages, repeats
from helpdesk.domain.tickets.answering import Answer, Forward
from helpdesk.domain.tickets.envelopes import ByMail
from helpdesk.domain.tickets.locking import followed, lock
from helpdesk.domain.tickets.mail import recipients
from helpdesk.domain.tickets.model import Attachment, HeldReply, Message, Status, Ticket
from helpdesk.errors import Conflict, Forbidden, Invalid, NotFound
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

LONGEST_HOLD = timedelta(days=366)


async def hold(tx: Transaction, ticket_id: UUID, answer: Answer | Forward, send_at: datetime) -> HeldReply:
    """Kept until its moment, seen by every agent on the ticket. Safe to call twice with one `client_id`.

    Errors: as for saying it at once; Invalid for a moment that has passed or is more than a year away.
    """
    permissions.require_replier(tx.actor)
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only", "A held answer is an agent's.")
    if answer.client_id and (event := await repeats.event_of(tx, answer.client_id)) is not None:
        return await _held_before(tx, event.data, answer)
    if not tx.now - timedelta(minutes=5) < send_at < tx.now + LONGEST_HOLD:
        raise Invalid("send_at_invalid", "Choose a moment in the coming year.", field="send_at")
    ticket = await lock(tx, ticket_id)
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another; answer there.")
    held = HeldReply(
        id=tx.new_id(),
        ticket_id=ticket.id,
        agent_id=tx.actor.agent_id,
        body=answer.body,
        mail=await _way(tx, ticket, answer),
        uploads=list(answer.uploads),
        then=answer.then if isinstance(answer, Answer) else None,
        tags=list(answer.tags),
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
    held.state, held.message_id = "sent", await _say(tx, ticket, held)
    await _change(tx, ticket, held)


async def not_sent(tx: Transaction, reply_id: UUID, reason: str) -> None:
    """It stays on the ticket with the reason, to be sent or taken back by hand."""
    held = await tx.session.get(HeldReply, reply_id, with_for_update=True, populate_existing=True)
    if held is not None and held.state == "waiting":
        ticket = await lock(tx, held.ticket_id)
        held.state, held.reason = "failed", reason[:500]
        await tx.record(ticket, ReplyNotSent(held.id, reason[:500]))


async def files_of(tx: Transaction, held: HeldReply) -> list[Attachment]:
    """In the order they were named."""
    rows = await tx.session.scalars(select(Attachment).where(Attachment.id.in_(held.uploads)))
    found = {row.id: row for row in rows}
    return [found[one] for one in held.uploads if one in found]


def seconds(count: int) -> timedelta:
    """How long an answer can be undone."""
    return timedelta(seconds=count)


async def passed_on(tx: Transaction, held: HeldReply) -> tuple[Message, Sequence[Json]] | None:
    """What a held forward passes on, and which of its files; None for an answer."""
    message = (
        await tx.session.get(Message, UUID(held.mail["forwards"])) if held.mail.get("forwards") else None
    )
    if message is None:
        return None
    return message, await answering.files_named(tx, message, [UUID(one) for one in held.mail["files"]])


async def _change(tx: Transaction, ticket: Ticket, held: HeldReply) -> None:
    """What sending it does to its ticket: nothing before it has left, so that nothing stays of what was
    called back."""
    fields = {"tags"} if held.tags else set()
    if held.then:
        fields.add("status")
    if fields:
        tags = (*ticket.tags, *held.tags)
        change = changes.TicketChange(frozenset(fields), status=held.then, tags=tags)
        await changes.change_ticket(tx, ticket.id, change)


async def _say(tx: Transaction, ticket: Ticket, held: HeldReply) -> UUID:
    """Under its own id as `client_id`: who sees both knows them for one. By now the ticket of a follow-up
    may be open again: then it is an answer there."""
    mail = held.mail
    by_mail = ByMail(
        tuple(mail.get("to", [])), tuple(mail.get("cc", [])), tuple(mail.get("bcc", [])),
        is_markdown=mail.get("format") == "markdown",
    )  # fmt: skip
    if mail.get("way") == "forward":
        message_id = UUID(mail["forwards"]) if mail["forwards"] else None
        files = [UUID(one) for one in mail["files"]]
        forward = Forward(held.body, by_mail, message_id, files, held.uploads, client_id=held.id)
        return (await answering.forward(tx, ticket.id, forward)).message_id
    if mail.get("way") == "follow_up" and ticket.status in (Status.CLOSED, Status.RESOLVED):
        answer = Answer(held.body, held.uploads, by_mail, client_id=held.id)
        return (await answering.follow_up(tx, ticket.id, answer)).message_id
    said = await actions.reply(
        tx, ticket.id, held.body, client_id=held.id, uploads=held.uploads, by_mail=by_mail
    )
    return said.message_id


async def _way(tx: Transaction, ticket: Ticket, answer: Answer | Forward) -> Json:
    """To whom and as what it will leave, checked as far as that can be known now."""
    mail: Json = {"format": "markdown" if answer.by_mail.is_markdown else "text"}
    if answer.by_mail.to or isinstance(answer, Forward):
        by_mail = answer.by_mail
        people = await recipients.chosen(tx, by_mail.to, by_mail.cc, by_mail.bcc)
        mail |= people.data()
    else:
        await recipients.unless_chosen(tx, ticket)
    if isinstance(answer, Forward):
        answering.require_length(answer.body)
        found = await answering.passed_on_of(tx, ticket, answer.message_id)
        if found is not None:
            await answering.files_named(tx, found, answer.files)
        files = [str(one) for one in answer.files]
        mail |= {"way": "forward", "forwards": str(found.id) if found else None, "files": files}
    else:
        messages.require_text(answer.body, answer.uploads)
        if answer.is_follow_up:
            answering.require_ended(ticket)
            mail["way"] = "follow_up"
    await attachments.check(tx, answer.uploads)
    return mail


async def _held(tx: Transaction, ticket_id: UUID, reply_id: UUID) -> tuple[Ticket, HeldReply]:
    ticket = await lock(tx, ticket_id)
    held = await tx.session.get(HeldReply, reply_id, with_for_update=True, populate_existing=True)
    if held is None or held.ticket_id != ticket.id:
        raise NotFound("reply_not_found")
    return ticket, held


async def _held_before(tx: Transaction, data: Json, answer: Answer | Forward) -> HeldReply:
    held = await tx.session.get(HeldReply, UUID(data["reply_id"])) if "reply_id" in data else None
    if held is None or held.body != answer.body:
        raise Conflict("client_id_reused")
    return held
