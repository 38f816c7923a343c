"""Two tickets become one, one becomes two, and a ticket goes to another line: age and promises are kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from helpdesk.actors import SYSTEM, ActorKind
from helpdesk.domain import agents, contacts, inboxes, permissions, sla
from helpdesk.domain.events import (
    MergeReceived,
    MergeUndone,
    MessageReceived,
    NoteAdded,
    ReplySent,
    TicketEscalated,
    TicketMerged,
    TicketOpenedAgain,
    TicketReopened,
    TicketSplit,
)
from helpdesk.domain.tickets import promises
from helpdesk.domain.tickets.locking import get, lock
from helpdesk.domain.tickets.model import Message, MessageKind, Status, Ticket
from helpdesk.domain.tickets.opening import open_ticket
from helpdesk.domain.tickets.queue.assigning import assign, move_to_team
from helpdesk.domain.tickets.queue.placing import place
from helpdesk.domain.tickets.unanswered import said_on, unanswered_since, waits_since
from helpdesk.errors import Conflict, Invalid
from helpdesk.storage.tables import EventRow
from helpdesk.storage.transaction import Transaction

UNDO_WITHIN = timedelta(hours=24)
_ANSWERS = (sla.Metric.FIRST_RESPONSE, sla.Metric.NEXT_RESPONSE)
_DONE = (Status.RESOLVED, Status.CLOSED)


async def merge(tx: Transaction, ticket_id: UUID, into_id: UUID) -> Ticket:
    """One ticket goes on in another, which takes over its open promises and its age; both keep their
    numbers. What is written to it later arrives in the other. Answers with the other.

    Errors: Invalid merge_into_itself, Conflict merged when either was merged before.
    """
    permissions.require_replier(tx.actor)
    if ticket_id == into_id:
        raise Invalid("merge_into_itself", "A ticket cannot be merged into itself.", field="into")
    locked = await _locked(tx, ticket_id, into_id)
    merged, into = locked[ticket_id], locked[into_id]
    for ticket in (merged, into):
        if ticket.status == Status.MERGED:
            raise Conflict("merged", f"#{ticket.number} was merged into another ticket.")
    previous, waited = merged.status, merged.waiting_since
    merged.status, merged.merged_into, merged.merged_at = Status.MERGED, into.id, tx.now
    merged.waiting, merged.waiting_since, merged.unread = False, None, False
    await tx.record(merged, TicketMerged(into.id, into.number, previous))
    messages = [str(one) for one in await _messages_of(tx, merged.id)]
    await tx.record(into, MergeReceived(merged.id, merged.number, messages))
    await sla.hand_over(tx, merged, into)
    if waited is not None and previous == Status.OPEN:
        into.waiting_since = min(waited, into.waiting_since or waited)
        into.unread = True
        await _open(tx, into)
    await promises.keep_time(tx, into)
    await place(tx, merged)
    await place(tx, into)
    return into


async def unmerge(tx: Transaction, ticket_id: UUID) -> Ticket:
    """Undo a merge within 24 hours: the ticket is what it was, with its own promises; what was written
    meanwhile stays where it arrived. Errors: Conflict not_merged, Conflict merge_too_old."""
    permissions.require_replier(tx.actor)
    ticket = await lock(tx, ticket_id)
    if ticket.status != Status.MERGED or ticket.merged_into is None or ticket.merged_at is None:
        raise Conflict("not_merged", "This ticket is not merged into another.")
    if tx.now - ticket.merged_at > UNDO_WITHIN:
        raise Conflict("merge_too_old", "A merge can be undone within 24 hours.")
    await get(tx, ticket.merged_into)
    holder_id = await _end_of(tx, ticket.merged_into)
    locked = await _locked(replace(tx, actor=SYSTEM), ticket_id, ticket.merged_into, holder_id)
    merged, into, holder = locked[ticket_id], locked[ticket.merged_into], locked[holder_id]
    merged.status = await _status_before(tx, merged.id)
    merged.merged_into, merged.merged_at = None, None
    merged.waiting_since = await unanswered_since(tx, merged) if merged.status == Status.OPEN else None
    await tx.record(merged, MergeUndone(into.id, into.number))
    await tx.record(into, MergeUndone(merged.id, merged.number))
    await sla.take_back(tx, merged, holder)
    if merged.status == Status.OPEN:  # what the other's end has stopped goes on here
        await sla.take_up(tx, merged, merged.waiting_since)
    await promises.agree_again(tx, merged, "unmerged")
    if holder.status in promises.UNRESOLVED:
        holder.waiting_since = waits_since(await _said_on_all(tx, holder))
        await _owe_what_waits(tx, holder)
    await place(tx, merged)
    await place(tx, holder)
    return merged


async def split(tx: Transaction, ticket_id: UUID, message_ids: Sequence[UUID], subject: str = "") -> Ticket:
    """Some messages go on as a ticket of their own, as old as the first of them, in the same inbox and team.

    Errors: Invalid messages_unknown, Invalid nothing_left when no message of the contact would stay.
    """
    permissions.require_replier(tx.actor)
    source = await lock(tx, ticket_id)
    if source.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another.")
    moved, staying = await _apart(tx, source, message_ids)
    first = moved[0]
    then = replace(tx, now=first.created_at)  # its promises count from when it was written
    new = await open_ticket(
        then,
        inbox=await inboxes.get(tx, source.inbox_id),
        contact=await contacts.get(tx, source.contact_id),
        subject=subject.strip() or _first_words(first.body) or source.subject,
        impact=source.impact,
        urgency=source.urgency,
    )
    new.split_from, new.preview = source.id, " ".join(moved[-1].body.split())[:140]
    await move_to_team(tx, new, source.team_id)
    ids = [str(message.id) for message in moved]
    await tx.record(new, TicketSplit(source.id, source.number, ids, is_new=True))
    for message in moved:
        message.ticket_id = new.id
        await tx.record(new, _said_again(message))
    await tx.record(source, TicketSplit(new.id, new.number, ids, is_new=False))
    new.waiting_since = waits_since(moved)
    await _answered(tx, new, moved)
    if source.status == Status.OPEN:
        source.waiting_since = waits_since(staying)
        await _still_owed(tx, source)
        await _owe_what_waits(tx, source)
    await place(tx, new)
    await place(tx, source)
    return new


async def _answered(tx: Transaction, new: Ticket, moved: Sequence[Message]) -> None:
    """What was said in the moved messages keeps the new ticket's promises, and makes them, as it did then."""
    terms, is_answered = await promises.terms_of(tx, new), False
    for message in moved:
        then = replace(tx, now=message.created_at)
        if message.kind == MessageKind.NOTE or message.hidden or terms is None:
            continue
        if message.author_kind != ActorKind.CONTACT.value:
            is_answered = True
            await sla.meet(then, new, _ANSWERS)
        elif is_answered:
            await sla.start(then, new, terms, new.channel, new.priority, [sla.Metric.NEXT_RESPONSE])


async def _still_owed(tx: Transaction, source: Ticket) -> None:
    """The next answer is owed to the oldest unanswered message that stays; to none, where none does."""
    for clock in await sla.clocks_of(tx, source.id):
        is_open = clock.met_at is None and clock.stopped_at is None
        if clock.metric != sla.Metric.NEXT_RESPONSE or not is_open:
            continue
        if source.waiting_since is not None and clock.started_at >= source.waiting_since:
            continue
        await sla.drop(tx, source, sla.Metric.NEXT_RESPONSE)
        await _owe(tx, source)


async def _owe_what_waits(tx: Transaction, ticket: Ticket) -> None:
    """Where somebody waits and no promise says until when, because what said so belongs to the other now."""
    if ticket.waiting_since is not None and await sla.awaits_answer(tx, ticket.id):
        await _owe(tx, ticket)
        await promises.keep_time(tx, ticket)


async def _owe(tx: Transaction, ticket: Ticket) -> None:
    """The next answer counts from the oldest message that has none."""
    terms = await promises.terms_of(tx, ticket)
    if ticket.waiting_since is not None and terms is not None:
        then = replace(tx, now=ticket.waiting_since)
        await sla.start(then, ticket, terms, ticket.channel, ticket.priority, [sla.Metric.NEXT_RESPONSE])


async def transfer(tx: Transaction, ticket_id: UUID, team_id: UUID, reason: str) -> Ticket:
    """Hand a ticket to another line, with what its agents should know. It waits there at its old place;
    no clock starts anew. Whoever had it keeps it only if they are of that team too."""
    permissions.require_replier(tx.actor)
    ticket = await lock(tx, ticket_id)
    if ticket.status == Status.MERGED:
        raise Conflict("merged", "The ticket was merged into another.")
    await agents.require_open_team(tx, team_id, ticket.team_id)
    team = await agents.team(tx, team_id)
    await move_to_team(tx, ticket, team.id)
    if ticket.assignee_id is not None and team.id not in await agents.team_ids_of(tx, ticket.assignee_id):
        await assign(tx, ticket, None, reason="released")
    await tx.record(ticket, TicketEscalated(team.id, team.name, reason.strip()[:2000]))
    await place(tx, ticket)
    return ticket


async def _locked(tx: Transaction, *ticket_ids: UUID) -> dict[UUID, Ticket]:
    """All of them, always in the same order, so that two merges never wait for each other."""
    return {ticket_id: await lock(tx, ticket_id) for ticket_id in sorted(set(ticket_ids))}


async def _end_of(tx: Transaction, ticket_id: UUID) -> UUID:
    """The ticket that it goes on in, which has its promises; itself where it was not merged on."""
    while further := await tx.session.scalar(select(Ticket.merged_into).where(Ticket.id == ticket_id)):
        ticket_id = further
    return ticket_id


async def _said_on_all(tx: Transaction, holder: Ticket) -> list[Message]:
    """What the contact may see of it and of what goes on in it, in order of time."""
    query = select(Ticket).where(Ticket.merged_into == holder.id)
    said = [
        message for one in (holder, *await tx.session.scalars(query)) for message in await said_on(tx, one)
    ]
    return sorted(said, key=lambda message: (message.created_at, message.id))


async def _open(tx: Transaction, into: Ticket) -> None:
    """The contact waits for an answer to what was merged, so the ticket is worked on again."""
    if into.status in _DONE:
        into.resolved_at, into.status = None, Status.OPEN
        await tx.record(into, TicketReopened("merged"))
        await sla.resume(tx, into, reopened=True)
        await promises.renew(tx, into, "reopened")
    elif into.status != Status.OPEN:
        into.snoozed_until, into.status = None, Status.OPEN
        await tx.record(into, TicketOpenedAgain("merged"))


async def _messages_of(tx: Transaction, ticket_id: UUID) -> list[UUID]:
    query = select(Message.id).where(Message.ticket_id == ticket_id)
    return list(await tx.session.scalars(query.order_by(Message.created_at, Message.id)))


async def _status_before(tx: Transaction, ticket_id: UUID) -> str:
    query = select(EventRow.data).where(EventRow.ticket_id == ticket_id, EventRow.name == "TicketMerged")
    data = await tx.session.scalar(query.order_by(EventRow.version.desc()).limit(1))
    return str((data or {}).get("previous", Status.OPEN.value))


async def _apart(
    tx: Transaction, source: Ticket, message_ids: Sequence[UUID]
) -> tuple[list[Message], list[Message]]:
    query = select(Message).where(Message.ticket_id == source.id).order_by(Message.created_at, Message.id)
    found = list(await tx.session.scalars(query))
    moved = [message for message in found if message.id in message_ids]
    staying = [message for message in found if message.id not in message_ids]
    if not moved or len(moved) != len(set(message_ids)):
        raise Invalid("messages_unknown", "Name messages of this ticket.", field="messages")
    if not any(message.author_kind == ActorKind.CONTACT.value for message in staying):
        raise Invalid("nothing_left", "A message of the contact must stay.", field="messages")
    return moved, staying


def _said_again(message: Message) -> MessageReceived | ReplySent | NoteAdded:
    if message.kind == MessageKind.NOTE or message.hidden:
        return NoteAdded(message.id)
    if message.author_kind == ActorKind.CONTACT.value:
        return MessageReceived(message.id)
    return ReplySent(message.id)


def _first_words(body: str) -> str:
    return " ".join(body[:320].split())[:80]
