"""What a visitor's widget may do besides writing, and the commands for it; all of it over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.actors import SYSTEM, Actor
from helpdesk.api.answers import answer
from helpdesk.api.requests import database_of, visitor_of
from helpdesk.api.shapes.widget import Expected
from helpdesk.auth.requests import caller_of
from helpdesk.channels import visiting
from helpdesk.domain import contacts, inboxes, knowledge, limits, tickets, widgets
from helpdesk.domain.tickets import chatting
from helpdesk.parsing import Moment, parse_json
from helpdesk.storage.tables import Json
from helpdesk.storage.transaction import Transaction

Number = Annotated[str, Field(max_length=40)]


class Introduction(BaseModel):
    """Answers by the keys of the inbox's fields; `consent` where it asks for that."""

    answers: dict[str, Annotated[str, Field(max_length=2000)]] = {}
    consent: bool = False


class OfTicket(BaseModel):
    ticket: UUID


class NewRating(OfTicket):
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Field(max_length=2000)] = ""


class NewCallback(OfTicket):
    """`at` is one of the times that the session or `/widget/expectations` offers."""

    number: Number
    at: Moment


class NewWake(OfTicket):
    """`confirmed` says that the visitor was told what happens."""

    reason: Annotated[str, Field(min_length=1, max_length=300)]
    confirmed: bool


class NewProof(BaseModel):
    challenge: Annotated[str, Field(max_length=200)]
    number: Annotated[str, Field(max_length=12)]


class WishedChallenge(BaseModel):
    limit: Annotated[str, Field(max_length=60)]


class NewVisit(BaseModel):
    url: Annotated[str, Field(max_length=2000)] = ""
    attributes: dict[str, Any] | None = None


class NewForm(BaseModel):
    """The message form that stands in for the chat while its brake is on. `client_id` makes it one ticket."""

    client_id: UUID
    body: Annotated[str, Field(min_length=1, max_length=tickets.BODY_LIMIT)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    name: Annotated[str, Field(max_length=200)] = ""


async def of(tx: Transaction, inbox: inboxes.Inbox, actor: Actor) -> Json:
    """For the session: what the panel should know before anything is asked."""
    assert actor.contact_id is not None
    setup, locale = widgets.setup_of(inbox), actor.locale
    visit = await widgets.visits.of(tx, actor.contact_id, inbox.id)
    consent = widgets.for_reader(setup.consent, locale)
    asked = visit is None or visit.introduced_at is None
    return {
        "fields": [_field(one, locale) for one in setup.fields] if asked else [],
        "consent": {"text": consent, "link": setup.consent_link or None} if consent and asked else None,
        "quick_replies": [
            text for one in setup.quick_replies if (text := widgets.for_reader(one, locale)) is not None
        ],
        "articles": await knowledge.has_any(tx),
        "slots": await chatting.slots(tx, inbox) if setup.callbacks else [],
        "may_wake": await chatting.may_wake(tx, actor.contact_id, inbox),
        "form": await widgets.brake.is_on(tx, inbox),
        "can_mail": await inboxes.has_mail(tx),
    }


async def show_expectations(request: Request) -> Response:
    """How long it takes now: open or not, place in line, the times at which somebody can call."""
    return answer(await visiting.expectations(database_of(request), await visitor_of(request)))


async def introduce(request: Request) -> Response:
    """What the visitor fills in before the chat, and what they agree to."""
    wanted, actor = parse_json(await request.body(), Introduction), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        inbox = await inboxes.get(tx, visiting.inbox_of(actor))
        await widgets.visits.introduce(tx, inbox.id, widgets.setup_of(inbox), wanted.answers, wanted.consent)
        assert actor.contact_id is not None
        contact = await contacts.get(tx, actor.contact_id)
        told = {"name": contact.name or None, "email": await contacts.address_of(tx, contact.id)}
    return answer({"ok": True, "contact": told})


async def visit_page(request: Request) -> Response:
    """The visitor has gone on to another page, or the site says something new of them."""
    wanted, actor = parse_json(await request.body(), NewVisit), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        assert actor.contact_id is not None
        page = widgets.visits.Page(wanted.url, wanted.attributes)
        await widgets.visits.seen(tx, actor.contact_id, visiting.inbox_of(actor), page, caller_of(request))
    return answer({"ok": True})


async def rate(request: Request) -> Response:
    """What the visitor thought of it, 1 to 5 and a comment, once it is solved. A later one replaces it."""
    wanted, actor = parse_json(await request.body(), NewRating), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        rating = await chatting.rate(tx, wanted.ticket, wanted.score, wanted.comment)
        told = {"ok": True, "score": rating.score, "comment": rating.comment}
    return answer(told)


async def end_chat(request: Request) -> Response:
    """The visitor is done; writing again opens it again."""
    wanted, actor = parse_json(await request.body(), OfTicket), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        ticket = await chatting.end(tx, wanted.ticket)
        told = {"ok": True, "status": ticket.status}
    return answer(told)


async def send_transcript(request: Request) -> Response:
    """The conversation by mail, to the contact's own address."""
    wanted, actor = parse_json(await request.body(), OfTicket), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        address = await chatting.send_transcript(tx, wanted.ticket)
    return answer({"ok": True, "email": address})


async def ask_for_call(request: Request) -> Response:
    """A call at one of the offered times."""
    wanted, actor = parse_json(await request.body(), NewCallback), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        await chatting.ask_for_call(tx, wanted.ticket, wanted.number, wanted.at)
    return answer({"ok": True, "at": wanted.at})


async def wake_somebody(request: Request) -> Response:
    """Production is down: for contacts whose plan allows it, while nobody is at work."""
    wanted, actor = parse_json(await request.body(), NewWake), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        if wanted.confirmed:
            await chatting.wake_somebody(tx, wanted.ticket, wanted.reason)
    return answer({"ok": wanted.confirmed})


async def list_articles(request: Request) -> Response:
    """Help pages that fit what the visitor is writing, the best first."""
    sought = request.query_params.get("q", "")
    return answer(await visiting.articles(database_of(request), await visitor_of(request), sought))


async def create_form(request: Request) -> Response:
    """A message while the chat's brake is on: a ticket, answered by mail (and in the chat)."""
    wanted, actor = parse_json(await request.body(), NewForm), await visitor_of(request)
    async with database_of(request).transaction(actor) as tx:
        assert actor.contact_id is not None
        await widgets.blocking.require_welcome(tx, actor.contact_id, caller_of(request))
        await contacts.leave_address(tx, actor.contact_id, wanted.email, wanted.name)
        said = await tickets.receive_message(
            tx,
            tickets.InboundMessage(
                inbox_id=visiting.inbox_of(actor),
                channel=inboxes.Channel.CHAT,
                contact_id=actor.contact_id,
                body=wanted.body,
                client_id=wanted.client_id,
            ),
        )
        if not said.duplicate:
            await limits.spend_of_network(tx, limits.FORMS, caller_of(request))
    return answer({"ok": True, "ticket": said.ticket_id, "number": said.number})


async def create_challenge(request: Request) -> Response:
    """Work for a visitor who is over a limit (`limit` of the refusal), to be let in all the same."""
    wanted = parse_json(await request.body(), WishedChallenge)
    async with database_of(request).transaction(SYSTEM) as tx:
        who = limits.network_of(caller_of(request))
        text = widgets.proofs.challenge_for(request.app.state.settings.key, wanted.limit, who, tx.now)
    return answer({"challenge": text, "bits": widgets.proofs.EASIEST})


async def redeem_proof(request: Request) -> Response:
    """The work is done: room for a few more. Each proof counts once."""
    wanted = parse_json(await request.body(), NewProof)
    async with database_of(request).transaction(SYSTEM) as tx:
        who = limits.network_of(caller_of(request))
        await widgets.proofs.redeem(tx, request.app.state.settings.key, wanted.challenge, wanted.number, who)
    return answer({"ok": True})


def _field(one: widgets.Field, locale: str) -> Json:
    return {
        "key": one.key,
        "label": widgets.for_reader(one.label, locale) or one.key,
        "kind": one.kind,
        "required": one.required,
        "choices": list(one.choices),
    }


class Expectations(Expected):
    slots: list[datetime]
    may_wake: bool
