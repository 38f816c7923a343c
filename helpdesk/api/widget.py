"""What the widget asks for over HTTP: its session, and the commands where sockets are blocked."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM, Actor
from helpdesk.api import widget_extras
from helpdesk.api.answers import STATUS, answer
from helpdesk.api.requests import database_of, files_of, visitor_of, whole_number
from helpdesk.api.tickets import wait_for_events
from helpdesk.api.uploads import LARGEST_BY_VISITOR
from helpdesk.auth import identity_proofs, passes, visitors
from helpdesk.auth.requests import caller_of
from helpdesk.channels import chat
from helpdesk.domain import contacts, inboxes, tickets, widgets
from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.parsing import parse, parse_id, parse_json, time_zones
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction
from helpdesk.translation import languages


class Identity(BaseModel):
    """Only a signed `jwt` is believed; `name` and `email` without one count as typed by the visitor."""

    jwt: Annotated[str, Field(max_length=4096)] | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] = ""


class WidgetPage(BaseModel):
    """The page a visitor is on, and what the website says of them. Query and fragment are not kept."""

    url: Annotated[str, Field(max_length=2000)] = ""
    attributes: dict[str, Any] | None = None


class NewSession(BaseModel):
    """`inbox` is the widget's key. The token of an earlier session resumes its visitor; a JWT signed with a
    key of the inbox (`identity`) says who it is."""

    inbox: Annotated[str, Field(min_length=1, max_length=100)]
    visitor_token: Annotated[str, Field(max_length=200)] | None = None
    identity: Identity | Annotated[str, Field(max_length=4096)] | None = None
    page: WidgetPage | None = None
    locale: Annotated[str, Field(max_length=20)] = "en"
    time_zone: Annotated[str, Field(max_length=60)] = "UTC"


async def create_session(request: Request) -> Response:
    """Create or resume a visitor: their token, a connection pass, what to expect, their tickets."""
    wanted = parse_json(await request.body(), NewSession)
    async with database_of(request).transaction(SYSTEM) as tx:
        inbox = await inboxes.by_key(tx, wanted.inbox, inboxes.Channel.CHAT)
        visitor = await _visitor(request, tx, inbox, wanted)
        actor = visitor.actor
        assert actor.contact_id is not None  # a visitor is a contact
        await widgets.blocking.require_welcome(tx, actor.contact_id, caller_of(request))
        page = widgets.visits.Page(wanted.page.url, wanted.page.attributes) if wanted.page else None
        await widgets.visits.seen(tx, actor.contact_id, inbox.id, page, caller_of(request))
        told = {
            "visitor_token": visitor.token,
            "pass": await passes.issue(tx, actor),
            "epoch": await chat.epoch_of(tx),
            "inbox": await _inbox(tx, inbox, actor, request.app.state.settings.company_name),
            "contact": {
                "name": (await contacts.get(tx, actor.contact_id)).name or None,
                "email": await contacts.address_of(tx, actor.contact_id),
                "known": await contacts.is_known(tx, actor.contact_id),
            },
            "tickets": await tickets.queries.tickets_of_contact(tx, actor.contact_id, inbox.id),
            "limits": {"body": tickets.BODY_LIMIT, "uploads": 10, "upload_bytes": LARGEST_BY_VISITOR},
            "extras": await widget_extras.of(tx, inbox, actor),
        }
    return answer(told, 200, **{"Cache-Control": "no-store"})


async def _visitor(
    request: Request, tx: Transaction, inbox: inboxes.Inbox, wanted: NewSession
) -> visitors.Visitor:
    """Whoever the website vouches for, else whoever has the token, else somebody new."""
    locale = wanted.locale.lower().partition("-")[0]
    about = {
        "locale": locale if locale in languages() else "en",
        "time_zone": wanted.time_zone if wanted.time_zone in time_zones() else "UTC",
    }
    given = Identity(jwt=wanted.identity) if isinstance(wanted.identity, str) else wanted.identity
    if given is not None and given.jwt:
        proof = await identity_proofs.read(tx, inbox, given.jwt, Sealer(request.app.state.settings.key))
        return await visitors.identified(tx, inbox, wanted.visitor_token, proof, **about)
    address = caller_of(request)
    visitor = await visitors.create_or_resume(tx, inbox, wanted.visitor_token, **about, address=address)
    if given is None or visitor.actor.contact_id is None:
        return visitor
    if given.email and looks_right(given.email):
        await contacts.leave_address(tx, visitor.actor.contact_id, given.email, given.name)
    elif given.name and not visitor.actor.name:
        await contacts.call(tx, visitor.actor.contact_id, given.name)
    return visitor


def looks_right(email: str) -> bool:
    try:
        contacts.normalise(contacts.IdentityKind.EMAIL, email)
    except Invalid:
        return False
    return True


async def create_pass(request: Request) -> Response:
    """Another pass for a visitor who has a token already."""
    actor = await visitor_of(request)
    async with database_of(request).transaction(actor, is_autocommit=True) as tx:
        return answer({"pass": await passes.issue(tx, actor)})


async def sync(request: Request) -> Response:
    """The events of one of the visitor's tickets after a version."""

    async def run(data: Any) -> Json:
        return await chat.sync(database_of(request), files_of(request), await visitor_of(request), data)

    return await command(request, run)


async def send_message(request: Request) -> Response:
    """Say something; a visitor's first message opens a ticket. One `client_id` is one message."""

    async def run(data: Any) -> Json:
        visitor = await visitor_of(request)
        return await chat.send_message(database_of(request), visitor, data, caller_of(request))

    return await command(request, run)


async def mark_read(request: Request) -> Response:
    """The visitor has read up to a version."""

    async def run(data: Any) -> Json:
        return await chat.mark_read(database_of(request), await visitor_of(request), data)

    return await command(request, run)


async def leave_address(request: Request) -> Response:
    """Where to write when the visitor is gone."""

    async def run(data: Any) -> Json:
        return await chat.leave_address(database_of(request), await visitor_of(request), data)

    return await command(request, run)


async def show_typing(request: Request) -> Response:
    """Typing is lossy; without a socket it is not worth a request, but a widget that asks is not refused."""
    await visitor_of(request)
    return answer({"ok": True})


async def list_events(request: Request) -> Response:
    """The long poll for a visitor's own ticket."""
    actor = await visitor_of(request)
    ticket_id = parse_id(request.query_params.get("ticket"))
    after, wait = whole_number(request, "after", 0), whole_number(request, "wait", 0)
    found = await wait_for_events(request, actor, ticket_id, after, chat.PAGE, wait)
    return answer({"events": found["items"], "head": found["head"], "epoch": found["epoch"]})


async def command(request: Request, run: Any) -> Response:
    """The acknowledgement as the answer, with the matching HTTP status where it was refused."""
    try:
        return answer(await run(parse(parse_json(await request.body(), dict), dict)))
    except HelpdeskError as failure:
        return answer(chat.refusal(failure), STATUS.get(type(failure), (500, ""))[0])


async def _inbox(tx: Transaction, inbox: inboxes.Inbox, actor: Actor, company: str) -> Json:
    """`greeting` in the visitor's language, else in English."""
    assert actor.contact_id is not None  # a visitor is a contact
    greetings = inbox.settings.get("greeting") or {}
    return await tickets.expectations.of_visitor(tx, inbox, actor.contact_id) | {
        "key": inbox.key,
        "name": widgets.name_of(inbox, company),
        "theme": inbox.settings.get("theme", {}),
        "greeting": greetings.get(actor.locale) or greetings.get("en"),
    }
