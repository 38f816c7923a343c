"""Answers by mail over HTTP: to whom, later, called back, passed on, after the end, and once more."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer, told
from helpdesk.api.requests import actor_of, database_of, files_of
from helpdesk.domain import agents, inboxes, tickets
from helpdesk.domain.tickets import answering, holding
from helpdesk.domain.tickets.mail import identity, mailing, recipients
from helpdesk.parsing import Moment, parse_id
from helpdesk.storage.transaction import Transaction

Addresses = Annotated[list[Annotated[str, Field(max_length=320)]], Field(max_length=recipients.MOST)]


class ByMail(BaseModel):
    """How a message leaves by mail. Without `to` the ticket says who gets it."""

    to: Addresses = []
    cc: Addresses = []
    bcc: Addresses = []
    format: Literal["text", "markdown"] = "text"

    def wish(self) -> tickets.ByMail:
        is_markdown = self.format == "markdown"
        return tickets.ByMail(tuple(self.to), tuple(self.cc), tuple(self.bcc), is_markdown=is_markdown)


class NewMessage(ByMail):
    body: Annotated[str, Field(max_length=tickets.BODY_LIMIT)] = ""
    client_id: UUID | None = None
    uploads: Annotated[list[UUID], Field(max_length=10)] = []


class NewHeldReply(NewMessage):
    """It leaves at `send_at`, or after `seconds`; with it the ticket gets the status `then` and the `tags`.
    A forward passes `message` on with those of its `files`; a follow-up goes on after a ticket's end."""

    way: Literal["reply", "forward", "follow_up"] = "reply"
    message: UUID | None = None
    files: Annotated[list[UUID], Field(max_length=answering.FORWARDED_FILES)] = []

    send_at: Moment | None = None
    seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    then: Literal["open", "pending", "resolved", "closed"] | None = None
    tags: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=20)] = []


class NewFollowUp(NewMessage):
    subject: Annotated[str, Field(max_length=250)] = ""


class NewForward(NewMessage):
    """`message` is passed on (the contact's last one unless named), with those of its files."""

    message: UUID | None = None
    files: Annotated[list[UUID], Field(max_length=answering.FORWARDED_FILES)] = []


class Sender(BaseModel):
    name: str
    address: str


class Answering(BaseModel):
    """What an answer would have: `left_out` stood on the message answered, but nobody proved to have named
    them. `undeliverable` are addresses that mail came back from."""

    message: UUID | None
    sender: Sender | None
    to: list[str]
    cc: list[str]
    left_out: list[str]
    undeliverable: list[str]
    subject: str
    signature: str


class Held(BaseModel):
    id: UUID
    send_at: datetime


class PassedOn(BaseModel):
    id: UUID
    name: str
    files: list[dict[str, Any]]


class CalledBack(BaseModel):
    """What had been written, to go on with."""

    id: UUID
    body: str
    mail: dict[str, Any]
    uploads: list[dict[str, Any]]
    then: str | None
    tags: list[str]
    passed_on: PassedOn | None


async def show_answering(request: Request) -> Response:
    """To whom an answer would go, and as whom: for the message named, or the contact's last one."""
    wanted = request.query_params.get("message")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        ticket = await tickets.get(tx, _id(request))
        found = await recipients.proposal(tx, ticket.id, parse_id(wanted) if wanted else None)
        flagged = [one for one in found.people.everybody if await _came_back(tx, one)]
        inbox = await mailing.from_inbox(tx, ticket) if await inboxes.has_mail(tx) else None
        own = await agents.get(tx, tx.actor.agent_id) if tx.actor.agent_id else None
        signature = identity.signature(inbox, tx.actor.name, own.signature if own else "") if inbox else ""
    return answer(
        {
            "message": found.answered.id if found.answered else None,
            "sender": {"name": identity.shown_name(inbox), "address": inbox.address or ""} if inbox else None,
            "to": found.people.to,
            "cc": found.people.cc,
            "left_out": found.left_out,
            "undeliverable": flagged,
            "subject": mailing.reply_subject(ticket.subject),
            "signature": signature,
        }
    )


async def create_held_reply(tx: Transaction, request: Request, wanted: NewHeldReply) -> Any:
    """Answer the contact in some seconds or at a chosen time; until then it can be called back."""
    send_at = wanted.send_at or tx.now + holding.seconds(wanted.seconds)
    held = await holding.hold(tx, _id(request), _held(wanted), send_at)
    return {"id": held.id, "send_at": held.send_at}


async def call_back(request: Request) -> Response:
    """Call a held answer back; answers with what had been written."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        held = await holding.call_back(tx, _id(request), parse_id(request.path_params["reply"]))
        found = [tickets.attachments.described(one) for one in await holding.files_of(tx, held)]
        files = files_of(request)
        shown = files.addressed(found, tx.now, for_staff=True)
        passed = await holding.passed_on(tx, held)
        if passed is not None:
            message, chosen = passed
            theirs = files.addressed(list(chosen), tx.now, for_staff=True)
            on = {"id": message.id, "name": message.author_name, "files": theirs}
    told_back = {name: getattr(held, name) for name in ("id", "body", "mail", "then", "tags")}
    return answer(told_back | {"uploads": shown, "passed_on": on if passed is not None else None})


async def send_now(request: Request) -> Response:
    """Let a held answer leave at once."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        held = await holding.send_now(tx, _id(request), parse_id(request.path_params["reply"]))
    return answer({"id": held.id, "send_at": held.send_at})


async def create_forward(tx: Transaction, request: Request, wanted: NewForward) -> Any:
    """Pass a message on by mail to somebody who is not on the ticket."""
    return told(await answering.forward(tx, _id(request), _forward(wanted)))


async def create_follow_up(tx: Transaction, request: Request, wanted: NewFollowUp) -> Any:
    """A new mail to the contact of a ticket that has ended: a ticket of its own, linked both ways."""
    return told(await answering.follow_up(tx, _id(request), _answer(wanted), wanted.subject))


async def retry_message(request: Request) -> Response:
    """Send the mail of a message once more to those it did not reach."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        mail = await tickets.deliveries.retry(tx, _id(request), parse_id(request.path_params["message"]))
        to = list(mail.undelivered)
    return answer({"to": to})


class Retried(BaseModel):
    to: list[str]


def _held(wanted: NewHeldReply) -> answering.Answer | answering.Forward:
    if wanted.way == "forward":
        return replace(_forward(wanted), tags=wanted.tags)
    is_follow_up = wanted.way == "follow_up"
    return replace(_answer(wanted, wanted.then), tags=wanted.tags, is_follow_up=is_follow_up)


def _forward(wanted: NewForward | NewHeldReply) -> answering.Forward:
    return answering.Forward(
        wanted.body, wanted.wish(), wanted.message, wanted.files, wanted.uploads, wanted.client_id
    )


def _answer(wanted: NewMessage, then: str | None = None) -> answering.Answer:
    return answering.Answer(wanted.body, wanted.uploads, wanted.wish(), then, wanted.client_id)


async def _came_back(tx: Transaction, address: str) -> bool:
    standing = await tickets.mail.senders.of(tx, address)
    return standing is not None and standing.undeliverable_at is not None


def _id(request: Request) -> UUID:
    return parse_id(request.path_params["id"])
