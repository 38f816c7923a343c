"""A contact's own ticket, behind the link in every mail about it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk import translation
from helpdesk.actors import SYSTEM, Actor
from helpdesk.auth import links
from helpdesk.auth.visitors import actor_for
from helpdesk.channels.email import markdown
from helpdesk.domain import contacts, inboxes, tickets
from helpdesk.domain.events import OnCallWoken
from helpdesk.errors import Invalid
from helpdesk.storage.files import Files
from helpdesk.web.templating import Pages, language_of

LONGEST_THREAD = 500


@dataclass(frozen=True)
class File:
    name: str
    size: int
    url: str


@dataclass(frozen=True)
class Line:
    """Something said, as the contact reads it."""

    author_kind: str
    author_name: str
    at: datetime
    body: str
    attachments: list[File]


async def show_ticket(request: Request) -> Response:
    """GET /t/{token}"""
    return await _page(request)


async def answer_ticket(request: Request) -> Response:
    """POST /t/{token}: the contact answers; the same form sent twice is one message."""
    form = await request.form(max_files=0, max_fields=10)
    body = str(form.get("message", "")).strip()
    t = translation.translator(language_of(request))
    ticket_id, actor = await _reader(request)
    try:
        async with request.app.state.database.transaction(actor) as tx:
            ticket = await tickets.get(tx, ticket_id)
            inbound = tickets.InboundMessage(
                inbox_id=ticket.inbox_id,
                channel=inboxes.Channel(ticket.channel),
                body=body,
                contact_id=actor.contact_id,
                ticket_id=ticket.id,
                client_id=_client_id(str(form.get("request_key", ""))),
            )
            await tickets.receive_message(tx, inbound)
    except Invalid as failure:
        too_long = failure.code in ("too_long", "body_too_long")
        sentence = t("That is too long.") if too_long else t("Please write something first.")
        return await _page(request, draft=body, failure=sentence, status=422)
    return RedirectResponse(f"{request.url.path}?sent=1", 303)


async def _page(
    request: Request, *, draft: str = "", failure: str | None = None, status: int = 200
) -> Response:
    ticket_id, actor = await _reader(request)
    async with request.app.state.database.transaction(actor) as tx:
        ticket = await tickets.get(tx, ticket_id)
        events, _ = await tickets.timeline.events_after(tx, ticket_id, 0, LONGEST_THREAD)
        inbox = await inboxes.get(tx, ticket.inbox_id)
        waits = ticket.waiting and ticket.status == tickets.Status.OPEN
        opening = await tickets.expectations.next_opening(tx, ticket, inbox) if waits else None
    pages: Pages = request.app.state.pages
    files: Files = request.app.state.files
    return pages.render(
        request,
        "ticket_public.html",
        status=status,
        zone=actor.time_zone,
        ticket=ticket,
        messages=[_line(event, files, tx.now) for event in events if event["data"].get("message_id")],
        woken_at=[event["at"] for event in events if event["name"] == OnCallWoken.__name__],
        opening=opening,
        sent="sent" in request.query_params,
        draft=draft,
        failure=failure,
        request_key=str(uuid.uuid4()),
    )


async def _reader(request: Request) -> tuple[UUID, Actor]:
    """The ticket, and its contact with no right to anything else. Errors: NotFound for any other link."""
    key = request.app.state.settings.key
    ticket_id, contact_id = links.read(key, links.LinkKind.TICKET, request.path_params["token"])
    async with request.app.state.database.transaction(SYSTEM) as tx:
        contact = await contacts.get(tx, contact_id)
        ticket = await tickets.get(tx, ticket_id)
    return ticket_id, actor_for(contact, ticket.inbox_id)


def _line(event: Mapping[str, Any], store: Files, now: datetime) -> Line:
    data, author = event["data"], event["data"]["author"]
    sent = store.addressed(data.get("attachments") or [], now)
    files = [File(file["name"], file["size"], file["url"]) for file in sent]
    body = markdown.to_text(data["body"]) if data.get("format") == "markdown" else data["body"]
    return Line(author["kind"], author["name"], event["at"], body, files)


def _client_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
