"""Tickets over HTTP: read the request, call one action, shape the answer."""

import asyncio
import contextlib
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import Actor
from helpdesk.api.answering import NewMessage
from helpdesk.api.answers import answer, told
from helpdesk.api.hints import Hints
from helpdesk.api.requests import actor_of, database_of, files_of, page_of, whole_number
from helpdesk.channels.changing import Priority, TicketPatch
from helpdesk.channels.chat import PAGE, epoch_of, with_addresses
from helpdesk.domain import inboxes, permissions, tickets
from helpdesk.domain.contacts import IdentityKind
from helpdesk.errors import Invalid, NotFound
from helpdesk.parsing import parse_id, parse_json, parse_number
from helpdesk.storage.transaction import Transaction

LONGEST_WAIT = 25
LOST_HINT = 2.0
"""Seconds after which a waiting poll looks again by itself."""


class NewTicket(BaseModel):
    """Who asks (`email` or `phone` or `contact_id`) and what was said.

    `inbox` is an inbox's key; without it the first inbox of the channel (email unless said) takes it.
    """

    subject: Annotated[str, Field(max_length=250)] = ""
    body: Annotated[str, Field(min_length=1, max_length=tickets.BODY_LIMIT)]
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    contact_id: UUID | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    inbox: Annotated[str, Field(max_length=100)] | None = None
    channel: Literal["email", "phone", "chat", "api"] | None = None
    priority: Priority | None = None


class NewNote(BaseModel):
    body: Annotated[str, Field(max_length=tickets.BODY_LIMIT)] = ""
    client_id: UUID | None = None
    uploads: Annotated[list[UUID], Field(max_length=10)] = []


class NewMerge(BaseModel):
    into: UUID


class NoMerge(BaseModel):
    """Nothing is needed: the ticket knows where it was merged into."""


class NewSplit(BaseModel):
    """`messages` are ids of this ticket's messages; without a subject the first of them names the new one."""

    messages: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    subject: Annotated[str, Field(max_length=250)] = ""


class NewTransfer(BaseModel):
    team_id: UUID
    reason: Annotated[str, Field(max_length=2000)] = ""


async def list_tickets(request: Request) -> Response:
    """Tickets of a view in queue order: queue, mine, open, all, snoozed, pending, resolved or any.

    `q` finds a number, or tickets with each of its words in their messages, subject, files' names or the
    contact's name, address or number: whole words first, then the newest. Operators: `is:` (a status, `done`
    or `unassigned`), `channel:`, `assignee:` (`me`, `nobody` or a name), `from:`, `tag:`; "in quotes" is
    found as it stands. It looks in all tickets unless a view is named, and each row says what was `found`.
    `contact_id` lists the last ones of that contact instead, done ones too.
    """
    limit, after = page_of(request)
    if contact_id := request.query_params.get("contact_id"):
        async with database_of(request).transaction(await actor_of(request)) as tx:
            rows = await tickets.queries.of_contact(tx, parse_id(contact_id, "contact"), limit)
        return answer({"items": rows, "next": None})
    sought = request.query_params.get("q", "").strip()[:200]
    view = request.query_params.get("view")
    channel = request.query_params.get("channel")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        if sought:
            rows, following = await tickets.search.page(
                tx, sought, view=view, channel=channel, limit=limit, after=after
            )
        else:
            rows, following = await tickets.queries.queue_page(
                tx, view=view or "all", channel=channel, limit=limit, after=after
            )
    return answer({"items": rows, "next": following})


async def create_ticket(tx: Transaction, request: Request, wanted: NewTicket) -> Any:
    """A ticket on any channel, with its first message."""
    permissions.require_replier(tx.actor)
    inbox = await _inbox(tx, wanted)
    said = await tickets.receive_message(
        tx,
        tickets.InboundMessage(
            inbox_id=inbox.id,
            channel=inboxes.Channel(inbox.channel),
            contact_id=wanted.contact_id,
            sender=_sender(wanted),
            subject=wanted.subject,
            body=wanted.body,
        ),
    )
    if wanted.priority is not None:
        change = tickets.TicketChange(frozenset({"priority"}), priority=wanted.priority)
        await tickets.change_ticket(tx, said.ticket_id, change)
    return await tickets.queries.ticket(tx, said.ticket_id)


async def show_ticket(request: Request) -> Response:
    """One ticket with its contact, clocks, alerts and place in the queue."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = await tickets.queries.ticket(tx, _id(request))
    etag = f'"{found["version"]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return answer(found, ETag=etag)


async def change_ticket(request: Request) -> Response:
    """Change status, assignee, team, priority, tags, subject or snooze; `If-Match` names the version."""
    wanted = parse_json(await request.body(), TicketPatch)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await tickets.change_ticket(tx, _id(request), wanted.change, if_version=_if_match(request))
        found = await tickets.queries.ticket(tx, _id(request))
    return answer(found, ETag=f'"{found["version"]}"')


async def list_events(request: Request) -> Response:
    """The timeline after a version. `wait` (seconds, at most 25) holds the answer until there is news;
    `before` (a version, or `latest`) reads backwards instead."""
    actor = await actor_of(request)
    limit = min(whole_number(request, "limit", 100), PAGE)
    before = request.query_params.get("before")
    if before is not None:
        return answer(await _latest(request, actor, before, limit))
    after, wait = whole_number(request, "after", 0), whole_number(request, "wait", 0)
    return answer(await wait_for_events(request, actor, _id(request), after, limit, wait))


async def create_message(tx: Transaction, request: Request, wanted: NewMessage) -> Any:
    """Answer the contact."""
    said = await tickets.reply(
        tx,
        _id(request),
        wanted.body,
        client_id=wanted.client_id,
        uploads=wanted.uploads,
        by_mail=wanted.wish(),
    )
    return told(said)


async def create_note(tx: Transaction, request: Request, wanted: NewNote) -> Any:
    """Write something only agents see."""
    said = await tickets.add_note(
        tx, _id(request), wanted.body, client_id=wanted.client_id, uploads=wanted.uploads
    )
    return told(said)


async def create_merge(tx: Transaction, request: Request, wanted: NewMerge) -> Any:
    """Go on in another ticket; answers with that one."""
    into = await tickets.merge(tx, _id(request), wanted.into)
    return await tickets.queries.ticket(tx, into.id)


async def create_unmerge(tx: Transaction, request: Request, wanted: NoMerge) -> Any:
    """Undo a merge within 24 hours; answers with the ticket that stands by itself again."""
    ticket = await tickets.unmerge(tx, _id(request))
    return await tickets.queries.ticket(tx, ticket.id)


async def create_split(tx: Transaction, request: Request, wanted: NewSplit) -> Any:
    """Some messages go on as a ticket of their own; answers with that one."""
    ticket = await tickets.split(tx, _id(request), wanted.messages, wanted.subject)
    return await tickets.queries.ticket(tx, ticket.id)


async def create_transfer(tx: Transaction, request: Request, wanted: NewTransfer) -> Any:
    """Hand it to another line with the reason; it keeps its place in the order."""
    ticket = await tickets.transfer(tx, _id(request), wanted.team_id, wanted.reason)
    return await tickets.queries.ticket(tx, ticket.id)


async def wait_for_events(
    request: Request, actor: Actor, ticket_id: UUID, after: int, limit: int, wait: int
) -> dict[str, Any]:
    """The long poll any process answers: reads, and reads again at each hint until there is something."""
    hints: Hints = request.app.state.hints
    ends = asyncio.get_running_loop().time() + min(wait, LONGEST_WAIT)
    with hints.listening(ticket_id) as hinted:
        while True:
            hinted.clear()
            async with database_of(request).transaction(actor) as tx:
                epoch = await epoch_of(tx)
                events, head = await tickets.timeline.events_after(tx, ticket_id, after, limit)
            left = ends - asyncio.get_running_loop().time()
            if events or left <= 0 or after > head or await request.is_disconnected():
                items = [
                    with_addresses(event, files_of(request), tx, for_staff=actor.is_staff) for event in events
                ]
                return {"items": items, "head": head, "epoch": epoch}
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOST_HINT)):  # wait_for may swallow a stop
                    await hinted.wait()


async def _latest(request: Request, actor: Actor, before: str, limit: int) -> dict[str, Any]:
    version = None if before == "latest" else parse_number(before, "before")
    async with database_of(request).transaction(actor) as tx:
        epoch = await epoch_of(tx)
        events, head = await tickets.timeline.latest_events(tx, _id(request), version, limit)
    items = [with_addresses(event, files_of(request), tx, for_staff=actor.is_staff) for event in events]
    return {"items": items, "head": head, "epoch": epoch}


async def _inbox(tx: Transaction, wanted: NewTicket) -> inboxes.Inbox:
    """Errors: NotFound also for an inbox that is not the actor's, or of another channel."""
    channel = inboxes.Channel(wanted.channel) if wanted.channel else None
    if wanted.inbox is None:
        found = await inboxes.first_of(tx, channel or inboxes.Channel.EMAIL)
    else:
        found = await inboxes.by_key(tx, wanted.inbox, channel)
    if not permissions.may_see_inbox(tx.actor, found.id):
        raise NotFound("inbox_not_found")
    return found


def _sender(wanted: NewTicket) -> tickets.Sender | None:
    if wanted.contact_id is not None:
        return None
    if wanted.email:
        return tickets.Sender(IdentityKind.EMAIL, wanted.email, wanted.name)
    if wanted.phone:
        return tickets.Sender(IdentityKind.PHONE, wanted.phone, wanted.name)
    raise Invalid("contact_missing", "Name the contact by email, phone or contact_id.", field="email")


def _if_match(request: Request) -> int | None:
    given = request.headers.get("if-match", "").removeprefix("W/").strip('"')
    return parse_number(given, "if_match") if given else None


def _id(request: Request) -> UUID:
    return parse_id(request.path_params["id"])
