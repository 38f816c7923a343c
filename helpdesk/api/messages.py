"""Single messages over HTTP: what to do about an unverified sender, and the mail as it came."""

import asyncio
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer, told
from helpdesk.api.requests import actor_of, database_of
from helpdesk.channels import uploads
from helpdesk.channels.email import fields
from helpdesk.domain import tickets
from helpdesk.domain.tickets import unverified
from helpdesk.domain.tickets.mail import following, intake
from helpdesk.parsing import parse_id, parse_json


class FollowersPatch(BaseModel):
    """Addresses that shall get the answers from now on, or no longer."""

    add: list[str] = Field(default_factory=list, max_length=following.LIMIT)
    remove: list[str] = Field(default_factory=list, max_length=following.LIMIT)


class Followers(BaseModel):
    items: list[str]


async def accept_message(request: Request) -> Response:
    """Let an unverified sender in: the message becomes a public one, its sender follows the ticket."""
    return await _decide(request, unverified.accept)


async def split_message(request: Request) -> Response:
    """Give an unverified sender's message a ticket of its own."""
    return await _decide(request, unverified.split_off)


async def block_message(request: Request) -> Response:
    """Block the address of an unverified sender."""
    return await _decide(request, unverified.block)


async def show_original(request: Request) -> Response:
    """The mail behind a message, byte by byte as it came."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        kept = await intake.original_of(tx, parse_id(request.path_params["id"]))
    return original(kept)


async def show_mail(request: Request) -> Response:
    """Every field of the mail behind a message, as it is read now: people, ids, texts, files, what it is."""
    actor, readers = await actor_of(request), request.app.state.mail_readers
    async with request.app.state.mail_turn:  # who waits for the reader holds no mail of 32 MB meanwhile
        async with database_of(request).transaction(actor) as tx:
            kept = await intake.original_of(tx, parse_id(request.path_params["id"]))
        mail = await readers.read_safely(kept.raw)
    return answer(await asyncio.to_thread(fields.of, mail))


async def list_followers(request: Request) -> Response:
    """Who gets the answers besides the contact."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        ticket = await tickets.get(tx, parse_id(request.path_params["id"]))
        return answer({"items": await following.addresses_of(tx, ticket.id)})


async def change_followers(request: Request) -> Response:
    """Add or remove people who get the answers."""
    wanted = parse_json(await request.body(), FollowersPatch)
    async with database_of(request).transaction(await actor_of(request)) as tx:
        ticket_id = parse_id(request.path_params["id"])
        await following.change(tx, ticket_id, wanted.add, wanted.remove)
        return answer({"items": await following.addresses_of(tx, ticket_id)})


def original(kept: tickets.RawMail) -> Response:
    """A download: what is in a mail never runs on our address."""
    return Response(
        kept.raw,
        media_type="message/rfc822",
        headers={
            "Content-Disposition": uploads.disposition(f"{kept.id}.eml", inline=False),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )


async def _decide(request: Request, verb: Any) -> Response:
    ticket_id, message_id = (parse_id(request.path_params[name]) for name in ("id", "message"))
    async with database_of(request).transaction(await actor_of(request)) as tx:
        return answer(told(await verb(tx, ticket_id, message_id)))
