"""Chat in and out: the commands of docs/protocol.md, the same over a socket and over HTTP.

Each takes untrusted data, runs one transaction and answers with the acknowledgement, after the commit.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from helpdesk.actors import Actor, ActorKind
from helpdesk.domain import contacts, inboxes, limits, tickets, widgets
from helpdesk.errors import (
    Conflict,
    Forbidden,
    HelpdeskError,
    Invalid,
    LimitReached,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from helpdesk.parsing import parse
from helpdesk.storage.database import Database
from helpdesk.storage.files import Files
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

PAGE = 200

PAGE_SIZE = 256 * 1024
"""Characters said in one page of events, so that long messages never make one packet of megabytes."""


class Sync(BaseModel):
    ticket: UUID
    epoch: str | None = Field(None, max_length=64)
    after: Annotated[int, Field(ge=0, lt=2**62)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE


class SendMessage(BaseModel):
    ticket: UUID | None = None
    client_id: UUID
    kind: Literal["message", "note"] = "message"
    body: str = Field("", max_length=tickets.BODY_LIMIT)
    uploads: list[UUID] = Field(default_factory=list, max_length=10)


class MarkRead(BaseModel):
    ticket: UUID
    upto: Annotated[int, Field(ge=0, lt=2**62)]


class LeaveAddress(BaseModel):
    email: str = Field("", max_length=254)
    name: str = Field("", max_length=200)


async def sync(database: Database, files: Files, actor: Actor, data: Any) -> Json:
    """The events after a version. Errors: NotFound, Conflict `resync` for another epoch or a version
    that is not yet."""
    wanted = parse(data, Sync)
    async with database.transaction(actor, is_autocommit=True) as tx:
        epoch = await epoch_of(tx)
        found, head = await tickets.timeline.events_after(tx, wanted.ticket, wanted.after, wanted.limit)
        events = _page(found)
        if (wanted.epoch is not None and wanted.epoch != epoch) or wanted.after > head:
            raise Conflict("resync")
    last = events[-1]["version"] if events else wanted.after
    return {
        "ok": True,
        "epoch": epoch,
        "events": [with_addresses(event, files, tx, for_staff=actor.is_staff) for event in events],
        "head": head,
        "more": last < head,
    }


async def send_message(database: Database, actor: Actor, data: Any, address: str | None = None) -> Json:
    """Say something on a ticket; for a visitor without one, open it. One `client_id` is one message.

    `address` is where a visitor calls from. Errors: LimitReached for a visitor who says too much at once.
    """
    wanted = parse(data, SendMessage)
    try:
        said = await _say(database, actor, wanted, address)
    except Conflict as conflict:
        if conflict.code not in ("already_exists", "try_again"):
            raise
        # The same client_id won on another connection, or PostgreSQL ended this one to break a deadlock.
        said = await _say(database, actor, wanted, address)
    return {
        "ok": True,
        "ticket": said.ticket_id,
        "number": said.number,
        "version": said.version,
        "id": said.message_id,
        "at": said.at,
        "duplicate": said.duplicate,
    }


async def mark_read(database: Database, actor: Actor, data: Any) -> Json:
    wanted = parse(data, MarkRead)
    async with database.transaction(actor) as tx:
        upto = await tickets.mark_read(tx, wanted.ticket, wanted.upto)
    return {"ok": True, "upto": upto}


async def leave_address(database: Database, actor: Actor, data: Any) -> Json:
    """A visitor says where to write when nobody is there. It proves nothing and opens nothing."""
    wanted = parse(data, LeaveAddress)
    if actor.contact_id is None:
        raise Forbidden("contact_only")
    async with database.transaction(actor) as tx:
        if wanted.email:
            await contacts.leave_address(tx, actor.contact_id, wanted.email, wanted.name)
        elif wanted.name:
            await contacts.rename(tx, actor.contact_id, wanted.name)
    return {"ok": True}


async def epoch_of(tx: Transaction) -> str:
    epoch: str = await (await tx.driver()).fetchval("SELECT epoch FROM installation")
    return epoch


def with_addresses(event: Json, files: Files, tx: Transaction, *, for_staff: bool) -> Json:
    """The event with its attachments' keys replaced by addresses the reader may open, and with the
    address of its HTML page where it has one."""
    data = event["data"]
    added: Json = {}
    if data.get("attachments"):
        added["attachments"] = files.addressed(data["attachments"], tx.now, for_staff=for_staff)
    if data.get("html"):
        added["html_url"] = files.page_address(data["message_id"], tx.now)
    return {**event, "data": {**data, **added}} if added else event


def _page(events: list[Json]) -> list[Json]:
    """As many as fit, at least one."""
    said = 0
    for number, event in enumerate(events):
        said += len(event["data"].get("body") or "") + len(event["data"].get("quoted") or "")
        if said > PAGE_SIZE and number:
            return events[:number]
    return events


_WORDS: dict[type[HelpdeskError], str] = {
    Unauthenticated: "unauthenticated",
    Forbidden: "forbidden",
    NotFound: "not_found",
    Conflict: "conflict",
    Invalid: "bad_request",
    LimitReached: "rate_limited",
    Unavailable: "unavailable",
}
_OWN_WORDS = frozenset({"client_id_reused", "resync", "too_large", "closed", "upgrade", "draining"})


def refusal(failure: HelpdeskError) -> Json:
    """The acknowledgement of a command that failed: docs/protocol.md's error words, `code` saying more."""
    word = failure.code if failure.code in _OWN_WORDS else _WORDS.get(type(failure), "internal")
    answer: Json = {"ok": False, "error": word, "code": failure.code}
    if failure.detail:
        answer["detail"] = failure.detail
    if failure.field:
        answer["field"] = failure.field
    if isinstance(failure, LimitReached) and failure.limit:
        answer["limit"] = failure.limit
    if isinstance(failure, Unavailable | LimitReached):
        answer["retry_ms"] = int((failure.retry_after or 2) * 1000)
    return answer


async def _say(database: Database, actor: Actor, wanted: SendMessage, address: str | None) -> tickets.Said:
    if (said := await _say_at_once(database, actor, wanted, address)) is not None:
        return said
    async with database.transaction(actor, alone=("client", actor.id, wanted.client_id)) as tx:
        if actor.kind is ActorKind.CONTACT:
            return await _hear(tx, wanted, address)
        if wanted.ticket is None:
            raise Invalid("ticket_missing", field="ticket")
        if wanted.kind == "message":
            return await _answer(tx, wanted.ticket, wanted)
        uploads = tuple(wanted.uploads)
        return await tickets.add_note(
            tx, wanted.ticket, wanted.body, client_id=wanted.client_id, uploads=uploads
        )


async def _say_at_once(
    database: Database, actor: Actor, wanted: SendMessage, address: str | None
) -> tickets.Said | None:
    """The short way of what is said every day; None where more follows from it."""
    if wanted.ticket is None or wanted.uploads:
        return None
    if actor.kind is ActorKind.CONTACT:
        if wanted.kind != "message" or actor.came_as is not None:  # who may have said it under another id
            return None
        inbox_id = next(iter(actor.inbox_ids or ()))
        saying = tickets.Saying(actor, inbox_id, wanted.ticket, wanted.client_id, wanted.body, address)
        return await database.together(tickets.say_more, saying)
    if wanted.kind == "message":
        return None
    async with database.transaction(actor, is_autocommit=True) as tx:
        return await tickets.note_more(tx, wanted.ticket, wanted.body, wanted.client_id)


async def _answer(tx: Transaction, ticket_id: UUID, wanted: SendMessage) -> tickets.Said:
    if not wanted.uploads:
        said = await tickets.answer_more(tx, ticket_id, wanted.body, wanted.client_id)
        if said is not None:
            return said
    uploads = tuple(wanted.uploads)
    return await tickets.reply(tx, ticket_id, wanted.body, client_id=wanted.client_id, uploads=uploads)


async def _hear(tx: Transaction, wanted: SendMessage, address: str | None) -> tickets.Said:
    """What a visitor says. A ticket is counted once it is new: what is sent again opened it before."""
    tx.actor = await _as_now(tx)
    visitor = tx.actor.contact_id
    await widgets.blocking.require_welcome(tx, visitor, address)
    await limits.spend(tx, limits.MESSAGES, visitor)
    if wanted.ticket is not None:
        return await tickets.receive_message(tx, _inbound(tx.actor, wanted))
    inbox = await inboxes.get(tx, next(iter(tx.actor.inbox_ids or ())))
    visit = await widgets.visits.require_introduced(tx, inbox, widgets.setup_of(inbox))
    said = await tickets.receive_message(tx, _inbound(tx.actor, wanted))
    if not said.duplicate:
        await limits.spend(tx, limits.NEW_TICKETS, visitor)
        await limits.spend_of_network(tx, limits.NEW_TICKETS_OF_NETWORK, address)
        if await widgets.brake.is_on(tx, inbox):
            raise Forbidden("form_only", "There is a rush. Please leave a message instead.")
        await widgets.brake.count(tx, inbox)
        await tickets.chatting.introduced(tx, said.ticket_id, visit)
    return said


async def _as_now(tx: Transaction) -> Actor:
    """The visitor, whom an agent may have merged or taken apart a moment ago; not while this lasts."""
    issued_to = tx.actor.came_as or tx.actor.contact_id
    assert issued_to is not None  # a visitor is a contact
    now = (await contacts.kept(tx, issued_to)).id
    return replace(tx.actor, id=now, contact_id=now, came_as=issued_to if issued_to != now else None)


def _inbound(actor: Actor, wanted: SendMessage) -> tickets.InboundMessage:
    if wanted.kind != "message":
        raise Forbidden("staff_only")
    return tickets.InboundMessage(
        inbox_id=next(iter(actor.inbox_ids or ())),
        channel=inboxes.Channel.CHAT,
        contact_id=actor.contact_id,
        ticket_id=wanted.ticket,
        body=wanted.body,
        client_id=wanted.client_id,
        attachment_ids=tuple(wanted.uploads),
    )


async def require_ticket(database: Database, actor: Actor, ticket_id: UUID) -> None:
    """Errors: NotFound unless the actor may see the ticket."""
    async with database.transaction(actor, is_autocommit=True) as tx:
        await tickets.get(tx, ticket_id)
