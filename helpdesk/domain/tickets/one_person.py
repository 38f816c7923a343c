"""Two contacts are one person: tickets and all that was said go over to the one who stays, and back."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Select, exists, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from helpdesk.actors import SYSTEM, ActorKind
from helpdesk.domain import contacts, permissions, widgets
from helpdesk.domain.events import CallLogged, ContactMerged, ContactMergeUndone, TicketOpened
from helpdesk.domain.tickets.chatting.model import Rating
from helpdesk.domain.tickets.locking import lock
from helpdesk.domain.tickets.model import Attachment, Message, ReadMark, Ticket
from helpdesk.errors import Conflict, Forbidden, Invalid
from helpdesk.storage.tables import EventRow, Json
from helpdesk.storage.transaction import Transaction


async def merge(tx: Transaction, into_id: UUID, merged_id: UUID) -> contacts.ContactMerge:
    """All that is of one contact is of the other from now on, and so is whatever comes by the first one's
    addresses, numbers and browsers. Tickets keep the company, plan and promises they were opened with.

    Errors: NotFound, Forbidden contact_elsewhere, Invalid contact_merge_into_itself, Conflict contact_merged
    when either was merged before.
    """
    await _require_both(tx, into_id, merged_id)
    into, merged = await contacts.merging.locked(tx, into_id, merged_id)
    _require_standing(into, merged)
    moved = await contacts.merging.take_over(tx, into, merged)
    moved["visits"] = [str(one) for one in await widgets.visits.lend(tx, merged.id, into.id)]
    block_id = await widgets.blocking.hand_on(tx, merged.id, into.id)
    moved["block"] = str(block_id) if block_id else None
    moved["kept_messages"] = await _written(tx, into.id, on_tickets_of=merged.id)
    moved["messages"] = await _written(tx, merged.id, on_tickets_of=into.id)
    uploads = update(Attachment).where(Attachment.owner_id == merged.id, Attachment.message_id.is_(None))
    handed = await tx.session.scalars(uploads.values(owner_id=into.id).returning(Attachment.id))
    moved["uploads"] = [str(one) for one in handed]
    moved["tickets"] = [str(one) for one in await _take_tickets(tx, merged, into)]
    await _reauthor(tx, merged.id, into.id, Message.ticket_id.in_(_tickets_of(into.id)))
    row = contacts.ContactMerge(
        id=tx.new_id(),
        contact_id=merged.id,
        into_id=into.id,
        moved=moved,
        merged_by=tx.actor.agent_id,
        merged_by_name=tx.actor.name,
        merged_at=tx.now,
    )
    tx.session.add(row)
    await tx.flush()
    tx.enqueue("index_again", contact_id=str(into.id))
    return row


async def part(tx: Transaction, merged_id: UUID) -> contacts.Contact:
    """Undo a merge within 24 hours: all that came from the contact is theirs again, and so is what has come
    since by their addresses, numbers and browsers. The rest of what has come since stays.

    Errors: NotFound, Forbidden contact_elsewhere, Conflict contact_not_merged, merge_too_old, or
    contact_merged_on while the other is merged into a third.
    """
    permissions.require_replier(tx.actor)
    await contacts.get_visible(tx, merged_id)
    into_id = (await contacts.merging.to_undo(tx, merged_id)).into_id
    into, merged = await contacts.merging.locked(tx, into_id, merged_id)
    row = await contacts.merging.to_undo(tx, merged_id)
    if into.merged_into is not None or merged.merged_into != into.id:
        raise Conflict("contact_merged_on", "Undo the later merge first.")
    await _require_nothing_elsewhere(tx, into.id)
    back = await contacts.merging.give_back(tx, row, into, merged)
    emails = [one.value for one in back if one.kind == contacts.IdentityKind.EMAIL]
    tickets = await _came_from(tx, row, [one.value for one in back])
    await _return_tickets(tx, tickets, into, merged)
    kept, messages = (_ids(row.moved[name]) for name in ("kept_messages", "messages"))
    since = Message.created_at >= row.merged_at
    written = Message.ticket_id.in_(_tickets_of(into.id)) & Message.mail["sender"].astext.in_(emails) & since
    on_own = Message.ticket_id.in_(tickets) & Message.id.not_in(kept)
    await _reauthor(tx, into.id, merged.id, or_(on_own, Message.id.in_(messages), written))
    await widgets.visits.take_back(tx, merged.id, into.id, _ids(row.moved["visits"]))
    if row.moved["block"]:
        await widgets.blocking.hand_on(tx, into.id, merged.id)
    uploads = update(Attachment).where(Attachment.id.in_(_ids(row.moved["uploads"])))
    await tx.session.execute(uploads.values(owner_id=merged.id))
    row.undone_at, row.undone_by_name = tx.now, tx.actor.name
    await tx.flush()
    for contact in (into, merged):
        tx.enqueue("index_again", contact_id=str(contact.id))
    return merged


async def preview(tx: Transaction, into_id: UUID, merged_id: UUID) -> Json:
    """What a merge would do; nothing is written. Errors: as `merge`."""
    await _require_both(tx, into_id, merged_id)
    into, merged = await contacts.get(tx, into_id), await contacts.get(tx, merged_id)
    if into.id != into_id or merged.id != merged_id:
        raise _merged_before()
    statuses = list(await tx.session.scalars(select(Ticket.status).where(Ticket.contact_id == merged.id)))
    own = {(one.kind, one.value) for one in await contacts.identities_of(tx, into.id)}
    theirs = await contacts.identities_of(tx, merged.id)
    both = [await contacts.is_known(tx, one.id) for one in (into, merged)]
    return {
        "into": into,
        "merged": merged,
        "tickets": len(statuses),
        "open_tickets": len([one for one in statuses if one in ("open", "pending", "snoozed")]),
        "identities": [one for one in theirs if (one.kind, one.value) not in own],
        "differences": await _differences(tx, into, merged),
        "blocked": await widgets.blocking.is_blocked(tx, merged.id),
        "unproven": [one.id for one, is_known in zip((into, merged), both, strict=True) if not is_known],
    }


async def _require_both(tx: Transaction, into_id: UUID, merged_id: UUID) -> None:
    permissions.require_replier(tx.actor)
    if into_id == merged_id:
        raise Invalid("contact_merge_into_itself", "Name two different contacts.", field="from")
    for contact_id in (into_id, merged_id):
        await contacts.get_visible(tx, contact_id)
    await _require_nothing_elsewhere(tx, into_id, merged_id)


async def _require_nothing_elsewhere(tx: Transaction, *contact_ids: UUID) -> None:
    """Who a person is changes what everybody sees who answers them: only they decide who see all of it."""
    if tx.actor.inbox_ids is None:
        return
    elsewhere = select(Ticket.id).where(
        Ticket.contact_id.in_(contact_ids), Ticket.inbox_id.not_in(tx.actor.inbox_ids)
    )
    if await tx.session.scalar(elsewhere.limit(1)) is not None:
        raise Forbidden("contact_elsewhere", "They wrote to an inbox that you may not see, too.")


def _require_standing(*both: contacts.Contact) -> None:
    if any(one.merged_into is not None for one in both):
        raise _merged_before()


def _merged_before() -> Conflict:
    return Conflict("contact_merged", "One of them was merged into another contact before.")


async def _differences(tx: Transaction, into: contacts.Contact, merged: contacts.Contact) -> list[Json]:
    """Where the two say different things: what stays, and what is not shown any more (or is taken over)."""
    found = []
    for field in ("name", "company_id", "locale", "time_zone"):
        ours, theirs = getattr(into, field), getattr(merged, field)
        nothing = contacts.merging.LACKING.get(field)
        if ours == theirs or theirs == nothing:
            continue
        if field == "company_id":
            ours, theirs = [(await contacts.company(tx, one)).name if one else None for one in (ours, theirs)]
        is_taken = getattr(into, field) == nothing
        kept, other = (theirs, None) if is_taken else (ours, theirs)
        found.append({"field": field.removesuffix("_id"), "kept": kept, "other": other})
    return found


def _tickets_of(contact_id: UUID) -> Select[UUID]:
    return select(Ticket.id).where(Ticket.contact_id == contact_id)


async def _written(tx: Transaction, author_id: UUID, *, on_tickets_of: UUID) -> list[str]:
    query = select(Message.id).where(
        Message.ticket_id.in_(_tickets_of(on_tickets_of)),
        Message.author_kind == ActorKind.CONTACT.value,
        Message.author_id == author_id,
    )
    return [str(one) for one in await tx.session.scalars(query)]


async def _reauthor(tx: Transaction, from_id: UUID, to: UUID, which: ColumnElement[bool]) -> None:
    theirs = (Message.author_kind == ActorKind.CONTACT.value) & (Message.author_id == from_id)
    await tx.session.execute(
        update(Message)
        .where(which, theirs)
        .values(author_id=to)
        .execution_options(synchronize_session="fetch")
    )


async def _take_tickets(tx: Transaction, merged: contacts.Contact, into: contacts.Contact) -> list[UUID]:
    """In the order in which all lock them. What was opened beside a locked one is found by the next look."""
    taken: list[UUID] = []
    query = select(Ticket.id).where(Ticket.contact_id == merged.id).order_by(Ticket.id)
    while found := list(await tx.session.scalars(query)):
        await _hand_over(tx, found, merged, into, ContactMerged)
        taken += found
    return taken


async def _return_tickets(
    tx: Transaction, ticket_ids: list[UUID], into: contacts.Contact, merged: contacts.Contact
) -> None:
    await _hand_over(tx, sorted(ticket_ids), into, merged, ContactMergeUndone)


async def _hand_over(
    tx: Transaction,
    ticket_ids: list[UUID],
    before: contacts.Contact,
    now: contacts.Contact,
    event: type[ContactMerged | ContactMergeUndone],
) -> None:
    for ticket_id in ticket_ids:
        ticket = await lock(replace(tx, actor=SYSTEM), ticket_id)
        ticket.contact_id = now.id
        await tx.record(ticket, event(now.id, before.id, now.name, before.name))
    await tx.flush()
    of_these = Rating.ticket_id.in_(ticket_ids)
    await tx.session.execute(update(Rating).where(of_these).values(contact_id=now.id))
    own = aliased(ReadMark)
    is_read = exists().where(own.ticket_id == ReadMark.ticket_id, own.reader_id == now.id)
    marks = update(ReadMark).where(ReadMark.ticket_id.in_(ticket_ids), ReadMark.reader_id == before.id)
    await tx.session.execute(marks.where(~is_read).values(reader_id=now.id))


async def _came_from(tx: Transaction, row: contacts.ContactMerge, values: list[str]) -> list[UUID]:
    """Tickets that went over, and those that came since: by a browser, an address or a number of the contact,
    or split from one of these."""
    moved = _ids(row.moved["tickets"])
    event = EventRow.ticket_id == Ticket.id
    by_browser = exists().where(
        event, EventRow.version == 1, EventRow.name == TicketOpened.__name__,
        EventRow.data["contact_id"].astext == str(row.contact_id),
    )  # fmt: skip
    by_number = exists().where(
        event, EventRow.name == CallLogged.__name__, EventRow.data["caller"].astext.in_(values)
    )
    first = select(Message.mail["sender"].astext).where(Message.ticket_id == Ticket.id)
    first = first.where(Message.author_kind == ActorKind.CONTACT.value).order_by(
        Message.created_at, Message.id
    )
    by_mail = first.limit(1).scalar_subquery().in_(values)
    since = (Ticket.created_at >= row.merged_at) & or_(by_browser, by_number, by_mail)
    came = or_(Ticket.id.in_(moved), Ticket.split_from.in_(moved), since)
    query = select(Ticket.id).where(Ticket.contact_id == row.into_id, came).order_by(Ticket.id)
    return list(await tx.session.scalars(query))


def _ids(texts: list[str]) -> list[UUID]:
    return [UUID(one) for one in texts]
